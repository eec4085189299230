// The data folder as the operating system sees it: who may read it, and how much room there is.
import { existsSync, lstatSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { UnsafeFile } from '../../errors.ts';
import { leftDrafts } from '../../files/durable-file.ts';
import { looseFolderAbove, requireOwnFolder } from '../../files/own-folder.ts';
import { OPERATOR_ADDRESS_FILE } from '../../operator/address-file.ts';
import { OPERATOR_TOKEN_FILE } from '../../operator/token-file.ts';
import { DATABASE_FILE } from '../../store/database-file.ts';
import { LEAST_FREE_BYTES } from '../../telemetry/readiness.ts';
import { shownBytes } from '../output.ts';
import { type Finding, note, ok, reasonOf, wrong } from './finding.ts';

/** A start demands that the folder is ours or root's. The doctor also wants mode 0700 for it and 0600 for its files. */
export function checkFolder(folder: string): Finding {
  if (!existsSync(folder)) return note('data folder', `${folder} does not exist yet; the first start makes it`);
  try {
    requireOwnFolder(folder);
    const { mode } = statSync(folder);
    const readable = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && isOpenToOthers(lstatSync(join(folder, entry.name)).mode))
      .map(({ name }) => name)
      .join(', ');
    if (isOpenToOthers(mode)) {
      const files = readable === '' ? '' : `, and these files in it be read: ${readable}`;
      return wrong('data folder', `${folder} can be entered by others${files}; run: chmod 700 ${folder}`);
    }
    if (readable !== '') {
      return note('data folder', `only the mode of ${folder} itself keeps others from reading ${readable}`);
    }
    const above = looseFolderAbove(folder);
    if (above === undefined) return ok('data folder', `${folder}, for its owner alone`);
    return note('data folder', `${folder} is for its owner alone, but others may write in ${above} and take it away`);
  } catch (error) {
    if (error instanceof UnsafeFile) return wrong('data folder', error.message);
    return wrong('data folder', `${folder} cannot be looked at: ${reasonOf(error)}`);
  }
}

// Windows has no such bits: there the folder's access list decides.
const isOpenToOthers = (mode: number): boolean => process.platform !== 'win32' && (mode & 0o077) !== 0;

/** Room for what is written next, and for the copy that a backup makes beside the database. */
export function checkDisk(folder: string): Finding {
  if (!existsSync(folder)) return note('disk', 'not looked at: there is no data folder yet');
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const database = statSync(join(folder, DATABASE_FILE), { throwIfNoEntry: false })?.size ?? 0;
    const room = `${shownBytes(free)} left; the database has ${shownBytes(database)}`;
    if (free < LEAST_FREE_BYTES) return wrong('disk', `${room}: soon changes will be refused`);
    return free < database + LEAST_FREE_BYTES ? note('disk', `${room}: no room for a backup`) : ok('disk', room);
  } catch (error) {
    return wrong('disk', reasonOf(error));
  }
}

/** Drafts that a killed start left beside files with secrets: one may be a second name of the master key. */
export function checkLeftDrafts(config: Config): readonly Finding[] {
  const files = [
    config['master_key.file'],
    ...[OPERATOR_TOKEN_FILE, OPERATOR_ADDRESS_FILE].map((name) => join(config['data.folder'], name)),
  ];
  const left = files.flatMap(leftDrafts);
  if (left.length === 0) return [];
  return [
    note('left over', `${left.join(', ')}: a start that was killed left it; the next one removes it, or you may`),
  ];
}
