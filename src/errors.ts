// Errors as they are thrown. Every refusal that a caller can see is an ApiError with a code of the closed list; nothing else reaches the wire.
import { type ErrorCode, errorStatus } from './domain/error-codes.ts';

export { type ErrorCode, errorStatus };

/** Values of the moment, for the owner of the credential that was refused (docs/wire.md section 20). No answer to the caller has them. */
export interface RefusalFacts {
  readonly permissionNeeded?: string;
  readonly permissionsHeld?: readonly string[];
  readonly allowedCidrs?: readonly string[];
  readonly limit?: {
    readonly bucket: string;
    /** Requests per window. */
    readonly limit: number;
    readonly windowSeconds: number;
    readonly retryAfterSeconds: number;
  };
  /** Unix nanoseconds: the signed time that was refused. */
  readonly signedAt?: bigint;
  /** Since the end of the bearer. */
  readonly expiredSeconds?: number;
}

export interface ApiErrorOptions {
  /** The original failure: it goes to the log, never to the caller. */
  cause?: unknown;
  /** Overrides the table's status for a code that has two: INVALID_SUBKEY is 401 at login and 400 at registration (docs/wire.md section 11). */
  status?: number;
  /** What the caller may read by program; `null` on the wire when absent. */
  data?: Readonly<Record<string, unknown>>;
  /** The audit log's word for the reason, where the code alone does not tell it. */
  reason?: string;
  /** Extra response headers: Allow, or another Retry-After than the one that every 503 has. */
  headers?: Readonly<Record<string, string>>;
  facts?: RefusalFacts;
  /** False: no Retry-After, whatever the status and the headers. A repeated request may be carried out twice. */
  mayRepeat?: boolean;
}

/** Retry-After of a 503 that names none (docs/decisions.md "error details"). */
const RETRY_SECONDS = '1';

/** A refusal that may be shown to the caller. `message` must be safe to print: no secrets, no internals. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly facts: RefusalFacts | undefined;

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? errorStatus[code];
    this.data = options.data ?? null;
    this.reason = options.reason ?? code;
    this.facts = options.facts;
    const headers = { ...(this.status === 503 ? { 'Retry-After': RETRY_SECONDS } : {}), ...options.headers };
    if (options.mayRepeat === false) delete headers['Retry-After'];
    this.headers = headers;
  }
}

/** The store could not do what it was asked: full disk, locked or damaged file. Callers answer SERVICE_UNAVAILABLE. */
export class StoreFailure extends Error {
  override readonly name: string = 'StoreFailure';
}

/**
 * The database is no longer the one that was opened, or another process writes to it. Nothing that this process has read of it
 * may be used any more. The message is one sentence for the operator.
 */
export class StoreLost extends StoreFailure {
  override readonly name = 'StoreLost';
}

/** The machine's clock is far ahead of all that the data has seen; the message is one sentence for the operator. */
export class ClockFarAhead extends Error {
  override readonly name = 'ClockFarAhead';
}

/** Another program listens where the operator API should; the message is one sentence for the operator. */
export class OperatorPlaceTaken extends Error {
  override readonly name = 'OperatorPlaceTaken';
}

/** There is no database where one was expected; the message is one sentence for the operator. */
export class NoData extends Error {
  override readonly name = 'NoData';
}

/** A backup cannot be written, read or restored; the message is one sentence for the operator. */
export class BackupFailure extends Error {
  override readonly name = 'BackupFailure';
}

/** A file or folder that is, or may become, somebody else's; the message is one sentence for the operator. */
export class UnsafeFile extends Error {
  override readonly name = 'UnsafeFile';
  /** The sentence without its subject, which is the path. */
  readonly because: string;

  constructor(path: string, because: string) {
    super(`${path} ${because}`);
    this.because = because;
  }
}

/** Some parts could not be closed; all the others are. The message is one sentence for the operator. */
export class NotClosed extends Error {
  override readonly name = 'NotClosed';

  readonly failures: readonly unknown[];

  constructor(failures: readonly unknown[]) {
    const why = failures.map((error) => (error instanceof Error ? error.message : String(error)));
    super(`not everything could be closed: ${why.join('; ')}`, { cause: failures });
    this.failures = failures;
  }
}

/** Another process owns this database. */
export class StoreLocked extends Error {
  override readonly name = 'StoreLocked';
}

/** The error's code, for a sentence to the operator. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';

/** The operating system refused: a full disk, a folder without permission. `code` is its word for why. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}
