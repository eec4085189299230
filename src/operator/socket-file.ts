// The unix socket of the operator API, which only its owner can open: other users of the machine can use up the connections of the port. It never
// replaces a file that is not our socket, or a socket on which a program answers.
import { lstatSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { OperatorPlaceTaken, UnsafeFile } from '../errors.ts';
import { requireOurs } from '../files/ownership.ts';

const OPERATOR_SOCKET_FILE = 'operator.sock';

/** unix(7): 108 bytes with the final NUL; other systems have 104. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** The socket path of a data folder; undefined when the path is too long, or the system has no unix sockets. */
export function operatorSocketOf(folder: string): string | undefined {
  const path = join(folder, OPERATOR_SOCKET_FILE);
  return process.platform === 'win32' || Buffer.byteLength(path) > MAX_PATH_BYTES ? undefined : path;
}

/**
 * Removes the socket that a killed server left at `path`. The caller must hold the lock of the data. Throws UnsafeFile for anything but a
 * socket of this user or root, and OperatorPlaceTaken when a program answers on it.
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
 * The socket on which the server of this data folder answers; undefined when there is none. It has the owner of the folder, so that the
 * bearer is sent to nobody else.
 */
export function findOperatorSocket(folder: string): string | undefined {
  const path = operatorSocketOf(folder);
  if (path === undefined) return undefined;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSocket() === true && stat.uid === statSync(dirname(path)).uid ? path : undefined;
}
