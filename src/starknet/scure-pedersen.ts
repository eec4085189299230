// Starknet's hash in plain JavaScript: all that whoever signs needs of the curve besides signing. A page that loads it loads nothing that verifies.
import { pedersen } from '@scure/starknet';
import { STARK_PRIME } from '../domain/felt.ts';
import type { Pedersen } from './pedersen.ts';

export const isFelt = (value: bigint): boolean => value >= 0n && value < STARK_PRIME;

const hashOfTwo = (a: bigint, b: bigint): bigint => BigInt(pedersen(a, b));

export const scurePedersen: Pedersen = {
  pedersen: hashOfTwo,
  hashChain(state, elements) {
    if (![state, ...elements].every(isFelt)) throw new RangeError('a Pedersen input must be in [0, p)');
    return elements.reduce((hash, element) => hashOfTwo(hash, element), state);
  },
};
