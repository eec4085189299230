// A server that is told what to answer, and remembers what it was asked: for what no Countersign does.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface LyingServer {
  readonly url: string;
  /** In order. */
  readonly asked: readonly Asked[];
  /** What the next requests get, each one of these; after the last, that one again. */
  answer(...answers: readonly Answering[]): void;
  stop(): Promise<void>;
}

export type Answering = (response: ServerResponse, asked: Asked) => void;

/** A JSON answer. */
export const says =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answering =>
  (response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text);
  };

export const refuses = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Answering =>
  says(status, { error, message: `it is ${error}`, data: null }, headers);

/** What a signer must know of a server. */
export const signingConfig = {
  starknet_chain_id: 'PRIVATE',
  l1_chain_id: '1',
  paraclear_account_hash: '0x1',
  paraclear_account_proxy_hash: '0x1',
  paraclear_evm_account_hash: '0x1',
};

/** What signing in asks first, answered as a Countersign does; everything else is answered by `rest`. */
export const thenAll =
  (rest: Answering): Answering =>
  (response, asked) => {
    const path = asked.path.split('?')[0] ?? '';
    const known: Readonly<Record<string, unknown>> = {
      '/v1/system/time': { server_time: '1800000000000' },
      '/v1/onboarding': { address: '0x1' },
      '/v1/system/config': signingConfig,
    };
    const answer = asked.method === 'GET' && path in known ? says(200, known[path]) : rest;
    answer(response, asked);
  };

/** The connection ends without a byte. */
export const hangsUp: Answering = (response) => void response.destroy();

export async function startLyingServer(): Promise<LyingServer> {
  const asked: Asked[] = [];
  let answers: readonly Answering[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      asked.push(one);
      const [next, ...rest] = answers;
      if (rest.length > 0) answers = rest;
      next?.(response, one);
    });
    response.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer(...next) {
      answers = next;
      asked.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
