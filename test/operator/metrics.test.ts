// GET /metrics of a whole service: after real traffic the figures are what was sent, nothing a client writes becomes a label or
// stands on the page, and who may read it.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { startService } from '../support/harness.ts';
import { type Page, parsePage } from '../support/metrics-page.ts';
import { operate } from '../support/operator.ts';
import { exchange } from '../support/raw-http.ts';
import { call, createToken, starkTrader, walletTrader } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  expectRefusal,
  loginOf,
  mainSession,
  newOwner,
  newStarkKey,
  newWalletOwner,
  postLogin,
  postWallet,
  SELF,
  SUBKEYS,
  siweOf,
  startWorld,
  TOKENS,
  type World,
} from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ settings: { 'rate_limit.enabled': 'true', 'keys/min': '8' } });
});
afterAll(() => world.stop());

async function scrape(operatorUrl = world.service.operatorUrl): Promise<Page> {
  const answer = await call(operatorUrl, 'GET', '/metrics');
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parsePage(answer.text);
}

/** By how much each series of ours changed; those that did not are left out. */
async function changesOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scrape();
  await work();
  const after = await scrape();
  const changes: Record<string, number> = {};
  for (const [name, { samples, type }] of after.families) {
    if (!name.startsWith('countersign_')) continue;
    for (const sample of samples) {
      if (type === 'histogram' && !sample.name.endsWith('_count')) continue;
      const was = before.families
        .get(name)
        ?.samples.find(
          (one) => one.name === sample.name && JSON.stringify(one.labels) === JSON.stringify(sample.labels),
        );
      const change = sample.value - (was?.value ?? 0);
      const labels = Object.values(sample.labels).join(',');
      if (change !== 0)
        changes[`${sample.name.slice('countersign_'.length)}${labels === '' ? '' : `{${labels}}`}`] = change;
    }
  }
  return changes;
}

