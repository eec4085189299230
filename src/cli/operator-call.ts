// One request to the operator API of the server that holds the data: over its unix socket, whose connections no other user can take, or,
// without one, at the address that it has written down.
import { join } from 'node:path';
import { Agent, fetch, type Response } from 'undici';
import { OPERATOR_ADDRESS_FILE, readOperatorAddress } from '../operator/address-file.ts';
import { findOperatorSocket } from '../operator/socket-file.ts';

export interface OperatorAddress {
  /** `http://host:port`, or `unix:path`. */
  readonly shown: string;
  /** A connection of its own, which ends with the answer. Rejects when there is none. */
  call(path: string, options: CallOptions): Promise<Response>;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal | null;
}

/** Undefined when no server has said where it answers. */
export function findOperator(folder: string): OperatorAddress | undefined {
  const socketPath = findOperatorSocket(folder);
  if (socketPath !== undefined) return operatorAddress('http://localhost', socketPath);
  const url = readOperatorAddress(join(folder, OPERATOR_ADDRESS_FILE));
  return url === undefined ? undefined : operatorAddress(url);
}

export function operatorAddress(url: string, socketPath?: string): OperatorAddress {
  return {
    shown: socketPath === undefined ? url : `unix:${socketPath}`,
    call(path, { headers, ...options }) {
      const dispatcher = new Agent({ connect: socketPath === undefined ? {} : { socketPath } });
      const asked = { ...options, headers: { ...headers, Connection: 'close' } };
      return fetch(`${url}${path}`, { ...asked, redirect: 'error', dispatcher });
    },
  };
}
