// Every number that docs/wire.md works out, computed from the definitions on that page with our engine. What the published vectors
// know of it stands beside it, so that both are held to each other.
import { createCipheriv, hkdfSync } from 'node:crypto';
import { emergencyHeaders } from '../../src/client/sign-in.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { createWallet } from '../../src/client/wallet.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { personalSignDigest } from '../../src/ethereum/eip191.ts';
import { starknetAccountAddress } from '../../src/starknet/address.ts';
import { scureCurve } from '../../src/starknet/curve.ts';
import { loadStarkEngine } from '../../src/starknet/engine/load.ts';
import { feltFromText } from '../../src/starknet/felt.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';
import { snKeccak } from '../../src/starknet/sn-keccak.ts';
import handOffs from '../vectors/hand-off.json' with { type: 'json' };
import document from '../vectors/vectors.json' with { type: 'json' };

const loaded = loadStarkEngine({ fallback: scureCurve, tableBytes: 0 });
export const engine = loaded.kind === 'engine' ? loaded.engine : undefined;
const curve = engine ?? scureCurve;

const { groups } = document;
type Group = keyof typeof groups;
// biome-ignore lint/suspicious/noExplicitAny: the vectors of a group differ in shape; what is read is compared with what is computed.
function vector(group: Group, id: string): any {
  const found = (groups[group] as readonly { id: string }[]).find((each) => each.id === id);
  if (found === undefined) throw new Error(`no vector ${id}`);
  return found;
}

