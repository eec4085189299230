// What is known of one connection, and whether it is its client that everything on it waits for.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Place } from './connection-shares.ts';

// On the socket itself: a WeakMap of sockets would keep each of them until the next collection of old objects.
const state = Symbol('connection');

export interface Connection {
  latest: ServerResponse | undefined;
  /** Requests that were handed out and have no answer yet. */
  unanswered: number;
  /** Its TLS handshake is done. */
  secured: boolean;
  /** Absent once it was refused. */
  open: Open | undefined;
}

/** With TLS, requests come over another socket than the one that was accepted. */
export interface Open {
  readonly accepted: Socket;
  /** With the answer that is leaving over it, which is node's own. */
  asking: Socket & { readonly _httpMessage?: ServerResponse | null };
  /** Among the others that are open. */
  place: Place | undefined;
}

export function connectionOf(socket: Socket & { [state]?: Connection }): Connection {
  socket[state] ??= { latest: undefined, unanswered: 0, secured: false, open: undefined };
  return socket[state];
}

/** Whether nothing goes on over a connection but what its client sends or takes at his own pace. */
export function isHeldUp({ asking }: Open): boolean {
  const { latest, unanswered } = connectionOf(asking);
  if (latest === undefined || unanswered === 0) return false;
  // Answers leave in turn: behind one that the client does not take, others may wait for as long as he likes.
  const leaving = asking._httpMessage ?? latest;
  if (leaving.writableEnded || (leaving.headersSent && asking.writableNeedDrain)) return true;
  // Of what nobody reads, more may have been sent long ago: it is not the client that is waited for.
  const isSending = !latest.req.complete && latest.req.readableFlowing === true;
  return unanswered === 1 && isSending;
}
