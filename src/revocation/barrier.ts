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

export interface Changes {
  /**
   * Runs `work` in one transaction and applies the change it returns before resolving. With `deny`, a failure of the store
   * itself still ends those subjects on this node, until it restarts, and the caller gets 503: a revocation that cannot be
   * written denies all the same (DESIGN section 6).
   */
  commit<T>(
    work: (tx: StoreTransaction) => Promise<{ result: T; change: Change | undefined }>,
    options?: {
      deny?: () => readonly Subject[];
      /** Denies only sessions whose auth_time is at or before this; without it, everything under those subjects. */
      denyUpTo?: () => UnixNanos;
      /** What requests under way are told; by default that their credential was revoked. */
      cutReason?: DenyReason;
      /** Subjects that are denied no longer once this change is committed. */
      lift?: readonly Subject[];
    },
  ): Promise<Changed<T>>;
  /** Whether a subject was ended on this node without being written; `authTime` is that of the session which asks. */
  isDenied(subject: Subject, authTime: UnixNanos): boolean;
}

const FOREVER = unixNanos(2n ** 63n - 1n);
const NOBODY = unixNanos(-1n);

export function createChanges(deps: {
  store: Pick<Store, 'transaction'>;
  view: View;
  live: LiveRegistry;
  clock: Clock;
  onStoreFailure: (error: unknown) => void;
}): Changes {
  const denied = new Map<Subject, UnixNanos>();
  return {
    async commit(work, options = {}) {
      const reason = options.cutReason ?? 'credential_revoked';
      const { result, change } = await deps.store.transaction(work).catch((error: unknown) => {
        if (error instanceof ApiError) throw error;
        const subjects = options.deny?.() ?? [];
        const upTo = options.denyUpTo?.() ?? FOREVER;
        for (const subject of subjects) denied.set(subject, upTo);
        deps.live.cut(subjects, reason);
        deps.onStoreFailure(error);
        throw new ApiError('SERVICE_UNAVAILABLE', 'the change could not be written', {
          cause: error,
          headers: { 'Retry-After': '1' },
        });
      });
      for (const subject of options.lift ?? []) denied.delete(subject);
      return { result, receipt: change === undefined ? undefined : applied(change, reason) };
    },
    isDenied: (subject, authTime) => authTime <= (denied.get(subject) ?? NOBODY),
  };

  function applied(change: Change, reason: DenyReason): Receipt {
    const started = deps.clock.monotonic();
    deps.view.apply(change);
    const inFlight = change.narrows ? deps.live.cut(change.subjects, reason, change.position) : 0;
    return { nodes: 1, ms: Math.ceil(deps.clock.monotonic() - started), inFlight };
  }
}
