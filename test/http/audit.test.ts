// GET /countersign/v1/audit: an owner reads what was done with the credentials of the account, and nothing of anybody else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer as bearerAuth } from '../../src/client/bearer-auth.ts';
import { createClient } from '../../src/client/create-client.ts';
import { whatEnded } from '../../src/owner/what-ended.ts';
import { addDevice, deviceSession } from '../support/devices.ts';
import { auditRows, command, operate } from '../support/operator.ts';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  expectRefusal,
  loginOf,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  SUBKEYS,
  siweOf,
  startWorld,
  subkeySession,
  TOKENS,
  type World,
  windowOf,
} from '../support/world.ts';

const AUDIT = '/countersign/v1/audit';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

async function rows(query = '', bearer = owner.session) {
  const answer = await call(world.url, 'GET', `${AUDIT}${query}`, { bearer });
  expect(answer.status, answer.text).toBe(200);
  return answer.json.results;
}
const actions = async (query = '', bearer = owner.session): Promise<readonly string[]> =>
  (await rows(query, bearer)).map(({ action }: { readonly action: string }) => action);
/** Logins are written once a second. */
const settled = (bearer: string, action: string) =>
  expect.poll(() => actions('', bearer), { timeout: 5_000, interval: 50 }).toContain(action);

test("the audit log tells the owner, newest first, what was done with the account's keys, by names of today", async () => {
  const who = await newOwner(world);
  const subkey = await addSubkey(world, who, { name: 'first name' });
  const renamed = await call(world.url, 'PUT', `${SUBKEYS}/${subkey.publicKey}`, {
    bearer: who.session,
    body: { name: 'grid' },
  });
  expect(renamed.status, renamed.text).toBeLessThan(300);
  const { lookupId } = await createToken(world.url, who.session, { name: 'tax' });
  await settled(who.session, 'login');
  const [newest, rename, added, ...others] = (await rows('', who.session)).filter(
    ({ action }: { readonly action: string }) => action !== 'login',
  );
  expect(newest).toEqual({
    id: expect.any(Number),
    at: expect.any(Number),
    action: 'token.created',
    actor: { kind: 'main', id: 'main', name: '' },
    subject: { kind: 'token', id: expect.stringMatching(/^tok_/), name: 'tax', lookup_id: lookupId },
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    client_ip: '127.0.0.1',
    detail: { lookup_id: lookupId, name: 'tax', expiry_at: expect.any(Number), allowed_cidrs: [] },
  });
  expect(rename).toMatchObject({
    action: 'subkey.renamed',
    subject: { kind: 'subkey', name: 'grid', public_key: subkey.publicKey },
    detail: { from: 'first name', to: 'grid' },
  });
  expect(added).toMatchObject({
    action: 'subkey.registered',
    subject: { name: 'grid' },
    detail: { name: 'first name' },
  });
  expect(others).toEqual([
    expect.objectContaining({
      action: 'account.onboarded',
      actor: { kind: 'nobody', id: '', name: '' },
      subject: { kind: 'account', id: who.account, name: '' },
    }),
  ]);
});

test('signatures and wallet messages are kept for auditors, and shown to nobody here', async () => {
  await addSubkey(world, owner);
  const wallet = await newWalletOwner(world);
  for (const [bearer, account] of [
    [owner.session, owner.account],
    [wallet.session, wallet.account],
  ] as const) {
    const { text } = await call(world.url, 'GET', AUDIT, { bearer });
    expect(text).not.toMatch(/signature"|"signature_r|siwe|wants you to sign in/);
    const all = await operate(world.service, 'GET', `/audit?account=${account}`);
    expect(all.status).toBe(200);
  }
  const registered = await rows('?action=subkey.registered');
  expect(Object.keys(registered[0].detail)).toContain('signature_timestamp');
  const kept = await operate(world.service, 'GET', `/audit?account=${owner.account}&action=subkey.registered`);
  expect(kept.text).toContain('"signature"');
});

