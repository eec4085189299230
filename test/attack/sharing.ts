// What all share: connections to the server, to the venue and to the operator's listener, and the time of everybody. An owner works on
// beside each attack; each of his requests that is answered as it should be, within a bound, is one that held.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { readAnswer } from '../support/raw-http.ts';
import { call } from '../support/trader.ts';
import type { Owner } from './owner.ts';
import type { Tally } from './tally.ts';
import type { OwnServer, Target } from './target.ts';

/** Strangers come from another address of the loopback network than the owner, where the system has more than one. */
const STRANGER = process.platform === 'linux' ? '127.0.0.2' : undefined;
/** Milliseconds in which a request of the owner must be answered: far more than it needs on a busy machine. */
const PATIENCE_MS = 5_000;
const OWNER_REQUESTS = 20;

function openStranger({ host, port }: Target): Socket {
  const localAddress = host === '::1' ? undefined : STRANGER;
  const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
  return socket.on('error', () => undefined);
}

async function workBeside(target: Target, owner: Owner, what: string, tally: Tally): Promise<void> {
  for (let n = 0; n < OWNER_REQUESTS; n += 1) {
    const [method, path] = n % 4 === 3 ? ['DELETE', '/v1/orders'] : ['GET', '/v1/balance'];
    const started = performance.now();
    const { status } = await call(target.url, method, path, { bearer: owner.session });
    const ms = performance.now() - started;
    tally.tried(status < 300 && ms < PATIENCE_MS, () => `${what}: ${method} ${path} ${status} in ${Math.round(ms)} ms`);
  }
}

async function beside(
  target: Target,
  owner: Owner,
  tally: Tally,
  what: string,
  count: number,
  send: (socket: Socket, n: number) => void,
): Promise<void> {
  const sockets = Array.from({ length: count }, () => openStranger(target));
  try {
    sockets.forEach(send);
    await workBeside(target, owner, what, tally);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

const SLOW_BODY = 68_000;

export async function attackShared(target: Target, owner: Owner, tally: Tally): Promise<void> {
  const slow =
    (line: string, more = '') =>
    (socket: Socket) => {
      socket.write(`${line} HTTP/1.1\r\nHost: x\r\n${more}Content-Length: 100000\r\n\r\n${'x'.repeat(SLOW_BODY)}`);
    };
  await beside(target, owner, tally, 'slow bodies of GETs', 130, slow('GET /v1/markets'));
  const bearer = `Authorization: Bearer ${owner.session}\r\n`;
  await beside(target, owner, tally, 'slow bodies of orders', 130, slow('POST /v1/orders', bearer));
  await beside(target, owner, tally, 'slow bodies of logins', 130, slow('POST /v1/auth'));
  await beside(target, owner, tally, 'readers that do not read', 140, (socket) => {
    socket.pause();
    socket.write('GET /v1/markets HTTP/1.1\r\nHost: x\r\n\r\n');
  });
  await beside(target, owner, tally, 'many plain requests at once', 500, (socket) => {
    socket.resume().write('GET /v1/bbo/BTC-USD-PERP HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
  });
  await beside(target, owner, tally, 'connections that say nothing', 700, () => undefined);
  await beside(target, owner, tally, 'heads that never end', 200, (socket) => {
    socket.write('GET /v1/markets HTTP/1.1\r\nHost: x\r\nX-A: ');
  });
}

const IDLE = 70;

/** A local user without the bearer holds connections to the operator's listener. */
export async function attackOperator({ home }: OwnServer, tally: Tally): Promise<void> {
  const url = new URL(readFileSync(join(home.data, 'operator.url'), 'utf8').trim());
  const idle = Array.from({ length: IDLE }, () =>
    connect({ host: url.hostname, port: Number(url.port) }).on('error', () => undefined),
  );
  try {
    const token = readFileSync(join(home.data, 'operator.token'), 'utf8').trim();
    for (let n = 0; n < OWNER_REQUESTS; n += 1) {
      const answer = await call(url.origin, 'GET', '/operator/v1/version', {
        bearer: token,
        headers: { Connection: 'close' },
      }).catch((error: unknown) => ({ status: 0, text: String(error) }));
      tally.tried(answer.status === 200, () => `the operator was answered ${answer.status} ${answer.text}`);
    }
    for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
      const socket = connect({ host: url.hostname, port: Number(url.port) });
      socket.write(`GET /readyz HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
      const { status, body } = await readAnswer(socket);
      tally.tried(status >= 400 || !body.includes('problem'), () => `${name} read ${body.slice(0, 200)}`);
    }
  } finally {
    for (const socket of idle) socket.destroy();
  }
}

const TOO_MANY = 2_000;

/** Who goes on after a hundred answers of 429 on one connection is hung up on. */
export async function insist(target: Target, tally: Tally): Promise<void> {
  const socket = openStranger(target);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let text = '';
  let refused = 0;
  let sent = 0;
  const again = (): void => {
    if (sent >= TOO_MANY) socket.destroy();
    else socket.write('GET /v1/nowhere HTTP/1.1\r\nHost: x\r\n\r\n');
    sent += 1;
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    const end = text.lastIndexOf('}');
    if (end === -1) return;
    refused += text.slice(0, end).split('HTTP/1.1 429').length - 1;
    text = text.slice(end + 1);
    again();
  });
  again();
  await closed;
  if (refused === 0) tally.leftOut('no answer was a 429: the rate limits are off, or wide');
  else tally.tried(sent < TOO_MANY, () => `${refused} answers of 429 over one connection, which stayed open`);
}
