// The file of the key that seals the JWT signing keys. It stays outside the database and its backups, is never overwritten, and is not
// used while anyone but its owner may read it.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { errorCode, UnsafeFile } from '../errors.ts';
import { createDurably } from '../files/durable-file.ts';
import { readGuarded } from '../files/guarded-file.ts';

const CONTENT = /^[0-9a-f]{64}\n?$/;
const MAX_FILE_BYTES = 65;

/** The master key file cannot be used; the message is one sentence for the operator and holds nothing of the content. */
export class MasterKeyUnusable extends Error {
  override readonly name = 'MasterKeyUnusable';
}

/**
 * The 32-byte master key in the file at `path`: 64 lower-case hex digits and a newline, mode 0600 or narrower, or 0440
 * as secret mounts have it, and ours or root's. A missing file is created when `mayCreate`; say so only while nothing is sealed
 * yet, for a new key opens nothing that exists. Throws MasterKeyUnusable for everything else: missing, wider mode, wrong
 * content, not a file, unreadable.
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
  // Read it back through the same checks, whichever process made it.
  const created = readMasterKey(path);
  if (created === undefined) {
    throw new MasterKeyUnusable(`The master key file ${path} disappeared while it was being created.`);
  }
  return created;
}

/** The key in the file at `path`, or undefined where there is none. Throws MasterKeyUnusable as openMasterKey does. */
export function readMasterKey(path: string): KeyObject | undefined {
  const content = contentOf(path);
  if (content === undefined) return undefined;
  if (!CONTENT.test(content)) {
    throw new MasterKeyUnusable(
      `The master key file ${path} does not hold a master key (64 lower-case hex digits and a newline).`,
    );
  }
  return createSecretKey(Buffer.from(content.slice(0, 64), 'hex'));
}

function contentOf(path: string): string | undefined {
  try {
    const content = readGuarded(path, 'mounted_secret', MAX_FILE_BYTES);
    return content === 'too_large' ? '' : content.toString('latin1');
  } catch (cause) {
    if (cause instanceof UnsafeFile) {
      throw new MasterKeyUnusable(`The master key file ${path} ${cause.because}`, { cause });
    }
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw new MasterKeyUnusable(`The master key file ${path} cannot be opened (${errorCode(cause)}).`, { cause });
  }
}

// An existing file is left alone: another process was first, and its key counts.
function createMasterKeyFile(path: string): void {
  try {
    createDurably(path, `${randomBytes(32).toString('hex')}\n`);
  } catch (cause) {
    throw new MasterKeyUnusable(`The master key file ${path} cannot be created (${errorCode(cause)}).`, { cause });
  }
}
