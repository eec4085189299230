// Where a server listens: a port, or a socket for one user alone.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A port, or a unix socket that this user alone can open: it must not be there, and its folder be for no one else to write in. */
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
    // It is made within this call, and must never be there with wider bits.
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
