// Which connections are closed because their client does not hear: it was told a hundred times to wait and went on. The limits
// themselves are counted elsewhere, by address and account; a closed connection costs such a client a new one for each hundred.
import type { Socket } from 'node:net';

/** Answers 429 on one connection, the last of which closes it. */
export const MAX_TOO_MANY_REQUESTS = 100;

const toldToWait = Symbol('answers 429');

/** Called for each answer 429: whether it is the last on its connection. */
export function isLastRefusal(socket: Socket & { [toldToWait]?: number }): boolean {
  socket[toldToWait] = (socket[toldToWait] ?? 0) + 1;
  return socket[toldToWait] >= MAX_TOO_MANY_REQUESTS;
}
