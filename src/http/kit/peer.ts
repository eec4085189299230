// The other end of a request's connection.
import type { IncomingMessage } from 'node:http';

export interface Peer {
  readonly address: string | undefined;
  /** Peers on a unix socket have no address. */
  readonly isUnixSocket: boolean;
}

export function peerOf({ socket }: Pick<IncomingMessage, 'socket'>): Peer {
  const address = socket.address();
  return {
    address: socket.remoteAddress,
    isUnixSocket: !('port' in address) || address.port === undefined,
  };
}
