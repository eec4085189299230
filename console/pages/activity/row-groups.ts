// The rows of the activity as they are read: sign-ins of one minute are one entry, and a receipt stands with what it confirms.
import type { ActivityRow } from '../../../src/client/main.ts';
import { happenedAt } from '../../words/actions.ts';

export interface Entry {
  /** The newest of them. */
  readonly row: ActivityRow;
  /** Sign-ins of one credential from one address in one minute. */
  readonly signIns: number;
  /** Of the row's change. */
  readonly receipt: ActivityRow['detail'] | undefined;
}

const minuteOf = (row: ActivityRow): bigint => happenedAt(row) / 60_000_000_000n;

const isSameSignIn = (one: ActivityRow, other: ActivityRow): boolean =>
  one.action === 'login' &&
  other.action === 'login' &&
  one.subject.kind === other.subject.kind &&
  one.subject.id === other.subject.id &&
  one.client_ip === other.client_ip &&
  minuteOf(one) === minuteOf(other);

/** `rows`: newest first, as the server has them. */
export function entriesOf(rows: readonly ActivityRow[]): readonly Entry[] {
  const changes = new Set(rows.filter(({ action }) => action !== 'ending.receipt').map(nameOf));
  const receipts = new Map<string, ActivityRow['detail']>();
  const entries: Entry[] = [];
  for (const row of rows) {
    if (row.action === 'ending.receipt' && changes.has(confirmedBy(row))) {
      receipts.set(confirmedBy(row), row.detail);
      continue;
    }
    const last = entries.at(-1);
    if (last !== undefined && isSameSignIn(last.row, row)) {
      entries[entries.length - 1] = { ...last, signIns: last.signIns + 1 };
      continue;
    }
    entries.push({ row, signIns: 1, receipt: receipts.get(nameOf(row)) });
  }
  return entries;
}

const nameOf = ({ request_id, action, subject }: ActivityRow): string =>
  JSON.stringify([request_id, action, subject.kind, subject.id]);

const confirmedBy = (row: ActivityRow): string =>
  nameOf({ ...row, action: typeof row.detail.action === 'string' ? row.detail.action : '' });

export interface Day {
  /** A moment of that day. */
  readonly at: bigint;
  readonly entries: readonly Entry[];
}

/** Under one heading a day of the reader. Rows stand in the order of writing: a minute that was written after midnight stays with its neighbours. */
export function daysOf(entries: readonly Entry[], timeZone?: string): readonly Day[] {
  const format = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone });
  const days: { name: string; at: bigint; entries: Entry[] }[] = [];
  for (const entry of entries) {
    const at = happenedAt(entry.row);
    const name = format.format(Number(at / 1_000_000n));
    const last = days.at(-1);
    if (last === undefined || name < last.name) days.push({ name, at, entries: [entry] });
    else last.entries.push(entry);
  }
  return days.map(({ at, entries: of }) => ({ at, entries: of }));
}
