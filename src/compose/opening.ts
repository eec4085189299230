// Parts as they are opened, on an AsyncDisposableStack: closed newest first. One that cannot be closed keeps no other from it,
// nor does it go untold.
import { NotClosed } from '../errors.ts';

export interface Opening extends AsyncDisposable {
  /** Closes `part` before everything that was added earlier. Returns it. */
  use<Part extends AsyncDisposable>(part: Part): Part;
  defer(close: () => Promise<void> | void): void;
  /**
   * Everything is open: leaving the scope closes nothing any more. Returns what closes it all, once: a second call waits for the
   * same end. Rejects with NotClosed, after all of it was tried.
   */
  move(): () => Promise<void>;
  /** Without `move`: closes everything and never rejects. The start failed for something else. */
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
        // A part that is composed of others has logged theirs.
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
