// What the chart shows: requests of each of the last 30 days in UTC, as the server counts them.
import type { UsageDay } from '../../src/client/main.ts';
import { count } from './actions.ts';

const CHART_DAYS = 30;

export interface DayCount {
  /** UTC, `2026-11-28`. */
  readonly day: string;
  readonly allowed: number;
  /** Denied, over a limit, or failed here: all that did not get through. */
  readonly refused: number;
}

/** The last one is today. Rows of several credentials are added up; days without a row had no request. */
export function dayCounts(rows: readonly UsageDay[], nowMs: number): readonly DayCount[] {
  const days = new Map<string, { day: string; allowed: number; refused: number }>();
  for (let ago = CHART_DAYS - 1; ago >= 0; ago -= 1) {
    const day = new Date(nowMs - ago * 86_400_000).toISOString().slice(0, 10);
    days.set(day, { day, allowed: 0, refused: 0 });
  }
  for (const { day, allowed, refused, limited, failed } of rows) {
    const sum = days.get(day);
    if (sum === undefined) continue;
    sum.allowed += allowed;
    sum.refused += refused + limited + failed;
  }
  return [...days.values()];
}

export const peakOf = (days: readonly DayCount[]): number =>
  Math.max(0, ...days.map(({ allowed, refused }) => allowed + refused));

export interface Bar {
  /** Pixels from the bottom up; 0 for none. */
  readonly allowed: number;
  readonly refused: number;
}

/** Some of a kind are a pixel or more, so that one refusal among thousands is seen; between the two is a gap of one pixel. */
export function barOf({ allowed, refused }: DayCount, peak: number, height: number): Bar {
  const gap = allowed > 0 && refused > 0 ? 1 : 0;
  const room = height - gap;
  const tall = (number: number): number => (number === 0 ? 0 : Math.max(2, Math.round((number / peak) * room)));
  const red = Math.min(tall(refused), allowed > 0 ? room - 2 : room);
  return { allowed: Math.min(tall(allowed), room - red), refused: red };
}

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `29 Oct`. */
export const dayWords = (day: string): string => dayFormat.format(Date.parse(`${day}T00:00:00Z`));

/** `29 Oct: 1,204 allowed, 12 refused`. */
export const countWords = ({ day, allowed, refused }: DayCount): string =>
  `${dayWords(day)}: ${allowed + refused === 0 ? 'no requests' : `${count(allowed)} allowed, ${count(refused)} refused`}`;

/** The day that a key press goes to; undefined for a key that moves nothing. */
export function dayAfterKey(key: string, at: number): number | undefined {
  const last = CHART_DAYS - 1;
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(last, at + 1);
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, at - 1);
    case 'PageUp':
      return Math.min(last, at + 7);
    case 'PageDown':
      return Math.max(0, at - 7);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
