// SQLite, the embedded database: one file, owned by one process.
import type { Dialect } from '../dialect.ts';
import { openDatabase } from './database.ts';
import { examineDatabase } from './examine.ts';
import { isDatabaseLocked, lockDatabase } from './lock.ts';
import { tryStart } from './trial.ts';

export const sqlite = (file: string): Dialect => ({
  name: 'sqlite',
  open: async () => openDatabase(file),
  isOwned: () => isDatabaseLocked(file),
  own: () => lockDatabase(file),
  examine: () => examineDatabase(file),
  tryStart: () => tryStart(file),
});
