// What an attack tried and what held, counted by kind. A kind that could not be tried says why and counts for nothing.

export interface Tally {
  /** One attempt. `told` says what came instead, where it did not hold. */
  tried(held: boolean, told?: () => string): void;
  /** What of the kind is left out, and why. */
  leftOut(reason: string): void;
}

export interface Result {
  readonly kind: string;
  readonly tried: number;
  readonly held: number;
  /** At most a few of those that did not hold. */
  readonly failures: readonly string[];
  readonly leftOut: readonly string[];
}

const SHOWN_FAILURES = 3;

export function createTally(kind: string): Tally & { result(): Result } {
  const failures: string[] = [];
  const leftOut: string[] = [];
  let [tried, held] = [0, 0];
  return {
    tried(didHold, told = () => 'it did not hold') {
      tried += 1;
      if (didHold) held += 1;
      else if (failures.length < SHOWN_FAILURES) failures.push(told());
    },
    leftOut: (reason) => leftOut.push(reason),
    result: () => ({ kind, tried, held, failures, leftOut }),
  };
}
