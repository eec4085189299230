// Where the operator API of the running server answers, for the commands beside it: its port may be one that nobody chose.
// What it says counts only while that server holds the lock of the data: after a crash anybody may listen there.
import { rmSync } from 'node:fs';
import { removeLeftDrafts, replaceDurably } from '../files/durable-file.ts';
import { readGuarded } from '../files/guarded-file.ts';

export const OPERATOR_ADDRESS_FILE = 'operator.url';

/** As `http://host:port`: more would be cut off, and refused. */
const MAX_FILE_BYTES = 64;

export function writeOperatorAddress(path: string, url: string): void {
  removeLeftDrafts(path);
  replaceDurably(path, `${url}\n`);
}

/** Throws nothing: of one that stays, which counts for nobody once the lock is free, `onLeft` is told. */
export function removeOperatorAddress(path: string, onLeft: (error: unknown) => void): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    onLeft(error);
  }
}

/** `undefined` when no server has written one, or it is no address of this machine: the token is sent nowhere else. */
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
