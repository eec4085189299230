// Restore, and the doctor's look at the data. Neither starts a service; a restore never touches a folder that holds anything, and
// the look changes nothing in it, also while a server runs.
import { type KeyObject, randomUUID } from 'node:crypto';
import { type Dirent, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyImage } from '../backup/image.ts';
import { isSealedBy } from '../backup/trailer.ts';
import { type LoadedConfig, SETTINGS_FILE } from '../config/load.ts';
import { createSettleRestore, type RestoreChoice, type Settled } from '../credentials/settle-restore.ts';
import type { UnixNanos } from '../domain/time.ts';
import { BackupFailure, isSystemError, StoreLocked } from '../errors.ts';
import { syncFolder } from '../files/durable-file.ts';
import { makeOwnFolder, requireOwnFolder } from '../files/own-folder.ts';
import { createKeyring } from '../jwt/keyring.ts';
import { openMasterKey } from '../jwt/master-key.ts';
import { DATABASE_FILE } from '../store/database-file.ts';
import type { DatabaseFacts, Examination, Trial } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { DamagedRow } from '../store/sql/rows.ts';
import { sqlite } from '../store/sqlite/dialect.ts';
import { realFile } from '../store/sqlite/lock.ts';
import { draftOf } from '../store/sqlite/open-file.ts';
import { removeLeftTrials } from '../store/sqlite/trial-folder.ts';

export type { DatabaseFacts, Trial } from '../store/dialect.ts';

export interface Restored extends Settled {
  /** Facts of the database in the backup. Its highest time is when it was taken. */
  readonly backup: DatabaseFacts;
  readonly restoredAt: UnixNanos;
}

/** The facts of a database in a backup. Throws BackupFailure for one that would not be restored. */
export async function requireUsable(file: string, shown: string): Promise<DatabaseFacts> {
  const examination = await sqlite(file).examine();
  switch (examination.kind) {
    case 'usable':
      return examination.facts;
    case 'damaged':
      throw damaged(shown, examination.problem);
    case 'not_ours':
    case 'unfinished':
      throw new BackupFailure(`the database in ${shown} is not one of Countersign`);
    case 'newer':
      throw new BackupFailure(
        `${shown} was made by a newer release of Countersign (${examination.schema}); restore it with that one`,
      );
    default:
      return examination satisfies never;
  }
}

const damaged = (shown: string, problem: string): BackupFailure =>
  new BackupFailure(`the database in ${shown} is damaged: ${problem}`);

export interface DataLook {
  /** Whether a server, or another command, holds the data now. */
  readonly held: boolean;
  /** `undefined` where there is none. */
  readonly database: Examination | undefined;
  /** What the next start would do. `starts` while a server runs. */
  readonly start: Trial;
}

/**
 * Changes nothing in the folder, and does not disturb a running server. Removes copies that earlier looks left elsewhere. Throws
 * UnsafeFile for another user's folder, of which nothing is read, and StoreFailure when it cannot look.
 */
export async function lookAtData(folder: string): Promise<DataLook> {
  removeLeftTrials();
  if (!existsSync(folder)) return { held: false, database: undefined, start: { kind: 'starts' } };
  requireOwnFolder(folder);
  const file = join(folder, DATABASE_FILE);
  requireOwnFolder(dirname(realFile(file)));
  const database = sqlite(file);
  if (!database.isOwned()) return { held: false, ...(await database.tryStart()) };
  return {
    held: true,
    database: existsSync(file) ? await database.examine() : undefined,
    start: { kind: 'starts' },
  };
}

/**
 * Makes a data folder from a backup, for a server to start on: all of it or nothing. The folder must be new, or hold only a
 * settings file and what a fresh volume contains. The master key must be the one that the backup was made with; none is ever made. Throws BackupFailure,
 * MasterKeyUnusable, MasterKeyMismatch, ClockFarAhead, UnsafeFile and StoreFailure. `time` stands in for the machine's own clocks, for
 * tests.
 */
