// Tries a kernel on known answers before anything depends on it: a damaged module, or a WebAssembly engine that compiles it wrongly, must
// never verify a signature.
import { STARK_HASH_BOUND } from '../pedersen.ts';
import { EXCEPTIONAL, type Exceptional, type HashChain, type Kernel, MAX_ITEMS } from './kernel.ts';

/** x of the generator. */
const GENERATOR_X = 0x1ef15c18599971b7beced415a40f0c7deacfd9b0d1819e03d723d8bc943cfcan;
/** h(0, h(1, 0)), and so on: each hash with the one before it, by @scure/starknet. Hits every window of the tables many times over. */
const HASHES = 64;
const LAST_HASH = 0xca23c70e37ec8c79a247ab03f8aa2ccc0a9cbddfeafc7190241f97fb0d44e3n;
/** The keys recovered below, hashed together, by @scure/starknet. */
const ROUNDS = 4;
const KEYS_HASH = 0x4872f7da1bf24cdc843777978800459d267eeca1f4ee7acbe28c354ccc6ab00n;
/** 5^3 + 5 + b is no square. */
const OFF_CURVE_X = 5n;

/** The first wrong answer of the kernel, or `undefined`. Takes about 10 ms and leaves the table and the kept point at place 0 overwritten. */
export function selfTest(kernel: Kernel): string | undefined {
  let previous = 1n;
  let hash = 0n;
  const hashed: HashChain[] = [];
  const hashes: bigint[] = [];
  for (let i = 0; i < HASHES; i++) {
    const chain = { state: previous, elements: [hash] };
    const next = kernel.hashChain(chain);
    if (next === EXCEPTIONAL) return 'Pedersen';
    hashed.push(chain);
    hashes.push(next);
    [previous, hash] = [hash, next];
  }
  if (hash !== LAST_HASH) return 'Pedersen';
  const together = kernel.hashChains(hashed.slice(0, MAX_ITEMS));
  if (together === EXCEPTIONAL || together.some((value, i) => value !== hashes[i])) return 'hashes in a batch';
  const place = kernel.keptPoint(0);
  if (place === undefined || !kernel.keepState(place, previous)) return 'a kept state';
  const byState = kernel.hashChain({ state: place, elements: [hash] });
  if (!kernel.keepElement(place, hash)) return 'a kept element';
  if (byState === EXCEPTIONAL || kernel.hashChain({ state: previous, elements: [place] }) !== byState) {
    return 'kept points';
  }

  // A signature of a hash for a random-looking r and s is made by recovering the key that it would be valid for.
  const table = kernel.keyTable(0);
  let digest: bigint | Exceptional = hash;
  let r = GENERATOR_X;
  for (let i = 0; i < ROUNDS; i++) {
    if (digest === EXCEPTIONAL) return 'Pedersen';
    const message = digest % STARK_HASH_BOUND;
    const s = previous % STARK_HASH_BOUND;
    const keys = kernel.recover(message, r, s);
    if (keys === EXCEPTIONAL) return 'key recovery';
    const [small = 0n, large = 0n] = keys.toSorted((a, b) => (a < b ? -1 : 1));
    for (const key of [small, large]) {
      if (!kernel.isPublicKey(key)) return 'key recovery';
      if (kernel.verifyByKey(message, r, s, key) !== true) return 'a valid signature';
      if (kernel.verifyByKey(message ^ 1n, r, s, key) !== false) return 'an invalid signature';
      // Without memory for a single table there will never be one.
      if (table === undefined) continue;
      if (!kernel.buildKeyTable(table, key)) return 'a key table';
      const valid = { hash: message, r, s, table };
      const invalid = { ...valid, hash: message ^ 1n };
      if (kernel.verifyByTable(valid) !== true) return 'a valid signature, by table';
      if (kernel.verifyByTable(invalid) !== false) return 'an invalid signature, by table';
      const verdicts = kernel.verifyByTables([invalid, valid, invalid]);
      if (verdicts === EXCEPTIONAL || verdicts.some((verdict, at) => verdict !== (at === 1))) return 'a batch';
    }
    const first = kernel.hashChain({ state: small, elements: [large] });
    if (first === EXCEPTIONAL) return 'Pedersen';
    previous = first;
    digest = kernel.hashChain({ state: digest, elements: [first] });
    r = small;
  }
  if (digest !== KEYS_HASH) return 'key recovery';

  if (kernel.isPublicKey(OFF_CURVE_X) || kernel.verifyByKey(1n, r, 1n, OFF_CURVE_X) !== false)
    return 'a key on no point';
  // With hash = 0 and r = s the sum is the key itself, and its x is r: only the key's being on no point speaks against it.
  if (kernel.verifyByKey(0n, OFF_CURVE_X, OFF_CURVE_X, OFF_CURVE_X) !== false) return 'a key on no point';
  if (table !== undefined && kernel.buildKeyTable(table, OFF_CURVE_X)) return 'a table of no point';
  // With hash = r the two halves of a check under the generator are the same point.
  if (kernel.verifyByKey(r, r, 1n, GENERATOR_X) !== false) return 'equal points';
  if (kernel.verifyByKey(0n, r, 1n, GENERATOR_X) !== false) return 'a point at infinity';
  return undefined;
}
