// Why a command does not do what was asked: the classes that decide its exit code. Each message is one sentence and holds no secret.

/** The exit code of a command whose output nobody reads any more, as a shell shows it for one that SIGPIPE ended. */
export const READER_GONE = 141;

/** Used wrongly, or stopped by something on this machine before anything was made: exit code 2. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}

/** Refused or failed: exit code 1. */
export class Failed extends Error {
  override readonly name = 'Failed';
}

/** This machine is not signed in, or no longer: exit code 4. */
export class NotSignedIn extends Error {
  override readonly name = 'NotSignedIn';
}

/** ^C, a signal that ends, or a reader that went away: exit code 128 and the signal's number. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly code: number;

  constructor(code = 130) {
    super('stopped');
    this.code = code;
  }
}
