// What a call of the client rejects with. No message, member or stack holds a secret: no key, bearer, signature, or text of another error.
import type { ErrorCode } from '../domain/error-codes.ts';

export type { ErrorCode } from '../domain/error-codes.ts';

/** What a create may have made though its answer was lost: look for it before you repeat. */
export interface MaybeMade {
  /** `token`, `subkey`, `device`. */
  readonly kind: string;
  readonly name?: string;
  /** Of a subkey or device: it names it for certain. */
  readonly publicKey?: string;
  /** Of a token made in the place of another: the lookup_id of that one, which then says `replaced_by`. */
  readonly replaces?: string;
  /** The server's clock just before it was sent, in Unix nanoseconds: created_at of what to look for is not before it. */
  readonly since: bigint;
}

/** The server said no. */
export class CountersignError extends Error {
  override readonly name: string = 'CountersignError';
  /** HTTP status. */
  readonly status: number;
  /** Of docs/errors.md. `HTTP_502` and the like: the answer was not of a Countersign, or a redirect. */
  readonly code: ErrorCode | (string & {});
  /** What the answer says besides; null when nothing. */
  readonly data: unknown;
  readonly requestId: string | undefined;
  /** Of the header Retry-After. */
  readonly retryAfterSeconds: number | undefined;
  /** Of a create that failed inside the server (5xx). */
  readonly maybeMade: MaybeMade | undefined;

  constructor(
    answer: Pick<CountersignError, 'status' | 'code' | 'message'> & {
      readonly data?: unknown;
      readonly requestId?: string | undefined;
      readonly retryAfterSeconds?: number | undefined;
      readonly maybeMade?: MaybeMade | undefined;
    },
  ) {
    super(answer.message);
    this.status = answer.status;
    this.code = answer.code;
    this.data = answer.data ?? null;
    this.requestId = answer.requestId;
    this.retryAfterSeconds = answer.retryAfterSeconds;
    this.maybeMade = answer.maybeMade;
  }
}

/** Whether an error is the server's with this code. */
export const isCode = <Code extends ErrorCode>(
  error: unknown,
  code: Code,
): error is CountersignError & { readonly code: Code } => error instanceof CountersignError && error.code === code;

/**
 * Of a request that has no answer. `unsent`: it never left, nothing happened. `sent`: the server began to answer, so it has acted.
 * `unknown`: it may or may not have arrived.
 */
export type Phase = 'unsent' | 'sent' | 'unknown';

export class NoAnswer extends Error {
  override readonly name: string = 'NoAnswer';
  readonly phase: Phase;
  /** Set when a create may have been carried out. */
  readonly maybeMade: MaybeMade | undefined;

  constructor(message: string, phase: Phase, maybeMade?: MaybeMade) {
    super(message);
    this.phase = phase;
    this.maybeMade = maybeMade;
  }
}

/** By the caller's AbortSignal. */
export class Aborted extends Error {
  override readonly name: string = 'Aborted';
  /** Whether what was asked for may have happened: see Phase. */
  readonly phase: Phase;
  readonly maybeMade: MaybeMade | undefined;

  constructor(phase: Phase, maybeMade?: MaybeMade) {
    super('the call was aborted by its caller');
    this.phase = phase;
    this.maybeMade = maybeMade;
  }
}

/** The person at the wallet said no, or the wallet cannot. Nothing was sent. */
export class WalletRefused extends Error {
  override readonly name: string = 'WalletRefused';
  /** EIP-1193: 4001 = the person said no; -32002 = a request is open in the wallet already. */
  readonly code: number | undefined;

  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

/** Of an error that is told to more than one: another like it, with its cause. An error of somebody else's is told as it is. */
export function ownError(error: unknown): unknown {
  const own = likeIt(error);
  return own === undefined
    ? error
    : Object.defineProperty(own, 'cause', { value: error, configurable: true, writable: true });
}

function likeIt(error: unknown): Error | undefined {
  if (error instanceof CountersignError) {
    return new CountersignError({ ...error, message: error.message, data: structuredClone(error.data) });
  }
  if (error instanceof NoAnswer) return new NoAnswer(error.message, error.phase, error.maybeMade);
  if (error instanceof WalletRefused) return new WalletRefused(error.message, error.code);
  // WebCrypto's, of a key that is none.
  if (error instanceof DOMException) return new DOMException(error.message, error.name);
  return error instanceof TypeError ? new TypeError(error.message) : undefined;
}
