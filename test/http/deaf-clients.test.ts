// Who goes on after being told to wait: a hundred times on one connection, then it is closed; and the log has a line of it, not a
// hundred. Time of the limits stands still.
import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAX_TOO_MANY_REQUESTS } from '../../src/http/kit/deaf-clients.ts';
import { type RawAnswer, readAnswer, untilClosed } from '../support/raw-http.ts';
import { call, createToken } from '../support/trader.ts';
import { loginOf, newOwner, SELF, startWorld, type World } from '../support/world.ts';

const ALLOWED = 6;
let world: World;
beforeAll(async () => {
  world = await startWorld({
    settings: {
      'rate_limit.enabled': 'true',
      'public/min': String(ALLOWED),
      'private/min': '1000',
      'private-read/min': '1000',
      'login/min': '1000',
      'sessions/min': String(ALLOWED),
      'emergency/min': String(ALLOWED),
    },
  });
});

/** Sends `count` requests on one connection, and reads until the server closes it. */
async function flood(count: number): Promise<string[]> {
  const socket = connect({ host: '127.0.0.1', port: world.service.port });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.write('GET /v1/system/time HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(count));
  await untilClosed(socket);
  return text.split(/(?=HTTP\/1\.1 \d{3} )/);
}

const denials = () =>
  world.service.log
    .map((line) => JSON.parse(line))
    .filter(({ event, reason }) => event === 'denied' && reason === 'rate_limited');

test('the hundredth answer 429 on a connection says that it closes, and nothing behind it is answered', async () => {
  const answers = await flood(ALLOWED + MAX_TOO_MANY_REQUESTS + 10);
  const statuses = answers.map((answer) => Number(answer.slice(9, 12)));
  expect(statuses).toEqual([...Array(ALLOWED).fill(200), ...Array(MAX_TOO_MANY_REQUESTS).fill(429)]);
  const closing = answers.map((answer) => /^Connection: close\r$/m.test(answer));
  expect(closing.indexOf(true)).toBe(answers.length - 1);
});

test('the count of answers 429 is of the connection: the next one has a hundred again', async () => {
  const answers = await flood(MAX_TOO_MANY_REQUESTS + 10);
  expect(answers.map((answer) => Number(answer.slice(9, 12)))).toEqual(Array(MAX_TOO_MANY_REQUESTS).fill(429));
});

describe('429s of our own handlers, behind a decision that allows', () => {
  /** Sends the same request again and again on one connection, each after the answer to the one before, until the server closes it. */
  async function insist(head: string, body: string): Promise<readonly RawAnswer[]> {
    const socket = connect({ host: '127.0.0.1', port: world.service.port });
    // Each answer is read by listeners of its own.
    socket.setMaxListeners(0);
    const closed = untilClosed(socket);
    const answers: RawAnswer[] = [];
    // More than it may be answered; the bound of a test that fails.
    while (
      answers.length < ALLOWED + 2 * MAX_TOO_MANY_REQUESTS &&
      !/^Connection: close\r?$/im.test(answers.at(-1)?.head ?? '')
    ) {
      socket.write(`${head}\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      answers.push(await readAnswer(socket));
    }
    socket.end();
    await closed;
    return answers;
  }

  test('429s of an emergency route count for the connection, though the decision before them allows', async () => {
    const { session } = await newOwner(world);
    const head = `POST /countersign/v1/revoke-all HTTP/1.1\r\nAuthorization: Bearer ${session}`;
    const answers = await insist(head, '{"kinds":[]}');
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array(ALLOWED).fill(400),
      ...Array(MAX_TOO_MANY_REQUESTS).fill(429),
    ]);
  });

  test('429s of a login whose signature is right count for the connection, though the decision before them allows', async () => {
    const { key, account } = await newOwner(world);
    const lines = Object.entries(loginOf(world, key, account)).map(([name, value]) => `${name}: ${value}`);
    const answers = await insist(['POST /v1/auth HTTP/1.1', ...lines].join('\r\n'), '');
    const statuses = answers.map(({ status }) => status);
    expect(statuses.slice(-MAX_TOO_MANY_REQUESTS)).toEqual(Array(MAX_TOO_MANY_REQUESTS).fill(429));
    expect(new Set(statuses.slice(0, -MAX_TOO_MANY_REQUESTS))).toEqual(new Set([200]));
  });
});

test('all 429s to one address are one line of the log', () => {
  expect(denials()).toEqual([expect.objectContaining({ clientIp: '127.0.0.1', route: 'GET /v1/system/time' })]);
});

test('a token that is refused again and again is one line of the log, too', async () => {
  const owner = await newOwner(world);
  const { token } = await createToken(world.url, owner.session, { allowed_cidrs: ['192.0.2.0/24'] });
  const before = world.service.log.length;
  for (let i = 0; i < 300; i += 1) expect((await call(world.url, 'GET', SELF, { bearer: token })).status).toBe(403);
  const lines = world.service.log.slice(before).map((line) => JSON.parse(line));
  expect(lines).toEqual([
    expect.objectContaining({ event: 'denied', reason: 'ip_not_allowed', account: owner.account }),
  ]);
});

test('the number of refusals that one line of the log stands for is told before the service ends', async () => {
  await world.stop();
  const counted = world.service.log.map((line) => JSON.parse(line)).filter(({ count }) => count !== undefined);
  expect(counted).toContainEqual(
    expect.objectContaining({ event: 'denied', reason: 'rate_limited', count: 2 * MAX_TOO_MANY_REQUESTS - 1 }),
  );
  expect(counted).toContainEqual(expect.objectContaining({ event: 'denied', reason: 'ip_not_allowed', count: 299 }));
});
