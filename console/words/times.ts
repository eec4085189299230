// Times in words, in the reader's zone. Nanoseconds in, since 1970; `nowMs` is the reader's clock in milliseconds.
// A zone can be named, for tests; else it is the reader's.

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const oneDay = 24 * hour;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const toMs = (ns: bigint): number => Number(ns / 1_000_000n);
export const toNs = (ms: number): bigint => BigInt(Math.trunc(ms)) * 1_000_000n;

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: string;
  minute: string;
  second: string;
}

const formats = new Map<string | undefined, Intl.DateTimeFormat>();
const offsets = new Map<string | undefined, Intl.DateTimeFormat>();

function once(
  kept: Map<string | undefined, Intl.DateTimeFormat>,
  zone: string | undefined,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  let format = kept.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', zone === undefined ? options : { ...options, timeZone: zone });
    kept.set(zone, format);
  }
  return format;
}

function partsOf(ms: number, zone: string | undefined): Parts {
  const format = once(formats, zone, {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const found = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return {
    year: Number(found.year),
    month: Number(found.month),
    day: Number(found.day),
    hour: found.hour ?? '',
    minute: found.minute ?? '',
    second: found.second ?? '',
  };
}

const dayOf = ({ day, month, year }: Parts) => `${day} ${months[month - 1]} ${year}`;
const numberOfDay = ({ day, month, year }: Parts) => Date.UTC(year, month - 1, day) / oneDay;

const count = (value: number, unit: string) => `${value} ${unit}`;
const days = (value: number) => (value === 1 ? '1 day' : `${value} days`);

/** "2 Dec 2026" */
export const day = (ns: bigint, zone?: string): string => dayOf(partsOf(toMs(ns), zone));

/** "14:03:07" */
export function clock(ns: bigint, zone?: string): string {
  const parts = partsOf(toMs(ns), zone);
  return `${parts.hour}:${parts.minute}:${parts.second}`;
}

/** "22:04" */
export function hourAndMinute(ns: bigint, zone?: string): string {
  const parts = partsOf(toMs(ns), zone);
  return `${parts.hour}:${parts.minute}`;
}

/** "28 Dec 2026, 14:03" */
export const exact = (ns: bigint, zone?: string): string => `${day(ns, zone)}, ${hourAndMinute(ns, zone)}`;

/** "28 Dec, 14:03", with its year where that is not this one. */
export function shortExact(ns: bigint, nowMs: number, zone?: string): string {
  const [whole, year] = [day(ns, zone), ` ${partsOf(nowMs, zone).year}`];
  return `${whole.endsWith(year) ? whole.slice(0, -year.length) : whole}, ${hourAndMinute(ns, zone)}`;
}

/** "28 Dec 2026, 14:03:07.123456789 UTC+1" */
export function precise(ns: bigint, zone?: string): string {
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0');
  return `${day(ns, zone)}, ${clock(ns, zone)}.${fraction} ${offset(ns, zone)}`;
}

/** "UTC+1", at that time: summer time has another one. */
export function offset(ns: bigint, zone?: string): string {
  const format = once(offsets, zone, { timeZoneName: 'shortOffset' });
  const name = format.formatToParts(toMs(ns)).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
  return name.replace('GMT', 'UTC').replace(/[+-]0$/, '');
}

/** "just now", "2 min ago", "5 h ago", "in 3 days"; from 7 days on the day, "2 Dec 2026". */
export function relative(ns: bigint, nowMs: number, zone?: string): string {
  const from = toMs(ns) - nowMs;
  const size = Math.abs(from);
  if (size >= 7 * oneDay) return day(ns, zone);
  if (size < minute) return from > 0 ? 'in less than a minute' : 'just now';
  const words = largest(size);
  return from > 0 ? `in ${words}` : `${words} ago`;
}

function largest(ms: number): string {
  if (ms < hour) return count(Math.floor(ms / minute), 'min');
  if (ms < oneDay) return count(Math.floor(ms / hour), 'h');
  return days(Math.floor(ms / oneDay));
}

/** When something ends: "today 18:30", "tomorrow 09:00", "in 24 days" by the calendar; what has ended has its day, "2 Dec 2026". */
export function until(ns: bigint, nowMs: number, zone?: string): string {
  const ms = toMs(ns);
  if (ms <= nowMs) return day(ns, zone);
  const away = numberOfDay(partsOf(ms, zone)) - numberOfDay(partsOf(nowMs, zone));
  if (away === 0) return `today ${hourAndMinute(ns, zone)}`;
  if (away === 1) return `tomorrow ${hourAndMinute(ns, zone)}`;
  return `in ${days(away)}`;
}

/** Of a time soon: "18:30", or "2 Dec, 18:30" where that is not today. */
export const soonWords = (ns: bigint, nowMs: number, zone?: string): string =>
  day(ns, zone) === day(toNs(nowMs), zone) ? hourAndMinute(ns, zone) : shortExact(ns, nowMs, zone);

/** A length of time: "12 ms", "4 s", "9 min", "2 h", "3 days"; the largest unit that it fills, without its rest. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size > 0 && size < 1) return count(Math.max(1, Math.round(size * 1000)), 'ms');
  if (size < 60) return count(Math.floor(size), 's');
  return largest(size * second);
}
