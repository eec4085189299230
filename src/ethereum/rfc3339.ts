// Times in signed messages. A date that does not exist has no reading: it is refused, never rolled over to another day.
import { addSeconds, type UnixNanos, unixNanos } from '../domain/time.ts';

const layout =
  /^(?<date>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?<time>(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(?<fraction>\d{1,9}))?(?:Z|(?<sign>[+-])(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d))$/;

/**
 * An RFC 3339 date-time: upper-case `T`, `Z` or a numeric offset, up to nine fraction digits, exact to the nanosecond.
 * Leap seconds and times before 1970 are refused. Never throws.
 */
export function parseRfc3339(text: string): UnixNanos | undefined {
  const parts = layout.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { date = '', time = '', fraction = '', sign = '+', hours = '0', minutes = '0' } = parts;
  const local = new Date(`${date}T${time}Z`);
  // For 30 February Date.parse may fail or go on into March: such a date does not come back as it was written.
  if (Number.isNaN(local.getTime()) || local.toISOString().slice(0, 10) !== date) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60 * (sign === '-' ? -1 : 1);
  const nanos = unixNanos(BigInt(local.getTime()) * 1_000_000n + BigInt(fraction.padEnd(9, '0')));
  const utc = addSeconds(nanos, -offset);
  return utc >= 0n ? utc : undefined;
}
