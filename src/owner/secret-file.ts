// The file of --out: made before the secret is, so that a folder that takes no file stops the command while nothing is lost yet.
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode, isSystemError } from '../errors.ts';
import { syncFolder } from '../files/durable-file.ts';
import { NEW_FILE, OWNER_ONLY } from '../files/own-file.ts';
import { WrongUse } from './stops.ts';

export interface SecretFile {
  readonly path: string;
  /** On the disk with its name when this returns. Throws what the system says. */
  write(text: string): void;
  /** Removes it, unless it was written. */
  discard(): void;
}

/** Throws WrongUse where a file of that name could not be made: a first look, before a key is asked for. */
export function requireFree(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw taken(path);
  try {
    accessSync(dirname(resolve(path)), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new WrongUse(`${path} cannot be made (${errorCode(error)}), so nothing was done`);
  }
}

/** Mode 0600. Never replaces a file and follows no link. Throws WrongUse. */
export function reserve(path: string): SecretFile {
  let file: number | undefined;
  try {
    file = openSync(path, NEW_FILE, OWNER_ONLY);
    fchmodSync(file, OWNER_ONLY);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    if (isSystemError(error) && error.code === 'EEXIST') throw taken(path);
    throw new WrongUse(`${path} cannot be made (${errorCode(error)}), so nothing was done`);
  }
  const open = file;
  let isOpen = true;
  const close = () => {
    closeSync(open);
    isOpen = false;
  };
  return {
    path,
    write(text) {
      try {
        writeFileSync(open, text);
        fsyncSync(open);
        syncFolder(dirname(resolve(path)));
      } catch (error) {
        close();
        rmSync(path, { force: true });
        throw error;
      }
      close();
    },
    discard() {
      if (!isOpen) return;
      close();
      rmSync(path, { force: true });
    },
  };
}

const taken = (path: string): WrongUse =>
  new WrongUse(`${path} is there already, and a secret never replaces a file; name another, or remove it`);
