// A Stark key on its owner's side: makes keys and signs. Private keys never leave the process that made them.
import { randomBytes } from 'node:crypto';
import { getStarkKey, grindKey, sign } from '@scure/starknet';
import { type Felt, parseFelt } from '../domain/felt.ts';

export interface StarkKey {
  readonly publicKey: Felt;
  /** Deterministic (RFC 6979); r and s as decimal text, as every client sends them. `hash` is below 2^251. */
  sign(hash: bigint): readonly [r: string, s: string];
}

/** `privateKey` is `0x` hex in [1, N). Throws what the curve library throws for anything else. */
export function createStarkKey(privateKey: string): StarkKey {
  const publicKey = parseFelt(getStarkKey(privateKey));
  if (publicKey === undefined) throw new Error('the curve library returned no felt');
  return {
    publicKey,
    sign(hash) {
      const { r, s } = sign(hash.toString(16).padStart(64, '0'), privateKey);
      return [r.toString(), s.toString()];
    },
  };
}

/** A fresh private key, uniform in [1, N). */
export const randomStarkPrivateKey = (): string => `0x${grindKey(randomBytes(32))}`;
