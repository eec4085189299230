// The file with the address of the running server's operator API, for commands on the same machine: its port may have been picked by the system.
// Trust it only while that server holds the lock of the data: after a crash any program may listen there.
import { rmSync } from 'node:fs';
import { removeLeftDrafts, replaceDurably } from '../files/durable-file.ts';
import { readGuarded } from '../files/guarded-file.ts';

export const OPERATOR_ADDRESS_FILE = 'operator.url';

/** Longest address, as `http://host:port`; a longer file is refused. */
const MAX_FILE_BYTES = 64;

export function writeOperatorAddress(path: string, url: string): void {
  removeLeftDrafts(path);
  replaceDurably(path, `${url}\n`);
}

/** Never throws: calls `onLeft` when the file stays, which is harmless once the lock is free. */
export function removeOperatorAddress(path: string, onLeft: (error: unknown) => void): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    onLeft(error);
  }
}

/** `undefined` when there is none, or when it is not an address of this machine: the token is sent nowhere else. */
export function readOperatorAddress(path: string): string | undefined {
  const text = contentOf(path)?.trimEnd() ?? '';
  return /^http:\/\/(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]):\d{1,5}$/.test(text) ? text : undefined;
}

function contentOf(path: string): string | undefined {
  try {
    const content = readGuarded(path, 'trusted', MAX_FILE_BYTES);
    return content === 'too_large' ? undefined : content.toString('latin1');
  } catch {
    return undefined;
  }
}
