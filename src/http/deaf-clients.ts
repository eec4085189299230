// Which connections are closed because their client does not hear: it was told a hundred times to wait and went on. The limits
// themselves are counted elsewhere, by address and account; a closed connection costs such a client a new one for each hundred.
import type { Socket } from 'node:net';

/** Answers 429 on one connection, the last of which closes it. */
export const MAX_TOO_MANY_REQUESTS = 100;

const toldToWait = new WeakMap<Socket, number>();

/** Called for each answer 429: whether it is the last on its connection. */
export function isLastRefusal(socket: Socket): boolean {
  const times = (toldToWait.get(socket) ?? 0) + 1;
  toldToWait.set(socket, times);
  return times >= MAX_TOO_MANY_REQUESTS;
}
