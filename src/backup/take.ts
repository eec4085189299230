// Backups of a running server: a copy of the database at one moment, streamed with its trailer. The master key is never part of it;
// the JWT signing keys in it stay sealed. One at a time; the copy is removed afterwards.
import { createHash, type KeyObject } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { OperatorAct } from '../credentials/operator-act.ts';
import { auditOnly } from '../credentials/record.ts';
import { NO_ACCOUNT, storeSubject } from '../domain/credential.ts';
import { ApiError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { TRAILER_BYTES, trailerOf } from './trailer.ts';

export interface BackupStream {
  readonly bytes: number;
  /** The caller must read or destroy it: until then there is no other backup. */
  readonly stream: Readable;
}

export interface Backups {
  /** Throws SERVICE_UNAVAILABLE while another one is under way, and when the copy cannot be made. */
  take(act: OperatorAct): Promise<BackupStream>;
}

/** Removes a copy that an earlier process left; the copy's folder must have room for one more database. */
export function createBackups(deps: {
  readonly store: Pick<Store, 'transaction' | 'snapshot'>;
  readonly masterKey: KeyObject;
  /** The copy's file, which is replaced and removed. */
  readonly copy: string;
}): Backups {
  const { store, masterKey, copy } = deps;
  let busy = false;
  removeCopy();

  return {
    async take(act) {
      if (busy) {
        throw new ApiError('SERVICE_UNAVAILABLE', 'another backup is under way', { headers: { 'Retry-After': '5' } });
      }
      busy = true;
      try {
        // Write the row first, so that the copy has it: a restored audit log says which backup it came from.
        await store.transaction((tx) =>
          auditOnly(tx, { by: act, account: NO_ACCOUNT, action: 'backup.taken', subject: storeSubject, detail: {} }),
        );
        removeCopy();
        await store.snapshot(copy);
        return await send(await open(copy, 'r'));
      } catch (error) {
        done();
        if (error instanceof ApiError) throw error;
        const why = error instanceof Error ? error.message : 'the copy failed';
        throw new ApiError('SERVICE_UNAVAILABLE', `the database could not be copied: ${why}`, { cause: error });
      }
    },
  };

  function done(): void {
    removeCopy();
    busy = false;
  }

  // Remove also what a killed server left: a copy still holds what was revoked since.
  function removeCopy(): void {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${copy}${end}`, { force: true });
  }

  async function send(file: FileHandle): Promise<BackupStream> {
    const { size } = await file.stat();
    const stream = Readable.from(pieces(file), { objectMode: false });
    // Runs also when no byte of it was read.
    stream.once('close', () => {
      file.close().catch(() => undefined);
      done();
    });
    return { bytes: size + TRAILER_BYTES, stream };
  }

  async function* pieces(file: FileHandle): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    for await (const piece of file.createReadStream({ autoClose: false })) {
      hash.update(piece);
      yield piece;
    }
    yield trailerOf(masterKey, hash.digest());
  }
}
