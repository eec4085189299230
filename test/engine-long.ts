// The long run: random and edge inputs through the engine and through @scure/starknet, which must agree on every one.
// `npm run test:engine:long`. Arguments: signatures (default 100000), hashes (default 1000000), seed (default: random, printed).
import { createHash, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Point, sign } from '@scure/starknet';
import { STARK_PRIME } from '../src/domain/felt.ts';
import { scureCurve } from '../src/starknet/curve.ts';
import { createStarkEngine } from '../src/starknet/engine/engine.ts';
import { STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../src/starknet/pedersen.ts';
import {
  collision,
  edgeDigits,
  edgeScalars,
  type Signature,
  signatureWith,
  xOf,
} from './unit/starknet/engine/signatures.ts';

const [signatureCount = 100_000, hashCount = 1_000_000, seed = randomInt(2 ** 47)] = process.argv.slice(2).map(Number);
const N = STARK_CURVE_ORDER;
const { Fn } = Point;
const say = (line: string): unknown => process.stdout.write(`${line}\n`);
const hex = (value: bigint): string => value.toString(16).padStart(64, '0');

let drawn = 0;
/** The next number of the run, in [0, bound): the same for the same seed. */
function next(bound: bigint): bigint {
  const digest = (part: number) => createHash('sha256').update(`${seed}:${drawn}:${part}`).digest('hex');
  const value = BigInt(`0x${digest(0)}${digest(1)}`) % bound;
  drawn += 1;
  return value;
}
const oneOf = <T>(values: readonly T[]): T => {
  const value = values[Number(next(BigInt(values.length)))];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
};

const wasm = readFileSync(new URL('../src/starknet/engine/stark.wasm', import.meta.url));
const options = { fallback: scureCurve, wasm, defer: () => {} };
const cold = createStarkEngine({ ...options, tableBytes: 0 });
// Few enough tables that they are evicted and written over all the time.
const warm = createStarkEngine({ ...options, tableBytes: 2 ** 21 });

function disagreement(what: string, inputs: readonly bigint[]): never {
  throw new Error(`seed ${seed}: ${what} differs for ${inputs.map((value) => `0x${value.toString(16)}`).join(', ')}`);
}

const edgeFelts = [0n, 1n, N - 1n, N, N + 1n, STARK_PRIME - 1n, STARK_HASH_BOUND - 1n, STARK_HASH_BOUND];

/** A felt: random, small, an edge, one bit, or with digits at the limits of every window. */
function anyFelt(): bigint {
  const kind = next(8n);
  if (kind === 0n) return oneOf(edgeFelts);
  if (kind === 1n) return next(1n << (8n * (1n + next(20n))));
  if (kind === 2n) return 1n << next(251n);
  if (kind === 3n) return edgeDigits(12, 251, Number(next(6n)));
  return next(STARK_PRIME);
}

const anyScalar = (): bigint => (next(3n) === 0n ? oneOf(edgeScalars) : 1n + next(N - 1n));
/** Small, so that Q = +-k G meets entries of the generator's table too. */
const anySecret = (): bigint => oneOf([1n + next(64n), N - 1n - next(64n), 1n + next(N - 1n), 1n + next(N - 1n)]);

function anySignature(): Signature | undefined {
  const kind = next(8n);
  const secret = anySecret();
  if (kind === 0n)
    return collision(xOf(1n + next(N - 1n)) % STARK_HASH_BOUND || 1n, anyScalar(), secret, oneOf([1n, -1n]));
  if (kind === 1n) return { hash: 0n, ...sign(hex(0n), hex(secret)), publicKey: xOf(secret) };
  if (kind <= 3n) return signatureWith(anyScalar(), anyScalar(), secret);
  const hash = next(STARK_HASH_BOUND);
  const { r, s } = sign(hex(hash), hex(secret));
  return { hash, r, s: oneOf([s, N - s]), publicKey: xOf(secret) };
}

/** The signature itself, or with one of its numbers changed. */
function perhapsChanged(signature: Signature): Signature {
  const { hash, r, s, publicKey } = signature;
  switch (Number(next(8n))) {
    case 0:
      return { ...signature, hash: hash ^ (1n << next(251n)) };
    case 1:
      return { ...signature, r: r ^ (1n << next(251n)) || 1n };
    case 2:
      return { ...signature, s: Fn.create(s + 1n) };
    case 3:
      return { ...signature, publicKey: publicKey ^ (1n << next(251n)) };
    default:
      return signature;
  }
}

say(`seed ${seed}: ${signatureCount} signatures, ${hashCount} hashes`);
let valid = 0;
for (let i = 0; i < signatureCount; ) {
  const made = anySignature();
  if (made === undefined) continue;
  const { hash, r, s, publicKey } = perhapsChanged(made);
  const inputs = [hash, r, s, publicKey];
  const expected = scureCurve.verify(hash, r, s, publicKey);
  if (cold.verify(hash, r, s, publicKey) !== expected) disagreement('verify', inputs);
  warm.warm(publicKey);
  if (warm.verify(hash, r, s, publicKey) !== expected) disagreement('verify by table', inputs);
  if (cold.isPublicKey(publicKey) !== scureCurve.isPublicKey(publicKey)) disagreement('isPublicKey', [publicKey]);
  if (i % 4 === 0) {
    const keys = cold.recoverCandidates(hash, r, s);
    const reference = scureCurve.recoverCandidates(hash, r, s);
    if (keys.length !== reference.length || !keys.every((key) => reference.includes(key))) {
      disagreement('recoverCandidates', inputs);
    }
  }
  if (expected) valid += 1;
  i += 1;
  if (i % 10_000 === 0) say(`${i} signatures agree, ${valid} of them valid`);
}
say(
  `${signatureCount} signatures agree, ${valid} of them valid; ${cold.stats().fallbacks} without a table and ${warm.stats().fallbacks} with one went to the fallback`,
);

for (let i = 1; i <= hashCount; i++) {
  const a = anyFelt();
  const b = anyFelt();
  if (cold.pedersen(a, b) !== scureCurve.pedersen(a, b)) disagreement('pedersen', [a, b]);
  if (i % 100_000 === 0) say(`${i} hashes agree`);
}
say(`${hashCount} hashes agree`);
