// Our hashes against those of npm `starknet`, which real clients sign with, and the vectors of what this service itself never computes.
import { createRequire } from 'node:module';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ethSigToPrivate, getStarkKey } from '@scure/starknet';
import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { feltOf, parseFelt, STARK_PRIME } from '../../src/domain/felt.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { addressOfPublicKey, personalSignDigest } from '../../src/ethereum/eip191.ts';
import { contractAddress, starknetAccountAddress } from '../../src/starknet/address.ts';
import { scureCurve } from '../../src/starknet/curve.ts';
import { feltFromText } from '../../src/starknet/felt.ts';
import {
  constantType,
  createMessageHasher,
  domainType,
  hashStruct,
  modifyOrderType,
  orderType,
  requestType,
  type StructType,
} from '../../src/starknet/message.ts';
import { hashElements, STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../../src/starknet/pedersen.ts';
import { snKeccak } from '../../src/starknet/sn-keccak.ts';
import { eachVector, vectorConstants } from '../support/each-vector.ts';

interface Member {
  name: string;
  type: string;
}

/** The few functions of `starknet` used here. Declared, so that types can be checked before test/clients is installed. */
interface Starknet {
  typedData: { getMessageHash(typedData: object, account: string): string };
  hash: {
    computePedersenHash(a: string, b: string): string;
    computePedersenHashOnElements(elements: readonly string[]): string;
    calculateContractAddressFromHash(
      salt: string,
      classHash: string,
      calldata: readonly string[],
      deployer: number,
    ): string;
    getSelectorFromName(name: string): string;
  };
  ec: {
    starkCurve: {
      sign(hash: string, privateKey: string): { r: bigint; s: bigint };
      verify(signature: string, hash: string, publicKey: string): boolean;
    };
  };
}

const { typedData, hash, ec }: Starknet = createRequire(import.meta.url)('starknet');

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const word = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const bytesOf = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');

const felt = fc.bigInt({ min: 0n, max: STARK_PRIME - 1n });
const account = felt.map(feltOf);
const seconds = fc.nat({ max: 2 ** 31 }).map(unixSeconds);
const chainId = fc.constantFrom(...Object.values(vectorConstants.chain_ids), 'PRIVATE_SN_POTC_MOCK_SEPOLIA');
const scaled = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String);
const order = {
  timestamp: fc.nat({ max: 2 ** 50 }).map(String),
  market: fc.stringMatching(/^[A-Z]{2,8}-USD-(PERP|[1-9][0-9]{3}-C)$/),
  side: fc.constantFrom('1', '2'),
  orderType: fc.constantFrom('LIMIT', 'MARKET', 'STOP_LIMIT', 'STOP_MARKET', 'TAKE_PROFIT_LIMIT', 'STOP_LOSS_MARKET'),
  size: scaled,
  price: scaled,
};
// starknet.js reads white space, signs and other number bases as numbers where docs/wire.md section 2 says text: not legal in these
// members.
const orderId = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 28n }).map(String),
  fc.stringMatching(/^[a-z][a-z0-9_-]{0,30}$/),
);

const membersOf = (type: StructType<string>): Member[] => type.members.map((name) => ({ name, type: 'felt' }));

/** The hash a client computes. */
function theirs(type: StructType<string>, message: object, chain: string, signer: string): bigint {
  const types = { StarkNetDomain: membersOf(domainType), [type.name]: membersOf(type) };
  const domain = { name: 'Paradex', chainId: chain, version: '1' };
  return BigInt(typedData.getMessageHash({ types, domain, primaryType: type.name, message }, signer));
}

const hasherOf = (chain: string) => createMessageHasher(scureCurve, { domainName: 'Paradex', chainId: chain });

function ourStruct<Name extends string>(type: StructType<Name>, message: Readonly<Record<Name, string>>): bigint {
  const values: Record<string, bigint> = {};
  for (const member of type.members) values[member] = feltFromText(message[member]);
  return hashStruct<string>(scureCurve, type, values);
}

// Each run costs about 30 Pedersen hashes of some milliseconds, on both sides together.
const RUNS = { numRuns: 8 };

