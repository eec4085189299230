// The unix socket beside the port of the operator API, which only its owner can open: other users of the machine can take every
// connection that the port has. It never takes the place of a file that is not a socket of ours, or on which somebody answers.
import { lstatSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { OperatorPlaceTaken, UnsafeFile } from '../errors.ts';
import { requireOurs } from '../files/ownership.ts';

const OPERATOR_SOCKET_FILE = 'operator.sock';

/** unix(7): 108 bytes with the one that ends it; other systems have 104. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Where the socket of a data folder is; undefined where there can be none: the path is too long, or the system has no such sockets. */
export function operatorSocketOf(folder: string): string | undefined {
  const path = join(folder, OPERATOR_SOCKET_FILE);
  return process.platform === 'win32' || Buffer.byteLength(path) > MAX_PATH_BYTES ? undefined : path;
}

/**
 * Removes what a killed server left at `path`, which commands would take for that of a server. Only for who holds the lock of the
 * data. Throws UnsafeFile for anything but a socket of ours or root's, and OperatorPlaceTaken for one on which somebody answers.
 */
export async function clearOperatorSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new UnsafeFile(path, 'is no socket, and stands where that of the operator API is made');
  requireOurs(path, stat);
  if (await answers(path)) {
    throw new OperatorPlaceTaken(`another program answers on ${path}, where the operator API is to; stop it`);
  }
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * The socket on which the server of this data folder answers; undefined when there is none. It belongs to whom the folder belongs to:
 * a bearer is sent to nobody else.
 */
export function findOperatorSocket(folder: string): string | undefined {
  const path = operatorSocketOf(folder);
  if (path === undefined) return undefined;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSocket() === true && stat.uid === statSync(dirname(path)).uid ? path : undefined;
}
