// Questions to a verifier whose answers are known: good ones, and bad ones of every sort.
import { createStarkKey, type StarkKey } from '../../src/client/stark-key.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { parseStrictJson } from '../../src/domain/strict-json.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { readOrder } from '../../src/orders/read.ts';
import { scureCurve } from '../../src/starknet/curve.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';
import { orderHash } from '../../src/starknet/order.ts';
import { STARK_HASH_BOUND } from '../../src/starknet/pedersen.ts';
import { parseSignaturePair, type StarkSignature } from '../../src/starknet/signature.ts';
import type { LoginQuestion, OrderQuestion, Question } from '../../src/verification/questions.ts';
import { curve } from './curve.ts';
import { collision, type Signature, xOf } from './signatures.ts';
import { UNDECIDED } from './undecided.ts';
import { verificationSettings } from './verifier.ts';

const domain = { domainName: 'Paradex', chainId: 'SN_TEST' };
export const settings = verificationSettings(domain);

export const hasher = createMessageHasher(curve, domain);

export const alice = createStarkKey('0xa11ce');
export const bob = createStarkKey('0xb0b');
export const account = feltOf(0xabcn);
const TIMESTAMP = unixSeconds(1_800_000_000);
const EXPIRATION = unixSeconds(1_800_000_600);

export function signatureOf(key: StarkKey, hash: bigint): StarkSignature {
  const signature = parseSignaturePair(key.sign(hash));
  if (signature === undefined) throw new Error('the key signs in another form');
  return signature;
}

/** A login signed by Alice, n seconds after the first. */
export function login(n = 0, more: Partial<LoginQuestion> = {}): LoginQuestion {
  const timestamp = unixSeconds(TIMESTAMP + n);
  const hash = hasher.loginHash({ account, timestamp, expiration: EXPIRATION });
  return {
    kind: 'login',
    purpose: 'login',
    account,
    timestamp,
    expiration: EXPIRATION,
    defaultExpiration: EXPIRATION,
    signature: signatureOf(alice, hash),
    keys: [alice.publicKey],
    recover: false,
    ...more,
  };
}

/** A login signed by Alice in the form without an expiration. */
export function omitted(n = 0): LoginQuestion {
  const timestamp = unixSeconds(TIMESTAMP + n);
  const signature = signatureOf(alice, hasher.loginHashWithoutExpiration({ account, timestamp }));
  return login(n, { expiration: undefined, signature });
}

function asked({ hash, r, s, publicKey }: Signature): Question {
  return { kind: 'signature', hash, signature: { r, s }, publicKey: feltOf(publicKey) };
}

function collided(): Signature {
  const found = collision(xOf(31337n), 0x1234567890abcdefn << 150n, 3n, 1n);
  if (found === undefined) throw new Error('the hash is out of range');
  return found;
}

const limitOrder = {
  market: 'BTC-USD-PERP',
  side: 'BUY',
  type: 'LIMIT',
  size: '1',
  price: '29500',
  signature: '["1","1"]',
};

/** An order signed by Alice, n milliseconds after the first. */
export function order(n = 0, more: Partial<OrderQuestion> = {}): OrderQuestion {
  const body = { ...limitOrder, signature_timestamp: 1_800_000_000_000 + n };
  const unsigned = readOrder(parseStrictJson(Buffer.from(JSON.stringify(body))));
  const signature = signatureOf(alice, orderHash(scureCurve, hasher, account, unsigned));
  return {
    kind: 'order',
    account,
    order: { ...unsigned, signature },
    keys: [alice.publicKey],
    recover: false,
    ...more,
  };
}

/** What the kernel of openUndecided leaves to the plain curve: signed by Alice, and not signed by her. */
export const undecided: Question = {
  kind: 'signature',
  hash: UNDECIDED,
  signature: signatureOf(alice, UNDECIDED),
  publicKey: alice.publicKey,
};
export const undecidedForgery: Question = { ...undecided, publicKey: bob.publicKey };

const notOnCurve = [2n, 3n, 4n, 5n, 6n, 7n].map(feltOf).find((x) => !scureCurve.isPublicKey(BigInt(x))) ?? feltOf(0n);

/** By what is wrong with them. None has a signer or is valid. */
export const bad: Readonly<Record<string, Question>> = {
  'a signature by another key': login(0, { keys: [bob.publicKey] }),
  'a signature of another message': { ...login(), timestamp: unixSeconds(TIMESTAMP + 1) },
  'an order by another key': order(0, { keys: [bob.publicKey] }),
  'an order with a made-up signature': order(0, { order: { ...order().order, signature: { r: 1n, s: 1n } } }),
  'an r out of range': login(0, { signature: { r: STARK_HASH_BOUND, s: 1n } }),
  'an s of 0': login(0, { signature: { r: 1n, s: 0n } }),
  'a hash out of range': {
    kind: 'signature',
    hash: STARK_HASH_BOUND,
    signature: { r: 1n, s: 1n },
    publicKey: alice.publicKey,
  },
  'a key on no point': login(0, { keys: [notOnCurve] }),
  'a forgery by equal points, where ZZ = 0': asked(collided()),
  'a forgery that the engine cannot decide': undecidedForgery,
};
