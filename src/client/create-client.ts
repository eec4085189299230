// Puts a client together: one server, one proof, one session at a time.
import type { Auth } from './auth.ts';
import type { Answer, ApiRequest } from './call.ts';
import type { Parts } from './parts.ts';

export interface ClientOptions {
  /** `https://keys.venue.example`: the address of the server, without a path. */
  readonly url: string;
  /** Left out: only what needs no bearer can be asked. */
  readonly auth?: Auth;
  readonly fetch?: typeof globalThis.fetch;
  /** Of every call, sign-in, waiting and repeats included. */
  readonly timeoutMs?: number;
  /** How often a request that may be repeated is. */
  readonly retries?: number;
  /** Unix milliseconds of this machine, right or wrong. */
  readonly clock?: { now(): number };
}

export interface Client extends Parts {
  /** Any request, the venue's too. Rejects as Call does. */
  request<Body = unknown>(request: ApiRequest): Promise<Answer<Body>>;
}
