// Empties the write-ahead log again and again, and reports when that fails for too long: deleted values stand in it until then. Never
// waits for a reader.

/** Longest time that deleted values may stand in the log, as SECURITY.md promises. */
const PROMISED_MS = 60_000;

export interface LogKeeper {
  /** Tries once; called several times a minute. Never rejects. */
  attempt(): Promise<void>;
  /** A sentence for the operator while deleted values may be on the disk for longer than promised; else undefined. */
  problem(): string | undefined;
}

export interface LogKeeperDeps {
  /** False when a reader is in the way. */
  readonly emptyLog: () => Promise<boolean>;
  /** Milliseconds. */
  readonly monotonic: () => number;
  /** Called for each failed attempt, and for each that meets a reader after the promised time. */
  readonly onFailure: (why: { readonly reason?: string; readonly err?: unknown }) => void;
}

export function keepLogEmpty({ emptyLog, monotonic, onFailure }: LogKeeperDeps): LogKeeper {
  let emptiedAt = monotonic();
  /** Why the last attempt did not succeed. */
  let obstacle: string | undefined;
  let underWay = false;

  const isLate = (): boolean => monotonic() - emptiedAt >= PROMISED_MS;

  return {
    async attempt() {
      if (underWay) return;
      underWay = true;
      try {
        obstacle = (await emptyLog()) ? undefined : 'another program, or a backup that is being taken, reads it';
        if (obstacle === undefined) emptiedAt = monotonic();
        else if (isLate()) onFailure({ reason: obstacle });
      } catch (err) {
        obstacle = 'the database refuses that';
        onFailure({ err });
      } finally {
        underWay = false;
      }
    },

    problem() {
      if (obstacle === undefined || !isLate()) return undefined;
      return `the write-ahead log of the database could not be emptied for more than a minute, so that what was deleted may still be on the disk: ${obstacle}; close whatever else has the database open, a shell of sqlite3 for one`;
    },
  };
}
