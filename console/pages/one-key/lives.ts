// How long the key works that is made in the place of another, and the other one beside it.

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

/** Of the new key. `same`: as long as the old one was made for. */
export const lives = [
  { value: 'same', label: 'Same length as before', seconds: undefined },
  { value: '7d', label: '7 days', seconds: 7 * DAY },
  { value: '30d', label: '30 days', seconds: 30 * DAY },
  { value: '90d', label: '90 days', seconds: 90 * DAY },
  { value: '1y', label: '1 year', seconds: 365 * DAY },
] as const;

export type Life = (typeof lives)[number]['value'];

export const lifeSeconds = (value: Life): number | undefined => lives.find((life) => life.value === value)?.seconds;

/** When the old key ends; `isSooner`: by itself, before the overlap is over. Times are Unix nanoseconds. */
export function oldEnds(
  expiresAt: bigint | undefined,
  overlap: Overlap,
  now: bigint,
): { readonly at: bigint; readonly isSooner: boolean } {
  const at = now + BigInt(overlapSeconds(overlap)) * 1_000_000_000n;
  return expiresAt !== undefined && expiresAt < at ? { at: expiresAt, isSooner: true } : { at, isSooner: false };
}
