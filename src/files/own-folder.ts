// The data folder. A user who may write in it owns the data: a forged write-ahead log becomes part of the database, and removing the
// lock file lets a second server in.
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UnsafeFile } from '../errors.ts';
import { requireOurs, shownMode } from './ownership.ts';

const WINDOWS = process.platform === 'win32';
const STICKY = 0o1000;

/** Makes the folder at `path`, for its owner alone, where there is none. Throws as requireOwnFolder does. */
export function makeOwnFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  requireOwnFolder(path);
}

/** Throws UnsafeFile for a folder that is neither ours nor root's, or that others may write in; and what the system says. */
export function requireOwnFolder(path: string): void {
  const stat = statSync(path);
  requireOurs(path, stat);
  if (WINDOWS || (stat.mode & 0o022) === 0) return;
  throw new UnsafeFile(path, `has mode ${shownMode(stat.mode)}, so others may write in it; run: chmod 700 ${path}`);
}

/**
 * The folder above `path`, if others may replace what lies there. It is a warning, no refusal: they cannot read our files, and a
 * file of theirs is not accepted. In a sticky folder they can do so only while nothing is there.
 */
export function looseFolderAbove(path: string, { sticky = false } = {}): string | undefined {
  if (WINDOWS) return undefined;
  const folder = dirname(resolve(path));
  const { mode } = statSync(folder);
  return (mode & 0o022) !== 0 && (sticky || (mode & STICKY) === 0) ? folder : undefined;
}
