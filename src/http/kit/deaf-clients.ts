// Which connections are closed because their client does not hear: it was told a hundred times to wait and went on. The limits
// themselves are counted elsewhere, by address and account; a closed connection costs such a client a new one for each hundred.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers 429 of ours on one connection, the last of which closes it. */
export const MAX_TOO_MANY_REQUESTS = 100;

const toldToWait = Symbol('answers 429');

/** For every answer of ours, whoever writes it, before its head is: the last 429 on its connection says that it closes. */
export function closeWhenDeaf(response: ServerResponse, status: number): void {
  if (status === 429 && isLast(response.req.socket)) response.shouldKeepAlive = false;
}

function isLast(socket: Socket & { [toldToWait]?: number }): boolean {
  socket[toldToWait] = (socket[toldToWait] ?? 0) + 1;
  return socket[toldToWait] >= MAX_TOO_MANY_REQUESTS;
}
