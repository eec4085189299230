// The file with the bearer of the operator API. Created at the first start, never overwritten, and never used while others can read it.
import { randomBytes } from 'node:crypto';
import { errorCode, UnsafeFile } from '../errors.ts';
import { createDurably, removeLeftDrafts } from '../files/durable-file.ts';
import { readGuarded } from '../files/guarded-file.ts';

export const OPERATOR_TOKEN_FILE = 'operator.token';

const CONTENT = /^[\x21-\x7e]{32,256}\n?$/;
const MAX_FILE_BYTES = 257;

/** The message is one sentence for the operator, without any of the file's content. */
export class OperatorTokenUnusable extends Error {
  override readonly name = 'OperatorTokenUnusable';
}

/**
 * The token in the file at `path`: 32 to 256 printable ASCII characters and a newline, mode 0600 or narrower, owned by this user or root. With
 * `mayCreate` a missing file is made, whole or not at all, with 256 random bits. Throws OperatorTokenUnusable for anything else; an empty file
 * is not replaced, because someone put it there.
 */
export function openOperatorToken(path: string, options: { readonly mayCreate: boolean }): string {
  if (options.mayCreate) removeLeftDrafts(path);
  const existing = readToken(path);
  if (existing !== undefined) return existing;
  if (!options.mayCreate) throw new OperatorTokenUnusable(`The operator token file ${path} is missing.`);
  createTokenFile(path);
  const created = readToken(path);
  if (created === undefined) throw new OperatorTokenUnusable(`The operator token file ${path} disappeared.`);
  return created;
}

function readToken(path: string): string | undefined {
  const content = contentOf(path);
  if (content !== undefined && !CONTENT.test(content)) {
    throw new OperatorTokenUnusable(
      `The operator token file ${path} does not hold a token; delete it, and the next start makes a new one.`,
    );
  }
  return content?.trimEnd();
}

function contentOf(path: string): string | undefined {
  try {
    const content = readGuarded(path, 'secret', MAX_FILE_BYTES);
    return content === 'too_large' ? '' : content.toString('latin1');
  } catch (cause) {
    if (cause instanceof UnsafeFile) {
      throw new OperatorTokenUnusable(
        `The operator token file ${path} ${cause.because}; or delete it, and the next start makes a new one.`,
        { cause },
      );
    }
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw new OperatorTokenUnusable(`The operator token file ${path} cannot be opened (${errorCode(cause)}).`, {
      cause,
    });
  }
}

function createTokenFile(path: string): void {
  try {
    createDurably(path, `${randomBytes(32).toString('base64url')}\n`);
  } catch (cause) {
    throw new OperatorTokenUnusable(`The operator token file ${path} cannot be created (${errorCode(cause)}).`, {
      cause,
    });
  }
}
