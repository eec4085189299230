// The connections to the venue, idle and busy. Each is an undici Client of its own, not undici's Pool: a Pool marks a connection busy for
// ever when undici refuses a request synchronously (bad header), and its inner queue can neither be bounded nor left by a request that
// has been cancelled.
import type { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import type { VenueAddress } from '../config/upstream-address.ts';

/** The request did not leave: nothing is wrong with the venue. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

export interface Connection {
  readonly client: Client;
  /** Index among the busy ones; FREE when it is not. */
  place: number;
  /** The latest: undici connects again by itself. */
  socket: Pick<Socket, 'bytesRead'> | undefined;
  /** Whether that socket has carried an exchange. */
  isUsed: boolean;
}

export interface Connections {
  /** An idle one, or a new one; how many there may be is the caller's to know. */
  take(): Connection;
  /** False when it was given back or discarded before. */
  giveBack(connection: Connection): boolean;
  /** As `giveBack`, and it is not used again. */
  discard(connection: Connection): boolean;
  idle(): number;
  /** Fails what is under way. */
  destroy(error: Error): Promise<void>;
}

const FREE = -1;

export function createConnections(address: VenueAddress, connectTimeoutMs: number): Connections {
  const idle: Connection[] = [];
  // Not a Set: what comes and goes with every request is kept in places.
  const busy: Connection[] = [];

  // HTTP/2 has other rules for headers and cancelling than the ones checked here.
  const connector = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    ...(address.kind === 'unix' ? { socketPath: address.socketPath } : {}),
  });

  function createConnection(): Connection {
    const client = new Client(address.kind === 'unix' ? 'http://localhost' : address.origin, {
      pipelining: 1,
      allowH2: false,
      connect: (to, connected) =>
        connector(to, (...made) => {
          connection.socket = made[1] ?? undefined;
          connection.isUsed = false;
          connected(...made);
        }),
      // The exchange keeps the time itself: two clocks over one request would race.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const connection: Connection = { client, place: FREE, socket: undefined, isUsed: false };
    return connection;
  }

  function leavePlace(connection: Connection): boolean {
    const { place } = connection;
    if (place === FREE) return false;
    connection.place = FREE;
    const last = busy.pop();
    if (last !== undefined && last !== connection) {
      busy[place] = last;
      last.place = place;
    }
    return true;
  }

  return {
    take() {
      const connection = idle.pop() ?? createConnection();
      connection.place = busy.length;
      busy.push(connection);
      return connection;
    },
    giveBack(connection) {
      if (!leavePlace(connection)) return false;
      idle.push(connection);
      return true;
    },
    discard(connection) {
      if (!leavePlace(connection)) return false;
      void connection.client.destroy(new NotSent('connection discarded'));
      return true;
    },
    idle: () => idle.length,
    async destroy(error) {
      await Promise.all([...busy, ...idle.splice(0)].map(({ client }) => client.destroy(error)));
    },
  };
}
