// Between a client and a server: hands on every byte of a request, and of the answer as many as it is told, then cuts the connection.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly url: string;
  /** The next answer ends after this many bytes, and its connection with it; 0: as soon as the server has answered. */
  cutNextAfter(bytes: number): void;
  /** Whether the last cut fell before the end of the answer: an answer that was shorter came whole. */
  hasCut(): boolean;
  stop(): Promise<void>;
}

/** One answer at a time: answers are not told apart. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let left: number | undefined;
  let cut = false;
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => {
      if (left === undefined) return client.write(bytes);
      const passed = bytes.subarray(0, left);
      if (passed.length === bytes.length) {
        left -= bytes.length;
        return client.write(bytes);
      }
      left = undefined;
      cut = true;
      upstream.destroy();
      if (passed.length === 0) return client.destroy();
      // What was written arrives before the end does.
      return client.end(passed);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutNextAfter(bytes) {
      left = bytes;
      cut = false;
    },
    hasCut: () => cut,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
