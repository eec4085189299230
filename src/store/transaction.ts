// The port of a transaction, put together from the nouns.
import type { Kysely } from 'kysely';
import type { Clock } from '../domain/time.ts';
import { accountReads, accountWrites } from './sql/accounts.ts';
import { auditWrites } from './sql/audit.ts';
import { changeWrites } from './sql/changes.ts';
import { credentialReads, credentialWrites } from './sql/credentials.ts';
import { deviceReads, deviceWrites } from './sql/devices.ts';
import { factsReads } from './sql/facts.ts';
import { markWrites } from './sql/marks.ts';
import { renewEpoch } from './sql/meta.ts';
import type { Planner } from './sql/planner.ts';
import { signingKeyReads, signingKeyWrites } from './sql/signing-keys.ts';
import { subkeyReads, subkeyWrites } from './sql/subkeys.ts';
import type { Tables } from './sql/tables.ts';
import { tokenReads, tokenWrites } from './sql/tokens.ts';
import type { StoreReads, StoreTransaction } from './store.ts';

export const createReads = (db: Kysely<Tables>): StoreReads => ({
  ...factsReads(db),
  ...accountReads(db),
  ...subkeyReads(db),
  ...tokenReads(db),
  ...deviceReads(db),
  ...credentialReads(db),
});

export const createTransaction = (db: Kysely<Tables>, clock: Clock, planner: Planner): StoreTransaction => ({
  ...createReads(db),
  ...accountWrites(db),
  ...subkeyWrites(db, planner),
  ...tokenWrites(db, planner),
  ...deviceWrites(db),
  ...credentialWrites(db),
  ...signingKeyReads(db),
  ...signingKeyWrites(db),
  ...markWrites(db, clock),
  ...auditWrites(db, clock),
  ...changeWrites(db, clock),
  renewEpoch: () => renewEpoch(db),
});
