// Tries a start on a copy of a database that nobody has open, with the code of a start. Changes nothing in the data folder, and holds
// nothing there that a real start would wait for.
import { createReadStream, createWriteStream, existsSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isSystemError, StoreFailure } from '../../errors.ts';
import { OWNER_ONLY } from '../../files/own-file.ts';
import type { Look, Trial } from '../dialect.ts';
import { openStore } from '../open.ts';
import { requireWholeLog } from '../sql/changes.ts';
import { openDatabase } from './database.ts';
import { examineDatabase } from './examine.ts';
import { realFile } from './lock.ts';
import { openReadOnly, requireWholeFiles } from './open-file.ts';
import { inTrialFolder } from './trial-folder.ts';

/** Free space required beyond the copy, for what a start writes. */
const ROOM_BYTES = 64 * 1_048_576;

/** Throws StoreFailure when the files cannot be looked at. */
export async function tryStart(file: string): Promise<Look> {
  const real = realFile(file);
  const broken = problemOf(() => requireWholeFiles(real));
  if (broken !== undefined) return { database: undefined, start: { kind: 'fails', problem: broken } };
  if (!existsSync(real)) return { database: undefined, start: { kind: 'starts' } };
  // Copy it: to read a database with a log we must open it, and a real start would wait for us.
  if (existsSync(`${real}-wal`)) return onACopy(real);
  const database = await examineDatabase(real);
  switch (database.kind) {
    case 'usable':
      return database.facts.older ? onACopy(real) : { database, start: await tryReading(real) };
    case 'unfinished':
      return onACopy(real);
    default:
      return { database, start: { kind: 'untried', why: 'it cannot be used' } };
  }
}

async function onACopy(real: string): Promise<Look> {
  try {
    return await inTrialFolder(async (folder) => {
      const copy = join(folder, basename(real));
      const room = statfsSync(folder);
      const needed = sizeOf(real) + 2 * sizeOf(`${real}-wal`) + ROOM_BYTES;
      if (room.bavail * room.bsize < needed) return withoutCopy(real, `there is no room for a copy in ${tmpdir()}`);
      for (const end of ['', '-wal']) if (existsSync(real + end)) await copyForUs(real + end, copy + end);
      const database = await examineDatabase(copy);
      const isWorthIt = database.kind === 'usable' || database.kind === 'unfinished';
      return { database, start: isWorthIt ? await tryOpening(copy) : { kind: 'untried', why: 'it cannot be used' } };
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return withoutCopy(real, `it cannot be copied to ${tmpdir()} (${error.code})`);
  }
}

// Asynchronous, so that signals are handled meanwhile. Not copyFile, which never ends when a server that starts cuts off the log.
const copyForUs = (from: string, to: string): Promise<void> =>
  pipeline(createReadStream(from), createWriteStream(to, { mode: OWNER_ONLY }));

const withoutCopy = async (real: string, why: string): Promise<Look> => ({
  database: await examineDatabase(real),
  start: { kind: 'untried', why },
});

async function tryOpening(copy: string): Promise<Trial> {
  try {
    // The doctor reports the clock separately.
    const { store } = await openStore({ open: async () => openDatabase(copy) }, undefined, 'doubt');
    await store.close();
    return { kind: 'starts' };
  } catch (error) {
    return { kind: 'fails', problem: messageOf(error) };
  }
}

// With the tables of this release, a start only reads before it serves.
async function tryReading(real: string): Promise<Trial> {
  const { reader, close } = openReadOnly(real);
  try {
    await requireWholeLog(reader);
    return { kind: 'starts' };
  } catch (error) {
    return { kind: 'fails', problem: messageOf(error) };
  } finally {
    await close();
  }
}

function problemOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    return error.message;
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'the start failed');