describe('npm starknet computes the same', () => {
  test('npm starknet computes the same login hash', () => {
    fc.assert(
      fc.property(account, seconds, seconds, chainId, (signer, timestamp, expiration, chain) => {
        const message = { method: 'POST', path: '/v1/auth', body: '', timestamp, expiration };
        const ours = hasherOf(chain).loginHash({ account: signer, timestamp, expiration });
        expect(ours).toBe(theirs(requestType, message, chain, signer));
      }),
      RUNS,
    );
  });

  test('npm starknet computes the same onboarding hash', () => {
    fc.assert(
      fc.property(account, chainId, (signer, chain) => {
        expect(hasherOf(chain).onboardingHash(signer)).toBe(
          theirs(constantType, { action: 'Onboarding' }, chain, signer),
        );
      }),
      RUNS,
    );
  });

  test('npm starknet computes the same order hash', () => {
    fc.assert(
      fc.property(account, fc.record(order), chainId, (signer, message, chain) => {
        const ours = hasherOf(chain).messageHash(signer, ourStruct(orderType, message));
        expect(ours).toBe(theirs(orderType, message, chain, signer));
      }),
      RUNS,
    );
  });

  test('hash of a changed order, whatever the form of its id', () => {
    fc.assert(
      fc.property(account, fc.record({ ...order, id: orderId }), chainId, (signer, message, chain) => {
        const ours = hasherOf(chain).messageHash(signer, ourStruct(modifyOrderType, message));
        expect(ours).toBe(theirs(modifyOrderType, message, chain, signer));
      }),
      RUNS,
    );
  });

  test('Pedersen hash, of pairs and of arrays', () => {
    fc.assert(
      fc.property(felt, felt, fc.array(felt, { maxLength: 4 }), (a, b, elements) => {
        expect(scureCurve.pedersen(a, b)).toBe(BigInt(hash.computePedersenHash(hex(a), hex(b))));
        expect(hashElements(scureCurve, elements)).toBe(BigInt(hash.computePedersenHashOnElements(elements.map(hex))));
      }),
      RUNS,
    );
  });

  test('npm starknet computes the same contract address', () => {
    fc.assert(
      fc.property(felt, felt, fc.array(felt, { maxLength: 4 }), (salt, classHash, calldata) => {
        const ours = contractAddress(scureCurve, { classHash, salt, calldata });
        const expected = hash.calculateContractAddressFromHash(hex(salt), hex(classHash), calldata.map(hex), 0);
        expect(BigInt(ours)).toBe(BigInt(expected));
      }),
      RUNS,
    );
  });

  test('npm starknet computes the same selector', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z_]{1,40}$/), (name) => {
        expect(snKeccak(name)).toBe(BigInt(hash.getSelectorFromName(name)));
      }),
    );
  });

  test('signature, which verifies here and names its key', () => {
    const secret = fc.bigInt({ min: 1n, max: STARK_CURVE_ORDER - 1n });
    fc.assert(
      fc.property(secret, fc.bigInt({ min: 0n, max: STARK_HASH_BOUND - 1n }), (key, message) => {
        const { r, s } = ec.starkCurve.sign(hex(message), hex(key));
        const publicKey = BigInt(getStarkKey(word(key)));
        expect(scureCurve.verify(message, r, s, publicKey)).toBe(true);
        expect(scureCurve.recoverCandidates(message, r, s)).toContain(publicKey);
      }),
      RUNS,
    );
  });
});

const keccak = (...parts: readonly Uint8Array[]): Buffer => Buffer.from(keccak_256(Buffer.concat(parts)));
const keccakText = (text: string): Buffer => keccak(Buffer.from(text));

/** EIP-712 digest in the domain {name "Paradex", version "1", chainId}; `members` are the encoded values. */
function eip712Digest(chain: string, type: string, members: readonly Uint8Array[]): Buffer {
  const domainTypeHash = keccakText('EIP712Domain(string name,string version,uint256 chainId)');
  const domain = keccak(domainTypeHash, keccakText('Paradex'), keccakText('1'), word(BigInt(chain)));
  return keccak(Buffer.from([0x19, 0x01]), domain, keccak(keccakText(type), ...members));
}

/** A wallet's deterministic signature: r, s and which point r stands for. */
function walletSign(digest: Uint8Array, privateKey: string): { r: bigint; s: bigint; parity: number; text: string } {
  const bytes = secp256k1.sign(digest, bytesOf(privateKey), { prehash: false, format: 'recovered' });
  const { r, s, recovery = 0 } = secp256k1.Signature.fromBytes(bytes, 'recovered');
  return {
    r,
    s,
    parity: recovery,
    text: `0x${Buffer.concat([word(r), word(s), Buffer.from([27 + recovery])]).toString('hex')}`,
  };
}

