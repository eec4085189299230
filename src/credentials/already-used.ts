// The refusal of a signature or nonce that was used before. It has its own code: after a lost answer the client sends the same proof
// again, and "wrong signature" would make its author look for a fault in a good key.
import { isoTime, NEVER } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { EarlierUse } from '../store/store.ts';

/** `what` begins the sentence. `data.used_at` is in nanoseconds and absent when unknown. */
export function alreadyUsed(what: string, { at }: EarlierUse): ApiError {
  const known = at !== NEVER;
  const message = `${what} was used before${known ? `, at ${isoTime(at)}` : ''}: it counts once; sign anew`;
  return new ApiError('SIGNATURE_ALREADY_USED', message, known ? { data: { used_at: at } } : {});
}
