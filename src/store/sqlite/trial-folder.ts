// The folder for a copy of the data on which a start is tried. Only its owner may read it. It is removed after the trial, or by the next
// one if the process was killed. Never removes a folder that may not be ours, or that another process works in.
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isSystemError } from '../../errors.ts';

/** The name holds the process id; mkdtemp adds six characters. */
const PREFIX = 'countersign-trial-';
const NAME = new RegExp(`^${PREFIX}([1-9]\\d{0,9})-[A-Za-z0-9]{6}$`);
/** Longer than any trial. Process ids are used again, so an old folder is removed even if its id is alive. */
const LONGEST_MS = 3_600_000;

/** Calls `work` with a new folder, and removes it at the end, also after a signal; only SIGKILL leaves it. Throws as mkdtemp does. */
export async function inTrialFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  let folder: string | undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, end);
  };
  function end(signal: NodeJS.Signals): void {
    if (folder !== undefined) remove(folder);
    forget();
    // End as if there had been no listener.
    process.kill(process.pid, signal);
  }
  for (const signal of signals) process.on(signal, end);
  try {
    folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    return await work(folder);
  } finally {
    if (folder !== undefined) remove(folder);
    // Signals that came meanwhile are delivered between two turns.
    await nextTurn();
    await nextTurn();
    forget();
  }
}

/** Removes folders of trials that were ended by SIGKILL or with the machine. Never throws. */
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
