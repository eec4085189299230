// How long the key works that is made in the place of another, and the other one beside it.
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { type End, endOptions, readEnd } from '../add/ends.ts';

const HOUR = 3600;
const DAY = 86_400;

/** Of the old key, in seconds. */
export const overlaps = [
  { value: '0', label: 'Stop now', seconds: 0 },
  { value: '1h', label: '1 hour', seconds: HOUR },
  { value: '24h', label: '24 hours', seconds: DAY },
  { value: '7d', label: '7 days', seconds: 7 * DAY },
] as const;

export type Overlap = (typeof overlaps)[number]['value'];

export const overlapSeconds = (value: Overlap): number =>
  overlaps.find((overlap) => overlap.value === value)?.seconds ?? DAY;

export type Life = 'same' | End;

/** Of the new key. `same`: as long as the old one was made for. */
export const lives: readonly { readonly value: Life; readonly label: string }[] = [
  { value: 'same', label: 'Same length as before' },
  ...endOptions.token,
];

export interface ReadLife {
  /** What is asked of the server; undefined: what it does by itself. */
  readonly asked: number | undefined;
  /** From now; undefined while it is not known. */
  readonly seconds: number | undefined;
  readonly problem: string | undefined;
}

/** Times of the key are Unix nanoseconds; `date` is what a date and time field holds, in the reader's zone. */
export function readLife(
  life: Life,
  date: string,
  { createdAt, expiresAt }: Pick<ListedKey, 'createdAt' | 'expiresAt'>,
  nowMs: number,
): ReadLife {
  if (life !== 'same') {
    const { seconds, problem } = readEnd(life, date, nowMs);
    return { asked: seconds, seconds, problem };
  }
  const seconds = expiresAt === undefined ? 0 : Number((expiresAt - createdAt) / 1_000_000_000n);
  return { asked: undefined, seconds, problem: undefined };
}

/** When the old key ends; `isSooner`: by itself, before the overlap is over. Times are Unix nanoseconds. */
export function oldEnds(
  expiresAt: bigint | undefined,
  overlap: Overlap,
  now: bigint,
): { readonly at: bigint; readonly isSooner: boolean } {
  const at = now + BigInt(overlapSeconds(overlap)) * 1_000_000_000n;
  return expiresAt !== undefined && expiresAt < at ? { at: expiresAt, isSooner: true } : { at, isSooner: false };
}
