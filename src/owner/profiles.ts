// Where this machine is signed in: one file, for its owner alone. It holds addresses and device keys, never a main key, subkey or token.
import { closeSync, lstatSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode, isSystemError, UnsafeFile } from '../errors.ts';
import { removeLeftDrafts, replaceDurably } from '../files/durable-file.ts';
import { readGuarded } from '../files/guarded-file.ts';
import { isThere, NEW_FILE, OWNER_ONLY } from '../files/own-file.ts';
import { requireOurs, shownMode } from '../files/ownership.ts';
import { isProfileName, type Profiles, profilesIn } from './profiles-text.ts';
import { WrongUse } from './stops.ts';

type Env = Readonly<Record<string, string | undefined>>;

const MOST_BYTES = 1024 * 1024;
const LOCK_WAIT_MS = 5_000;
/** Writing takes milliseconds: whoever made an older lock was killed. */
const LOCK_DEAD_MS = 10_000;
const WINDOWS = process.platform === 'win32';

/** The path of the file, by the XDG base directory specification; under %APPDATA% on Windows. */
export function profilesPath(env: Env): string {
  const named = WINDOWS ? env.APPDATA : env.XDG_CONFIG_HOME;
  // The specification: a relative path is ignored.
  const base = named !== undefined && isAbsolute(named) ? named : join(homeOf(env), '.config');
  return join(base, 'countersign', 'profiles.json');
}

/** Never the folder that somebody happens to stand in. */
function homeOf({ HOME }: Env): string {
  if (HOME !== undefined && isAbsolute(HOME)) return HOME;
  if (WINDOWS) return homedir();
  try {
    return userInfo().homedir;
  } catch {
    throw new WrongUse('HOME is not set, so profiles have no place; set it, or XDG_CONFIG_HOME');
  }
}

/** Throws WrongUse for a file that others may read, or that is none of ours, with what to type. */
export function readProfiles(env: Env): Profiles {
  const path = profilesPath(env);
  return refusing(path, () => {
    if (!isThere(path)) return { current: undefined, byName: new Map() };
    requirePrivateFolder(dirname(path));
    const content = readGuarded(path, 'secret', MOST_BYTES);
    if (content === 'too_large') throw new WrongUse(`${path} is larger than a list of profiles; remove it`);
    const read = profilesIn(content.toString('utf8'));
    if (typeof read === 'object') return read;
    const what = read === 'other' ? 'is not a list of profiles of this release' : 'is damaged at a profile';
    throw new WrongUse(`${path} ${what}; remove it and log in again`);
  });
}

/** Reads, changes and writes while no other command does. Throws WrongUse, and what `change` throws; nothing has changed then. */
export async function changeProfiles(env: Env, change: (before: Profiles) => Profiles): Promise<void> {
  const path = profilesPath(env);
  refusing(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    requirePrivateFolder(dirname(path));
  });
  const unlock = await lock(`${path}.lock`);
  try {
    const { current, byName } = change(readProfiles(env));
    const profiles = Object.fromEntries(byName);
    refusing(path, () => {
      replaceDurably(path, `${JSON.stringify({ version: 1, current: current ?? null, profiles }, null, 2)}\n`);
      removeLeftDrafts(path);
    });
  } finally {
    unlock();
  }
}

/** Throws WrongUse. */
export function requireProfileName(name: string): void {
  if (!isProfileName(name)) throw new WrongUse('a profile is named by up to 64 letters, digits and . _ : @ -');
}

async function lock(path: string): Promise<() => void> {
  for (const end = Date.now() + LOCK_WAIT_MS; ; await wait(20)) {
    try {
      closeSync(openSync(path, NEW_FILE, OWNER_ONLY));
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EEXIST')
        throw new WrongUse(`${path} cannot be made (${errorCode(error)})`);
    }
    const made = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && Date.now() - made > LOCK_DEAD_MS) removed(path);
    else if (Date.now() > end)
      throw new WrongUse(`another command has been writing for 5 s; if none runs, remove ${path}`);
  }
}

function removed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw new WrongUse(`${path} cannot be removed (${errorCode(error)})`);
  }
}

function requirePrivateFolder(folder: string): void {
  const stat = statSync(folder);
  requireOurs(folder, stat);
  if (WINDOWS || (stat.mode & 0o077) === 0) return;
  throw new UnsafeFile(
    folder,
    `has mode ${shownMode(stat.mode)}, so others may look into it; run: chmod 700 ${folder}`,
  );
}

function refusing<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof UnsafeFile) throw new WrongUse(error.message);
    if (isSystemError(error)) throw new WrongUse(`${path} cannot be used (${error.code})`);
    throw error;
  }
}
