// The filters of the activity, from and to the query of its address. Anybody can write an address: what is no filter is as if it were not there.
import type { ActivityFilter } from '../../../src/client/main.ts';

export type What = 'everything' | 'changes' | 'sign-ins' | 'refused';
export type When =
  | { readonly days: 1 | 7 | 30 }
  /** Moments in UTC to the minute, `2026-11-28T13:03Z`; `to` is not inside. */
  | { readonly from: string; readonly to: string };

export interface Filters {
  /** `all`, `main` for the main key or wallet, `devices`, or kind and row id as in `subkey:42`. */
  readonly key: string;
  readonly what: What;
  readonly when: When;
}

export const everything: Filters = { key: 'all', what: 'everything', when: { days: 7 } };

const keyForm = /^(?:main|devices|subkey:[0-9]{1,18}|token:tok_[0-9a-z]{1,40}|device:dev_[0-9a-z]{1,40})$/;
const whats: readonly What[] = ['everything', 'changes', 'sign-ins', 'refused'];
const days = [1, 7, 30] as const;
const minuteForm = /^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z$/;

/** `search`: with or without its question mark. */
export function filtersOf(search: string): Filters {
  const query = new URLSearchParams(search);
  const key = query.get('key') ?? '';
  const what = whats.find((one) => one === query.get('what'));
  return {
    key: keyForm.test(key) ? key : everything.key,
    what: what ?? everything.what,
    when: whenOf(query),
  };
}

function whenOf(query: URLSearchParams): When {
  const [from, to] = [query.get('from') ?? '', query.get('to') ?? ''];
  if (isMinute(from) && isMinute(to) && from < to) return { from, to };
  const some = days.find((one) => String(one) === query.get('days'));
  return some === undefined ? everything.when : { days: some };
}

/** Whether it is such a moment, and one that is on the calendar. */
export function isMinute(text: string): boolean {
  if (!minuteForm.test(text)) return false;
  const date = new Date(text);
  // The last year that signed 64-bit nanoseconds reach.
  return !Number.isNaN(date.getTime()) && date.getUTCFullYear() < 2262 && minuteOf(date) === text;
}

export const minuteOf = (date: Date): string => `${date.toISOString().slice(0, 16)}Z`;

/** Without its question mark; empty for what is shown at first. Written anew of the filters alone, so nothing else of an address goes on. */
export function searchOf({ key, what, when }: Filters): string {
  const query = new URLSearchParams();
  if (key !== everything.key) query.set('key', key);
  if (what !== everything.what) query.set('what', what);
  if ('from' in when) {
    query.set('from', when.from);
    query.set('to', when.to);
  } else if (when.days !== 7) query.set('days', String(when.days));
  return query.toString();
}

const outcomes: Readonly<Record<What, ActivityFilter['outcome']>> = {
  everything: undefined,
  changes: 'changes',
  'sign-ins': 'logins',
  refused: 'refusals',
};

/** What the server is asked. Devices it cannot select together: they are picked here, by isOfDevices. */
export function askedOf({ key, what, when }: Filters, account: 'starknet' | 'wallet', nowMs: number): ActivityFilter {
  const credential = credentialOf(key, account);
  const outcome = outcomes[what];
  const span =
    'from' in when ? { from: new Date(when.from), to: new Date(when.to) } : { from: daysAgo(nowMs, when.days) };
  return {
    ...span,
    ...(credential === undefined ? {} : { credential }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}

const daysAgo = (nowMs: number, number: number): Date => new Date(nowMs - number * 86_400_000);

/** As the server names one credential. Undefined for all, and for the devices together. */
export function credentialOf(key: string, account: 'starknet' | 'wallet'): string | undefined {
  if (key === 'main') return account === 'wallet' ? 'evm:main' : 'main:main';
  return key === 'all' || key === 'devices' ? undefined : key;
}

/** In the sentence of an empty list. */
export function spanWords(when: When): string {
  if ('from' in when) return 'in this time';
  return when.days === 1 ? 'in these 24 hours' : `in these ${when.days} days`;
}

export const isFiltered = (filters: Filters): boolean => searchOf(filters) !== '';
