// Counts in memory, one object for each credential and UTC day that was used since they were last written. The hot path: a request adds
// to the object that its bearer remembers, and allocates nothing. When there is no room the requests of further credentials are not
// counted, which is counted; no request waits.
import { type AccountId, actorOf, type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { NEVER, type UnixNanos } from '../domain/time.ts';
import {
  type AddressUse,
  addDays,
  dayOf,
  MOST_ADDRESSES,
  startOf,
  type Used,
  type UseOutcome,
  type UtcDay,
} from '../domain/use.ts';
import type { AddedUse } from '../store/store.ts';

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** Counts that wait to be written. */
export class Use implements AddedUse {
  readonly account: AccountId;
  readonly credential: string;
  readonly day: UtcDay;
  readonly since: UnixNanos;
  readonly until: UnixNanos;
  readonly subject: string;
  allowed = 0;
  refused = 0;
  limited = 0;
  failed = 0;
  lastAt: UnixNanos = NEVER;
  lastIp = '';
  addresses: Writable<AddressUse>[] = [];
  /** Where the request before came from. */
  at: Writable<AddressUse> | undefined = undefined;
  /** The round of writing in which it is counted; requests that find another look it up. */
  round: number;
  isWritten = false;
  /** Of the same account and round. */
  next: Use | undefined = undefined;

  constructor(ref: CredentialRef, subject: string, day: UtcDay, round: number) {
    this.account = ref.account;
    this.credential = actorOf(ref);
    this.day = day;
    this.since = startOf(day);
    this.until = startOf(addDays(day, 1));
    this.subject = subject;
    this.round = round;
  }
}

/** What was counted until it was taken to be written. */
export interface Taken {
  readonly uses: ReadonlyMap<string, Use>;
  readonly ofAccount: ReadonlyMap<AccountId, Use>;
}

export interface UseCounter {
  /** Adds one request of a proven credential. `address`: canonical text, empty when unknown. */
  count(used: Used, outcome: UseOutcome, address: string): void;
}

export interface Counts extends UseCounter {
  /** Everything counted so far; from now on it is counted anew. `written` or `putBack` must follow for each of them. */
  take(): Taken;
  written(use: Use): void;
  putBack(use: Use): void;
  /** Of an account, in no order. */
  waiting(account: AccountId): Iterable<Use>;
  /** Of every account, in no order. */
  all(): Iterable<Use>;
  /** How much of the room is taken: one for each credential and day, and for each further address. */
  readonly size: number;
  /** Requests that were not counted for want of room. */
  readonly dropped: number;
}

/** `time`: now, as it was last read. `onHalf` is called whenever half of the room is taken and more is asked for. */
export function createCounts(deps: {
  readonly time: () => UnixNanos;
  readonly room: number;
  readonly onHalf: () => void;
}): Counts {
  const { time, room } = deps;
  let uses = new Map<string, Use>();
  let ofAccount = new Map<AccountId, Use>();
  let round = 0;
  let size = 0;
  let dropped = 0;

  return {
    count({ credential, use: slot }, outcome, address) {
      const now = time();
      const remembered = slot?.current;
      let use = remembered instanceof Use ? remembered : undefined;
      // A clock that was set back leaves the day, too.
      if (use === undefined || use.round !== round || now >= use.until || now < use.since) {
        use = useOf(credential, dayOf(now));
        if (slot !== undefined) slot.current = use;
        if (use === undefined) {
          dropped += 1;
          return;
        }
      }
      use[outcome] += 1;
      const isAllowed = outcome === 'allowed';
      if (isAllowed) {
        use.lastAt = now;
        use.lastIp = address;
      }
      if (address === '') return;
      let at = use.at;
      if (at === undefined || at.address !== address) at = from(use, address, now);
      if (at === undefined) return;
      at.lastAt = now;
      if (isAllowed) at.allowed += 1;
      else if (outcome === 'refused') at.refused += 1;
    },

    take() {
      const taken = { uses, ofAccount };
      uses = new Map();
      ofAccount = new Map();
      round += 1;
      return taken;
    },

    written(use) {
      size -= sizeOf(use);
      use.isWritten = true;
      // A bearer may remember it for long.
      use.addresses = [];
      use.at = undefined;
    },

    putBack(use) {
      const name = nameOf(use.subject, use.day);
      const newer = uses.get(name);
      if (newer === undefined) {
        use.round = round;
        keep(name, use);
        return;
      }
      size -= sizeOf(use) + sizeOf(newer);
      merge(newer, use);
      size += sizeOf(newer);
    },

    *waiting(account) {
      for (let use = ofAccount.get(account); use !== undefined; use = use.next) yield use;
    },

    all: () => uses.values(),

    get size() {
      return size;
    },
    get dropped() {
      return dropped;
    },
  };

  function useOf(ref: CredentialRef, day: UtcDay): Use | undefined {
    const subject = credentialSubject(ref);
    const name = nameOf(subject, day);
    const known = uses.get(name);
    if (known !== undefined) return known;
    if (!hasRoom()) return undefined;
    const use = new Use(ref, subject, day, round);
    size += 1;
    keep(name, use);
    return use;
  }

  function keep(name: string, use: Use): void {
    use.next = ofAccount.get(use.account);
    ofAccount.set(use.account, use);
    uses.set(name, use);
  }

  function hasRoom(): boolean {
    if (size >= room / 2) deps.onHalf();
    return size < room;
  }

  function from(use: Use, address: string, now: UnixNanos): Writable<AddressUse> | undefined {
    let at = use.addresses.find((known) => known.address === address);
    if (at === undefined) {
      const isFirst = use.addresses.length === 0;
      if (use.addresses.length >= MOST_ADDRESSES) dropOldest(use);
      else if (!isFirst) {
        if (!hasRoom()) return undefined;
        size += 1;
      }
      at = { address, firstAt: now, lastAt: now, allowed: 0, refused: 0 };
      use.addresses.push(at);
    }
    use.at = at;
    return at;
  }
}

const nameOf = (subject: string, day: UtcDay): string => `${subject}/${day}`;

const sizeOf = ({ addresses }: Use): number => Math.max(1, addresses.length);

/** What was counted later stands in `newer`, whatever the clock said. */
function merge(newer: Use, older: Use): void {
  newer.allowed += older.allowed;
  newer.refused += older.refused;
  newer.limited += older.limited;
  newer.failed += older.failed;
  if (newer.lastAt === NEVER) {
    newer.lastAt = older.lastAt;
    newer.lastIp = older.lastIp;
  }
  for (const was of older.addresses) {
    const is = newer.addresses.find(({ address }) => address === was.address);
    if (is !== undefined) {
      is.firstAt = was.firstAt;
      is.allowed += was.allowed;
      is.refused += was.refused;
    } else if (newer.addresses.length < MOST_ADDRESSES) newer.addresses.push(was);
  }
}

function dropOldest(use: Use): void {
  let oldest = 0;
  for (const [index, { lastAt }] of use.addresses.entries()) {
    if (lastAt < (use.addresses[oldest]?.lastAt ?? lastAt)) oldest = index;
  }
  use.addresses.splice(oldest, 1);
}
