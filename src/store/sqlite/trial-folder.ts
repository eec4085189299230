// The folder for a copy of the data on which a start is tried: for its owner alone, and gone with the trial, or at the next one when
// nobody could remove it. It never removes what may not be such a folder of ours, or what another process works in.
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isSystemError } from '../../errors.ts';

/** Who made it is in its name; mkdtemp adds six characters. */
const PREFIX = 'countersign-trial-';
const NAME = new RegExp(`^${PREFIX}([1-9]\\d{0,9})-[A-Za-z0-9]{6}$`);
/** No trial takes so long; a number of a process is given again some time. */
const LONGEST_MS = 3_600_000;

/** Calls `work` with a new folder, and removes it however that ends, by a signal too; only SIGKILL leaves it. Throws what mkdtemp does. */
export async function inTrialFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  let folder: string | undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, end);
  };
  function end(signal: NodeJS.Signals): void {
    if (folder !== undefined) remove(folder);
    forget();
    // As if nobody had listened.
    process.kill(process.pid, signal);
  }
  for (const signal of signals) process.on(signal, end);
  try {
    folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    return await work(folder);
  } finally {
    if (folder !== undefined) remove(folder);
    // A signal that came meanwhile is heard between two turns.
    await nextTurn();
    await nextTurn();
    forget();
  }
}

/** Removes what trials of ours left that were ended by SIGKILL or with the machine. Never throws. */
export function removeLeftTrials(): void {
  for (const name of namesIn(tmpdir())) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(tmpdir(), name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat?.isDirectory() || (process.geteuid !== undefined && stat.uid !== process.geteuid())) continue;
    if (Date.now() - stat.mtimeMs > LONGEST_MS || isGone(Number(pid))) remove(path);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return isSystemError(error) && error.code === 'ESRCH';
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Tried again at the next trial.
  }
}
