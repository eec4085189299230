// What was opened and is to be closed again, the last first. One that cannot be closed must keep no other from it, nor go untold.
import { NotClosed } from './errors.ts';

type Close = () => Promise<void> | void;

export interface Closing {
  /** It is closed before everything that was added earlier. */
  push(close: Close): void;
  /** Closes everything, once: whoever asks again waits for the same. Rejects with NotClosed, after all of it was tried. */
  closeAll(): Promise<void>;
}

/** `onFailure` is told of each that fails before the next one is closed: the log is among them. */
export function createClosing(onFailure: (error: unknown) => void): Closing {
  const open: Close[] = [];
  let closing: Promise<void> | undefined;

  async function closeEach(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = open.pop(); close !== undefined; close = open.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
        onFailure(error);
      }
    }
    if (failures.length > 0) throw new NotClosed(failures);
  }

  return {
    push: (close) => void open.push(close),

    closeAll() {
      closing ??= closeEach();
      return closing;
    },
  };
}
