// What a proof that counts once is told the second time. Never the words of a wrong signature: who signs again because an answer was
// lost would otherwise look for a fault in a key that is right.
import { isoTime, NEVER } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { EarlierUse } from '../store/store.ts';

/** `what` is the thing that was used, as the beginning of a sentence. `data.used_at` is in nanoseconds, where it is known. */
export function alreadyUsed(what: string, { at }: EarlierUse): ApiError {
  const known = at !== NEVER;
  const message = `${what} was used before${known ? `, at ${isoTime(at)}` : ''}: it counts once; sign anew`;
  return new ApiError('SIGNATURE_ALREADY_USED', message, known ? { data: { used_at: at } } : {});
}
