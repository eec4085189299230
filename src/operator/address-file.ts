// Where the operator API of the running server answers, for the commands beside it: its port may be one that nobody chose.
// What it says counts only while that server holds the lock of the data: after a crash anybody may listen there.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

export const OPERATOR_ADDRESS_FILE = 'operator.url';

export function writeOperatorAddress(path: string, url: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, `${url}\n`, { mode: 0o600, flag: 'wx' });
}

export const removeOperatorAddress = (path: string): void => rmSync(path, { force: true });

/** `undefined` when no server has written one, or it is no address of this machine: the token is sent nowhere else. */
export function readOperatorAddress(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
  return /^http:\/\/(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]):\d{1,5}$/.test(text) ? text : undefined;
}
