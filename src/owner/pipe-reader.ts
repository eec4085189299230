// Whether somebody still reads a pipe. Its writer is told only when it writes, and a command that waits may have nothing to write for days.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isSystemError } from '../errors.ts';

/** False: its last reader is gone. True also where the system does not say: for what is no pipe, and outside Linux. */
export function isPipeRead(file: number): boolean {
  try {
    if (!fstatSync(file).isFIFO()) return true;
    // To open a pipe for writing without waiting fails while nobody reads it (fifo(7)).
    closeSync(openSync(`/proc/self/fd/${file}`, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    return !isSystemError(error) || error.code !== 'ENXIO';
  }
}
