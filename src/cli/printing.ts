// Output of commands. They wait for a slow reader, and finish their work when the reader is gone. Output that could not be written makes a
// command fail, so that a script does not keep half a file; when the reader went away, it fails without a sentence.
import { writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { standardError, standardOutput } from '../telemetry/output.ts';

/** The exit code that shells show for a program ended by SIGPIPE. */
const READER_GONE = 141;

let broken: NodeJS.ErrnoException | undefined;
const abandoned = Promise.withResolvers<'abandoned'>();

/** Call before anything is printed: else a reader that is gone ends the process in the middle of its work. */
export function watchPrinting(): void {
  process.stdout.on('error', (error) => {
    broken ??= error;
  });
  writeWhole(process.stdout);
  // There is no place left to report it.
  process.stderr.on('error', () => undefined);
}

// When a file takes only a part of a write (a full disk), Node neither writes the rest nor reports it.
function writeWhole(stream: NodeJS.WriteStream & { readonly fd: number }): void {
  if (stream.constructor.name !== 'SyncWriteStream') return;
  Object.assign(stream, {
    _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: unknown) => void): void {
      try {
        writeFileSync(stream.fd, chunk);
      } catch (error) {
        done(error);
        return;
      }
      done();
    },
  });
}

/** Resolves when it is written; with false when nobody reads any more. */
export async function print(piece: string | Uint8Array): Promise<boolean> {
  await new Promise<void>((resolve) => {
    process.stdout.write(piece, () => resolve());
  });
  await nextTurn();
  return broken === undefined;
}

/** Do not wait for output that is not written yet, for instance because the command was told to end. */
export function abandonPrinting(): void {
  abandoned.resolve('abandoned');
}

/** Waits until all output is written. Undefined: the process cannot exit, because a write is stuck that nobody reads. */
export async function exitCodeAfter(code: number): Promise<number | undefined> {
  const printed = await Promise.race([abandoned.promise, allPrinted(code)]);
  const haveEnded = await Promise.all([standardOutput().end(), standardError().end()]);
  if (haveEnded.includes(false)) return undefined;
  return printed === 'abandoned' ? code : printed;
}

async function allPrinted(code: number): Promise<number> {
  await left(process.stdout);
  // A stream emits 'error' after the write, but before this turn of the event loop has ended.
  await nextTurn();
  const cut = broken;
  const isUnwanted = cut?.code === 'EPIPE';
  if (cut !== undefined && !isUnwanted)
    process.stderr.write(`countersign: the output could not be written: ${cut.message}\n`);
  await left(process.stderr);
  if (cut === undefined || code !== 0) return code;
  return isUnwanted ? READER_GONE : 1;
}

async function left(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}
