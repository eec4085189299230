// A server that is not what a client hopes for: it answers what a test says, and writes down what it was asked.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** Every byte of head and body, as text. */
  readonly whole: string;
}

export interface ToldServer {
  readonly url: string;
  readonly asked: Asked[];
  /** What it answers from now on; what was asked is forgotten. */
  answer(how: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function toldServer(): Promise<ToldServer> {
  let answer = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(500).end();
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { method = '', url: path = '', headers, rawHeaders } = request;
    const whole = [method, path, ...rawHeaders, Buffer.concat(pieces).toString('utf8')].join('\n');
    asked.push({ method, path, authorization: headers.authorization, whole });
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    asked,
    answer(how) {
      asked.length = 0;
      answer = how;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
