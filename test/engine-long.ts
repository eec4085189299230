// The long run: random and edge inputs through the engine and through @scure/starknet, which must agree on every one.
// `npm run test:engine:long -- --signatures <100000> --hashes <1000000> --seed <random, printed>`. @scure/starknet takes milliseconds for
// each, so a whole run takes about an hour; it may be split into several with different seeds. Exit code 0: every one agreed.
import { createHash, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Point, sign } from '@scure/starknet';
import { STARK_PRIME } from '../src/domain/felt.ts';
import { scureCurve } from '../src/starknet/curve.ts';
import { createStarkEngine } from '../src/starknet/engine/engine.ts';
import { type PedersenChain, STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../src/starknet/pedersen.ts';
import { collision, edgeDigits, edgeScalars, type Signature, signatureWith, xOf } from './support/signatures.ts';

const { values } = parseArgs({
  options: {
    signatures: { type: 'string', default: '100000' },
    hashes: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(randomInt(2 ** 47)) },
  },
});
const [signatureCount = 0, hashCount = 0, seed = 0] = [values.signatures, values.hashes, values.seed].map((text) => {
  if (!/^[0-9]{1,15}$/.test(text)) throw new RangeError('counts and seed must be whole numbers');
  return Number(text);
});
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
const BATCH = 16;

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
  if (kind === 3n) return edgeDigits(oneOf([12, 13]), 251, Number(next(6n)));
  return next(STARK_PRIME);
}

const anyScalar = (): bigint => (next(3n) === 0n ? oneOf(edgeScalars) : 1n + next(N - 1n));
/** Small, so that Q = +-k G meets entries of the generator's table too. */
const anySecret = (): bigint => oneOf([1n + next(64n), N - 1n - next(64n), 1n + next(N - 1n), 1n + next(N - 1n)]);

function anySignature(): Signature | undefined {
  const secret = anySecret();
  const publicKey = xOf(secret);
  const hash = next(STARK_HASH_BOUND);
  switch (Number(next(10n))) {
    case 0:
      return collision(xOf(1n + next(N - 1n)) % STARK_HASH_BOUND || 1n, anyScalar(), secret, oneOf([1n, -1n]));
    case 1:
      return { hash: 0n, ...sign(hex(0n), hex(secret)), publicKey };
    case 2: {
      // Equal points whose sum has the right x.
      const u2 = anyScalar();
      return signatureWith(Fn.create(u2 * secret), u2, secret);
    }
    case 3: {
      // One of the two keys it recovers is infinity.
      const nonce = anyScalar();
      return {
        hash,
        r: xOf(nonce) % STARK_HASH_BOUND,
        s: Fn.create(oneOf([1n, -1n]) * hash * Fn.inv(nonce)),
        publicKey,
      };
    }
    case 4:
    case 5:
      return signatureWith(anyScalar(), anyScalar(), secret);
    default: {
      const { r, s } = sign(hex(hash), hex(secret));
      return { hash, r, s: oneOf([s, N - s]), publicKey };
    }
  }
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

const began = performance.now();
const minutes = (): string => `${((performance.now() - began) / 60_000).toFixed(1)} min`;
say(`stark.wasm sha256 ${createHash('sha256').update(wasm).digest('hex')}, Node.js ${process.version}`);
say(`seed ${seed}: ${signatureCount} signatures, ${hashCount} hashes`);

let valid = 0;
let recoveries = 0;
let batch: { readonly signature: Signature; readonly expected: boolean }[] = [];
for (let i = 0; i < signatureCount; ) {
  const made = anySignature();
  if (made === undefined) continue;
  const signature = perhapsChanged(made);
  const { hash, r, s, publicKey } = signature;
  const inputs = [hash, r, s, publicKey];
  const expected = scureCurve.verify(hash, r, s, publicKey);
  if (cold.verify(hash, r, s, publicKey) !== expected) disagreement('verify', inputs);
  warm.warm(publicKey);
  if (warm.verify(hash, r, s, publicKey) !== expected) disagreement('verify by table', inputs);
  if (cold.isPublicKey(publicKey) !== scureCurve.isPublicKey(publicKey)) disagreement('isPublicKey', [publicKey]);
  batch.push({ signature, expected });
  if (batch.length === BATCH) {
    const verdicts = warm.verifyBatch(batch.map((item) => item.signature));
    for (const [at, item] of batch.entries()) {
      const { signature } = item;
      const { hash, r, s, publicKey } = signature;
      if (verdicts[at] !== item.expected) disagreement(`verifyBatch at ${at}`, [hash, r, s, publicKey]);
    }
    batch = [];
  }
  if (i % 4 === 0) {
    const keys = cold.recoverCandidates(hash, r, s);
    const reference = scureCurve.recoverCandidates(hash, r, s);
    if (keys.length !== reference.length || !keys.every((key) => reference.includes(key))) {
      disagreement('recoverCandidates', inputs);
    }
    recoveries += 1;
  }
  if (expected) valid += 1;
  i += 1;
  if (i % 5_000 === 0) say(`${i} signatures agree, ${valid} of them valid, ${minutes()}`);
}
say(
  `${signatureCount} signatures agree, ${valid} of them valid, and ${recoveries} recoveries; to the fallback went ${cold.stats().fallbacks} without a table, ${warm.stats().fallbacks} with one or in a batch`,
);

/** Numbers that come again and again, so that their points are kept. */
const names = Array.from({ length: 40 }, () => next(1n << (49n + next(199n))));
const anyElement = (): bigint => (next(3n) === 0n ? oneOf(names) : anyFelt());

function anyChain(): PedersenChain {
  const state = next(3n) === 0n ? oneOf(names) : anyFelt();
  return { state, elements: Array.from({ length: 1 + Number(next(3n)) }, anyElement) };
}

let hashes = 0;
let told = 0;
while (hashes < hashCount) {
  const chains = Array.from({ length: BATCH }, anyChain);
  const together = cold.hashChains(chains);
  for (const [at, chain] of chains.entries()) {
    let expected = chain.state;
    for (const element of chain.elements) {
      const hash = scureCurve.pedersen(expected, element);
      if (cold.pedersen(expected, element) !== hash) disagreement('pedersen', [expected, element]);
      expected = hash;
    }
    const inputs = [chain.state, ...chain.elements];
    if (cold.hashChain(chain.state, chain.elements) !== expected) disagreement('hashChain', inputs);
    if (together[at] !== expected) disagreement(`hashChains at ${at}`, inputs);
    hashes += chain.elements.length;
  }
  if (hashes - told >= 50_000) {
    told = hashes;
    say(`${hashes} hashes agree, ${minutes()}`);
  }
}
say(`${hashes} hashes agree, each alone, in a chain and in a batch; ${cold.stats().fallbacks} fallbacks`);
say(`done: seed ${seed}, ${minutes()}`);
