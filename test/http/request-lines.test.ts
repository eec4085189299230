// What the log says of requests that went to the venue (setting log.requests): one line each and no more, with who signed what, and
// nothing that the client wrote.
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type OrderTerms, orderBody, orderTermsHash } from '../../src/client/order.ts';
import type { StarkKey } from '../../src/client/stark-key.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { curve } from '../support/curve.ts';
import { parsePage } from '../support/metrics-page.ts';
import { type Answer, call, hasher } from '../support/trader.ts';
import {
  addSubkey,
  newOwner,
  newStarkKey,
  type Owner,
  startWorld,
  subkeySession,
  type World,
} from '../support/world.ts';

/** Answers 201 unless a test takes the answer in hand. */
function createSteeredVenue() {
  let answer: ((response: ServerResponse) => void) | undefined;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (answer === undefined) response.writeHead(201, { 'Content-Type': 'application/json' }).end('{}');
      else answer(response);
    });
  });
  return {
    /** The next requests are answered so, until the test is over. */
    answering(by: (response: ServerResponse) => void) {
      answer = by;
      onTestFinished(() => {
        answer = undefined;
      });
    },
    listen: () =>
      new Promise<string>((resolve) =>
        server.listen(0, '127.0.0.1', () => {
          const bound = server.address();
          resolve(`http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`);
        }),
      ),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const venue = createSteeredVenue();
let upstream: string;
let world: World;
let owner: Owner;
let subkey: StarkKey;
let session: string;
beforeAll(async () => {
  upstream = await venue.listen();
  world = await startWorld({ upstream });
  owner = await newOwner(world);
  subkey = await addSubkey(world, owner);
  session = await subkeySession(world, owner.account, subkey);
});
afterAll(async () => {
  await world.stop();
  await venue.close();
});

type Line = Readonly<Record<string, unknown>>;

const linesIn = ({ service }: World): Line[] =>
  service.log.map((line): Line => JSON.parse(line)).filter(({ event }) => event === 'forwarded');

const idOf = ({ headers }: Answer): string => headers.get('Countersign-Request-Id') ?? 'none';

/** The line about the request. The client may have the answer a moment before the line is written. */
async function lineOf(requestId: string, of = world): Promise<Line> {
  const lines = () => linesIn(of).filter((line) => line.requestId === requestId);
  await expect.poll(() => lines().length).toBe(1);
  return lines()[0] ?? {};
}

let made = 0;
function newTerms(more: Partial<OrderTerms> = {}): OrderTerms {
  made += 1;
  return { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: String(made), price: '29500.12', ...more };
}

const nowMs = (of = world) => Number(of.clock.nanos() / 1_000_000n);
const bodyOf = (terms: OrderTerms, by = subkey) => orderBody(curve, hasher, by, owner.account, terms, nowMs());
const hashOf = (terms: OrderTerms) => feltOf(orderTermsHash(curve, hasher, owner.account, terms, nowMs()));

const cancel = (bearer: string, of = world) => call(of.url, 'DELETE', '/v1/orders/7', { bearer });

describe('a request that went to the venue', () => {
  test('an order that went to the venue is one line of the log: whose it is, who signed it, its hash, and how it ended', async () => {
    const terms = newTerms();
    const answer = await call(world.url, 'POST', '/v1/orders', { bearer: session, body: bodyOf(terms) });
    expect(answer.status).toBe(201);
    const { ms, pid, hostname, time, ...line } = await lineOf(idOf(answer));
    expect(line).toEqual({
      level: 30,
      event: 'forwarded',
      requestId: idOf(answer),
      route: 'POST /v1/orders',
      clientIp: '127.0.0.1',
      account: owner.account,
      credential: expect.stringMatching(/^subkey:\d+$/),
      outcome: 'answered',
      status: 201,
      orders: 1,
      signed: [{ signer: subkey.publicKey, credential: line.credential, hashes: [hashOf(terms)] }],
    });
    expect(ms).toBeGreaterThan(0);
    expect([typeof pid, typeof hostname, typeof time]).toEqual(['number', 'string', 'number']);
    expect(world.service.log.filter((text) => text.includes(idOf(answer)))).toHaveLength(1);
  });

  test('the line names the subkey that signed where a session of the main key sent the order', async () => {
    const terms = newTerms();
    const answer = await call(world.url, 'POST', '/v1/orders', { bearer: owner.session, body: bodyOf(terms) });
    expect(await lineOf(idOf(answer))).toMatchObject({
      credential: 'main:main',
      signed: [{ signer: subkey.publicKey, credential: expect.stringMatching(/^subkey:\d+$/) }],
    });
  });

  test('the line of a changed order has the hash with the id of the path', async () => {
    const terms = newTerms({ id: '77' });
    const answer = await call(world.url, 'PUT', '/v1/orders/77', { bearer: session, body: bodyOf(terms) });
    expect(answer.status).toBe(201);
    const route = 'PUT /v1/orders/{order_id}';
    expect(await lineOf(idOf(answer))).toMatchObject({ route, signed: [{ hashes: [hashOf(terms)] }] });
  });

  test('the line of the longest list names every signer and every hash, and is written whole', async () => {
    const list = Array.from({ length: 50 }, () => newTerms());
    const body = list.map((terms, i) => bodyOf(terms, i % 2 === 0 ? subkey : owner.key));
    const answer = await call(world.url, 'POST', '/v1/orders/batch', { bearer: owner.session, body });
    expect(answer.status).toBe(201);
    const hashes = list.map(hashOf);
    expect(await lineOf(idOf(answer))).toMatchObject({
      orders: 50,
      signed: [
        { signer: subkey.publicKey, hashes: hashes.filter((_, i) => i % 2 === 0) },
        { signer: owner.key.publicKey, credential: 'main:main', hashes: hashes.filter((_, i) => i % 2 === 1) },
      ],
    });
  });

  test('a cancel has a line without signers, and a read has none', async () => {
    const read = await call(world.url, 'GET', '/v1/balance', { bearer: session });
    const cancelled = await cancel(session);
    const line = await lineOf(idOf(cancelled));
    expect(line).toMatchObject({ route: 'DELETE /v1/orders/{order_id}', status: 201 });
    expect(line).not.toHaveProperty('signed');
    expect(linesIn(world).filter(({ requestId }) => requestId === idOf(read))).toEqual([]);
  });

  test('an order that did not leave has no line of what went to the venue, but one of why', async () => {
    const answer = await call(world.url, 'POST', '/v1/orders', {
      bearer: session,
      body: bodyOf(newTerms(), newStarkKey()),
    });
    expect(answer.status).toBe(400);
    await lineOf(idOf(await cancel(session)));
    const lines = world.service.log.filter((text) => text.includes(idOf(answer)));
    expect(lines.map((text) => JSON.parse(text).event)).toEqual(['refused_while_forwarding']);
  });
});

describe('a request that went to the venue and did not end well', () => {
  const send = (terms: OrderTerms) => call(world.url, 'POST', '/v1/orders', { bearer: session, body: bodyOf(terms) });

  test('an order that the venue never answered has a line with our answer and why', async () => {
    venue.answering((response) => response.destroy());
    const terms = newTerms();
    const answer = await send(terms);
    expect(answer.status).toBe(503);
    expect(await lineOf(idOf(answer))).toMatchObject({
      outcome: 'refused',
      reason: 'upstream_unavailable',
      status: 503,
      signed: [{ hashes: [hashOf(terms)] }],
    });
  });

  test('an order whose answer broke off has a line with the status that had begun', async () => {
    venue.answering((response) => {
      response.writeHead(202, { 'Content-Length': '10' });
      response.write('{', () => response.destroy());
    });
    const terms = newTerms();
    await send(terms).catch(() => undefined);
    const hash = hashOf(terms);
    const lines = () => linesIn(world).filter((line) => JSON.stringify(line).includes(hash));
    await expect.poll(lines).toMatchObject([{ outcome: 'truncated', status: 202 }]);
  });

  test('an order whose client left has a line without a status', async () => {
    const terms = newTerms();
    const gone = new Promise<void>((resolve) => {
      venue.answering(() => {
        socket.destroy();
        resolve();
      });
    });
    const body = JSON.stringify(bodyOf(terms));
    const socket = connect(world.port, '127.0.0.1');
    socket.write(
      `POST /v1/orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${session}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await gone;
    const hash = hashOf(terms);
    const lines = () => linesIn(world).filter((line) => JSON.stringify(line).includes(hash));
    await expect.poll(lines).toMatchObject([{ outcome: 'client_gone' }]);
    expect(lines()[0]).not.toHaveProperty('status');
  });
});

test('nothing that the client wrote is in the line: no bearer, query, body or header, and no control character', async () => {
  const answer = await call(world.url, 'DELETE', '/v1/orders/canary%22%7d31m?canary=%0d%0a%1b%5b31m', {
    bearer: session,
    headers: { 'User-Agent': 'canary', 'X-Canary': 'canary', 'Content-Type': 'application/json' },
    body: '{"canary":"\\u001b[2J\\n"}',
  });
  expect(answer.status).toBe(201);
  await lineOf(idOf(answer));
  const text = world.service.log.find((line) => line.includes(idOf(answer))) ?? '';
  expect(text.match(/\n/g)).toHaveLength(1);
  expect(text).toMatch(/^[ -~]+\n$/);
  expect(text).not.toMatch(/canary|31m/);
  for (const part of session.split('.')) expect(text).not.toContain(part);
});

describe('the setting', () => {
  test('with log.requests = all a read has a line, too', async () => {
    const all = await startWorld({ upstream, settings: { 'log.requests': 'all' } });
    onTestFinished(() => all.stop());
    const { session: bearer, account } = await newOwner(all);
    const answer = await call(all.url, 'GET', '/v1/balance?market=canary', { bearer });
    const line = await lineOf(idOf(answer), all);
    expect(line).toMatchObject({ route: 'GET /v1/balance', account, credential: 'main:main', outcome: 'answered' });
    expect(JSON.stringify(line)).not.toContain('canary');
  });

  test('with log.requests = off no request has a line', async () => {
    const off = await startWorld({ upstream, settings: { 'log.requests': 'off' } });
    const { session: bearer } = await newOwner(off);
    expect((await cancel(bearer, off)).status).toBe(201);
    await off.stop();
    expect(linesIn(off)).toEqual([]);
  });
});

test('of a barrage, lines beyond the bound of a minute are dropped, counted and told of, and another account still has its own', async () => {
  const bounded = await startWorld({ upstream, settings: { 'log.requests_per_minute': '100' } });
  const [loud, quiet] = [await newOwner(bounded), await newOwner(bounded)];
  for (let i = 0; i < 70; i += 1) await cancel(loud.session, bounded);
  const answer = await cancel(quiet.session, bounded);
  expect(await lineOf(idOf(answer), bounded)).toMatchObject({ account: quiet.account });
  expect(linesIn(bounded).filter(({ account }) => account === loud.account)).toHaveLength(50);
  const page = parsePage((await call(bounded.service.operatorUrl, 'GET', '/metrics')).text);
  const counted = (result: string) => page.value('countersign_request_lines_total', { result });
  expect([counted('written'), counted('too_many'), counted('log_behind')]).toEqual([51, 20, 0]);
  await bounded.stop();
  const told = bounded.service.log.map((line): Line => JSON.parse(line));
  expect(told.filter(({ event }) => event === 'forwarded_lines_dropped')).toMatchObject([
    { level: 40, count: 20, accounts: [{ account: loud.account, count: 20 }] },
  ]);
});
