// Until when a new key works: what is offered, and the seconds that are asked for.
import type { SnippetKind } from '../../words/snippets.ts';

const DAY = 86_400;
const fixed = { '1': DAY, '7': 7 * DAY, '30': 30 * DAY, '90': 90 * DAY, '365': 365 * DAY } as const;
const MIN_SECONDS = 60;
const MAX_SECONDS = fixed['365'];

/** Days, or one of the two others. */
export type End = keyof typeof fixed | 'never' | 'exact';

interface EndOption {
  readonly value: End;
  readonly label: string;
}

const days = (value: keyof typeof fixed, label: string): EndOption => ({ value, label });
const exact: EndOption = { value: 'exact', label: 'Exact date…' };
const year = days('365', '1 year');

export const endOptions: Readonly<Record<SnippetKind, readonly EndOption[]>> = {
  token: [days('1', '1 day'), days('7', '7 days'), days('30', '30 days'), days('90', '90 days'), year, exact],
  subkey: [days('30', '30 days'), days('90', '90 days'), year, { value: 'never', label: 'No end' }, exact],
};

export const usualEnd: Readonly<Record<SnippetKind, End>> = { token: '30', subkey: '90' };

export type ReadEnd =
  /** 0: no end. */
  | { readonly seconds: number; readonly problem?: undefined }
  | { readonly seconds?: undefined; readonly problem: string };

/** `date` is what a date and time field holds, in the reader's zone: `2026-12-28T14:03`. */
export function readEnd(end: End, date: string, nowMs: number): ReadEnd {
  if (end === 'never') return { seconds: 0 };
  if (end !== 'exact') return { seconds: fixed[end] };
  const at = new Date(date).getTime();
  if (date === '' || Number.isNaN(at)) return { problem: 'Choose a day and a time.' };
  const seconds = Math.round((at - nowMs) / 1000);
  if (seconds < MIN_SECONDS) return { problem: 'Choose a time that is at least a minute from now.' };
  if (seconds > MAX_SECONDS) return { problem: 'Choose a time that is at most a year from now.' };
  return { seconds };
}

/** The first and the last minute that a date and time field may take, as it writes them, in the reader's zone. */
export function exactRange(nowMs: number): { readonly min: string; readonly max: string } {
  const minute = 60_000;
  const first = Math.ceil((nowMs + MIN_SECONDS * 1000) / minute) * minute;
  const last = Math.floor((nowMs + MAX_SECONDS * 1000) / minute) * minute;
  return { min: localMinute(first), max: localMinute(last) };
}

/** `2026-12-28T14:03`, in the reader's zone. */
export function localMinute(ms: number): string {
  const at = new Date(ms);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
