// The closed list of wire errors: every refusal a caller can see has a code here, and nothing else reaches the wire.
// Statuses: WIRE section 10. Codes are append-only; test/unit/errors.test.ts holds the list.

export const errorStatus = {
  VALIDATION_ERROR: 400,
  BINDING_ERROR: 400,
  INVALID_REQUEST_PARAMETER: 400,
  NOT_ONBOARDED: 400,
  INVALID_STARKNET_ADDRESS: 400,
  INVALID_STARKNET_SIGNATURE: 400,
  PUBLIC_KEY_INVALID: 400,
  INVALID_TIMESTAMP: 400,
  INVALID_BLOCK_EXPIRATION: 400,
  INVALID_ETHEREUM_ADDRESS: 400,
  INVALID_EVM_SIGNATURE: 400,
  INVALID_PARENT_ACCOUNT: 400,
  EVM_VAULT_OPERATORS_DISABLED: 400,
  SUBKEY_NOT_ACTIVATABLE: 400,
  SUBKEY_ALREADY_ACTIVATED: 400,
  NOT_UNIQUE: 400,
  INVALID_ORDER_SIGNATURE: 400,
  ORDER_ALREADY_SENT: 400,
  TOKEN_LIMIT_REACHED: 400,
  UNAUTHORIZED_ERROR: 401,
  STARKNET_SIGNATURE_VERIFICATION_FAILED: 401,
  EVM_SIGNATURE_VERIFICATION_FAILED: 401,
  ETHEREUM_SIGNER_MISMATCH: 401,
  INVALID_SUBKEY: 401,
  SIGNATURE_ALREADY_USED: 401,
  INVALID_TOKEN_SCOPE: 403,
  IP_NOT_ALLOWED: 403,
  REQUEST_NOT_ALLOWED: 403,
  ALLOWLIST_ENTRY_NOT_FOUND: 403,
  ISOLATED_MARKET_ACCOUNT_MISMATCH: 403,
  NOT_FOUND: 404,
  ACCOUNT_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  PAYLOAD_TOO_LARGE: 413,
  URI_TOO_LONG: 414,
  RATE_LIMITED: 429,
  ONBOARDING_RATE_LIMITED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof errorStatus;

export interface ApiErrorOptions {
  /** The original failure: it goes to the log, never to the caller. */
  cause?: unknown;
  /** Overrides the status of the table where WIRE gives one code two statuses (INVALID_SUBKEY: 401 at login, 400 at registration). */
  status?: number;
  /** What the caller may read by program; `null` on the wire when absent. */
  data?: Readonly<Record<string, unknown>>;
  /** Why, in a word of ours for the audit log, where the code alone does not tell. */
  reason?: string;
  /** Extra response headers: Allow, or another Retry-After than the one that every 503 has. */
  headers?: Readonly<Record<string, string>>;
  /** False: no Retry-After, whatever the status and the headers, as what is sent again may be done a second time. */
  mayRepeat?: boolean;
}

/** Retry-After of a 503 that names none (DECISIONS "error details"). */
const RETRY_SECONDS = '1';

/** A refusal that may be shown to the caller. `message` must be safe to print: no secrets, no internals. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? errorStatus[code];
    this.data = options.data ?? null;
    this.reason = options.reason ?? code;
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
 * The database is no longer the one that was opened, or another process writes to it. Nothing that this process remembers of it
 * counts any more; the message is one sentence for the operator.
 */
export class StoreLost extends StoreFailure {
  override readonly name = 'StoreLost';
}

/** The machine's clock is far ahead of all that the data has seen; the message is one sentence for the operator. */
export class ClockFarAhead extends Error {
  override readonly name = 'ClockFarAhead';
}

/** Somebody else answers where the operator API is to; the message is one sentence for the operator. */
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

/** Of what was open, something could not be closed; all the rest is. The message is one sentence for the operator. */
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

/** What the operating system refused: a full disk, a folder that may not be entered. `code` is its word for why. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}
