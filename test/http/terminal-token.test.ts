// POST /v1/account/terminal-token: an attestation for the venue's terminal, verified here as the terminal would: with jose, by
// /v1/jwks.json, and by nothing of ours.
import { once } from 'node:events';
import { connect } from 'node:net';
import * as jose from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startService } from '../support/harness.ts';
import { auditRows, command, operate, signingKeys } from '../support/operator.ts';
import { readAnswer } from '../support/raw-http.ts';
import { type Answer, call, createToken, type StarkTrader } from '../support/trader.ts';
import {
  addSubkey,
  claimsOf,
  expectRefusal,
  expectSuccess,
  loginOf,
  newOwner,
  newWalletOwner,
  type Owner,
  postWallet,
  sessionIn,
  siweOf,
  startWorld,
  stateOf,
  type World,
} from '../support/world.ts';

const PATH = '/v1/account/terminal-token';
const INTERACTIVE = '?token_usage=interactive';
const ON = { 'terminal_token.enabled': 'true' };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: ON });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const ask = (bearer: string, where = world): Promise<Answer> => call(where.url, 'POST', PATH, { bearer });
const tokenIn = (answer: Answer): string => {
  expectSuccess(answer, 200);
  expect(Object.keys(answer.json)).toEqual(['jwt_token']);
  return answer.json.jwt_token;
};

async function interactive(where: World, trader: StarkTrader): Promise<string> {
  const headers = loginOf(where, trader.key, trader.account);
  return sessionIn(await call(where.url, 'POST', `/v1/auth${INTERACTIVE}`, { headers }));
}

const kidOf = (jwt: string): string => jose.decodeProtectedHeader(jwt).kid ?? '';
const publishedKids = async (where: World): Promise<string[]> =>
  (await call(where.url, 'GET', '/v1/jwks.json')).json.keys.map(({ kid }: { kid: string }) => kid);

/** What the terminal does with one. */
async function verified(jwt: string, where = world): Promise<jose.JWTVerifyResult> {
  const { json } = await call(where.url, 'GET', '/v1/jwks.json');
  return jose.jwtVerify(jwt, jose.createLocalJWKSet(json), {
    algorithms: ['ES256'],
    typ: 'terminal+JWT',
    issuer: 'countersign',
    audience: 'dime-terminal',
    currentDate: where.clock.date(),
  });
}

describe('an interactive session of the main key', () => {
  test('an interactive session of the main key gets a terminal token that attests its account, for 300 seconds, under a key that signs nothing else', async () => {
    const session = await interactive(world, owner);
    const jwt = tokenIn(await ask(session));
    const { payload, protectedHeader } = await verified(jwt);
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: expect.any(String), typ: 'terminal+JWT' });
    const now = world.clock.seconds();
    expect(payload).toEqual({
      iss: 'countersign',
      aud: 'dime-terminal',
      sub: owner.account,
      iat: now,
      exp: now + 300,
      jti: expect.stringMatching(UUID),
    });
    const { token } = await createToken(world.url, session);
    expect(new Set([session, token, jwt].map(kidOf)).size).toBe(3);
    expect((await publishedKids(world)).toSorted()).toEqual([session, token, jwt].map(kidOf).toSorted());
  });

  test('an interactive session of a wallet gets a terminal token for the account of the wallet', async () => {
    const wallet = await newWalletOwner(world);
    const login = await postWallet(world, `/v2/auth${INTERACTIVE}`, wallet, siweOf(world, wallet, 'Paradex Auth'));
    const { payload } = await verified(tokenIn(await ask(sessionIn(login))));
    expect(payload.sub).toBe(wallet.account);
  });

  test('an interactive session gets another terminal token each time, with or without a body', async () => {
    const session = await interactive(world, owner);
    const answers = [
      await ask(session),
      await call(world.url, 'POST', PATH, { bearer: session, body: {} }),
      await call(world.url, 'POST', PATH, { bearer: session, body: '' }),
    ];
    expect(new Set(answers.map((answer) => claimsOf(tokenIn(answer)).jti)).size).toBe(3);
  });

  test('an interactive session gets no terminal token that outlives it', async () => {
    const own = await startWorld({ settings: ON });
    onTestFinished(() => own.stop());
    const trader = await newOwner(own);
    const session = await interactive(own, trader);
    own.clock.advance(299);
    const { iat, exp } = claimsOf(tokenIn(await ask(session, own)));
    expect([iat, exp]).toEqual([own.clock.seconds(), own.clock.seconds() + 1]);
    own.clock.advance(1);
    expectRefusal(await ask(session, own), 401, 'UNAUTHORIZED_ERROR');
  });
});

