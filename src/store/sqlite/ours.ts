// Whether the database is still the one that was opened, and changed by nobody but this process. Once it is not, it never is again:
// nothing more is read or written, for what we remember of it may have been ended elsewhere.
import { type BigIntStats, statSync } from 'node:fs';
import { isSystemError, StoreLost } from '../../errors.ts';

/** One file by the name it was opened under. */
interface Held {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
}

export interface Ours {
  /** Resolves with why, in a sentence, once the database is lost. Never rejects. */
  readonly whenLost: Promise<StoreLost>;
  isLost(): boolean;
  /** Throws what whenLost resolves with. Costs nothing: for each statement. */
  refuseIfLost(): void;
  /** Looks at the files, a few microseconds each. Throws StoreLost. Before anything is acknowledged. */
  require(): void;
  lose(why: string): never;
  /** Of the change log: where our own commits have brought it, see `Head`. */
  readonly head: Head;
}

/** The end of the change log moves by our own commits alone: any other number is the work of another writer. */
export interface Head {
  /** At the start. */
  startAt(position: bigint): void;
  /** In a transaction, before its writes. Throws StoreLost. */
  begin(position: bigint): void;
  /** In the same one, after them; the answer is told whether it was committed. */
  commit(position: bigint): (committed: boolean) => void;
  /** For a read outside of transactions: called before it, and the answer with what it saw. That one throws StoreLost. */
  watch(): (position: bigint) => void;
}

/** `paths` must exist; each is looked up by its name again at every look. */
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
  /** Committed for certain, and what a commit under way may have made of it. */
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
        // The next transaction may have begun before this is told, and knows more.
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
