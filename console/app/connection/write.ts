// A write whose answer may be lost. What can do nothing twice is repeated until it is certain; what makes something is looked for.
import { CountersignError, isCode, NoAnswer } from '../../../src/client/errors.ts';
import { goingOn } from '../../words/refusals.ts';
import { Worded } from '../../words/worded.ts';

/** `delete`, `sign-out` and `change` do nothing twice. `make` does. */
export type WriteKind = 'delete' | 'sign-out' | 'change' | 'make';

export type WriteState =
  | { readonly is: 'ready' }
  | { readonly is: 'busy' }
  /** Its answer was lost: it is being found out. */
  | { readonly is: 'checking' }
  /** The server could not write it down. */
  | { readonly is: 'not-yet' }
  /** Too many requests: it goes on by itself. */
  | { readonly is: 'waiting'; readonly seconds: number }
  | { readonly is: 'failed'; readonly error: unknown };

export type Written<T> =
  | { readonly ok: true; readonly value: T }
  /** It is certain, but its answer was never had. */
  | { readonly ok: true; readonly value: undefined }
  /** `isUncertain`: something may have been done all the same. */
  | { readonly ok: false; readonly error: unknown; readonly isUncertain: boolean };

export interface WriteOptions<T> {
  readonly kind: WriteKind;
  /** Of `make`: what was made though its answer was lost; undefined: it was not. Rejects where that cannot be told yet. */
  readonly find?: (lost: NoAnswer | CountersignError) => Promise<T | undefined>;
  readonly signal?: AbortSignal;
}

export interface WriteDeps {
  /** Resolves early, and rejects never, when `signal` aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly tell: (state: WriteState) => void;
  /** Of every answer and every failure: what it says of the connection. */
  readonly noticed: (error: unknown) => void;
}

/** Of a create that was looked for and is not there. */
export class NotMade extends Worded {
  override readonly name = 'NotMade';

  constructor() {
    super('It was not made. Try again.');
  }
}

const PAUSES_MS = [500, 1000, 2000, 4000, 8000] as const;

export async function write<T>(
  work: () => Promise<T>,
  { kind, find, signal }: WriteOptions<T>,
  { sleep, tell, noticed }: WriteDeps,
): Promise<Written<T>> {
  /** Something may have been done, though nobody said so. */
  let isUncertain = false;
  let uncertain: unknown;
  const fail = (error: unknown): Written<T> => {
    tell({ is: 'failed', error });
    return { ok: false, error, isUncertain };
  };
  const done = <V extends T | undefined>(value: V) => {
    tell({ is: 'ready' });
    return { ok: true, value } as const;
  };
  const isStopped = (): boolean => signal?.aborted === true;
  tell({ is: 'busy' });
  for (let attempt = 0; ; attempt += 1) {
    try {
      const value = await work();
      noticed(undefined);
      return done(value);
    } catch (error) {
      noticed(error);
      if (mayHaveActed(error)) [isUncertain, uncertain] = [true, error];
      if (isStopped()) return fail(isUncertain ? uncertain : error);
      if (error instanceof CountersignError && error.status === 429) {
        await counted(Math.ceil(error.retryAfterSeconds ?? 1));
      } else if ((kind === 'delete' || kind === 'sign-out') && isUncertain && isCode(error, 'NOT_FOUND')) {
        return done(undefined);
      } else if (mayHaveActed(error) || (isUncertain && error instanceof NoAnswer)) {
        if (kind === 'make') return find === undefined ? fail(error) : await found(error, find);
        tell({ is: isCode(error, 'SERVICE_UNAVAILABLE') ? 'not-yet' : 'checking' });
        await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 8000, signal);
      } else {
        // Only the server says what became of it: a wallet that refuses the repeat knows nothing of the first.
        return fail(isUncertain && !(error instanceof CountersignError) ? uncertain : error);
      }
      if (isStopped()) return fail(isUncertain ? uncertain : error);
    }
  }

  async function counted(seconds: number): Promise<void> {
    for (let left = seconds; left > 0 && !isStopped(); left -= 1) {
      tell({ is: 'waiting', seconds: left });
      await sleep(1000, signal);
    }
    if (!isStopped()) tell({ is: isUncertain ? 'checking' : 'busy' });
  }

  async function found(lost: NoAnswer | CountersignError, look: NonNullable<typeof find>): Promise<Written<T>> {
    tell({ is: 'checking' });
    for (let attempt = 0; ; attempt += 1) {
      try {
        const value = await look(lost);
        if (value !== undefined) return done(value);
        isUncertain = false;
        return fail(new NotMade());
      } catch (error) {
        noticed(error);
        const isNotTold = error instanceof NoAnswer || (error instanceof CountersignError && error.status >= 429);
        if (!isNotTold || isStopped()) return fail(lost);
        await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 8000, signal);
        if (isStopped()) return fail(lost);
      }
    }
  }
}

const mayHaveActed = (error: unknown): error is NoAnswer | CountersignError =>
  error instanceof NoAnswer ? error.phase !== 'unsent' : error instanceof CountersignError && error.status >= 500;

const words: Readonly<Record<WriteKind, { readonly checking: string; readonly notYet: string }>> = {
  delete: {
    checking: 'We do not know yet whether it was deleted. Checking…',
    notYet:
      'Not deleted yet. The server could not write it down, though this server refuses the key already. Trying again.',
  },
  'sign-out': {
    checking: 'We do not know yet whether it was signed out. Checking…',
    notYet: 'Not signed out yet. The server could not write it down. Trying again.',
  },
  change: {
    checking: 'We do not know yet whether it was saved. Checking…',
    notYet: 'Not saved yet. The server could not write it down. Trying again.',
  },
  make: {
    checking: 'No connection. We do not know whether it arrived. Checking…',
    notYet: 'The server could not write it down. Checking…',
  },
};

/** What stands there meanwhile; undefined for `ready`, `busy` and `failed`. */
export function writeWords(state: WriteState, kind: WriteKind): string | undefined {
  if (state.is === 'checking') return words[kind].checking;
  if (state.is === 'not-yet') return words[kind].notYet;
  return state.is === 'waiting' ? goingOn(state.seconds) : undefined;
}
