// Where a server listens: a port, or a unix socket.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A port, or a unix socket for this user alone: the path must not exist, and nobody else may write to its folder. */
export type ListenAt = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** Resolves with the port that was bound, 0 for a unix socket; rejects when it cannot be. */
export function listen(server: Server, at: ListenAt): Promise<number> {
  return new Promise((resolve, reject) => {
    const listening = (): void => {
      server.removeListener('error', reject);
      resolve(portOf(server.address()));
    };
    server.once('error', reject);
    if (!('socketPath' in at)) {
      server.listen(at.port, at.host, listening);
      return;
    }
    // The socket is created within this call; with the usual umask others could connect for a moment.
    const before = process.umask(0o177);
    try {
      server.listen(at.socketPath, listening);
    } finally {
      process.umask(before);
    }
  });
}

const portOf = (address: AddressInfo | string | null): number =>
  address !== null && typeof address === 'object' ? address.port : 0;
