// Times and durations as people read and type them. The server's are Unix nanoseconds.
import { WrongUse } from './stops.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const RELATIVE_BELOW = 7 * DAY;

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

/** Seconds of `90s`, `15m`, `24h`, `30d`. Throws WrongUse; `option` names where it stands. */
export function secondsOf(text: string, option: string): number {
  const [, digits = '', unit = ''] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  const each = UNIT_SECONDS.get(unit);
  if (each === undefined) throw new WrongUse(`--${option} is not a duration: it must be like 90s, 15m, 24h or 30d`);
  return Number(digits) * each;
}

export const millisOf = (nanos: bigint): number => Number(nanos / 1_000_000n);

/** `2 min ago`, `in 3 days`, each to the nearest; from seven days on `2 Dec 2026`. 0 is never. */
export function relative(nanos: bigint, now: number): string {
  if (nanos === 0n) return 'never';
  const ms = millisOf(nanos) - now;
  const far = Math.abs(ms);
  if (far >= RELATIVE_BELOW) return day(millisOf(nanos));
  if (far < MINUTE) return ms > 0 ? 'in under 1 min' : 'just now';
  const amount = amountOf(far);
  return ms > 0 ? `in ${amount}` : `${amount} ago`;
}

/** Of what has happened: a clock that is behind the server's does not put it into the future. Undefined: an older server does not say. */
export function ago(nanos: bigint | undefined, now: number): string {
  if (nanos === undefined) return '';
  const latest = BigInt(now) * 1_000_000n;
  return relative(nanos > latest ? latest : nanos, now);
}

/** `2 Dec 2026, 14:03 (in 3 days)`, in the zone of the reader. 0 is `never`. */
export function moment(nanos: bigint, now: number): string {
  if (nanos === 0n) return 'never';
  const short = relative(nanos, now);
  const exact = dateAndTime(nanos);
  return exact.startsWith(short) ? exact : `${exact} (${short})`;
}

/** `2 Dec 2026, 14:03`. */
function dateAndTime(nanos: bigint): string {
  const at = new Date(millisOf(nanos));
  return `${day(at.getTime())}, ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `2 Dec, 14:03:07`: for a list that is read from line to line. */
export function second(nanos: bigint): string {
  const at = new Date(millisOf(nanos));
  return `${at.getDate()} ${MONTHS[at.getMonth()]}, ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `8 hours`, `90 seconds`: in the largest unit that is exact. */
export function duration(seconds: number): string {
  const [name, each] = (
    [
      ['day', 86_400],
      ['hour', 3600],
      ['minute', 60],
    ] as const
  ).find(([, unit]) => seconds >= unit && seconds % unit === 0) ?? ['second', 1];
  const count = seconds / each;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** `8h`, as secondsOf reads it. */
export const typedDuration = (seconds: number): string => duration(seconds).replace(/ ([a-z]).*$/, '$1');

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

function day(ms: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return 'a time that is no time';
  return `${at.getDate()} ${MONTHS[at.getMonth()]} ${at.getFullYear()}`;
}

/** What was made for 8 h a moment ago still has 8 h. */
function amountOf(ms: number): string {
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(ms / HOUR);
  if (hours < 24) return `${hours} h`;
  const days = Math.round(ms / DAY);
  return `${days} day${days === 1 ? '' : 's'}`;
}
