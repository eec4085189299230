// Starknet's hash in plain JavaScript: all that whoever signs needs of the curve besides signing. A page that loads it loads nothing that verifies.
import { pedersen } from '@scure/starknet';
import { STARK_PRIME } from '../domain/felt.ts';
import type { Pedersen } from './pedersen.ts';

const isFelt = (value: bigint): boolean => value >= 0n && value < STARK_PRIME;

function hashChain(state: bigint, elements: readonly bigint[]): bigint {
  if (![state, ...elements].every(isFelt)) throw new RangeError('a Pedersen input must be in [0, p)');
  return elements.reduce((hash, element) => BigInt(pedersen(hash, element)), state);
}

export const scurePedersen: Pedersen = {
  pedersen: (a, b) => BigInt(pedersen(a, b)),
  hashChain,
  hashChains: (chains) =>
    chains.map(({ state, elements }) => ([state, ...elements].every(isFelt) ? hashChain(state, elements) : undefined)),
};
