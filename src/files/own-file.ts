// Files that this program makes for its owner alone. A link at the path is never followed: its target would be made, or locked, in a
// folder that was never checked.
import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { isSystemError, UnsafeFile } from '../errors.ts';

export const OWNER_ONLY = 0o600;
/** Flags to create a new file. Windows has no O_NOFOLLOW; there O_EXCL alone refuses a name that is taken. */
export const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * Makes an empty file of mode 0600 at `path`, or leaves what is there, unopened: closing a file would take away the locks that this
 * process holds on it (POSIX fcntl). Throws UnsafeFile for a link, and what the system says.
 */
export function ensureOwnFile(path: string): void {
  try {
    closeSync(openSync(path, NEW_FILE, OWNER_ONLY));
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
    isThere(path);
  }
}

/** True when a file or folder has this name. Throws UnsafeFile for a link, wherever it leads. */
export function isThere(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) throw new UnsafeFile(path, 'is a link, which is not followed; remove it');
  return found !== undefined;
}