const walletAddress = (privateKey: string): string | undefined =>
  addressOfPublicKey(`0x${Buffer.from(secp256k1.getPublicKey(bytesOf(privateKey), false)).toString('hex')}`);

describe('vectors of what clients do and this service does not', () => {
  eachVector('block_trade_hash', ({ typed_data, account: signer, expected }) => {
    expect(typedData.getMessageHash(typed_data, signer)).toBe(expected);
  });

  eachVector('stark_key_from_l1', (vector) => {
    const { expected } = vector;
    const publicKey = parseFelt(expected.public_key);
    const accountHash = parseFelt(vectorConstants.class_hashes.starknet_account);
    const proxyHash = parseFelt(vectorConstants.class_hashes.starknet_proxy);
    if (publicKey === undefined || accountHash === undefined || proxyHash === undefined) throw new Error('not felts');

    let secret: string;
    if (vector.l1_private_key !== undefined) {
      const digest = eip712Digest(vector.l1_chain_id, 'Constant(string action)', [keccakText('STARK Key')]);
      expect(`0x${digest.toString('hex')}`).toBe(vector.eip712_digest);
      const signature = walletSign(digest, vector.l1_private_key);
      expect(signature.text).toBe(expected.signature);
      expect(`0x${word(signature.r).toString('hex')}`).toBe(expected.seed_r);
      expect(walletAddress(vector.l1_private_key)).toBe(vector.l1_address.toLowerCase());
      secret = ethSigToPrivate(signature.text);
    } else {
      const types = {
        StarkNetDomain: vector.domain_field_order.map((name) => ({ name, type: 'felt' })),
        Constant: membersOf(constantType),
      };
      const message = { types, primaryType: 'Constant', domain: vector.domain, message: { action: 'STARK Key' } };
      const messageHash = typedData.getMessageHash(message, vector.wallet_address);
      expect(messageHash).toBe(expected.message_hash);
      const { r } = ec.starkCurve.sign(messageHash, vector.wallet_private_key);
      expect(hex(r)).toBe(expected.seed_r);
      // paradex.js hashes the hex text of r and the counter; of an odd number of digits it drops the last one.
      const digest = sha256(Buffer.from(`${r.toString(16)}00`, 'hex'));
      secret = (BigInt(`0x${Buffer.from(digest).toString('hex')}`) % STARK_CURVE_ORDER).toString(16);
    }
    expect(`0x${secret}`).toBe(expected.private_key);
    expect(getStarkKey(secret)).toBe(expected.public_key);
    expect(starknetAccountAddress(scureCurve, publicKey, { accountHash, proxyHash })).toBe(expected.address);
  });

  eachVector('eip191_felt_signature', ({ message_hash, eth_private_key, expected }) => {
    const digest = personalSignDigest(word(BigInt(message_hash)));
    expect(`0x${Buffer.from(digest).toString('hex')}`).toBe(expected.personal_sign_digest);
    const { r, s, parity } = walletSign(digest, eth_private_key);
    const low = (value: bigint): string => hex(value & (2n ** 128n - 1n));
    const high = (value: bigint): string => hex(value >> 128n);
    const signer = walletAddress(eth_private_key);
    expect(['0x1', '0x3', signer, low(r), high(r), low(s), high(s), hex(BigInt(parity))]).toEqual(expected.span);
  });

  eachVector('parent_link', ({ l1_private_key, l1_chain_id, primary_type, message, expected }) => {
    const type = `${primary_type}(string account,string environment)`;
    const digest = eip712Digest(l1_chain_id, type, [keccakText(message.account), keccakText(message.environment)]);
    expect(`0x${digest.toString('hex')}`).toBe(expected.digest);
    expect(walletSign(digest, l1_private_key).text).toBe(expected.signature);
    expect(walletAddress(l1_private_key)).toBe(expected.signer.toLowerCase());
  });

  eachVector('jwt_example', ({ signing_input, expected }) => {
    const token = `${signing_input}.${Buffer.alloc(expected.signature_bytes).toString('base64url')}`;
    expect(decodeProtectedHeader(token)).toEqual(expected.header);
    const payload = decodeJwt(token);
    expect(payload).toEqual(expected.payload);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(expected.lifetime_seconds);
  });
});
