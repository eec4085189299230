// A Stark key on its owner's side: makes keys and signs. A private key is sent nowhere.
import { getStarkKey, sign } from '@scure/starknet';
import { type Felt, parseFelt } from '../domain/felt.ts';
import { STARK_CURVE_ORDER } from '../starknet/pedersen.ts';
import { privateKeyText, randomPrivateKey } from './private-key.ts';

export interface StarkKey {
  readonly publicKey: Felt;
  /** Deterministic (RFC 6979); r and s as decimal text, as every client sends them. `hash` is below 2^251. */
  sign(hash: bigint): readonly [r: string, s: string];
}

/** `privateKey` is `0x` hex in [1, N). RangeError for anything else, which it does not repeat. */
export function createStarkKey(privateKey: string): StarkKey {
  const scalar = /^0x[0-9a-f]{1,64}$/i.test(privateKey) ? BigInt(privateKey) : 0n;
  // The curve library would say the key in its error.
  if (scalar < 1n || scalar >= STARK_CURVE_ORDER)
    throw new RangeError('not a Stark private key: 0x hex from 1 to the order of the curve');
  const secret = privateKeyText(scalar);
  const publicKey = parseFelt(getStarkKey(secret));
  if (publicKey === undefined) throw new Error('the curve library returned no felt');
  return {
    publicKey,
    sign(hash) {
      const { r, s } = sign(hash.toString(16).padStart(64, '0'), secret);
      return [r.toString(), s.toString()];
    },
  };
}

/** A fresh private key, uniform in [1, N). */
export const randomStarkPrivateKey = randomPrivateKey;