describe('after real traffic', () => {
  test('a decision is counted once, by its reason, and by who answered it', async () => {
    const owner = await newOwner(world);
    const { token } = await createToken(world.url, owner.session, { allowed_cidrs: [] });
    const changes = await changesOf(async () => {
      for (let i = 0; i < 3; i += 1) await call(world.url, 'GET', '/v1/balance', { bearer: token });
      await call(world.url, 'GET', SELF, { bearer: token });
      await call(world.url, 'GET', '/v1/balance');
      await call(world.url, 'GET', '/v1/balance', { bearer: 'x.y.z' });
      await call(world.url, 'POST', '/v1/transfers', { bearer: token, body: {} });
      await call(world.url, 'GET', '/v1/nothing/here');
      await call(world.url, 'DELETE', '/healthz');
    });
    expect(changes).toMatchObject({
      'decisions_total{allow,none}': 4,
      'decisions_total{deny,bearer_missing}': 1,
      'decisions_total{deny,bearer_malformed}': 1,
      'decisions_total{deny,permission_missing}': 1,
      'decisions_total{deny,route_unknown}': 1,
      'decisions_total{deny,method_not_allowed}': 1,
      'request_duration_seconds_count{venue,2xx}': 3,
      'request_duration_seconds_count{ours,2xx}': 1,
      'request_duration_seconds_count{door,4xx}': 5,
      decision_duration_seconds_count: 4,
      before_venue_seconds_count: 3,
      venue_head_seconds_count: 3,
      'exchanges_total{answered,none}': 3,
      // The transfer is refused for a token that is known.
      'bearer_cache_lookups_total{hit}': 4,
      'bearer_cache_lookups_total{miss}': 2,
      // One of them is /self, which reads what it says.
      'view_lookups_total{hit}': 5,
      'view_lookups_total{fill}': 1,
      bearer_cache_entries: 1,
      view_entries: 1,
    });
    const denied = Object.keys(changes).filter((name) => name.startsWith('decisions_total{deny'));
    expect(denied).toHaveLength(5);
    const page = await scrape();
    expect(page.value('countersign_requests_in_flight')).toBe(0);
    expect(page.value('countersign_live_requests')).toBe(0);
    expect(page.value('countersign_venue_connections', { state: 'busy' })).toBe(0);
    expect(page.value('countersign_venue_connections', { state: 'idle' })).toBeGreaterThan(0);
  });

  test('a login is counted by what was proven with, and by its result', async () => {
    const owner = await newOwner(world);
    const stranger = newStarkKey();
    const wallet = await newWalletOwner(world);
    const changes = await changesOf(async () => {
      await mainSession(world, owner);
      await mainSession(world, owner);
      await postLogin(world, loginOf(world, stranger, owner.account));
      await postLogin(world, loginOf(world, stranger, owner.account), stranger.publicKey);
      await postLogin(world, loginOf(world, owner.key, starkTrader().account));
      const message = siweOf(world, wallet, 'Paradex Auth');
      await postWallet(world, '/v2/auth', wallet, message);
      await postWallet(world, '/v2/auth', wallet, message);
    });
    expect(changes).toMatchObject({
      'logins_total{starknet,ok}': 2,
      'logins_total{starknet,STARKNET_SIGNATURE_VERIFICATION_FAILED}': 1,
      'logins_total{starknet,INVALID_SUBKEY}': 1,
      'logins_total{starknet,NOT_ONBOARDED}': 1,
      'logins_total{wallet,ok}': 1,
      'logins_total{wallet,SIGNATURE_ALREADY_USED}': 1,
      'errors_total{INVALID_SUBKEY}': 1,
      'errors_total{NOT_ONBOARDED}': 1,
      'decisions_total{allow,none}': 7,
      'request_duration_seconds_count{ours,2xx}': 3,
      'request_duration_seconds_count{ours,4xx}': 4,
    });
  });

  test('a change is counted by its action, timed, and moves the log', async () => {
    const owner = await newOwner(world);
    const changes = await changesOf(async () => {
      const { lookupId } = await createToken(world.url, owner.session);
      const { publicKey } = await addSubkey(world, owner);
      await call(world.url, 'DELETE', `${TOKENS}/${lookupId}`, { bearer: owner.session });
      await call(world.url, 'DELETE', `${SUBKEYS}/${publicKey}`, { bearer: owner.session });
      // Done already: nothing changes.
      await call(world.url, 'DELETE', `${TOKENS}/${lookupId}`, { bearer: owner.session });
      await operate(world.service, 'POST', `/accounts/${owner.account}/lock`);
    });
    expect(changes).toMatchObject({
      'changes_total{token.created}': 1,
      'changes_total{subkey.registered}': 1,
      'changes_total{token.revoked}': 1,
      'changes_total{subkey.revoked}': 1,
      'changes_total{account.locked}': 1,
      change_duration_seconds_count: 5,
      revocation_barrier_seconds_count: 5,
      change_log_position: 5,
    });
  });

  test('a request that a rate limit refused is counted by its bucket and by whose it was', async () => {
    const owner = await newOwner(world);
    const changes = await changesOf(async () => {
      for (let i = 0; i < 10; i += 1) {
        await call(world.url, 'DELETE', `${TOKENS}/${randomUUID()}`, { bearer: owner.session });
      }
    });
    expect(changes).toMatchObject({ 'rate_limited_total{keys,account}': 2, 'decisions_total{deny,rate_limited}': 2 });
    expect((await scrape()).value('countersign_rate_limit_keys')).toBeGreaterThan(1);
  });

  test('the keys that sign, the store and the engine are there', async () => {
    const page = await scrape();
    expect(page.value('countersign_signing_keys', { use: 'session', state: 'active' })).toBe(1);
    expect(page.value('countersign_signing_key_age_seconds', { use: 'token' })).toBe(0);
    expect(page.value('countersign_signing_key_replaced_in_seconds', { use: 'token' })).toBe(90 * 86_400);
    expect(page.value('countersign_database_bytes', { file: 'wal' })).toBeGreaterThan(0);
    expect(page.value('countersign_data_free_bytes')).toBeGreaterThan(0);
    expect(page.value('countersign_engine_available')).toBe(1);
    expect(page.value('countersign_verifications_total', { where: 'main' })).toBeGreaterThan(0);
    expect(page.value('countersign_verification_compute_seconds_count')).toBeGreaterThan(0);
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(page.value('countersign_build_info', { version, node: process.versions.node })).toBe(1);
  });

  test('a wall clock that was set back shows as the lead of ours', async () => {
    expect((await scrape()).value('countersign_clock_lead_seconds')).toBe(0);
    world.clock.setWallBack(3600);
    expect((await scrape()).value('countersign_clock_lead_seconds')).toBe(3600);
    world.clock.setWallBack(0);
  });
});

