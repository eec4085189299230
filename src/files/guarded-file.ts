// The one way to read a file that decides what is allowed: keys, bearers, settings, routes. Owner and mode are checked on the open
// file, not on its path. A file of another user than us or root is not read.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import { UnsafeFile } from '../errors.ts';
import { requireOurs, shownMode } from './ownership.ts';

/**
 * What other users may do with the file:
 * - `secret`: nothing.
 * - `mounted_secret`: the same, but for mode 0440, which a secret mount gives to a service that is not root.
 * - `group_secret`: a group may read it, 0440 or 0640: systems keep TLS keys so.
 * - `trusted`: read it.
 * - `shown`: anything. Its content is verified otherwise.
 * All but `shown` belong to us or to root. On Windows nothing is checked: the access list of the folder decides.
 */
export type Guard = 'secret' | 'mounted_secret' | 'group_secret' | 'trusted' | 'shown';

const WINDOWS = process.platform === 'win32';
const MOST_LINKS = 40;
const PIECE_BYTES = 64 * 1024;
// O_NONBLOCK: opening a named pipe would wait for a writer for ever. O_NOCTTY: a terminal would become ours.
const READ = WINDOWS
  ? constants.O_RDONLY
  : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * The content of the regular file at `path`, or `too_large` for more than `maxBytes`. Links are followed, as secret mounts consist
 * of them, but none that is another user's. Throws UnsafeFile for what the guard refuses, and what the system says, ENOENT
 * among it where nothing has this name.
 */
export function readGuarded(path: string, guard: Guard, maxBytes: number): Buffer | 'too_large' {
  const file = openSync(WINDOWS ? path : withoutLinks(path, guard), READ);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new UnsafeFile(path, 'is not a regular file');
    if (guard !== 'shown') requireOurs(path, stat);
    requireBits(path, stat, guard);
    return stat.size > maxBytes ? 'too_large' : readUpTo(file, maxBytes);
  } finally {
    closeSync(file);
  }
}

const groupMayRead: Readonly<Record<Guard, readonly number[]>> = {
  secret: [],
  mounted_secret: [0o440],
  group_secret: [0o440, 0o640],
  trusted: [],
  shown: [],
};

function requireBits(path: string, { mode }: Stats, guard: Guard): void {
  if (WINDOWS || guard === 'shown') return;
  if (guard === 'trusted') {
    if ((mode & 0o022) === 0) return;
    throw new UnsafeFile(path, `has mode ${shownMode(mode)}, so others may change it; run: chmod go-w ${path}`);
  }
  if ((mode & 0o077) === 0 || groupMayRead[guard].includes(mode & 0o777)) return;
  throw new UnsafeFile(path, `has mode ${shownMode(mode)}, so others may read it; run: chmod 600 ${path}`);
}

/**
 * Where the links of `path` lead, each of them ours or root's. A user who may write in a folder on the way can still swap in
 * another file of ours, never one of his own: the owner is checked on the open file.
 */
function withoutLinks(path: string, guard: Guard): string {
  const start = resolve(path);
  lstatSync(start); // Tell a missing file from a link that leads nowhere.
  let at = parse(start).root;
  let rest = start.slice(at.length).split(sep);
  for (let links = 0; ; ) {
    const [name, ...others] = rest;
    if (name === undefined) return at;
    rest = others;
    if (name === '..') at = dirname(at);
    if (name === '' || name === '.' || name === '..') continue;
    const next = join(at, name);
    const found = lstatSync(next, { throwIfNoEntry: false });
    if (found === undefined) throw new UnsafeFile(path, `is a link to ${next}, where nothing is`);
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw new UnsafeFile(path, 'is a link without an end');
    if (guard !== 'shown') requireOurs(path, found, next);
    const target = readlinkSync(next);
    if (isAbsolute(target)) at = parse(target).root;
    rest = [...target.split(sep), ...rest];
  }
}

// The size may change while the file is read, and some file systems report none.
function readUpTo(file: number, maxBytes: number): Buffer | 'too_large' {
  const pieces: Buffer[] = [];
  for (let bytes = 0; ; ) {
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, maxBytes + 1 - bytes));
    const read = readSync(file, piece, 0, piece.length, null);
    if (read === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, read));
    bytes += read;
    if (bytes > maxBytes) return 'too_large';
  }
}
