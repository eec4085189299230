// Remembers why requests of identified credentials were refused, for their owner: in memory for a second, then in the store. It must not
// grow with what is refused: of refusals that are alike (credential, reason, route) twenty a minute are kept, the others counted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AccountId, actorOf, type CredentialRef } from '../domain/credential.ts';
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
  readonly written: number;
  /** Refusals that were neither kept nor counted: too many unlike ones at once, or of one account. */
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
  const waitingOf = createTally(MAX_WAITING);
  const alike = new Map<string, Alike>();
  const unlikeOf = createTally(MAX_UNLIKE);
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

    stats: () => ({ waiting: waiting.size, written, dropped, failing }),

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
    if (known === undefined && !unlikeOf.hasRoom(like)) {
      dropped += 1;
      return;
    }
    const counted = known ?? { like: { ...like, ...spanOf(minute) }, kept: 0, others: 0 };
    if (known === undefined) {
      alike.set(name, counted);
      unlikeOf.add(like, 1);
    }
    if (counted.kept >= ALIKE_IN_MINUTE || !waitingOf.hasRoom(like)) {
      counted.others += 1;
      return;
    }
    counted.kept += 1;
    waiting.set(requestId, { ...like, requestId, at, others: 0, detail: writeDetail(detail()) });
    waitingOf.add(like, 1);
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
      for (const row of piece) {
        waiting.delete(row.requestId);
        waitingOf.add(row, -1);
      }
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
      for (const [name, { like }] of piece) {
        alike.delete(name);
        unlikeOf.add(like, -1);
      }
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

/** Counts in all, by account and by credential, and forgets those at zero. */
function createTally({ inAll, ofAccount }: Room) {
  const counts = new Map<string, number>();
  const of = (name: string): number => counts.get(name) ?? 0;
  const ofOne = ({ account, credential }: Pick<Like, 'account' | 'credential'>): string => `${account} ${credential}`;
  return {
    hasRoom: (like: Pick<Like, 'account' | 'credential'>): boolean =>
      of('') < inAll && of(like.account) < ofAccount && of(ofOne(like)) < ofAccount * OF_CREDENTIAL,
    add(like: Pick<Like, 'account' | 'credential'>, by: number): void {
      for (const name of ['', like.account, ofOne(like)]) {
        const count = of(name) + by;
        if (count > 0) counts.set(name, count);
        else counts.delete(name);
      }
    },
  };
}
