// Whether this process can have one more descriptor, asked once a second: while it cannot, the event loop closes whoever connects and
// tells nobody, for as long as those who are connected stay.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isSystemError } from '../../errors.ts';

const ASK_MS = 1_000;

/** Calls `onNone` each time there is none. Returns what ends it. */
export function watchDescriptors(onNone: () => void): () => void {
  const timer = setInterval(() => {
    try {
      closeSync(openSync(devNull, 'r'));
    } catch (error) {
      if (isOutOfDescriptors(error)) onNone();
    }
  }, ASK_MS).unref();
  return () => clearInterval(timer);
}

/** Of the process, or of the machine. */
export const isOutOfDescriptors = (error: unknown): boolean =>
  isSystemError(error) && (error.code === 'EMFILE' || error.code === 'ENFILE');
