// Figures looked up at each scrape: the age of the signing keys, and the disk space of the data.
import { stat, statfs } from 'node:fs/promises';
import { addSeconds, type UnixNanos } from '../domain/time.ts';
import type { SigningKeyRecord } from '../jwt/signing-key.ts';
import type { SigningKeyFigures, StorageFigures } from './metric-sources.ts';

/** `maxAgeSeconds`: setting signing_keys.max_age, 0 = never replaced by age. */
export function signingKeyFigures(
  records: readonly SigningKeyRecord[],
  now: UnixNanos,
  maxAgeSeconds: number,
): readonly SigningKeyFigures[] {
  const waiting = new Set(records.filter(({ state }) => state === 'published').map(({ use }) => use));
  return records.map(({ use, state, createdAt }) => ({
    use,
    state,
    ageSeconds: secondsBetween(createdAt, now),
    // A published key of the same use is the successor already.
    replacedInSeconds:
      state !== 'active' || maxAgeSeconds === 0 || waiting.has(use)
        ? undefined
        : secondsBetween(now, addSeconds(createdAt, maxAgeSeconds)),
  }));
}

const secondsBetween = (from: UnixNanos, to: UnixNanos): number => Number((to - from) / 1_000_000n) / 1000;

/** Rejects when the file cannot be looked at. */
export async function storageFigures(folder: string, database: string): Promise<StorageFigures> {
  const [databaseBytes, walBytes, free] = await Promise.all([
    stat(database).then(({ size }) => size),
    // The file exists only after the first write.
    stat(`${database}-wal`).then(
      ({ size }) => size,
      () => 0,
    ),
    freeBytes(folder),
  ]);
  return { databaseBytes, walBytes, freeBytes: free };
}

/** Bytes that this process may still write to the file system of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
