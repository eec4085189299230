// In which order a list of keys stands, and which of them a search finds.
import { addressRange, allowsAddress } from '../../../src/client/addresses.ts';
import { shownRange, worksFromWords } from '../../words/addresses.ts';
import { type AtTheTime, badgeOf, badges, type ListedKey } from './listed-key.ts';

export const columns = ['name', 'state', 'from', 'expires', 'used'] as const;
export type Column = (typeof columns)[number];

export interface Order {
  readonly by: Column;
  readonly direction: 'ascending' | 'descending';
}

/** Last used first, never used last. */
export const firstOrder: Order = { by: 'used', direction: 'descending' };

/** The order after a press on a column's head: the way that is asked for most, then the other way. */
export const nextOrder = (order: Order, by: Column): Order =>
  order.by !== by
    ? { by, direction: by === 'used' ? 'descending' : 'ascending' }
    : { by, direction: order.direction === 'ascending' ? 'descending' : 'ascending' };

const words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const byTime = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
const NEVER = 2n ** 64n;

/** Live keys before ended ones, whatever the column; equal ones by name, then id, so that nothing moves by itself. */
export function sorted(keys: readonly ListedKey[], { by, direction }: Order, at: AtTheTime): readonly ListedKey[] {
  const stateOf = (key: ListedKey): number => badges.indexOf(badgeOf(key, at));
  const compare: Readonly<Record<Column, (a: ListedKey, b: ListedKey) => number>> = {
    name: (a, b) => words.compare(a.name, b.name),
    state: (a, b) => stateOf(a) - stateOf(b),
    from: (a, b) => words.compare(worksFromWords(a.worksFrom), worksFromWords(b.worksFrom)),
    expires: (a, b) => byTime(a.ended?.at ?? a.expiresAt ?? NEVER, b.ended?.at ?? b.expiresAt ?? NEVER),
    used: (a, b) => byTime(a.lastUsedAt ?? 0n, b.lastUsedAt ?? 0n),
  };
  const sign = direction === 'ascending' ? 1 : -1;
  const isEnded = (key: ListedKey): number => (key.ended === undefined ? 0 : 1);
  return keys.toSorted(
    (a, b) =>
      isEnded(a) - isEnded(b) ||
      sign * compare[by](a, b) ||
      words.compare(a.name, b.name) ||
      (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

/** By name, id, or address: a range that holds the address that is looked for is found, too. */
export function found(keys: readonly ListedKey[], search: string): readonly ListedKey[] {
  const text = search.trim().toLocaleLowerCase('en');
  if (text === '') return keys;
  const isAddress = !text.includes('/') && addressRange(text) !== undefined;
  return keys.filter(
    ({ name, id, worksFrom, lastUsedIp }) =>
      name.toLocaleLowerCase('en').includes(text) ||
      id.toLowerCase().includes(text) ||
      lastUsedIp?.includes(text) === true ||
      worksFrom.some((range) => range.includes(text) || shownRange(range).includes(text)) ||
      (isAddress && worksFrom.length > 0 && allowsAddress(worksFrom, text)),
  );
}
