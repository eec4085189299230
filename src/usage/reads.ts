// What is told about the use of credentials: rows of the store, with what waits to be written added.
import { type AccountId, actorOf, type CredentialRef } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import { NEVER, type UnixNanos, unixNanos } from '../domain/time.ts';
import {
  type AddressUse,
  addDays,
  dayOf,
  dayText,
  type LastUse,
  MOST_ADDRESSES,
  NEVER_USED,
  parseDay,
  type UtcDay,
  useOutcomes,
} from '../domain/use.ts';
import type { AddedUse, CredentialName, DayUse, Page, PageRequest, Store } from '../store/store.ts';

/** Days that are told when no others are asked for. */
const USUAL_DAYS = 30;

export interface UsageQuestion {
  /** `kind:id`; undefined = every credential of the account. */
  readonly credential: string | undefined;
  /** Undefined = USUAL_DAYS before `to`. */
  readonly from: UtcDay | undefined;
  /** Inclusive; undefined = today. */
  readonly to: UtcDay | undefined;
}

export interface UsageReads {
  /** Newest day first, and within a day by credential. */
  usage(account: AccountId, question: UsageQuestion, page: PageRequest): Promise<Page<DayUse>>;
  /**
   * The newest MOST_ADDRESSES, newest first. On later pages what was used since the first comes again at the end: nothing is left out, and
   * the pages end.
   */
  addresses(account: AccountId, credential: string, page: PageRequest): Promise<Page<AddressUse>>;
  /** The credentials of any account that were used from an address, by account and credential. */
  usedFrom(address: string, page: PageRequest): Promise<Page<CredentialName>>;
  /** When and from where each credential was last used, in the order asked for. */
  lastUses(account: AccountId, credentials: readonly Ref[]): Promise<readonly LastUse[]>;
  lastUse(credential: CredentialRef): Promise<LastUse>;
}

type Ref = Pick<CredentialRef, 'kind' | 'id'>;

export interface Waiting {
  /** What waits to be written, of an account. */
  waiting(account: AccountId): Iterable<AddedUse>;
  /** What waits to be written, of whatever was used from an address. */
  waitingFrom(address: string): Iterable<AddedUse>;
  /** Set while something is being written: then nobody knows whether the store has it. */
  readonly transaction: Promise<void> | undefined;
  /** Changes whenever a write begins or ends. */
  readonly version: number;
}

/** After this many reads that a write came between, stored rows alone are told: at most a minute old, and never too many. */
const MOST_READS = 20;

export function createUsageReads(
  deps: Waiting & {
    readonly store: Pick<Store, 'usage' | 'usedAddresses' | 'usedFrom' | 'lastUses'>;
    readonly time: () => UnixNanos;
    readonly keepDays: number;
  },
): UsageReads & { keptDays(): { readonly from: UtcDay; readonly to: UtcDay } | undefined } {
  const { store, time, keepDays } = deps;

  /** Undefined when nothing is kept. A day ahead, for a clock that is corrected around midnight. */
  function keptDays(): { readonly from: UtcDay; readonly to: UtcDay } | undefined {
    if (keepDays === 0) return undefined;
    const today = dayOf(time());
    return { from: addDays(today, 1 - keepDays), to: addDays(today, 1) };
  }

  return {
    keptDays,

    async usage(account, { credential, from, to }, { limit, cursor }) {
      const kept = keptDays();
      if (kept === undefined) return { rows: [], next: undefined };
      const last = to ?? dayOf(time());
      const span = {
        credential,
        from: latest(from ?? addDays(last, 1 - USUAL_DAYS), kept.from),
        to: earliest(last, kept.to),
        after: afterOf(cursor),
      };
      return told(
        account,
        () => store.usage(account, span, limit + 1),
        (rows, waiting) => {
          const all = new Map(rows.map((row) => [nameOf(row), row]));
          for (const use of waiting) {
            if (use.day < span.from || use.day > span.to || (credential !== undefined && use.credential !== credential))
              continue;
            if (span.after !== undefined && inOrder(use, span.after) <= 0) continue;
            const row = all.get(nameOf(use));
            all.set(nameOf(use), sumOf(use, row));
          }
          const sorted = [...all.values()].sort(inOrder);
          return pageOf(sorted, limit, nameOf);
        },
      );
    },

    async addresses(account, credential, { limit, cursor }) {
      const kept = keptDays();
      if (kept === undefined) return { rows: [], next: undefined };
      return told(
        account,
        () => store.usedAddresses(account, credential),
        (rows, waiting) => {
          const all = new Map(rows.filter(({ lastAt }) => dayOf(lastAt) >= kept.from).map((row) => [row.address, row]));
          for (const use of waiting) {
            if (use.credential !== credential) continue;
            for (const added of use.addresses) all.set(added.address, together(added, all.get(added.address)));
          }
          const sorted = [...all.values()].sort(newestFirst).slice(0, MOST_ADDRESSES);
          const place = addressPlaceOf(cursor);
          if (place === undefined) return pageOf(sorted, limit, cursorBehind(sorted[0]?.lastAt ?? NEVER));
          const { since, lastAt, address } = place;
          // Used since the first page, so moved away from their place: by address behind the others, whether they were told or not.
          const moved = sorted.filter((row) => row.lastAt > since).sort(byAddress);
          const rest =
            lastAt === undefined
              ? moved.filter((row) => row.address > address)
              : [...sorted.filter((row) => row.lastAt <= since && newestFirst(row, { lastAt, address }) > 0), ...moved];
          return pageOf(rest, limit, cursorBehind(since));
        },
      );
    },

    async usedFrom(address, { limit, cursor }) {
      const kept = keptDays();
      if (kept === undefined) return { rows: [], next: undefined };
      const after = nameIn(cursor);
      // What waits comes first: what is written meanwhile is found in the store.
      const all = new Map<string, CredentialName>();
      for (const use of deps.waitingFrom(address)) {
        if (after === undefined || byName(use, after) > 0) all.set(textOfName(use), use);
      }
      for (const row of await store.usedFrom(address, { from: kept.from, after }, limit + 1)) {
        all.set(textOfName(row), row);
      }
      const sorted = [...all.values()].sort(byName).map(({ account, credential }) => ({ account, credential }));
      return pageOf(sorted, limit, textOfName);
    },

    lastUses,
    lastUse: async (credential) => (await lastUses(credential.account, [credential]))[0] ?? NEVER_USED,
  };

  async function lastUses(account: AccountId, credentials: readonly Ref[]): Promise<readonly LastUse[]> {
    const asked = credentials.map(actorOf);
    if (keepDays === 0 || asked.length === 0) return asked.map(() => NEVER_USED);
    return told(
      account,
      () => store.lastUses(account, asked),
      (rows, waiting) => {
        const newest = new Map<string, LastUse>();
        for (const { credential, lastAt, lastIp } of waiting) {
          if (lastAt > (newest.get(credential)?.lastAt ?? NEVER)) newest.set(credential, { lastAt, lastIp });
        }
        return asked.map((credential) => newest.get(credential) ?? rows.get(credential) ?? NEVER_USED);
      },
    );
  }

  /** `merge` is called in the turn in which it is known that no write came between the read and what waits. */
  async function told<Rows, Told>(
    account: AccountId,
    read: () => Promise<Rows>,
    merge: (rows: Rows, waiting: Iterable<AddedUse>) => Told,
  ): Promise<Told> {
    for (let reads = 0; reads < MOST_READS; reads += 1) {
      while (deps.transaction !== undefined) await deps.transaction.catch(() => undefined);
      const { version } = deps;
      const rows = await read();
      if (deps.version === version) return merge(rows, deps.waiting(account));
    }
    return merge(await read(), []);
  }
}

