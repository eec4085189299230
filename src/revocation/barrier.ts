// Between a committed change and its acknowledgement: mark the view, cut what is in flight, count what had already left.
// Nobody may tell a caller that a change is done except with the receipt that comes from here.
import type { Subject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import { type Clock, type UnixNanos, unixNanos } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Change, Store, StoreTransaction } from '../store/store.ts';
import type { LiveRegistry } from './live.ts';
import type { View } from './view.ts';

/** What a change did, as the header Countersign-Revocation says it. */
export interface Receipt {
  /** Nodes that have applied the change. */
  readonly nodes: number;
  /** Milliseconds from commit to the last acknowledgement. */
  readonly ms: number;
  /** Exchanges of the credential whose head had already gone to the venue. */
  readonly inFlight: number;
}

export interface Changed<T> {
  readonly result: T;
  /** Undefined when the transaction changed nothing that a decision reads. */
  readonly receipt: Receipt | undefined;
}

export interface CommitOptions {
  /** Ended on this node, until it restarts, when the store itself fails. */
  readonly deny?: () => readonly Subject[];
  /** The same, for what was signed at or before a time alone: sessions by their auth_time, tokens by when they were made. */
  readonly denyUpTo?: () => { readonly subject: Subject; readonly authTime: UnixNanos };
  /** Whose requests under way are cut then; by default those of all that is denied. */
  readonly cut?: () => readonly Subject[];
  /** What requests under way are told; by default that their credential was revoked. */
  readonly cutReason?: DenyReason;
  /** Subjects that are denied no longer once this change is committed. */
  readonly lift?: readonly Subject[];
}

export interface Changes {
  /**
   * Runs `work` in one transaction and applies the change it returns before resolving. When the store itself fails, the caller
   * gets 503 and what the options deny is ended all the same (DESIGN section 6).
   */
  commit<T>(
    work: (tx: StoreTransaction) => Promise<{ result: T; change: Change | undefined }>,
    options?: CommitOptions,
  ): Promise<Changed<T>>;
  /** Whether a subject was ended on this node without being written; `authTime` is that of the session which asks. */
  isDenied(subject: Subject, authTime: UnixNanos): boolean;
}

export interface ChangesStats {
  /** Subjects that are denied on this node because their change could not be written. */
  readonly unwritten: number;
  /** Changes that could not be written. */
  readonly failures: number;
}

const FOREVER = unixNanos(2n ** 63n - 1n);
const NOBODY = unixNanos(-1n);
/** A node that owes more revocations than it can keep allows nobody until it restarts. */
const MAX_DENIED = 100_000;

function endings({ deny, denyUpTo }: CommitOptions): { readonly subject: Subject; readonly authTime: UnixNanos }[] {
  const whole = (deny?.() ?? []).map((subject) => ({ subject, authTime: FOREVER }));
  return denyUpTo === undefined ? whole : [...whole, denyUpTo()];
}

export function createChanges(deps: {
  store: Pick<Store, 'transaction'>;
  view: View;
  live: LiveRegistry;
  clock: Clock;
  onStoreFailure: (error: unknown) => void;
}): Changes & { stats(): ChangesStats } {
  const denied = new Map<Subject, UnixNanos>();
  let overfull = false;
  let failures = 0;
  return {
    async commit(work, options = {}) {
      const reason = options.cutReason ?? 'credential_revoked';
      const { result, change } = await deps.store.transaction(work).catch((error: unknown) => {
        if (error instanceof ApiError) throw error;
        const ended = endings(options);
        for (const { subject, authTime } of ended) remember(subject, authTime);
        failures += 1;
        deps.live.cut(options.cut?.() ?? ended.map(({ subject }) => subject), reason);
        deps.onStoreFailure(error);
        throw new ApiError('SERVICE_UNAVAILABLE', 'the change could not be written', { cause: error });
      });
      for (const subject of options.lift ?? []) denied.delete(subject);
      return { result, receipt: change === undefined ? undefined : applied(change, reason) };
    },
    isDenied: (subject, authTime) => denied.size > 0 && (overfull || authTime <= (denied.get(subject) ?? NOBODY)),
    stats: () => ({ unwritten: denied.size, failures }),
  };

  function remember(subject: Subject, authTime: UnixNanos): void {
    // What ended more stays: a session reported as leaked must not bring back the subkey behind it.
    if (authTime <= (denied.get(subject) ?? NOBODY)) return;
    if (denied.size < MAX_DENIED || denied.has(subject)) denied.set(subject, authTime);
    else overfull = true;
  }

  function applied(change: Change, reason: DenyReason): Receipt {
    const started = deps.clock.monotonic();
    deps.view.apply(change);
    const inFlight = change.narrows ? deps.live.cut(change.subjects, reason, change.position) : 0;
    return { nodes: 1, ms: Math.ceil(deps.clock.monotonic() - started), inFlight };
  }
}