export interface Worked {
  /** The lines of the block, in order. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  /** What the vectors say of the same: name of a line to its value. */
  readonly frozen: Readonly<Record<string, string>>;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const h = (a: bigint, b: bigint): bigint => curve.pedersen(a, b);
/** The states of `H([x0, ..., xn-1])`; the last is the hash. */
function states(elements: readonly bigint[]): readonly bigint[] {
  const all: bigint[] = [];
  let state = 0n;
  for (const element of [...elements, BigInt(elements.length)]) {
    state = h(state, element);
    all.push(state);
  }
  return all;
}
const H = (elements: readonly bigint[]): bigint => states(elements).at(-1) ?? 0n;
const pair = ([r, s]: readonly [string, string]): string => `["${r}","${s}"]`;

const owner = createStarkKey(vector('public_key', 'pubkey:owner').private_key);
const ephemeral = createStarkKey(vector('public_key', 'pubkey:eph').private_key);
const ownerPrivate: string = vector('public_key', 'pubkey:owner').private_key;
const { starknet_account: accountHash, starknet_proxy: proxyHash } = document.constants.class_hashes;
const account = starknetAccountAddress(curve, owner.publicKey, {
  accountHash: feltOf(BigInt(accountHash)),
  proxyHash: feltOf(BigInt(proxyHash)),
});

const types = {
  domain: 'StarkNetDomain(name:felt,chainId:felt,version:felt)',
  onboarding: 'Constant(action:felt)',
  login: 'Request(method:felt,path:felt,body:felt,timestamp:felt,expiration:felt)',
  order: 'Order(timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt)',
  change: 'ModifyOrder(timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt,id:felt)',
};

const TEST = document.constants.chain_ids.test;
const domainOf = (chainId: string): bigint =>
  H([snKeccak(types.domain), feltFromText('Paradex'), feltFromText(chainId), feltFromText('1')]);

function message(chainId: string, type: string, texts: readonly string[]) {
  const struct = H([snKeccak(type), ...texts.map(feltFromText)]);
  const hash = H([feltFromText('StarkNet Message'), domainOf(chainId), BigInt(account), struct]);
  return { struct, hash, signature: owner.sign(hash) };
}

/** The lines of one typed message, and what its vector says. */
function typed(id: string, type: string, texts: readonly string[]): Worked {
  const { chain_id, expected, account: by } = vector('message_hash', id);
  const { struct, hash, signature } = message(chain_id, type, texts);
  return {
    lines: [
      ['chain id', chain_id],
      ['account', account],
      ['struct hash', hex(struct)],
      ['domain hash', hex(domainOf(chain_id))],
      ['message hash', hex(hash)],
      ['signature', pair(signature)],
    ],
    frozen: {
      account: by,
      'struct hash': expected.struct_hash,
      'domain hash': expected.domain_hash,
      'message hash': expected.message_hash,
    },
  };
}

function login(): Worked {
  const { chain_id, expected, message: fields } = vector('message_hash', 'msg:auth:mainnet-24h');
  const [method, path, body] = ['POST', '/v1/auth', ''];
  const elements = [
    snKeccak(types.login),
    ...[method, path, body, String(fields.timestamp), String(fields.expiration)].map(feltFromText),
  ];
  const struct = states(elements);
  const whole = states([feltFromText('StarkNet Message'), domainOf(chain_id), BigInt(account), H(elements)]);
  const hash = whole.at(-1) ?? 0n;
  return {
    lines: [
      ['type hash', hex(snKeccak(types.login))],
      ['method', hex(feltFromText(method))],
      ['path', hex(feltFromText(path))],
      ['body', hex(feltFromText(body))],
      ['timestamp', hex(BigInt(fields.timestamp))],
      ['expiration', hex(BigInt(fields.expiration))],
      ...struct.map((state, i) => [`struct state ${i + 1}`, hex(state)] as const),
      ['chain id', chain_id],
      ['prefix', hex(feltFromText('StarkNet Message'))],
      ['domain hash', hex(domainOf(chain_id))],
      ['account', account],
      ...whole.map((state, i) => [`message state ${i + 1}`, hex(state)] as const),
      ['signature', pair(owner.sign(hash))],
    ],
    frozen: {
      'type hash': vector('type_hash', 'type_hash:Request').expected,
      method: vector('felt_encoding', 'felt:POST').expected,
      path: vector('felt_encoding', 'felt:/v1/auth').expected,
      'struct state 7': expected.struct_hash,
      prefix: document.constants.starknet_message_prefix,
      'domain hash': expected.domain_hash,
      'message state 5': expected.message_hash,
      signature: pair(vector('signature_verify', 'verify:auth-valid').signature),
    },
  };
}

function wallet(): Worked {
  const frozen = vector('siwe', 'siwe:auth:cli-30s-offset-form');
  const { address, personalSign } = createWallet(frozen.eth_private_key);
  const digest = personalSignDigest(Buffer.from(frozen.message));
  return {
    lines: [
      ['wallet', address],
      ['bytes', String(Buffer.byteLength(frozen.message))],
      ['digest', `0x${Buffer.from(digest).toString('hex')}`],
      ['PARADEX-EVM-SIGNATURE', personalSign(frozen.message)],
      ['PARADEX-SIWE-MESSAGE', Buffer.from(frozen.message).toString('base64')],
    ],
    frozen: {
      wallet: String(frozen.eth_address).toLowerCase(),
      digest: frozen.eip191_digest,
      'PARADEX-EVM-SIGNATURE': frozen.expected.signature,
      'PARADEX-SIWE-MESSAGE': frozen.message_base64,
    },
  };
}

/** The text that the wallet block signs. */
export const walletText: string = vector('siwe', 'siwe:auth:cli-30s-offset-form').message;

function registration(): Worked {
  const { inputs, expected } = vector('subkey_registration', 'register:owner-5min');
  const all = states([
    BigInt(account),
    BigInt(inputs.public_key),
    BigInt(inputs.signature_timestamp),
    BigInt(inputs.signature_expiry),
  ]);
  return {
    lines: [
      ['account', account],
      ['public_key', inputs.public_key],
      ['signature_timestamp', String(inputs.signature_timestamp)],
      ['signature_expiry', String(inputs.signature_expiry)],
      ...all.map((state, i) => [`state ${i + 1}`, hex(state)] as const),
      ['signature', pair(owner.sign(all.at(-1) ?? 0n))],
    ],
    frozen: { account: inputs.account, 'state 5': expected.hash, signature: pair(expected.signature_dec) },
  };
}

function activation(): Worked {
  const { inputs, expected } = vector('subkey_activation', 'activate:owner-eph');
  const hash = h(BigInt(inputs.timestamp), BigInt(ephemeral.publicKey));
  return {
    lines: [
      ['timestamp', String(inputs.timestamp)],
      ['eph_public_key', ephemeral.publicKey],
      ['hash', hex(hash)],
      ['signature', pair(ephemeral.sign(hash))],
    ],
    frozen: {
      eph_public_key: inputs.eph_public_key,
      hash: expected.hash,
      signature: pair(expected.signature_dec),
    },
  };
}

/** No vector knows it: what a client of ours signs is held to it. */
function emergency(): Worked {
  const window = { timestamp: 1_767_323_045, expiration: 1_767_323_105 };
  const texts = ['POST', '/countersign/v1/revoke-all', '', String(window.timestamp), String(window.expiration)];
  const { struct, hash, signature } = message(TEST, types.login, texts);
  const hasher = createMessageHasher(curve, { domainName: 'Paradex', chainId: TEST });
  const headers = emergencyHeaders(hasher, owner, account, window, 'revoke_all');
  return {
    lines: [
      ['chain id', TEST],
      ['account', account],
      ['path', hex(feltFromText('/countersign/v1/revoke-all'))],
      ['struct hash', hex(struct)],
      ['message hash', hex(hash)],
      ['signature', pair(signature)],
    ],
    frozen: { signature: headers['PARADEX-STARKNET-SIGNATURE'] ?? '' },
  };
}

/** By node:crypto: the client library does the same by WebCrypto. */
function handOff(): Worked {
  const [frozen] = handOffs.hand_off;
  if (frozen === undefined) throw new Error('no vector of a hand-off');
  const word = (text: string): Buffer => Buffer.from(BigInt(text).toString(16).padStart(64, '0'), 'hex');
  const [A, k, e, nonce] = [frozen.account, frozen.private_key, frozen.ephemeral_key, Buffer.from(frozen.nonce, 'hex')];
  const [K, E] = [createStarkKey(k).publicKey, createStarkKey(e).publicKey];
  const label = Buffer.from('countersign/hand-off/v1');
  const named = Buffer.concat([word(A), word(K)]);
  const key = Buffer.from(hkdfSync('sha256', word(e), named, label, 32));
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.concat([label, Buffer.of(0), named, word(E)]));
  const sealed = Buffer.concat([cipher.update(word(k)), cipher.final(), cipher.getAuthTag()]);
  const code = Buffer.concat([Buffer.of(1), named, word(e)]).toString('base64url');
  return {
    lines: [
      ['A', A],
      ['k', k],
      ['K', K],
      ['e', e],
      ['E', E],
      ['nonce', frozen.nonce],
      ['key', key.toString('hex')],
      ['encrypted_key', Buffer.concat([Buffer.of(1), nonce, sealed]).toString('base64url')],
      ['link', `${frozen.console_url}/console/hand-off#${code}`],
    ],
    frozen: {
      K: frozen.public_key,
      E: frozen.eph_public_key,
      key: frozen.key,
      encrypted_key: frozen.encrypted_key,
      link: frozen.link,
    },
  };
}