const latest = (one: UtcDay, other: UtcDay): UtcDay => (one > other ? one : other);
const earliest = (one: UtcDay, other: UtcDay): UtcDay => (one < other ? one : other);

type Place = Pick<DayUse, 'day' | 'credential'>;

const nameOf = ({ day, credential }: Place): string => `${dayText(day)}.${credential}`;

function afterOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [text = '', credential = ''] = cursor.split('.');
  const day = parseDay(text);
  return day === undefined ? undefined : { day, credential };
}

/** As the store sorts: by the bytes of the text. */
function inOrder(one: Place, other: Place): number {
  if (one.day !== other.day) return other.day - one.day;
  return one.credential < other.credential ? -1 : one.credential > other.credential ? 1 : 0;
}

function sumOf(use: AddedUse, row: DayUse | undefined): DayUse {
  const sum = { credential: use.credential, day: use.day, allowed: 0, refused: 0, limited: 0, failed: 0 };
  for (const outcome of useOutcomes) sum[outcome] = use[outcome] + (row?.[outcome] ?? 0);
  return sum;
}

const together = (added: AddressUse, row: AddressUse | undefined): AddressUse =>
  row === undefined
    ? { ...added }
    : {
        address: row.address,
        firstAt: row.firstAt < added.firstAt ? row.firstAt : added.firstAt,
        lastAt: row.lastAt > added.lastAt ? row.lastAt : added.lastAt,
        allowed: row.allowed + added.allowed,
        refused: row.refused + added.refused,
      };

type AddressPlace = Pick<AddressUse, 'lastAt' | 'address'>;

function newestFirst(one: AddressPlace, other: AddressPlace): number {
  if (one.lastAt !== other.lastAt) return one.lastAt > other.lastAt ? -1 : 1;
  return byAddress(one, other);
}

const byAddress = (one: Pick<AddressUse, 'address'>, other: Pick<AddressUse, 'address'>): number =>
  one.address < other.address ? -1 : one.address > other.address ? 1 : 0;

/** `since`: the newest time on the first page. */
const cursorBehind =
  (since: UnixNanos) =>
  ({ lastAt, address }: AddressPlace): string =>
    lastAt > since ? `${since}~${address}` : `${since}-${lastAt}-${address}`;

/** Without `lastAt`: among those that were used since. */
function addressPlaceOf(
  cursor = '',
): { readonly since: UnixNanos; readonly lastAt: UnixNanos | undefined; readonly address: string } | undefined {
  const [, since, lastAt, address = ''] = /^([0-9]+)(?:~|-([0-9]+)-)(.+)$/.exec(cursor) ?? [];
  if (since === undefined) return undefined;
  return {
    since: unixNanos(BigInt(since)),
    lastAt: lastAt === undefined ? undefined : unixNanos(BigInt(lastAt)),
    address,
  };
}

const textOfName = ({ account, credential }: CredentialName): string => `${account}.${credential}`;

function nameIn(cursor: string | undefined): CredentialName | undefined {
  const [account = '', credential = ''] = cursor?.split('.') ?? [];
  const owner = parseFelt(account);
  return owner === undefined ? undefined : { account: owner, credential };
}

/** As the store sorts. */
function byName(one: CredentialName, other: CredentialName): number {
  if (one.account !== other.account) return one.account < other.account ? -1 : 1;
  return one.credential < other.credential ? -1 : one.credential > other.credential ? 1 : 0;
}

function pageOf<Row>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined };
}
