// Remembers why requests of identified credentials were refused, for their owner: in memory for a second, then in the store. It must not
// grow with what is refused: of refusals that are alike (credential, reason, route) twenty a minute are kept, the others counted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AccountId, actorOf, type CredentialRef } from '../domain/credential.ts';
import { createFairRoom } from '../domain/fair-room.ts';
import { addSeconds, type Clock, nanosOfSeconds, type UnixNanos, unixNanos, unixSeconds } from '../domain/time.ts';
import type { Explanation, ExplanationBounds, OthersInMinute, Store } from '../store/store.ts';
import { type RefusalDetail, writeDetail } from './detail.ts';

export interface Refusal {
  readonly requestId: string;
  readonly credential: CredentialRef;
  /** `METHOD /pattern`. */
  readonly route: string;
  readonly reason: string;
  /** Called only for a refusal that is kept. */
  readonly detail: () => RefusalDetail;
}

export interface Explainer {
  /** Never throws, and never waits. */
  refused(refusal: Refusal): void;
  /** Also of a refusal of this very moment. Undefined for a request of another account. */
  explanation(account: AccountId, requestId: string): Promise<Explanation | undefined>;
  /** Writes what waits. A failure is told by `onFailure`, and what waits goes on waiting. */
  written(): Promise<void>;
}

export interface ExplainerStats {
  /** Refusals that wait to be written. */
  readonly waiting: number;
  /** Unlike ones that are told apart. */
  readonly unlike: number;
  readonly written: number;
  /** Refusals that were neither kept nor counted: more unlike ones at once than the share of their account, or of their credential. */
  readonly dropped: number;
  /** Whether the last attempt to write failed. */
  readonly failing: boolean;
}

export interface ExplainerDeps {
  readonly store: Pick<Store, 'explanation' | 'addExplanations' | 'countOthers'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly settings: {
    readonly rowsPerAccount: number;
    readonly rowsInAll: number;
    /** Nothing is kept if it is 0. */
    readonly keepSeconds: number;
  };
  readonly onFailure: (error: unknown) => void;
}

const WRITE_MS = 1_000;
const MINUTE_NS = nanosOfSeconds(unixSeconds(60));
/** Kept of refusals that are alike, in a minute. */
const ALIKE_IN_MINUTE = 20;
/** Rows that wait to be written. While nothing can be written they stay, and new ones are only counted. */
const MAX_WAITING: Room = { inAll: 2_000, ofAccount: 200 };
/** Unlike refusals told apart at once. */
const MAX_UNLIKE: Room = { inAll: 10_000, ofAccount: 500 };
/** Of the room of an account one credential has half at most: who holds a stolen one must not hide what befell the others. */
const OF_CREDENTIAL = 1 / 2;
/** Rows of one transaction: 3 ms, if each is of another account. */
const PIECE = 50;

interface Room {
  readonly inAll: number;
  readonly ofAccount: number;
}

type Like = Omit<OthersInMinute, 'others'>;
type Owner = Pick<Like, 'account' | 'credential'>;

/** Refusals of one minute that are alike. */
interface Alike {
  readonly like: Like;
  kept: number;
  others: number;
}

