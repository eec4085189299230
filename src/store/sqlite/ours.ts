// Notices when the database is no longer the one we opened, or another process writes to it. From then on nothing is read or written:
// what we remember may have been revoked elsewhere.
import { type BigIntStats, statSync } from 'node:fs';
import { isSystemError, StoreLost } from '../../errors.ts';

/** A file, by the name under which it was opened. */
interface Held {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
}

export interface Ours {
  /** Resolves with the reason, in a sentence, once the database is lost. Never rejects. */
  readonly whenLost: Promise<StoreLost>;
  isLost(): boolean;
  /** Throws what `whenLost` resolved with. Looks at nothing: for each statement. */
  refuseIfLost(): void;
  /** Looks at the files, a few microseconds each; call it before acknowledging anything. Throws StoreLost. */
  require(): void;
  lose(why: string): never;
  /** Follows the end of the change log. */
  readonly head: Head;
}

/** Only our own commits may move the end of the change log: any other number is of another writer. */
export interface Head {
  /** At the start. */
  startAt(position: bigint): void;
  /** In a transaction, before its writes, with the position read there. Throws StoreLost. */
  begin(position: bigint): void;
  /** In the same transaction, after its writes. Call the returned function when it ended: true for committed. */
  commit(position: bigint): (committed: boolean) => void;
  /** Before a read outside of transactions. Give the returned function the position that was read; it throws StoreLost. */
  watch(): (position: bigint) => void;
}

/** `paths` must exist. Every check looks them up by name again. */
export function holdFiles(paths: readonly string[]): Ours {
  const held = paths.map((path): Held => {
    const { dev, ino } = statSync(path, { bigint: true });
    return { path, device: dev, inode: ino };
  });
  const { promise: whenLost, resolve } = Promise.withResolvers<StoreLost>();
  let lost: StoreLost | undefined;

  const ours: Ours = {
    whenLost,
    isLost: () => lost !== undefined,
    refuseIfLost() {
      if (lost !== undefined) throw lost;
    },
    require() {
      ours.refuseIfLost();
      for (const file of held) {
        const why = changeOf(file);
        if (why !== undefined) ours.lose(why);
      }
    },
    lose(why) {
      lost ??= new StoreLost(why);
      resolve(lost);
      throw lost;
    },
    head: followHead((why) => ours.lose(why)),
  };
  return ours;
}

function changeOf({ path, device, inode }: Held): string | undefined {
  let now: BigIntStats | undefined;
  try {
    now = statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    const code = isSystemError(error) ? error.code : error;
    return `${path} cannot be looked at any more (${code})`;
  }
  if (now === undefined) return `${path} was removed while it was in use`;
  return now.dev === device && now.ino === inode ? undefined : `another file was put in place of ${path}`;
}

function followHead(lose: (why: string) => never): Head {
  /** `known` is committed. `upcoming` is what a running commit may have made of it. */
  let known = 0n;
  let upcoming = 0n;
  const moved = (position: bigint) =>
    lose(`another process writes to the database: its log stands at ${position} and should stand at ${known}`);

  return {
    startAt(position) {
      known = position;
      upcoming = position;
    },
    begin(position) {
      if (position !== known && position !== upcoming) moved(position);
      known = position;
      upcoming = position;
    },
    commit(position) {
      const before = known;
      upcoming = position;
      return (committed) => {
        // The next transaction may have begun before this call, and has read a later position.
        if (committed && position > known) known = position;
        if (!committed && upcoming === position && known === before) upcoming = known;
      };
    },
    watch() {
      const least = known;
      return (position) => {
        const most = upcoming > known ? upcoming : known;
        if (position < least || position > most) moved(position);
      };
    },
  };
}
