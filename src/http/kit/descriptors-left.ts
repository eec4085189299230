// Checks once a second whether one more file descriptor can be had. When there is none, libuv silently closes every new connection until an
// old one goes.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isSystemError } from '../../errors.ts';

const ASK_MS = 1_000;

/** Calls `onNone` at each check that finds none. Returns a function that stops the checks. */
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

/** EMFILE: of the process. ENFILE: of the machine. */
export const isOutOfDescriptors = (error: unknown): boolean =>
  isSystemError(error) && (error.code === 'EMFILE' || error.code === 'ENFILE');
