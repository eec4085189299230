// Small files that are whole or absent, even after a crash: written under another name, synced, and only then renamed. A link at
// the path is never followed.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../errors.ts';
import { NEW_FILE, OWNER_ONLY } from './own-file.ts';

/**
 * Makes the file at `path`, mode 0600, on the disk with its name when this returns. False, and nothing has changed, where something
 * has that name already. Throws what the system says; no file of that name is left then.
 */
export function createDurably(path: string, content: string): boolean {
  return withDraft(path, content, (draft) => giveName(draft, path));
}

/** Names a finished draft `path`. False, and nothing has changed, where something has that name already. */
export function giveName(draft: string, path: string): boolean {
  try {
    linkSync(draft, path); // Unlike a rename, a link never replaces what is already there.
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false;
    // Some file systems, FAT for example, have no links.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(draft, path);
  }
  return true;
}

/** As createDurably, but replaces the file or link that has that name. */
export function replaceDurably(path: string, content: string): void {
  withDraft(path, content, (draft) => renameSync(draft, path));
}

function withDraft<Result>(path: string, content: string, name: (draft: string) => Result): Result {
  const draft = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const file = openSync(draft, NEW_FILE, OWNER_ONLY);
    try {
      // The umask may have taken bits away from the owner.
      fchmodSync(file, OWNER_ONLY);
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const result = name(draft);
    syncFolder(dirname(path));
    return result;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** An older draft is abandoned: making a file takes far less. */
const DRAFT_MS = 60_000;

/**
 * The names beside `path` under which a process that was killed left what it was making: whole, and the very file where it was killed
 * last, or half of one. Only files of ours, and none that a process may be making now. Never throws: a folder that cannot be read has none.
 */
export function leftDrafts(path: string): readonly string[] {
  const start = `${basename(path)}.`;
  try {
    const made = lstatSync(path, { throwIfNoEntry: false });
    return readdirSync(dirname(path))
      .filter((name) => name.startsWith(start) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(start.length)))
      .map((name) => join(dirname(path), name))
      .filter((draft) => {
        const found = lstatSync(draft);
        if (!found.isFile() || found.uid !== (process.geteuid?.() ?? found.uid)) return false;
        return (found.ino === made?.ino && found.dev === made.dev) || Date.now() - found.mtimeMs > DRAFT_MS;
      });
  } catch {
    return [];
  }
}

/** Removes those. The doctor names what cannot be removed. */
export function removeLeftDrafts(path: string): void {
  for (const draft of leftDrafts(path)) {
    try {
      rmSync(draft, { force: true });
    } catch {
      // A folder that is mounted read-only, for example.
    }
  }
}

/** Syncs a folder: after it the names in it survive a crash. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return; // Windows cannot open a folder for this.
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