/** By the number of the section of docs/wire.md, in which each is one block. */
export const worked: Readonly<Record<string, Worked>> = {
  '2': {
    lines: [
      ['felt of "POST"', hex(feltFromText('POST'))],
      ['felt of "1"', hex(feltFromText('1'))],
      ['felt of ""', hex(feltFromText(''))],
      ['h(0x1, 0x2)', hex(h(1n, 2n))],
      ['H([])', hex(H([]))],
      ['H([0x1, 0x2, 0x3])', hex(H([1n, 2n, 3n]))],
      ['type hash of StarkNetDomain', hex(snKeccak(types.domain))],
      ['type hash of Order', hex(snKeccak(types.order))],
      ['type hash of ModifyOrder', hex(snKeccak(types.change))],
      [`domain hash of ${TEST}`, hex(domainOf(TEST))],
      ['private key', ownerPrivate],
      ['public key', owner.publicKey],
      ['account', account],
    ],
    frozen: {
      'felt of "POST"': vector('felt_encoding', 'felt:POST').expected,
      'felt of "1"': vector('felt_encoding', 'felt:1').expected,
      'h(0x1, 0x2)': vector('pedersen', 'pedersen:1,2').expected,
      'H([])': vector('pedersen', 'pedersen_array:[]').expected,
      'H([0x1, 0x2, 0x3])': vector('pedersen', 'pedersen_array:[1,2,3]').expected,
      'type hash of StarkNetDomain': vector('type_hash', 'type_hash:StarkNetDomain').expected,
      'type hash of Order': vector('type_hash', 'type_hash:Order').expected,
      'type hash of ModifyOrder': vector('type_hash', 'type_hash:ModifyOrder').expected,
      [`domain hash of ${TEST}`]: vector('domain_hash', 'domain:test').expected,
      'public key': vector('public_key', 'pubkey:owner').expected,
      account: vector('address', 'address:starknet:owner').expected,
    },
  },
  '3': typed('msg:onboarding:testnet', types.onboarding, ['Onboarding']),
  '4': login(),
  '5': wallet(),
  '6': registration(),
  '7': activation(),
  '7.1': handOff(),
  '8.1': typed('msg:order:market-sell', types.order, ['1767323045123', 'BTC-USD-PERP', '2', 'MARKET', '100000', '0']),
  '9': emergency(),
  '8.2': typed('msg:modify:limit', types.change, [
    '1767323045123',
    'BTC-USD-PERP',
    '1',
    'LIMIT',
    '100000000',
    '2950012000000',
    '1681462103821101699438490000',
  ]),
};

/** The text of a block as it stands on the page. */
export const blockOf = ({ lines }: Worked): string => lines.map(([name, value]) => `${name} = ${value}\n`).join('');
