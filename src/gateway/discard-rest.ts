// Reads and drops a little of a body that is no longer wanted. Closing a connection with unread bytes resets it, and the client could not
// read our answer.
import type { IncomingMessage } from 'node:http';

const DISCARD_BYTES = 1024 * 1024;
const DISCARD_MS = 1000;

/** Reads and drops what the client still sends, until it ends or a limit is reached; then calls `done` once. */
export function discardRest(request: IncomingMessage, done: () => void): void {
  let bytes = 0;
  const finish = (): void => {
    clearTimeout(timer);
    request.off('data', count).off('end', finish).off('close', finish);
    done();
  };
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > DISCARD_BYTES) finish();
  };
  const timer = setTimeout(finish, DISCARD_MS);
  request.on('data', count).once('end', finish).once('close', finish);
  request.resume();
}
