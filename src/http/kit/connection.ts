// The state of one connection, and whether it waits only for its client.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Place } from './connection-shares.ts';

// Kept on the socket: V8 holds the entries of a WeakMap until it collects old objects.
const state = Symbol('connection');

export interface Connection {
  latest: ServerResponse | undefined;
  /** Requests without a complete answer yet. */
  unanswered: number;
  /** Its TLS handshake is done. */
  secured: boolean;
  /** Absent once it was refused. */
  open: Open | undefined;
}

/** With TLS, requests arrive on another socket than the accepted one. */
export interface Open {
  readonly accepted: Socket;
  /** `_httpMessage` is Node's own: the answer that is being sent. */
  asking: Socket & { readonly _httpMessage?: ServerResponse | null };
  /** In the shares of connections. */
  place: Place | undefined;
}

export function connectionOf(socket: Socket & { [state]?: Connection }): Connection {
  socket[state] ??= { latest: undefined, unanswered: 0, secured: false, open: undefined };
  return socket[state];
}

/** Whether the connection waits only for its client to send or to read. */
export function isHeldUp({ asking }: Open): boolean {
  const { latest, unanswered } = connectionOf(asking);
  if (latest === undefined || unanswered === 0) return false;
  // Answers leave in order: while the client does not read one, all behind it wait.
  const leaving = asking._httpMessage ?? latest;
  if (leaving.writableEnded || (leaving.headersSent && asking.writableNeedDrain)) return true;
  // A paused body says nothing about the client: its bytes may have arrived, and we do not read them.
  const isSending = !latest.req.complete && latest.req.readableFlowing === true;
  return unanswered === 1 && isSending;
}
