// The file with the bearer of the operator API. Made once, with the first start; never overwritten, never replaced, and never
// used while anyone but its owner may read it.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fchmodSync, fstatSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';

export const OPERATOR_TOKEN_FILE = 'operator.token';

const OWNER_ONLY = 0o600;
const CONTENT = /^[\x21-\x7e]{32,256}\n?$/;
const MAX_FILE_BYTES = 257;

/** The token file cannot be used; the message is one sentence for the operator and holds nothing of the content. */
export class OperatorTokenUnusable extends Error {
  override readonly name = 'OperatorTokenUnusable';
}

/**
 * The token in the file at `path`: 32 to 256 printable ASCII characters and a newline, mode 0600 or narrower. A missing file
 * is made, with 256 random bits, when `mayCreate`. Throws OperatorTokenUnusable for everything else.
 */
export function openOperatorToken(path: string, options: { readonly mayCreate: boolean }): string {
  const existing = readToken(path);
  if (existing !== undefined) return existing;
  if (!options.mayCreate) throw new OperatorTokenUnusable(`The operator token file ${path} is missing.`);
  createTokenFile(path);
  const created = readToken(path);
  if (created === undefined) throw new OperatorTokenUnusable(`The operator token file ${path} disappeared.`);
  return created;
}

function readToken(path: string): string | undefined {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw new OperatorTokenUnusable(`The operator token file ${path} cannot be opened (${errorCode(cause)}).`, {
      cause,
    });
  }
  try {
    const { mode, size } = fstatSync(file);
    // Windows has no such bits: there the folder's access list decides.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new OperatorTokenUnusable(
        `The operator token file ${path} can be read or written by others; replace the token, and run: chmod 600 ${path}`,
      );
    }
    const regular = (mode & constants.S_IFMT) === constants.S_IFREG;
    const content = regular && size <= MAX_FILE_BYTES ? readFileSync(file, 'latin1') : '';
    if (!CONTENT.test(content)) {
      throw new OperatorTokenUnusable(
        `The operator token file ${path} does not hold a token; delete it, and the next start makes a new one.`,
      );
    }
    return content.trimEnd();
  } finally {
    closeSync(file);
  }
}

function createTokenFile(path: string): void {
  try {
    const file = openSync(path, 'wx', OWNER_ONLY);
    try {
      // The umask may have taken bits away from the owner.
      fchmodSync(file, OWNER_ONLY);
      writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new OperatorTokenUnusable(`The operator token file ${path} cannot be created (${errorCode(cause)}).`, {
      cause,
    });
  }
}

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