export async function restoreBackup(
  { config }: LoadedConfig,
  backup: string,
  choice: RestoreChoice,
  time?: { wall: () => bigint; monotonic: () => number },
): Promise<Restored> {
  const folder = config['data.folder'];
  try {
    requireEmpty(folder);
    const masterKey = openMasterKey(config['master_key.file'], { mayCreate: false });
    makeOwnFolder(folder);
    const file = join(folder, DATABASE_FILE);
    const draft = draftOf(file);
    const removeDraft = () => {
      for (const end of DRAFT_ENDS) rmSync(`${draft}${end}`, { force: true });
    };
    // Hold the lock to the end: no server may start here before everything is in place.
    const lock = sqlite(file).own();
    try {
      requireEmpty(folder, { butLocked: true });
      // Remove the half restore of a killed process: under the lock nobody else is at work here.
      removeDraft();
      try {
        const restored = await settle(draft, masterKey);
        if (existsSync(`${draft}-wal`)) throw new BackupFailure(`not everything could be written to ${folder}`);
        renameSync(draft, file);
        syncFolder(folder);
        return restored;
      } finally {
        removeDraft();
      }
    } finally {
      lock.release();
    }
  } catch (error) {
    if (error instanceof StoreLocked)
      throw new BackupFailure(`a server, or another restore, is at work on ${folder}`, { cause: error });
    if (error instanceof DamagedRow) throw damaged(backup, error.message);
    if (!isSystemError(error)) throw error;
    throw new BackupFailure(`${folder} cannot be used (${error.code})`, { cause: error });
  }

  async function settle(draft: string, masterKey: KeyObject): Promise<Restored> {
    const trailer = await copyImage(backup, draft);
    // Check the seal before SQLite reads a byte: only a sealed image was written by a server of ours.
    if (!isSealedBy(masterKey, trailer)) throw new BackupFailure(`${backup} was altered after it was made`);
    const facts = await requireUsable(draft, backup);
    createKeyring({ records: facts.signingKeys, masterKey });
    const { store, clock } = await openStore(sqlite(draft), time, config['clock.accept'] ? 'accept' : 'refuse');
    try {
      const settleRestore = createSettleRestore({
        store,
        clock,
        masterKey,
        settings: { futureToleranceSeconds: config['login.future_tolerance'] },
      });
      const settled = await settleRestore(choice, { actor: 'operator', requestId: randomUUID(), clientIp: '' });
      return { ...settled, backup: facts, restoredAt: clock.now() };
    } finally {
      await store.close();
    }
  }
}

/** Suffixes of the files beside a database that is being restored. */
const DRAFT_ENDS = ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal'];

/** Names an empty folder may hold: settings, an unheld lock, and the files of a killed restore. */
const nothing = [
  SETTINGS_FILE,
  `${DATABASE_FILE}.lock`,
  `${DATABASE_FILE}.lock-journal`,
  ...DRAFT_ENDS.map((end) => `${draftOf(DATABASE_FILE)}${end}`),
];

/**
 * True for what a fresh volume contains: lost+found of an ext file system, .snapshot of a file server, and what Kubernetes puts beside a mounted
 * file (`..data`, a link to a folder `..2026_01_31_09_00_00.1`).
 */
const isOfVolume = (entry: Dirent): boolean =>
  entry.name.startsWith('..') || (entry.isDirectory() && (entry.name === 'lost+found' || entry.name === '.snapshot'));

/** Throws BackupFailure, naming one file that is there, and UnsafeFile for another user's folder. */
function requireEmpty(folder: string, { butLocked = false } = {}): void {
  if (!existsSync(folder)) return;
  requireOwnFolder(folder);
  if (!butLocked && sqlite(join(folder, DATABASE_FILE)).isOwned()) {
    throw new BackupFailure(`a server is running on ${folder}; restore into a new folder`);
  }
  const entries = readdirSync(folder, { withFileTypes: true });
  const found = entries.find((entry) => !nothing.includes(entry.name) && !isOfVolume(entry));
  if (found === undefined) return;
  throw new BackupFailure(`${folder} is not empty: it holds ${found.name}; restore into a new folder`);
}
