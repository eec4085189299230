// Closes the connection of a client that ignores 429: after a hundred of them it must open a new one. The rate limits themselves are counted
// elsewhere, by address and account.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The 429 with this number closes its connection. */
export const MAX_TOO_MANY_REQUESTS = 100;

const toldToWait = Symbol('answers 429');

/** Call before the head of any answer of ours is written. */
export function closeWhenDeaf(response: ServerResponse, status: number): void {
  if (status === 429 && isLast(response.req.socket)) response.shouldKeepAlive = false;
}

function isLast(socket: Socket & { [toldToWait]?: number }): boolean {
  socket[toldToWait] = (socket[toldToWait] ?? 0) + 1;
  return socket[toldToWait] >= MAX_TOO_MANY_REQUESTS;
}
