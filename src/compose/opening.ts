// Parts in the order of opening, on an AsyncDisposableStack: they are closed newest first. A part that cannot be closed is logged,
// and the others are closed all the same.
import { NotClosed } from '../errors.ts';

export interface Opening extends AsyncDisposable {
  /** Closes `part` before everything that was added earlier. Returns it. */
  use<Part extends AsyncDisposable>(part: Part): Part;
  defer(close: () => Promise<void> | void): void;
  /**
   * Everything is open: leaving the scope closes nothing any more. Returns the function that closes all parts, once: a second call
   * waits for the same end. It rejects with NotClosed after every part was tried.
   */
  move(): () => Promise<void>;
  /** Without `move`: closes everything and never rejects, so that the error of the failed start is the one thrown. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface NotClosedLog {
  error(members: { readonly event: 'not_closed'; readonly err: unknown }): void;
}

/** For `await using`: a part that cannot start closes those before it. Each failure to close is logged before the next one is closed. */
export function createOpening(log: NotClosedLog): Opening {
  const stack = new AsyncDisposableStack();
  const failures: unknown[] = [];
  let isMoved = false;
  let closing: Promise<void> | undefined;

  function defer(close: () => Promise<void> | void): void {
    stack.defer(async () => {
      try {
        await close();
      } catch (error) {
        // A part made of others has logged the failures of each.
        if (error instanceof NotClosed) {
          failures.push(...error.failures);
          return;
        }
        failures.push(error);
        log.error({ event: 'not_closed', err: error });
      }
    });
  }

  async function closeAll(): Promise<void> {
    await stack.disposeAsync();
    if (failures.length > 0) throw new NotClosed(failures);
  }

  return {
    defer,

    use(part) {
      defer(async () => part[Symbol.asyncDispose]());
      return part;
    },

    move() {
      isMoved = true;
      return () => {
        closing ??= closeAll();
        return closing;
      };
    },

    async [Symbol.asyncDispose]() {
      if (!isMoved) await stack.disposeAsync();
    },
  };
}
