// The log of a whole service: each decision that refuses is one line, which names the request, the reason, and as far as they were
// proven the account and the credential; and the redactor is what keeps secrets out of it.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../support/harness.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  loginOf,
  newOwner,
  newStarkKey,
  type Owner,
  postLogin,
  SELF,
  SUBKEYS,
  startWorld,
  subkeySession,
  TOKENS,
  type World,
} from '../support/world.ts';

const REQUEST_ID = 'Countersign-Request-Id';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({
    upstream: 'http://127.0.0.1:1',
    settings: { 'rate_limit.enabled': 'true', 'keys/min': '5' },
  });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

/** The lines about one request. */
function linesOf(service: Service, { headers }: Answer): Record<string, unknown>[] {
  const id = headers.get(REQUEST_ID);
  expect(id).not.toBeNull();
  return service.log.map((line) => JSON.parse(line)).filter(({ requestId }) => requestId === id);
}

/** The one line about a request, without what every line has. */
function lineOf(answer: Answer): Record<string, unknown> {
  const [line = {}, ...more] = linesOf(world.service, answer);
  expect(more).toEqual([]);
  const { pid, hostname, time, requestId, ...rest } = line;
  expect([typeof pid, typeof hostname, typeof time, requestId]).toEqual([
    'number',
    'string',
    'number',
    answer.headers.get(REQUEST_ID),
  ]);
  return rest;
}

const clientIp = '127.0.0.1';
const stranger = { clientIp };

describe('a refusal is one line', () => {
  test('a refusal before a route is found is one line of the log', async () => {
    const answer = await call(world.url, 'GET', '/v1/canary');
    expect(lineOf(answer)).toEqual({ level: 30, event: 'denied', reason: 'route_unknown', route: 'none', ...stranger });
  });

  test('a refusal of nobody who was proven is one line of the log', async () => {
    const route = 'GET /v1/balance';
    const answers = [
      [await call(world.url, 'GET', '/v1/balance'), 'bearer_missing'],
      [await call(world.url, 'GET', '/v1/balance', { bearer: 'a.b.c' }), 'bearer_malformed'],
    ] as const;
    for (const [answer, reason] of answers) {
      expect(lineOf(answer)).toEqual({ level: 30, event: 'denied', reason, route, ...stranger });
    }
  });

  test('a refusal of a credential is one line of the log, with its account', async () => {
    const subkey = await addSubkey(world, owner);
    const session = await subkeySession(world, owner.account, subkey);
    const answer = await call(world.url, 'POST', TOKENS, { bearer: session, body: {} });
    expect(lineOf(answer)).toEqual({
      level: 30,
      event: 'denied',
      reason: 'permission_missing',
      route: `POST ${TOKENS}`,
      ...stranger,
      account: owner.account,
      credential: expect.stringMatching(/^subkey:\d+$/),
    });

    const { token } = await createToken(world.url, owner.session, { allowed_cidrs: ELSEWHERE });
    expect(lineOf(await call(world.url, 'GET', SELF, { bearer: token }))).toMatchObject({
      reason: 'ip_not_allowed',
      account: owner.account,
      credential: expect.stringMatching(/^token:tok_/),
    });
  });

  test('a refusal by the rate limit of an account is one line of the log', async () => {
    const other = await newOwner(world);
    const path = `${TOKENS}/00000000-0000-4000-8000-000000000000`;
    const answers: Answer[] = [];
    for (let i = 0; i < 6; i += 1) answers.push(await call(world.url, 'DELETE', path, { bearer: other.session }));
    const last = answers.at(-1);
    expect(last?.status).toBe(429);
    if (last === undefined) return;
    expect(lineOf(last)).toMatchObject({ reason: 'rate_limited', account: other.account, credential: 'main:main' });
  });

  test('a refusal of a login is one line of the log, by its code and without what was claimed', async () => {
    const answer = await postLogin(world, loginOf(world, newStarkKey(), owner.account));
    expect(lineOf(answer)).toEqual({
      level: 30,
      event: 'refused',
      reason: 'STARKNET_SIGNATURE_VERIFICATION_FAILED',
      route: 'POST /v1/auth',
      ...stranger,
    });
  });

  test('a refusal by a handler of ours, after the decision, is one line of the log', async () => {
    const answer = await call(world.url, 'GET', `${SUBKEYS}/0x1`, { bearer: owner.session });
    expect(lineOf(answer)).toMatchObject({
      event: 'refused',
      reason: 'NOT_FOUND',
      account: owner.account,
      credential: 'main:main',
    });
  });

  test('a refusal on the way to the venue is one line of the log', async () => {
    const answer = await call(world.url, 'GET', '/v1/balance', { bearer: owner.session });
    expect(lineOf(answer)).toEqual({
      level: 30,
      event: 'refused_while_forwarding',
      reason: 'upstream_unavailable',
      route: 'GET /v1/balance',
      ...stranger,
      account: owner.account,
      credential: 'main:main',
      cause: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a refusal of what never became a decision is one line of the log', async () => {
    const answer = await call(world.url, 'GET', `/v1/balance?${'x'.repeat(9_000)}`);
    expect(lineOf(answer)).toMatchObject({ event: 'refused', reason: 'URI_TOO_LONG', route: 'none' });
  });

  test('a refusal of the operator API is one line of the log', async () => {
    const answer = await call(world.service.operatorUrl, 'GET', '/operator/v1/version', { bearer: 'x'.repeat(43) });
    const reason = 'operator_token_wrong';
    expect(lineOf(answer)).toEqual({ level: 40, event: 'operator_denied', reason, route: 'operator', ...stranger });
  });
});

test('a request that is allowed and answered is no line of the log', async () => {
  const before = world.service.log.length;
  expect((await call(world.url, 'GET', SELF, { bearer: owner.session })).status).toBe(200);
  expect(world.service.log.slice(before)).toEqual([]);
});

// A database that fails says why in its own words, and nobody knows beforehand what stands in them: here, what a client sent.
test.each([
  ['on', 'none', undefined],
  ['off', 'each', (line: string) => line],
] as const)(
  'with redaction %s, of the secrets in the text of a failure %s is in the log',
  async (_switch, found, redact) => {
    const secret = `${owner.session} ${owner.privateKey} Bearer ${'k'.repeat(32)}`;
    const failing = await startWorld(redact === undefined ? {} : { redact });
    try {
      const trader = await newOwner(failing);
      const database = new DatabaseSync(join(failing.service.folder, 'data', 'countersign.db'));
      database.exec(
        `create trigger canary before insert on token begin select raise(abort, 'cannot insert ${secret}'); end`,
      );
      database.close();
      const answer = await call(failing.url, 'POST', TOKENS, { bearer: trader.session, body: { name: 'x' } });
      expect(answer.status).toBe(503);
      expect(answer.text).not.toContain('insert');
      const log = failing.service.log.join('');
      expect(log).toContain('cannot insert');
      for (const part of [...owner.session.split('.'), owner.privateKey, 'k'.repeat(32)]) {
        expect(log.includes(part), part).toBe(found === 'each');
      }
    } finally {
      await failing.stop();
    }
  },
);
