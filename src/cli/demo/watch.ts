// Watches what the client library sends, so that the demo can show it.
import type { ClientOptions } from '../../client/main.ts';

export interface Exchange {
  /** `GET /v1/balance` */
  readonly target: string;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
}

export interface Watch {
  readonly fetch: NonNullable<ClientOptions['fetch']>;
  /** The latest request; undefined before the first. */
  last(): Exchange | undefined;
  /** How many were answered. */
  answered(): number;
}

/** Every request ends when `stopped` is aborted. */
export function createWatch(stopped: AbortSignal): Watch {
  let last: Exchange | undefined;
  let answered = 0;
  return {
    async fetch(input, init = {}) {
      const target = `${init.method ?? 'GET'} ${new URL(String(input)).pathname}`;
      last = { target, status: undefined };
      const signals = init.signal ? [init.signal, stopped] : [stopped];
      const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
      answered += 1;
      last = { target, status: response.status };
      return response;
    },
    last: () => last,
    answered: () => answered,
  };
}