describe('nobody else gets one', () => {
  test.each(['', '?token_usage=automatic', '?token_usage=', '?token_usage=Interactive'])(
    'a main session that logged in with %j gets no terminal token',
    async (query) => {
      const headers = loginOf(world, owner.key, owner.account);
      const session = sessionIn(await call(world.url, 'POST', `/v1/auth${query}`, { headers }));
      expect(expectRefusal(await ask(session), 403, 'INVALID_TOKEN_SCOPE')).toContain('token_usage=interactive');
    },
  );

  test('a terminal token is for no subkey, though its session is interactive, no read-only token, no terminal token, and nobody', async () => {
    const subkey = await addSubkey(world, owner);
    const headers = loginOf(world, subkey, owner.account);
    const login = await call(world.url, 'POST', `/v1/auth/${subkey.publicKey}${INTERACTIVE}`, { headers });
    expect(claimsOf(sessionIn(login)).token_usage).toBe('interactive');
    expectRefusal(await ask(sessionIn(login)), 403, 'INVALID_TOKEN_SCOPE');
    expectRefusal(await ask((await createToken(world.url, owner.session)).token), 403, 'INVALID_TOKEN_SCOPE');
    const jwt = tokenIn(await ask(await interactive(world, owner)));
    expectRefusal(await ask(jwt), 401, 'UNAUTHORIZED_ERROR');
    expectRefusal(await call(world.url, 'POST', PATH), 401, 'UNAUTHORIZED_ERROR');
  });

  test('a caller who was signed out while its body was on the way gets no terminal token', async () => {
    const trader = await newOwner(world);
    const session = await interactive(world, trader);
    // Answered 100, the head was decided on; the cached decision and the interim answer are one turn.
    expectSuccess(await call(world.url, 'GET', '/countersign/v1/self', { bearer: session }), 200);
    const socket = connect(world.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: venue.example\r\nAuthorization: Bearer ${session}\r\n` +
        'Expect: 100-continue\r\nContent-Length: 2\r\n\r\n',
    );
    const [interim] = await once(socket, 'data');
    expect(String(interim)).toMatch(/^HTTP\/1\.1 100 /);
    const out = await call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: trader.session });
    expect(out.status).toBe(200);
    const answer = readAnswer(socket);
    socket.write('{}');
    expect(await answer).toMatchObject({ status: 401, body: expect.stringContaining('UNAUTHORIZED_ERROR') });
  });

  test('a caller whose account is locked gets no terminal token', async () => {
    const trader = await newOwner(world);
    const session = await interactive(world, trader);
    await command(world.service, `/accounts/${trader.account}/lock`);
    expectRefusal(await ask(session), 403, 'REQUEST_NOT_ALLOWED');
  });
});

/** The same data, served from now on by another process. */
async function restarted(from: World, settings: Record<string, string>): Promise<World> {
  await from.service.stop();
  const service = await startService({ folder: from.service.folder, time: from.clock.time, settings });
  onTestFinished(() => service.stop());
  return { service, url: service.url, port: service.port, clock: from.clock, stop: () => service.stop() };
}

test('the key of terminal tokens is in jwks.json exactly while they are on, and never the same one twice', async () => {
  const off = await startWorld();
  const trader = await newOwner(off);
  const { token } = await createToken(off.url, trader.session);
  expect(expectRefusal(await ask(await interactive(off, trader), off), 403, 'REQUEST_NOT_ALLOWED')).toBe(
    'terminal tokens are off',
  );
  const bearerKids = [trader.session, token].map(kidOf).toSorted();
  expect((await publishedKids(off)).toSorted()).toEqual(bearerKids);

  const on = await restarted(off, ON);
  const session = await interactive(on, trader);
  const jwt = tokenIn(await ask(session, on));
  expect((await verified(jwt, on)).payload.sub).toBe(trader.account);
  expect((await publishedKids(on)).toSorted()).toEqual([...bearerKids, kidOf(jwt)].toSorted());
  await command(on.service, '/signing-keys/rotate', { use: 'terminal' });
  expect(await publishedKids(on)).toHaveLength(4);

  const again = await restarted(on, {});
  expectRefusal(await ask(session, again), 403, 'REQUEST_NOT_ALLOWED');
  expect((await publishedKids(again)).toSorted()).toEqual(bearerKids);
  await expect(verified(jwt, again)).rejects.toThrow(jose.errors.JWKSNoMatchingKey);
  const ended = (await signingKeys(again.service)).filter(({ use }) => use === 'terminal');
  expect(ended.map(({ state }) => state)).toEqual(['retired', 'retired']);
  for (const bearer of [session, token]) expect(await stateOf(again, bearer)).toBe('alive');
  // What was issued stands in the audit log by its id, and nowhere by its text.
  const rows = await auditRows(again.service, `?account=${trader.account}`);
  expect(rows.filter(({ action }) => action === 'terminal_token.issued')).toEqual([
    expect.objectContaining({
      actor: 'main:main',
      request_id: expect.stringMatching(UUID),
      client_ip: '127.0.0.1',
      detail: { jti: claimsOf(jwt).jti, expires_at: claimsOf(jwt).exp, happened_at: expect.stringMatching(/^\d{19}$/) },
    }),
  ]);
  const [, , signature = ''] = jwt.split('.');
  expect(JSON.stringify(rows) + on.service.log.join('\n')).not.toContain(signature);

  const last = await restarted(again, ON);
  const next = tokenIn(await ask(session, last));
  expect((await verified(next, last)).payload.sub).toBe(trader.account);
  expect(ended.map(({ kid }) => kid)).not.toContain(kidOf(next));
  expect((await publishedKids(last)).toSorted()).toEqual([...bearerKids, kidOf(next)].toSorted());
});

test('the operator learns whose a found terminal token is, though it opens nothing here', async () => {
  const session = await interactive(world, owner);
  const { jwt_token } = (await call(world.url, 'POST', PATH, { bearer: session })).json;
  const find = (credential: string) => operate(world.service, 'POST', '/credentials/find', { credential });
  const { json } = await find(jwt_token);
  const { kid } = jose.decodeProtectedHeader(jwt_token);
  const { jti, exp } = jose.decodeJwt(jwt_token);
  expect(json.results).toMatchObject([{ account: owner.account, kind: 'main' }]);
  expect(json.bearer).toMatchObject({ verified: true, refusal: 'bearer_wrong_kind', kid, session: jti });
  expect(String(json.bearer.expires_at)).toContain(String(exp));
  const [head, payload, signature = ''] = jwt_token.split('.');
  const other = signature.startsWith('A') ? 'B' : 'A';
  for (const forged of [
    `${head}.${payload}.${other}${signature.slice(1)}`,
    `${head}.${payload}.`,
    `${head}.${payload}`,
  ]) {
    expect((await find(forged)).json).toMatchObject({ results: [], bearer: { verified: false } });
  }
  expectRefusal(
    await operate(world.service, 'POST', '/credentials/revoke', { credential: jwt_token }),
    403,
    'REQUEST_NOT_ALLOWED',
  );
  expect(await stateOf(world, session)).toBe('alive');
});
