// Where commands print: they wait for whoever reads them, and stop at nothing when that one is gone. The work of a command ends as it
// ends; what was to be printed and could not be makes it fail, in silence when nobody wanted it: the script that made a file of it must
// be able to tell.
import { writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { standardError, standardOutput } from '../telemetry/output.ts';

/** That of a program that SIGPIPE ended, which shells know. */
const READER_GONE = 141;

let broken: NodeJS.ErrnoException | undefined;
const abandoned = Promise.withResolvers<'abandoned'>();

/** Before anything is printed: without it, a reader that has gone ends the process in the middle of its work. */
export function watchPrinting(): void {
  process.stdout.on('error', (error) => {
    broken ??= error;
  });
  writeWhole(process.stdout);
  // Who does not hear us cannot be told that.
  process.stderr.on('error', () => undefined);
}

// What a file, or a device that is no terminal, takes only in part (a disk that becomes full) is not written on by Node, nor is it told.
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

/** Resolves when it has left: with false when nobody takes any more. */
export async function print(piece: string | Uint8Array): Promise<boolean> {
  await new Promise<void>((resolve) => {
    process.stdout.write(piece, () => resolve());
  });
  await nextTurn();
  return broken === undefined;
}

/** Nobody waits for what is still to be printed, for instance because the command was told to end. */
export function abandonPrinting(): void {
  abandoned.resolve('abandoned');
}

/** Waits for what was printed. Undefined: the process cannot exit, as the system holds a write of its that nobody takes. */
export async function exitCodeAfter(code: number): Promise<number | undefined> {
  const printed = await Promise.race([abandoned.promise, allPrinted(code)]);
  const haveEnded = await Promise.all([standardOutput().end(), standardError().end()]);
  if (haveEnded.includes(false)) return undefined;
  return printed === 'abandoned' ? code : printed;
}

async function allPrinted(code: number): Promise<number> {
  await left(process.stdout);
  // A stream tells its 'error' later than it has written, whatever it writes to: before this turn of the event loop has ended.
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