test('of what an owner does nothing is left out of the detail but signatures and wallet messages', async () => {
  const [who, wallet] = [await newOwner(world), await newWalletOwner(world)];
  await addSubkey(world, who);
  const { lookupId } = await createToken(world.url, who.session);
  const ask = (method: string, path: string, bearer: string, body: unknown = {}) =>
    call(world.url, method, path, { bearer, body });
  const { publicKey } = newStarkKey();
  const siwe_message = siweOf(world, wallet, `Paradex Subkey Registration: ${publicKey}`);
  const evm_signature = wallet.wallet.personalSign(siwe_message);
  const answers = [
    await ask('POST', `/countersign/v1/tokens/${lookupId}/rotate`, who.session),
    await ask('PUT', `/countersign/v1/tokens/${lookupId}`, who.session, { name: 'old' }),
    await ask('PUT', `${TOKENS}/${lookupId}/allowed-cidrs`, who.session, { allowed_cidrs: ELSEWHERE }),
    await ask('DELETE', `${TOKENS}/${lookupId}`, who.session),
    await ask('DELETE', `/countersign/v1/devices/${(await addDevice(world, who)).id}`, who.session),
    await ask('POST', '/countersign/v1/self/revoke', await deviceSession(world, await addDevice(world, who))),
    await ask('POST', '/countersign/v1/subkeys', wallet.session, {
      name: 'w',
      public_key: publicKey,
      siwe_message,
      evm_signature,
    }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 201]);
  const device = await deviceSession(world, await addDevice(world, who));
  for (const one of [who, wallet]) await settled(one.session, 'login');
  const shown = new Map();
  expect((await ask('POST', '/countersign/v1/revoke-all', device)).status).toBe(200);
  world.clock.advance(31);
  const later = await newOwner(world, who);
  for (const row of await rows('?limit=500', later.session)) shown.set(`${row.request_id} ${row.action}`, row);
  for (const row of await rows('', wallet.session)) shown.set(`${row.request_id} ${row.action}`, row);
  const hidden = new Set<string>();
  for (const { account } of [who, wallet]) {
    for (const stored of await auditRows(world.service, `?account=${account}`)) {
      const row = shown.get(`${stored.request_id} ${stored.action}`);
      if (row === undefined) continue;
      for (const name of Object.keys(Object(stored.detail))) if (!(name in row.detail)) hidden.add(name);
    }
  }
  expect([...hidden].sort()).toEqual(['evm_signature', 'signature', 'siwe_message']);
  const [all] = await rows('?action=account.revoked_all', later.session);
  expect(all.detail.devices).toHaveLength(1);
  const [, made] = await rows('?action=token.created,token.rotated', later.session);
  expect(made.detail.replaces).toBe(lookupId);
});

test('times in the detail of a row are integers of nanoseconds with every digit, whatever they were stored as', async () => {
  const own = await startWorld({ settings: { 'terminal_token.enabled': 'true' } });
  try {
    const who = await newOwner(own);
    const login = await call(own.url, 'POST', '/v1/auth?token_usage=interactive', {
      headers: loginOf(own, who.key, who.account, windowOf(own, { age: 1 })),
    });
    const bearer = String(login.json.jwt_token);
    expect((await call(own.url, 'POST', '/v1/account/terminal-token', { bearer })).status).toBe(200);
    expect((await call(own.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer })).status).toBe(200);
    const terminalEnds = own.clock.seconds() + 300;
    own.clock.advance(31);
    const { session } = await newOwner(own, who);
    await addSubkey(own, { ...who, session }, { expires_in: 60 });
    const text = await expect
      .poll(async () => (await call(own.url, 'GET', AUDIT, { bearer: session })).text, { timeout: 5_000, interval: 50 })
      .toContain('terminal_token.issued')
      .then(async () => (await call(own.url, 'GET', AUDIT, { bearer: session })).text);
    const found = [...text.matchAll(/"([a-z_]+_at|valid_after)":([^,}]+)/g)].map(([, name, value]) => [name, value]);
    expect(new Set(found.map(([name]) => name))).toEqual(new Set(['expires_at', 'valid_after', 'happened_at']));
    for (const [name, value] of found) expect([name, value]).toEqual([name, expect.stringMatching(/^[0-9]{19}$/)]);
    expect(text).toContain(`"expires_at":${own.clock.nanos() + 60_000_000_000n},`);
    // Stored in seconds.
    expect(text).toContain(`"expires_at":${terminalEnds}000000000,`);
  } finally {
    await own.stop();
  }
});

