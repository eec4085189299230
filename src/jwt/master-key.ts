// The file with the key that seals the JWT signing keys. It lives outside the database and its backups; it is never
// overwritten, and never used while anyone but its owner may read it.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o600;
const CONTENT = /^[0-9a-f]{64}\n?$/;
const MAX_FILE_BYTES = 65;

/** The master key file cannot be used; the message is one sentence for the operator and holds nothing of the content. */
export class MasterKeyUnusable extends Error {
  override readonly name = 'MasterKeyUnusable';
}

/**
 * The 32-byte master key in the file at `path`: 64 lower-case hex digits and a newline, mode 0600 or narrower. A missing
 * file is created when `mayCreate`; say so only while nothing is sealed yet, for a new key opens nothing that exists.
 * Throws MasterKeyUnusable for everything else: missing, wider mode, wrong content, not a file, unreadable.
 */
export function openMasterKey(path: string, options: { readonly mayCreate: boolean }): KeyObject {
  const existing = readMasterKey(path);
  if (existing !== undefined) return existing;
  if (!options.mayCreate) {
    throw new MasterKeyUnusable(
      `The master key file ${path} is missing, and the database holds signing keys that only it opens; put the file back.`,
    );
  }
  createMasterKeyFile(path);
  // Read back through the same checks: if another process was first, its key is the one that counts.
  const created = readMasterKey(path);
  if (created === undefined) {
    throw new MasterKeyUnusable(`The master key file ${path} disappeared while it was being created.`);
  }
  return created;
}

function readMasterKey(path: string): KeyObject | undefined {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw new MasterKeyUnusable(`The master key file ${path} cannot be opened (${errorCode(cause)}).`, { cause });
  }
  try {
    // Asked of the open file, not of the path: what is checked is what is read.
    const { mode, size } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
      throw new MasterKeyUnusable(`The master key ${path} is not a regular file.`);
    }
    // Windows has no such bits: there the folder's access list decides.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      throw new MasterKeyUnusable(
        `The master key file ${path} has mode ${shown}, so others may read it; run: chmod 600 ${path}`,
      );
    }
    const content = size <= MAX_FILE_BYTES ? readFileSync(file, 'latin1') : '';
    if (!CONTENT.test(content)) {
      throw new MasterKeyUnusable(
        `The master key file ${path} does not hold a master key (64 lower-case hex digits and a newline).`,
      );
    }
    return createSecretKey(Buffer.from(content.slice(0, 64), 'hex'));
  } finally {
    closeSync(file);
  }
}

/** Complete and on disk before it has its name; an existing file of that name is left as it is. */
function createMasterKeyFile(path: string): void {
  const draft = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const file = openSync(draft, 'wx', OWNER_ONLY);
    try {
      // The umask may have taken bits away from the owner.
      fchmodSync(file, OWNER_ONLY);
      writeFileSync(file, `${randomBytes(32).toString('hex')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(draft, path); // Unlike a rename, a link never replaces a file that is already there.
    syncFolder(dirname(path));
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return;
    throw new MasterKeyUnusable(`The master key file ${path} cannot be created (${errorCode(cause)}).`, { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') return; // Windows cannot open a folder for this.
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
