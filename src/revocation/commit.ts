// A change from its transaction to its acknowledgement. Nobody may tell a caller that a change is done except with the receipt that
// comes from here.
import { type AccountId, isSigningKeySubject, signingKeySubject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Receipt } from '../domain/receipt.ts';
import { ApiError } from '../errors.ts';
import type { SigningKeyRecord } from '../jwt/signing-key.ts';
import type { AuditEntry, Change, Store, StoreReads, StoreTransaction } from '../store/store.ts';
import type { Barrier } from './barrier.ts';
import { currentTransaction } from './current-store.ts';
import type { Denial } from './denial.ts';
import type { Denials } from './denials.ts';
import type { Unwritten } from './unwritten.ts';

export interface Changed<T> {
  readonly result: T;
  /** Undefined when the transaction changed nothing that a decision reads. */
  readonly receipt: Receipt | undefined;
}

export interface CommitOptions<T> {
  /** When the store itself fails: `end` this on this node all the same, and `cut` what is under way of it with this reason. */
  readonly ifUnwritten?: {
    readonly end: () => readonly Denial[];
    /** By default: the credential was revoked. */
    readonly cut?: DenyReason;
  };
  /** The change also allows more than before: it must not commit on facts that an ending has overtaken, as one that does not narrow. */
  readonly allowsMore?: boolean;
  /** Once this result is committed, whether it was written just now or stood there already. */
  readonly onceWritten?: {
    /** Needs no denial any more. */
    readonly lift?: (result: T) => readonly Denial[];
    /** Runs in the turn in which the change is applied. Not called where there is no change. */
    readonly inTheSameTurn?: () => void;
  };
}

/** `tx` reads as if unwritten endings had been written. `stored` reads the rows as they are, to write such an ending again. */
export type Work<T> = (
  tx: StoreTransaction,
  stored: StoreReads,
) => Promise<{ readonly result: T; readonly change: Change | undefined }>;

export interface Changes {
  /**
   * Runs `work` in one transaction and applies the change it returns before resolving. When the store itself fails, the caller
   * gets 503 and what the options say is ended all the same.
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
  store: Pick<Store, 'transaction'>;
  denials: Denials;
  unwritten: Unwritten;
  barrier: Barrier;
  /** `deniedWhole`: accounts of which more was ended so than is remembered one by one. */
  onStoreFailure: (error: unknown, deniedWhole: readonly AccountId[]) => void;
  /** Told what an ending did: `row` is the last one that its transaction wrote about it. It must not wait for anything. */
  onEnded?: (row: AuditEntry, receipt: Receipt) => void;
}): Changes & { stats(): ChangesStats } {
  const { denials, unwritten, barrier } = deps;
  let failures = 0;
  return {
    async commit(work, { ifUnwritten, allowsMore = false, onceWritten = {} } = {}) {
      let row: AuditEntry | undefined;
      const { result, change, signingKeys, lifted, asOf } = await deps.store
        .transaction(async (stored) => {
          const { tx, requireCurrent } = currentTransaction(stored, denials);
          const appendAudit = (entry: AuditEntry) => {
            row = entry;
            return tx.appendAudit(entry);
          };
          const { result, change } = await work({ ...tx, appendAudit }, stored);
          const signingKeys = hasSigningKeys(change) ? await signingKeysOf(change, stored) : [];
          const lifting = onceWritten.lift?.(result) ?? [];
          const lifted = denials.mayHold(lifting) ? lifting : [];
          // A revocation holds whatever else has ended; it must never be refused for that.
          if (change !== undefined && (allowsMore || !change.narrows)) requireCurrent();
          return { result, change, signingKeys, lifted, asOf: denials.version };
        })
        .catch((error: unknown) => {
          if (error instanceof ApiError) throw error;
          failures += 1;
          const ended = ifUnwritten?.end() ?? [];
          const deniedWhole = unwritten.end(ended, ifUnwritten?.cut ?? 'credential_revoked');
          deps.onStoreFailure(error, deniedWhole);
          throw new ApiError('SERVICE_UNAVAILABLE', 'the change could not be written', { cause: error });
        });
      const receipt = change && applied(change, signingKeys, onceWritten.inTheSameTurn);
      // The receipt is known only now, when the row stands: a row of its own says it.
      if (change?.narrows && receipt !== undefined && row !== undefined) deps.onEnded?.(row, receipt);
      if (lifted.length > 0) await unwritten.lift(lifted, asOf, change);
      return { result, receipt };
    },
    stats: () => ({ ...denials.stats(), failures }),
  };

  function applied(
    change: Change,
    signingKeys: readonly SigningKeyRecord[],
    inTheSameTurn: (() => void) | undefined,
  ): Receipt {
    try {
      return barrier(change, signingKeys);
    } finally {
      inTheSameTurn?.();
    }
  }
}

const hasSigningKeys = (change: Change | undefined): change is Change =>
  change?.subjects.some(isSigningKeySubject) === true;

async function signingKeysOf(
  { subjects }: Change,
  tx: Pick<StoreTransaction, 'signingKeys'>,
): Promise<readonly SigningKeyRecord[]> {
  const changed = new Set(subjects);
  return (await tx.signingKeys()).filter(({ kid }) => changed.has(signingKeySubject(kid)));
}
