// What "End everything" says before and afterwards, and the list that one keeps of it.
import type { Receipt, RevokedAll } from '../../../src/client/main.ts';
import { count } from '../../words/actions.ts';
import { refusedWords } from '../../words/receipts.ts';
import { precise } from '../../words/times.ts';

export interface Ended {
  readonly list: Pick<RevokedAll, 'subkeys' | 'tokens' | 'devices'>;
  readonly receipt: Receipt | undefined;
  /** Unix nanoseconds. */
  readonly at: bigint;
}

/** What is listed where a part of it ended by a request whose answer got lost: what lived before, and what the last answer says. */
export function withBefore(list: Ended['list'], before: Ended['list'] | undefined): Ended['list'] {
  const joined = <Row>(was: readonly Row[] = [], is: readonly Row[], idOf: (row: Row) => string): Row[] => [
    ...new Map([...was, ...is].map((row) => [idOf(row), row])).values(),
  ];
  return {
    tokens: joined(before?.tokens, list.tokens, ({ lookup_id }) => lookup_id),
    subkeys: joined(before?.subkeys, list.subkeys, ({ public_key }) => public_key),
    devices: joined(before?.devices, list.devices, ({ id }) => id),
  };
}

export interface Live {
  readonly keys: number;
  /** Undefined where the venue records no use. */
  readonly inUse: number | undefined;
  readonly devices: number;
  readonly list: Ended['list'];
}

const some = (number: number, one: string): string => `${count(number)} ${number === 1 ? one : `${one}s`}`;

/** `6 keys (2 in use today), 3 devices.` */
export function liveWords({ keys, inUse, devices }: Omit<Live, 'list'>): string {
  const used = inUse === undefined || inUse === 0 ? '' : ` (${count(inUse)} in use today)`;
  return `${some(keys, 'key')}${used}, ${some(devices, 'device')}.`;
}

/** What of it ends; undefined: all of it. Devices always do. */
export function kindsOf(tokens: boolean, subkeys: boolean): readonly string[] | undefined {
  if (tokens && subkeys) return undefined;
  return ['device', ...(tokens ? ['token'] : []), ...(subkeys ? ['subkey'] : [])];
}

export interface EndedRow {
  readonly kind: 'Read-only key' | 'Subkey' | 'Device';
  readonly name: string;
  readonly id: string;
}

export const rowsOf = ({ tokens, subkeys, devices }: Ended['list']): readonly EndedRow[] => [
  ...tokens.map(({ name, lookup_id }) => ({ kind: 'Read-only key' as const, name, id: lookup_id })),
  ...subkeys.map(({ name, public_key }) => ({ kind: 'Subkey' as const, name, id: public_key })),
  ...devices.map(({ name, id }) => ({ kind: 'Device' as const, name, id })),
];

/** One line each, whatever a name says. */
export function textOfEnded({ list, receipt, at }: Ended, account: string): string {
  const rows = rowsOf(list).map(({ kind, name, id }) => [kind, id, name.replaceAll(/\s+/g, ' ')].join('\t'));
  return [`Account ${account}`, `Ended ${precise(at)}`, refusedWords(at, receipt), '', ...rows, ''].join('\n');
}

export const fileNameOfEnded = ({ at }: Ended): string =>
  `countersign-ended-${new Date(Number(at / 1_000_000n)).toISOString().slice(0, 10)}.txt`;
