// A port that refuses connections. One that was free a moment ago may by now be anybody's.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** Of this machine: nobody listens there until the test is over, because it is the near end of a connection of ours. */
export async function closedPort(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  await once(socket, 'connect');
  if (socket.localPort === undefined) throw new Error('a connection without a port');
  return socket.localPort;
}
