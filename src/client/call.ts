// What the parts of the client are built on: one request to the server, and its answer. A part is a function of a Core.
import type { SignersHasher } from '../starknet/message.ts';
import type { Auth, Session } from './auth.ts';
import type { Deadline } from './deadline.ts';
import type { MaybeMade } from './errors.ts';
import type { CallOptions } from './list.ts';

export type Query = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From `/`, on the server of the client alone; segments are percent-encoded by the caller. It may end in a query. */
  readonly path: string;
  /** Added to the path; members that are undefined are left out. */
  readonly query?: Query;
  /** Sent as JSON; a bigint as bare digits. A string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for all of it: sign-in, waiting and repeats. Default: the client's. */
  readonly timeoutMs?: number | undefined;
  /** Sent once, whatever happens. */
  readonly once?: boolean;
}

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /**
   * What JSON says. Of the server's own routes, times (nanoseconds) and ids are bigint (json.ts); the venue's are as JSON.parse reads them.
   * The text itself when it is no JSON; undefined when there is none.
   */
  readonly body: Body;
  /** Exactly what came: for numbers of the venue that are wider than a JavaScript number. */
  readonly text: string;
  /** What the audit log, the server's log and explain know it by. */
  readonly requestId: string | undefined;
}

/** How the parts of the client send: what only they may say. */
export interface InnerRequest extends ApiRequest {
  /** The bearer to send. Default: the client's session, signed in when there is none. `none`: no bearer. */
  readonly bearer?: string | 'none';
  /** What a POST makes, so that one whose answer is lost can say what to look for. */
  readonly makes?: Omit<MaybeMade, 'since'>;
  /** Of the call that this request is a part of: in place of `signal` and `timeoutMs`. */
  readonly deadline?: Deadline;
  /** Of the body of a success: whether it is one. What it made would be lost with another. */
  readonly isMade?: (body: unknown) => boolean;
}

/**
 * Resolves with a success (2xx) alone. Rejects with CountersignError, NoAnswer or Aborted, and when it signs in, with WalletRefused.
 * TypeError for a request that must not be sent: another origin, a header that cannot be one.
 */
export type Call = <Body = unknown>(request: InnerRequest) => Promise<Answer<Body>>;

/** GET /v1/system/config, as far as a client needs it. */
export interface SystemConfig {
  readonly starknet_chain_id: string;
  readonly l1_chain_id: string;
  readonly paraclear_account_hash: string;
  readonly paraclear_account_proxy_hash: string;
  readonly paraclear_evm_account_hash: string;
}

/** The server as one needs it to sign. */
export interface Server {
  /** `https://keys.venue.example`: nothing is ever sent elsewhere. */
  readonly origin: string;
  /** Without a session: a `bearer` only where the request names one. */
  readonly call: Call;
  /** Asked once. */
  config(): Promise<SystemConfig>;
  /** For the domain of that configuration. */
  hasher(): Promise<SignersHasher>;
  /** What `signedAt` gives: for what is signed inside it. */
  signingTime(): Promise<number>;
  /**
   * Gives `act` the time to sign, in Unix milliseconds: the server's, a second behind. When it is refused for its time, the clock is
   * measured anew and `act` is called once more. Waits no longer than `deadline`, whose end `act` looks to itself.
   */
  signedAt<T>(act: (nowMs: number) => Promise<T>, deadline?: Deadline): Promise<T>;
}

/** What a part of the client (tokens.ts, subkeys.ts, ...) is made of. */
export interface Core {
  /** With the client's session. */
  readonly call: Call;
  readonly server: Server;
  readonly auth: Auth | undefined;
  /** `work` within the caller's signal and time: what it waits for, it races against the deadline that it is given. */
  within<T>(options: CallOptions, work: (deadline: Deadline) => Promise<T>): Promise<T>;
  /** A session that is good for 30 s or more. */
  session(deadline: Deadline): Promise<Session>;
  /** The account that `auth` acts for. Rejects with TypeError when there is no auth, or a bearer that does not tell. */
  account(deadline: Deadline): Promise<string>;
}