test('the end of an expired token is told by the activity, as its rotation left it, to the commands that explain a refusal', async () => {
  const who = await newOwner(world);
  const { token, lookupId } = await createToken(world.url, who.session);
  const rotated = await call(world.url, 'POST', `/countersign/v1/tokens/${lookupId}/rotate`, {
    bearer: who.session,
    body: { overlap_seconds: 5 },
  });
  world.clock.advance(6);
  const refused = await call(world.url, 'GET', '/v1/balance', { bearer: token });
  const client = createClient({ url: world.url, auth: bearerAuth(who.session) });
  const found = await client.explain(refused.headers.get('Countersign-Request-Id') ?? '');
  expect(found.reason).toBe('credential_expired');
  const ended = await whatEnded(client, found, new AbortController().signal);
  expect(rotated.text).toContain(`"expiry_at":${ended?.at}`);
});

test("the operator appears as operator, without the operator's address", async () => {
  const who = await newOwner(world);
  await command(world.service, `/accounts/${who.account}/lock`);
  await command(world.service, `/accounts/${who.account}/unlock`);
  const [unlocked, locked] = await rows('?action=account.locked,account.unlocked', who.session);
  expect([unlocked.action, locked.action]).toEqual(['account.unlocked', 'account.locked']);
  for (const row of [unlocked, locked]) {
    expect(row).toMatchObject({ actor: { kind: 'operator', id: '', name: '' }, client_ip: '', detail: {} });
  }
});

test('rows of other accounts and of the service are never shown', async () => {
  const [one, two] = [await newOwner(world), await newOwner(world)];
  await createToken(world.url, two.session, { name: 'not yours' });
  const { text } = await call(world.url, 'GET', `${AUDIT}?limit=500`, { bearer: one.session });
  expect(text).not.toContain('not yours');
  expect(text).not.toContain(two.account);
  expect(text).not.toContain('signing_key');
  // A cursor of another account leads into one's own rows alone.
  const foreign = await call(world.url, 'GET', `${AUDIT}?limit=1`, { bearer: two.session });
  const { next } = foreign.json;
  const page = await call(world.url, 'GET', `${AUDIT}?cursor=${next}`, { bearer: one.session });
  expect(page.text).not.toContain(two.account);
});

test('the audit log is asked by credential, action, outcome and time, and page by page', async () => {
  const who = await newOwner(world);
  const far = await addSubkey(world, who, { allowed_cidrs: ELSEWHERE });
  const near = await addSubkey(world, who);
  await subkeySession(world, who.account, near);
  await postLogin(world, loginOf(world, far, who.account), far.publicKey);
  await settled(who.session, 'login.refused');
  expect(new Set(await actions('?outcome=logins', who.session))).toEqual(new Set(['login']));
  expect(await actions('?outcome=refusals', who.session)).toEqual(['login.refused']);
  expect(await actions('?outcome=changes', who.session)).toEqual([
    'subkey.registered',
    'subkey.registered',
    'account.onboarded',
  ]);
  expect(await actions('?outcome=changes&action=login', who.session)).toEqual([]);
  const [refused] = await rows('?action=login.refused', who.session);
  expect(refused.detail).toMatchObject({ reason: 'ip_not_allowed', count: 1 });
  const { kind, id } = refused.actor;
  expect(await actions(`?credential=${kind}:${id}`, who.session)).toEqual(['login.refused', 'subkey.registered']);

  const all = await call(world.url, 'GET', `${AUDIT}?limit=500`, { bearer: who.session });
  const at = /"at":(\d+)/.exec(all.text)?.[1] ?? '';
  expect(await actions(`?from=${at}`, who.session)).not.toHaveLength(0);
  expect(await actions(`?from=${BigInt(at) + 1n}`, who.session)).toEqual([]);
  expect(await actions(`?to=${at}`, who.session)).toEqual([]);

  const ids: number[] = [];
  let cursor = '';
  do {
    const { json } = await call(world.url, 'GET', `${AUDIT}?limit=2${cursor}`, { bearer: who.session });
    ids.push(...json.results.map((row: { readonly id: number }) => row.id));
    cursor = json.next === null ? '' : `&cursor=${json.next}`;
  } while (cursor !== '');
  expect(ids).toEqual(all.json.results.map((row: { readonly id: number }) => row.id));
});