export function createExplainer(deps: ExplainerDeps): Explainer & { stats(): ExplainerStats; close(): Promise<void> } {
  const { store, clock, settings } = deps;
  const bounds = boundsOf(settings);
  const isOn = settings.keepSeconds > 0 && bounds.perAccount > 0;
  /** By request id, in the order in which they came. */
  const waiting = new Map<string, Explanation>();
  const places = createPlaces(MAX_WAITING);
  const alike = new Map<string, Alike>();
  const unlikePlaces = createPlaces(MAX_UNLIKE);
  let isClosing = false;
  let writing: Promise<void> | undefined;
  let written = 0;
  let dropped = 0;
  let failing = false;
  const timer = isOn ? setInterval(() => void write(), WRITE_MS).unref() : undefined;

  return {
    refused(refusal) {
      if (!isOn) return;
      try {
        keep(refusal, clock.now());
      } catch {
        // A clock that cannot be read, and nothing else: the request that was refused must not fail for it.
        dropped += 1;
      }
    },

    async explanation(account, requestId) {
      if (!isOn) return undefined;
      const now = clock.now();
      const unwritten = waiting.get(requestId);
      const row = unwritten?.account === account ? unwritten : await store.explanation(account, requestId);
      if (row === undefined || row.at + nanosOfSeconds(unixSeconds(settings.keepSeconds)) < now) return undefined;
      // The minute may be going on, or not be written yet.
      const counted = alike.get(nameOf(minuteOf(row.at), row));
      return counted === undefined ? row : { ...row, others: counted.others };
    },

    written: write,

    stats: () => ({ waiting: waiting.size, unlike: alike.size, written, dropped, failing }),

    async close() {
      clearInterval(timer);
      await writing;
      // With the minute that is going on.
      isClosing = true;
      await write();
    },
  };

  function keep({ requestId, credential, route, reason, detail }: Refusal, at: UnixNanos): void {
    // The first refusal of a request is the one that was answered.
    if (waiting.has(requestId)) return;
    const { account } = credential;
    const minute = minuteOf(at);
    const like = { account, credential: actorOf(credential), reason, route };
    const name = nameOf(minute, like);
    const known = alike.get(name);
    if (known === undefined && !unlikePlaces.hasRoom(like)) {
      dropped += 1;
      return;
    }
    const counted = known ?? { like: { ...like, ...spanOf(minute) }, kept: 0, others: 0 };
    if (known === undefined) {
      const given = unlikePlaces.take(like, name);
      if (given !== undefined) dropped += forgetAlike(given);
      alike.set(name, counted);
    }
    if (counted.kept >= ALIKE_IN_MINUTE || !places.hasRoom(like)) {
      counted.others += 1;
      return;
    }
    counted.kept += 1;
    const row = { ...like, requestId, at, others: 0, detail: writeDetail(detail()) };
    const given = places.take(like, requestId);
    if (given !== undefined) onlyCount(given);
    waiting.set(requestId, row);
  }

  function onlyCount(requestId: string): void {
    const row = forgetWaiting(requestId);
    const counted = row && alike.get(nameOf(minuteOf(row.at), row));
    if (counted === undefined) dropped += 1;
    else counted.others += 1;
  }

  /** Returns how many were only counted. */
  function forgetAlike(name: string): number {
    const known = alike.get(name);
    if (known === undefined) return 0;
    alike.delete(name);
    unlikePlaces.leave(known.like, name);
    return known.others;
  }

  function forgetWaiting(requestId: string): Explanation | undefined {
    const row = waiting.get(requestId);
    if (row === undefined) return undefined;
    waiting.delete(requestId);
    places.leave(row, requestId);
    return row;
  }

  /** One attempt at a time. What cannot be written stays, and is tried again in a second. */
  function write(): Promise<void> {
    writing ??= writeAll()
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          failing = true;
          deps.onFailure(error);
        },
      )
      .finally(() => {
        writing = undefined;
      });
    return writing;
  }

  async function writeAll(): Promise<void> {
    const rows = [...waiting.values()];
    for (let from = 0; from < rows.length; from += PIECE) {
      if (from > 0) await nextTurn();
      const piece = rows.slice(from, from + PIECE);
      await store.addExplanations(piece, bounds);
      written += piece.length;
      for (const { requestId } of piece) forgetWaiting(requestId);
    }
    await writeOthers();
  }

  /** Of minutes that are over; then they are forgotten. */
  async function writeOthers(): Promise<void> {
    const { from: thisMinute } = spanOf(minuteOf(clock.now()));
    const over = [...alike].filter(([, { like }]) => isClosing || like.from !== thisMinute);
    for (let from = 0; from < over.length; from += PIECE) {
      if (from > 0) await nextTurn();
      const piece = over.slice(from, from + PIECE);
      const minutes = piece.flatMap(([, { like, others }]) => (others === 0 ? [] : [{ ...like, others }]));
      if (minutes.length > 0) await store.countOthers(minutes);
      for (const [name] of piece) forgetAlike(name);
    }
  }
}

function boundsOf({ rowsPerAccount, rowsInAll }: ExplainerDeps['settings']): ExplanationBounds {
  const perAccount = Math.min(rowsPerAccount, rowsInAll);
  // Neither one reason of a credential nor one credential may push out what else the owner may ask about.
  const share = (of: number): number => Math.max(1, Math.floor(perAccount * of));
  return { perAccount, perCredential: share(OF_CREDENTIAL), perReason: share(1 / 5), inAll: rowsInAll };
}

const minuteOf = (at: UnixNanos): bigint => at / MINUTE_NS;

const spanOf = (minute: bigint): Pick<OthersInMinute, 'from' | 'to'> => {
  const from = unixNanos(minute * MINUTE_NS);
  return { from, to: addSeconds(from, 60) };
};

const nameOf = (
  minute: bigint,
  { account, credential, reason, route }: Pick<Explanation, 'account' | 'credential' | 'reason' | 'route'>,
): string => [minute, account, credential, reason, route].join(' ');

/** Places for refusals: of an account, and of a credential, no more than their share; in all, fairly among accounts. */
function createPlaces({ inAll, ofAccount }: Room) {
  const room = createFairRoom<AccountId>(inAll);
  const counts = new Map<string, number>();
  const of = (name: string): number => counts.get(name) ?? 0;
  const ofOne = ({ account, credential }: Owner): string => `${account} ${credential}`;
  function count(owner: Owner, by: number): void {
    for (const name of [owner.account, ofOne(owner)]) {
      const left = of(name) + by;
      if (left > 0) counts.set(name, left);
      else counts.delete(name);
    }
  }
  return {
    hasRoom: (owner: Owner): boolean =>
      of(owner.account) < ofAccount && of(ofOne(owner)) < ofAccount * OF_CREDENTIAL && room.hasRoom(owner.account),
    /** Returns which place was given up for it. */
    take(owner: Owner, name: string): string | undefined {
      count(owner, 1);
      return room.add(owner.account, name);
    },
    leave(owner: Owner, name: string): void {
      count(owner, -1);
      room.remove(owner.account, name);
    },
  };
}
