// Whether somebody still reads a pipe. Its writer is told only when it writes, and a command that waits may have nothing to write for days.
// Linux shows who holds the other end, of the processes that we may look into (proc(5)).
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { errorCode } from '../errors.ts';

/**
 * Tells, each time it is asked, whether one of those who read the pipe at first, or somebody in their place, still does. Always true where
 * that cannot be told: `file` is no pipe, its readers are another user's, or this is no Linux.
 */
export function watchPipe(file: number): () => boolean {
  const pipe = linkAt(`/proc/self/fd/${file}`);
  let readers = pipe.startsWith('pipe:') ? readersOf(pipe) : [];
  if (readers.length === 0) return () => true;
  return () => {
    // A reader that became another user's can be looked into no more.
    readers = readers.filter((path) => [pipe, 'EACCES'].includes(linkAt(path)));
    if (readers.length === 0) readers = readersOf(pipe);
    return readers.length > 0;
  };
}

/** The descriptors by which it is read: `/proc/123/fd/0`. */
const readersOf = (pipe: string): string[] =>
  namesIn('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((process) => namesIn(`/proc/${process}/fd`).map((name) => `/proc/${process}/fd/${name}`))
    .filter((path) => linkAt(path) === pipe && isForReading(path));

/** Where it leads, or why that cannot be told. */
function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    return errorCode(error);
  }
}

function isForReading(path: string): boolean {
  return ((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o400) !== 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
