// A pipe on which a test is the reader: one that reads what it likes, when it likes, or goes away.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Pipe {
  readonly path: string;
  /** A writing end as a shell gives it: it blocks. Of whoever opened it, to close. */
  openWriter(): number;
  /** No byte fits any more. */
  fill(): void;
  /** What stands in it, which makes room. */
  read(): string;
  /** The reader goes. */
  leave(): void;
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** A named one, in a folder that the caller removes. */
export function openPipe(folder: string): Pipe {
  const path = join(folder, 'pipe');
  const made = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo failed: ${made.stderr}`);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let isOpen = true;
  return {
    path,
    openWriter: () => openSync(path, constants.O_WRONLY),
    fill() {
      const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      try {
        for (const block of [Buffer.alloc(4096, '#'), Buffer.from('#')]) {
          try {
            for (;;) writeSync(writer, block);
          } catch (error) {
            if (!isCode(error, 'EAGAIN')) throw error;
          }
        }
      } finally {
        closeSync(writer);
      }
    },
    read() {
      const bytes = Buffer.alloc(1_048_576);
      let length = 0;
      try {
        for (;;) {
          const read = readSync(reader, bytes, length, bytes.length - length, null);
          if (read === 0) break;
          length += read;
        }
      } catch (error) {
        if (!isCode(error, 'EAGAIN')) throw error;
      }
      return bytes.toString('utf8', 0, length).replace(/^#+/, '');
    },
    leave() {
      if (isOpen) closeSync(reader);
      isOpen = false;
    },
  };
}
