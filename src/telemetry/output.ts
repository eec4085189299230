// Standard output and standard error for a service. Writing never throws, never blocks the event loop, and never keeps more than its
// bound: lines that do not fit are dropped and counted.
import { constants, fstatSync, openSync, write } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isSystemError } from '../errors.ts';

export interface Output {
  /** Takes whole lines. They leave in order, or are counted as lost. */
  write(lines: string): void;
  stats(): OutputStats;
  /** While less than half of the bound waits and nothing was dropped. Lines that can be done without ask it first. */
  hasRoom(): boolean;
  /**
   * For the end of the process: resolves within a second when all has left, or cannot. False after two more seconds: the system
   * holds a write of ours, and an exit would wait for it.
   */
  end(): Promise<boolean>;
}

export interface OutputStats {
  /** Calls of `write` whose lines were dropped. */
  readonly lost: number;
  /** Why lines are not written, in words; undefined while they are. */
  readonly problem: string | undefined;
}

export interface OutputOptions {
  /** The line that stands where `lost` others are missing. */
  readonly noteOf?: (lost: number) => string;
  /** Most bytes that may wait. */
  readonly maxBytes?: number;
}

/** Some thousand lines: enough for a reader that restarts. */
const MAX_BYTES = 1_048_576;
/** Memory of a waiting line beyond its text. */
const LINE_BYTES = 64;
/** Capacity of a pipe. */
const PIECE_BYTES = 65_536;
const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 1_000;
const END_MS = 1_000;
const HELD_MS = 2_000;

const NOTHING = Buffer.alloc(0);

/** Nothing is opened before the first line. */
export function createOutput(fd: number, { noteOf, maxBytes = MAX_BYTES }: OutputOptions = {}): Output {
  const waiting: string[] = [];
  let waitingBytes = 0;
  /** The bytes being written. */
  let piece: Buffer = NOTHING;
  let opened: number | undefined;
  // One write at a time: if it blocks after all, it holds only one of Node's four threads.
  let writing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let failedWith: string | undefined;
  let lost = 0;
  let untold = 0;
  /** True from the first lost line until all has left. */
  let isJammed = false;
  let isOver = false;

  function add(lines: string): void {
    waiting.push(lines);
    waitingBytes += Buffer.byteLength(lines) + LINE_BYTES;
  }

  function begin(): Promise<void> {
    clearTimeout(retry);
    retry = undefined;
    writing ??= writeAll();
    return writing;
  }

  async function writeAll(): Promise<void> {
    // One write for all lines of one turn of the event loop.
    await pause(0);
    while (!isOver && (piece.length > 0 || waiting.length > 0)) {
      if (piece.length === 0) piece = nextPiece();
      try {
        opened ??= unblocked(fd);
        piece = piece.subarray(await writeOnce(opened, piece));
      } catch (error) {
        failedWith = codeOf(error);
        retry = setTimeout(begin, retryMs).unref();
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
        break;
      }
      failedWith = undefined;
      retryMs = FIRST_RETRY_MS;
      if (untold > 0 && noteOf !== undefined) add(noteOf(untold));
      untold = 0;
    }
    if (piece.length === 0 && waiting.length === 0) isJammed = false;
    writing = undefined;
  }

  function nextPiece(): Buffer {
    let bytes = 0;
    let count = 0;
    for (const lines of waiting) {
      if (bytes >= PIECE_BYTES) break;
      bytes += Buffer.byteLength(lines);
      count += 1;
    }
    waitingBytes -= bytes + count * LINE_BYTES;
    return Buffer.from(waiting.splice(0, count).join(''));
  }

  return {
    write(lines) {
      // After one lost line all are dropped until something leaves, so that one note marks the gap.
      const held = waitingBytes + piece.length;
      if (untold > 0 || (held > 0 && held + Buffer.byteLength(lines) + LINE_BYTES > maxBytes)) {
        lost += 1;
        untold += 1;
        isJammed = true;
        return;
      }
      add(lines);
      if (retry === undefined) void begin();
    },

    hasRoom: () => untold === 0 && waitingBytes + piece.length < maxBytes / 2,

    stats: () => ({ lost, problem: problemOf(failedWith, isJammed) }),

    async end() {
      const deadline = performance.now() + END_MS;
      // A slow reader gets a moment; any other failure shows again at the next try.
      while (piece.length > 0 || waiting.length > 0) {
        const left = deadline - performance.now();
        if (left <= 0) break;
        await Promise.race([begin(), pause(left, undefined, { ref: false })]);
        if (failedWith === undefined) continue;
        if (failedWith !== 'EAGAIN') break;
        await pause(FIRST_RETRY_MS);
      }
      // A write that does not block returns as soon as the machine has time for it.
      isOver = true;
      if (writing !== undefined) await Promise.race([writing, pause(HELD_MS)]);
      isOver = false;
      return writing === undefined;
    },
  };
}

let forOutput: Output | undefined;
let forErrors: Output | undefined;

/** One for the process: the log and everything else on standard output go through it. */
export function standardOutput(): Output {
  forOutput ??= createOutput(1, { noteOf: lostLine });
  return forOutput;
}

export function standardError(): Output {
  forErrors ??= createOutput(2);
  return forErrors;
}

const lostLine = (count: number): string =>
  `${JSON.stringify({ level: 40, time: Date.now(), event: 'log_lines_lost', count })}\n`;

// Writing to a pipe or terminal that nobody reads blocks, and a process with a blocked thread cannot even exit. So open it anew,
// non-blocking: the flags of the descriptor we were given belong to every process that shares it.
function unblocked(fd: number): number {
  const kind = fstatSync(fd);
  if (kind.isFile()) return fd;
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // A socket, another user's pipe, or another system than Linux. Node makes it non-blocking as soon as it has a stream for it.
    void (fd === 1 ? process.stdout : process.stderr);
    return fd;
  }
}

function writeOnce(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, (error, written) => {
      if (error !== null) reject(error);
      else if (written === 0)
        reject(Object.assign(new Error('nothing was written'), { code: 'EAGAIN', syscall: 'write' }));
      else resolve(written);
    });
  });
}

const codeOf = (error: unknown): string => (isSystemError(error) ? error.code : 'unknown error');

const inWords: Readonly<Record<string, string>> = {
  EAGAIN: 'nobody reads them',
  EPIPE: 'whoever read them is gone',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file may not grow',
  EIO: 'the terminal or the disk is gone',
};

// A slow reader is no problem while there is room; once lines were lost it is one until all others have left.
function problemOf(failedWith: string | undefined, isJammed: boolean): string | undefined {
  if (!isJammed && (failedWith === undefined || failedWith === 'EAGAIN')) return undefined;
  const code = failedWith ?? 'EAGAIN';
  return `${inWords[code] ?? 'they cannot be written'} (${code})`;
}