test('whatever clients send, there are no more series than before, and nothing of theirs is on the page', async () => {
  const owner = await newOwner(world);
  const subkey = await addSubkey(world, owner, { allowed_cidrs: ELSEWHERE });
  const { token, lookupId } = await createToken(world.url, owner.session);
  const stranger = walletTrader();
  // Every kind of thing once, so that its series exist.
  async function everything(canary: string): Promise<void> {
    await call(world.url, 'GET', `/v1/${canary}`);
    await call(world.url, 'GET', `/v1/balance?x=${canary}`, { bearer: canary });
    await call(world.url, 'GET', '/v1/balance', { bearer: `${token}${canary}` });
    await call(world.url, 'GET', '/v1/balance', { bearer: token });
    await call(world.url, 'GET', `/v1/orders/${canary}`, { bearer: token });
    await call(world.url, 'DELETE', `${TOKENS}/${canary}`, { bearer: token });
    await call(world.url, 'POST', TOKENS, { bearer: token, body: { name: canary } });
    await call(world.url, 'POST', `/v1/auth/${canary}`, { headers: { 'PARADEX-STARKNET-ACCOUNT': canary } });
    await postLogin(world, loginOf(world, newStarkKey(), owner.account));
    await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey);
    await postWallet(world, '/v2/auth', stranger, siweOf(world, stranger, canary));
    await exchange(
      world.port,
      `${canary.toUpperCase()} /${canary} HTTP/1.1\r\nHost: ${canary}\r\nX-Forwarded-For: ${canary}\r\nConnection: close\r\n\r\n`,
    ).catch(() => undefined);
    await exchange(
      world.port,
      `GET http://${canary}/ HTTP/1.1\r\nHost: x\r\nUser-Agent: ${canary}\r\nConnection: close\r\n\r\n`,
    );
    await call(world.service.operatorUrl, 'GET', `/operator/v1/${canary}`, { bearer: canary });
    await call(world.service.operatorUrl, 'GET', `/${canary}`);
  }
  const seriesOf = (page: Page) =>
    [...page.families].flatMap(([name, { samples }]) =>
      name.startsWith('countersign_') ? samples.map((sample) => sample.name + JSON.stringify(sample.labels)) : [],
    );
  await everything('canary');
  const before = seriesOf(await scrape());
  const canaries = Array.from({ length: 4 }, () => `c${randomBytes(8).toString('hex')}`);
  for (const canary of canaries) await everything(canary);
  const page = await scrape();
  expect(seriesOf(page)).toEqual(before);

  const ip = '127.0.0.1';
  const secrets = [...canaries, 'canary', owner.session, token, lookupId, owner.account, subkey.publicKey, ip];
  expect(secrets.filter((secret) => page.text.includes(secret))).toEqual([]);
  for (const part of [...owner.session.split('.'), ...token.split('.'), world.service.operatorToken]) {
    expect(page.text).not.toContain(part);
  }
});

describe('who may read it', () => {
  const METRICS_TOKEN = 'scrape-only-0123456789-0123456789';

  test('anyone on this machine, without a bearer, while none is set; and nobody on the public listener', async () => {
    expect((await call(world.service.operatorUrl, 'GET', '/metrics')).status).toBe(200);
    for (const bearer of [undefined, world.service.operatorToken]) {
      const answer = await call(world.url, 'GET', '/metrics', bearer === undefined ? {} : { bearer });
      expectRefusal(answer, 404, 'NOT_FOUND');
    }
  });

  test('with metrics.token, /metrics is for its bearer and for the operator, who may do everything, and for nobody else', async () => {
    const service = await startService({ env: { CSIGN_METRICS_TOKEN: METRICS_TOKEN } });
    try {
      const ask = (path: string, headers: Record<string, string>) =>
        call(service.operatorUrl, 'GET', path, { headers });
      const scraper = { Authorization: `Bearer ${METRICS_TOKEN}` };
      expect((await ask('/metrics', scraper)).status).toBe(200);
      expect((await ask('/metrics', { Authorization: `Bearer ${service.operatorToken}` })).status).toBe(200);
      for (const headers of [
        {},
        { Authorization: METRICS_TOKEN },
        { Authorization: `Basic ${METRICS_TOKEN}` },
        { Authorization: `Bearer ${METRICS_TOKEN}x` },
        { Authorization: `Bearer ${METRICS_TOKEN.slice(0, -1)}` },
        { Authorization: `Bearer ${METRICS_TOKEN.toUpperCase()}` },
      ]) {
        expectRefusal(await ask('/metrics', headers), 401, 'UNAUTHORIZED_ERROR');
      }
      for (const path of ['/operator/v1/version', '/operator/v1/accounts', '/metrics/x', '/nothing']) {
        expectRefusal(await ask(path, scraper), 401, 'UNAUTHORIZED_ERROR');
      }
      const lock = await call(service.operatorUrl, 'POST', '/operator/v1/accounts/0x1/lock', { bearer: METRICS_TOKEN });
      expectRefusal(lock, 401, 'UNAUTHORIZED_ERROR');
      const page = parsePage((await ask('/metrics', scraper)).text);
      expect(page.value('countersign_operator_denied_total', { reason: 'bearer_missing' })).toBe(1);
      expect(page.value('countersign_operator_denied_total', { reason: 'operator_token_wrong' })).toBe(10);
      expect(service.log.join('')).not.toContain(METRICS_TOKEN);
    } finally {
      await service.stop();
    }
  });

  test('metrics.token is a setting that is never a flag, never short, and never the operator’s own', () => {
    const load =
      (env: Record<string, string>, argv: string[] = []) =>
      () =>
        loadConfig({ argv, env, cwd: '/', readFile: () => '{}' });
    expect(load({}, [`--metrics.token=${METRICS_TOKEN}`])).toThrow(/metrics\.token/);
    expect(load({ CSIGN_METRICS_TOKEN: 'short' })).toThrow(/metrics\.token/);
    const same = { CSIGN_METRICS_TOKEN: METRICS_TOKEN, CSIGN_OPERATOR_TOKEN: METRICS_TOKEN };
    expect(load(same)).toThrow('metrics.token: must not be operator.token');
    expect(load({ CSIGN_METRICS_TOKEN: METRICS_TOKEN })().config['metrics.token']?.reveal()).toBe(METRICS_TOKEN);
  });

  test('only GET, and a body is no reason to answer', async () => {
    const answer = await call(world.service.operatorUrl, 'POST', '/metrics', { body: {} });
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
  });
});
