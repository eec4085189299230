// The store and all that reads or changes it: clock, signing keys, view, live exchanges, changes, journal, backups. The server
// has it, and a command that runs without one.
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { createAuditJournal } from '../audit/journal.ts';
import { createBackups } from '../backup/take.ts';
import { createSigningKeys } from '../credentials/signing-keys.ts';
import type { Clock } from '../domain/time.ts';
import { removeLeftDrafts } from '../files/durable-file.ts';
import { makeOwnFolder } from '../files/own-folder.ts';
import { createKeyring, type Keyring } from '../jwt/keyring.ts';
import { bearerUses } from '../jwt/kinds.ts';
import { openMasterKey } from '../jwt/master-key.ts';
import { createSigningKey, toRecord } from '../jwt/signing-key.ts';
import { createCurrentStore } from '../revocation/current-store.ts';
import { createView } from '../revocation/view.ts';
import { DATABASE_FILE } from '../store/database-file.ts';
import type { FarAhead } from '../store/far-ahead.ts';
import { openStore } from '../store/open.ts';
import { sqlite } from '../store/sqlite/dialect.ts';
import type { Store } from '../store/store.ts';
import { createUsage } from '../usage/usage.ts';
import { keyUsesOf } from './key-uses.ts';
import type { Monitoring } from './monitoring.ts';
import { createOpening } from './opening.ts';
import { composeRevocation } from './revocation.ts';
import type { Slice } from './slice.ts';

/** The machine's clocks, in nanoseconds and milliseconds. Tests give their own. */
export interface MachineTime {
  readonly wall: () => bigint;
  readonly monotonic: () => number;
}

export interface CoreOptions extends Pick<Monitoring, 'log' | 'counters'> {
  readonly time?: MachineTime | undefined;
  /** What to do when the machine's clock is far ahead of the data. By default clock.accept decides. */
  readonly farAhead?: FarAhead;
  /** Opens the store; openStore by default. */
  readonly open?: typeof openStore;
}

export type Core = Awaited<ReturnType<typeof composeCore>>;

export async function composeCore(
  config: Slice<'clock' | 'data' | 'master_key' | 'memory' | 'signing_keys' | 'terminal_token' | 'usage'>,
  options: CoreOptions,
) {
  const { log, counters, time, farAhead = config['clock.accept'] ? 'accept' : 'refuse', open = openStore } = options;
  await using opening = createOpening(log);
  const folder = config['data.folder'];
  makeOwnFolder(folder);
  const { store: stored, clock } = await open(sqlite(join(folder, DATABASE_FILE)), time, farAhead);
  opening.defer(() => stored.close());
  const { keyring, masterKey, created: firstStart } = await openKeyring(stored, clock, config['master_key.file']);
  const { denials, live, view, changes } = composeRevocation(config, {
    stored,
    clock,
    keyring,
    log,
    counters,
    onEnded: (row, receipt) => journal.ended(row, receipt),
    makeView: createView,
  });
  const store = createCurrentStore(stored, denials);
  const journal = createAuditJournal({
    store,
    clock,
    onFailure: (error, rows) => log.error({ event: 'audit_not_written', rows, err: error }),
  });
  opening.defer(() => journal.close());
  const usage = createUsage({
    store,
    time: clock.recent,
    keepDays: config['usage.keep_days'],
    room: config['memory.entries'],
    onFailure: (error, waiting) => log.error({ event: 'usage_not_written', waiting, err: error }),
  });
  opening.defer(() => usage.close());
  const signingKeys = createSigningKeys({
    store,
    changes,
    clock,
    keyring,
    masterKey,
    settings: {
      maxAgeSeconds: config['signing_keys.max_age'],
      publishDelaySeconds: config['signing_keys.publish_delay'],
      uses: keyUsesOf(config),
    },
  });
  const backups = createBackups({ store, masterKey, copy: join(folder, `${DATABASE_FILE}.copy`) });
  return {
    store,
    clock,
    keyring,
    masterKey,
    /** True when signing keys had to be created. */
    firstStart,
    /** Endings that could not be written. `store` and `view` take them into account already. */
    denials,
    live,
    view,
    journal,
    /** Counts requests of proven credentials; tells what was counted. */
    usage,
    changes,
    signingKeys,
    backups,
    [Symbol.asyncDispose]: opening.move(),
  };
}

async function openKeyring(
  store: Store,
  clock: Clock,
  file: string,
): Promise<{ keyring: Keyring; masterKey: KeyObject; created: boolean }> {
  const records = await store.signingKeys();
  const masterKey = openMasterKey(file, { mayCreate: records.length === 0 });
  removeLeftDrafts(file);
  const missing = bearerUses.filter(
    (use) => !records.some((record) => record.use === use && record.state === 'active'),
  );
  if (missing.length > 0) {
    const createdAt = clock.now();
    const made = missing.map((use) => toRecord(masterKey, createSigningKey(use), { state: 'active', createdAt }));
    await store.transaction(async (tx) => {
      for (const key of made) await tx.insertSigningKey(key);
    });
  }
  const keyring = createKeyring({ records: await store.signingKeys(), masterKey });
  return { keyring, masterKey, created: missing.length > 0 };
}
