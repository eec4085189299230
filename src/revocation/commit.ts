// Between a committed change and its acknowledgement: mark the view, cut what is in flight, count what had already left.
// Nobody may tell a caller that a change is done except with the receipt that comes from here.
import { type AccountId, accountSubject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { Clock } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { AuditEntry, Change, Store, StoreReads, StoreTransaction } from '../store/store.ts';
import { currentTransaction } from './current-store.ts';
import { cutSubjectOf, type Denial } from './denial.ts';
import type { Denials } from './denials.ts';
import type { LiveRegistry } from './live.ts';
import type { View } from './view.ts';

export interface Changed<T> {
  readonly result: T;
  /** Undefined when the transaction changed nothing that a decision reads. */
  readonly receipt: Receipt | undefined;
}

export interface CommitOptions<T> {
  /** Ended on this node, until it restarts or the like is written, when the store itself fails. What is under way of it is cut. */
  readonly deny?: () => readonly Denial[];
  /** What requests under way are told; by default that their credential was revoked. */
  readonly cutReason?: DenyReason;
  /** What needs no denial any more once this result is committed, whether it was written just now or stood there already. */
  readonly lift?: (result: T) => readonly Denial[];
}

/** `stored` are the rows as they are written, for who writes again what could not be: `tx` reads as if it had been. */
export type Work<T> = (
  tx: StoreTransaction,
  stored: StoreReads,
) => Promise<{ readonly result: T; readonly change: Change | undefined }>;

export interface Changes {
  /**
   * Runs `work` in one transaction and applies the change it returns before resolving. When the store itself fails, the caller
   * gets 503 and what the options deny is ended all the same.
   */
  commit<T>(work: Work<T>, options?: CommitOptions<T>): Promise<Changed<T>>;
}

export interface ChangesStats {
  /** Subjects that are denied on this node because their change could not be written. */
  readonly unwritten: number;
  /** Changes that could not be written. */
  readonly failures: number;
}

export function createChanges(deps: {
  /** As it is stored: the denials are laid over it here. */
  store: Pick<Store, 'transaction' | 'position'>;
  denials: Denials;
  view: Pick<View, 'apply'>;
  live: Pick<LiveRegistry, 'cut'>;
  clock: Pick<Clock, 'monotonic'>;
  /** `deniedWhole`: accounts of which more was ended so than is remembered one by one. */
  onStoreFailure: (error: unknown, deniedWhole: readonly AccountId[]) => void;
  /** Told what an ending did: `row` is the last one that its transaction wrote about it. It must not wait for anything. */
  onEnded?: (row: AuditEntry, receipt: Receipt) => void;
}): Changes & { stats(): ChangesStats } {
  const { denials } = deps;
  let failures = 0;
  return {
    async commit(work, options = {}) {
      const reason = options.cutReason ?? 'credential_revoked';
      let row: AuditEntry | undefined;
      const { result, change, lifted, asOf } = await deps.store
        .transaction(async (stored) => {
          const { tx, requireCurrent } = currentTransaction(stored, denials);
          const appendAudit = (entry: AuditEntry) => {
            row = entry;
            return tx.appendAudit(entry);
          };
          const { result, change } = await work({ ...tx, appendAudit }, stored);
          const lifting = options.lift?.(result) ?? [];
          const lifted = denials.mayHold(lifting) ? lifting : [];
          // A revocation holds whatever else has ended; it must never be refused for that.
          if (change?.narrows === false) requireCurrent();
          return { result, change, lifted, asOf: denials.version };
        })
        .catch((error: unknown) => {
          if (error instanceof ApiError) throw error;
          failures += 1;
          const ended = options.deny?.() ?? [];
          const widened = denials.remember(ended);
          deps.live.cut([...ended.map(cutSubjectOf), ...widened.map(accountSubject)], reason);
          deps.onStoreFailure(error, widened);
          throw new ApiError('SERVICE_UNAVAILABLE', 'the change could not be written', { cause: error });
        });
      const receipt = change === undefined ? undefined : applied(change, reason);
      // It is known only now, when the row stands: a row of its own says it.
      if (change?.narrows && receipt !== undefined && row !== undefined) deps.onEnded?.(row, receipt);
      if (lifted.length > 0) await lift(lifted, asOf, change);
      return { result, receipt };
    },
    stats: () => ({ ...denials.stats(), failures }),
  };

  // What could not be written then may have been all the same, by a commit that failed after it was made: nothing told the view. It
  // forgets what it read before, so that it does not give back what only the denial took.
  async function lift(lifted: readonly Denial[], asOf: number, change: Change | undefined): Promise<void> {
    const position = change?.position ?? (await deps.store.position());
    deps.view.apply({ position, subjects: lifted.map(cutSubjectOf), narrows: false });
    denials.lift(lifted, asOf);
  }

  function applied(change: Change, reason: DenyReason): Receipt {
    const started = deps.clock.monotonic();
    deps.view.apply(change);
    const inFlight = change.narrows ? deps.live.cut(change.subjects, reason, change.position) : 0;
    return { nodes: 1, ms: Math.ceil(deps.clock.monotonic() - started), inFlight };
  }
}