test('a question to the audit log that would be misread is refused', async () => {
  for (const query of [
    'credential=subkey',
    'credential=operator:1',
    'credential=subkey:x',
    'action=logins',
    'action=login,',
    'outcome=all',
    'from=2026-11-21',
    'from=9223372036854775808',
    'from=5&to=5',
    'limit=0',
    'limit=501',
    'cursor=7.7',
    'cursor=-1',
    'cursor=9223372036854775808',
    'cursor=%F0%9D%9F%99',
    'credential=subkey:',
    'credential=subkey:-1',
    'credential=subkey:9223372036854775808',
    'credential=subkey:%F0%9D%9F%99',
    "credential=token:tok_'%20or%201=1",
    'from=-1',
    'from=1e3',
    'from=%D9%A1',
    'from=9&to=5',
    `action=${Array(100).fill('login').join(',')},x`,
  ]) {
    const answer = await call(world.url, 'GET', `${AUDIT}?${query}`, { bearer: owner.session });
    expect([query, answer.status, answer.json.error]).toEqual([query, 400, 'INVALID_REQUEST_PARAMETER']);
  }
  for (const query of [`action=${Array(10_000).fill('login').join(',')}`, 'action=login&action=token.revoked']) {
    const many = await call(world.url, 'GET', `${AUDIT}?${query}`, { bearer: owner.session });
    expect([many.status, many.json.error]).toEqual([expect.any(Number), expect.any(String)]);
    expect(many.status).toBeGreaterThanOrEqual(400);
    expect(many.status).toBeLessThan(500);
  }
  // A misspelt filter would select everything.
  const misspelt = await call(world.url, 'GET', `${AUDIT}?credentials=subkey:1`, { bearer: owner.session });
  expectRefusal(misspelt, 400, 'VALIDATION_ERROR');
});

test('the audit log is read by the main key, the wallet and a device, and by nobody else', async () => {
  const device = await deviceSession(world, await addDevice(world, owner));
  expect(await rows('', device)).not.toHaveLength(0);
  const subkey = await subkeySession(world, owner.account, await addSubkey(world, owner));
  const { token } = await createToken(world.url, owner.session);
  for (const bearer of [subkey, token]) {
    expectRefusal(await call(world.url, 'GET', AUDIT, { bearer }), 403, 'INVALID_TOKEN_SCOPE');
  }
  expectRefusal(await call(world.url, 'GET', AUDIT), 401, 'UNAUTHORIZED_ERROR');
});

test('what is asked of the audit log counts in a bucket of its own, and not among reads', async () => {
  const small = await startWorld({
    settings: { 'rate_limit.enabled': 'true', 'owner/min': '3', 'owner%': '100', 'private-read/min': '1' },
  });
  try {
    const who = await newOwner(small);
    const ask = () => call(small.url, 'GET', AUDIT, { bearer: who.session });
    await call(small.url, 'GET', TOKENS, { bearer: who.session });
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await ask()).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
  } finally {
    await small.stop();
  }
});
