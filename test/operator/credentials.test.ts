// On the night of a leak: whatever names a credential finds it, and one command ends it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInTable } from '../../src/access/own-routes.ts';
import { auditRows, command, isLate, operate, run } from '../support/operator.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  claimsOf,
  ELSEWHERE,
  expectRefusal,
  forgedFrom,
  loginOf,
  mainSession,
  newOwner,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  registrationBody,
  SELF,
  SUBKEYS,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type WalletOwner,
  type World,
  windowOf,
} from '../support/world.ts';

let world: World;
let owner: Owner;
let wallet: WalletOwner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
  wallet = await newWalletOwner(world);
});
afterAll(() => world.stop());

const find = (credential: string, more: Record<string, unknown> = {}): Promise<Answer> =>
  operate(world.service, 'POST', '/credentials/find', { credential, ...more });
const revoke = (credential: string): Promise<Answer> =>
  operate(world.service, 'POST', '/credentials/revoke', { credential });

async function subjectsOf(credential: string): Promise<readonly string[]> {
  const { status, text, json } = await find(credential);
  expect(status, text).toBe(200);
  return json.results.map(({ subject }: { subject: string }) => subject);
}

/** A subkey with its row id. */
async function newSubkey(more: Record<string, unknown> = {}) {
  const key = await addSubkey(world, owner, more);
  const { json } = await call(world.url, 'GET', `${SUBKEYS}/${key.publicKey}`, { bearer: owner.session });
  return { key, id: String(json.id), subject: `credential/${owner.account}/subkey/${json.id}` };
}

describe('find', () => {
  test('a subkey by every form in which it is printed', async () => {
    const { key, id, subject } = await newSubkey({ allowed_cidrs: ['127.0.0.0/8'] });
    const session = await subkeySession(world, owner.account, key);
    const forms = [
      key.publicKey,
      `0x${key.publicKey.slice(2).toUpperCase().padStart(64, '0')}`,
      `subkey:${id}`,
      id,
      subject,
      session,
      `Bearer ${session}`,
      ` ${key.publicKey}\n`,
      `"subkey:${id}",`,
      `\`${key.publicKey}\``,
      `Authorization: Bearer ${session}`,
      `"${session}"`,
      session.replace(/.{80}/g, '$&\n'),
    ];
    for (const form of forms) expect(await subjectsOf(form), form).toEqual([subject]);
    const { json } = await find(key.publicKey);
    expect(json.results[0]).toMatchObject({
      account: owner.account,
      account_locked: false,
      kind: 'subkey',
      credential: `subkey:${id}`,
      label: key.publicKey,
      name: 'bot',
      state: 'active',
      allowed_cidrs: ['127.0.0.0/8'],
      revoked_at: 0,
      ended_by: null,
      seen: null,
    });
  });

  test('a token by its lookup_id, its id and itself', async () => {
    const { token, lookupId: lookup_id } = await createToken(world.url, owner.session);
    const token_id = String(claimsOf(token).cs_id);
    const subject = `credential/${owner.account}/token/${token_id}`;
    for (const form of [lookup_id, lookup_id.toUpperCase(), token_id, `token:${token_id}`, subject, token]) {
      expect(await subjectsOf(form), form).toEqual([subject]);
    }
  });

  test('a token with its last use and the addresses it was used from, as its owner sees them', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    const unused = await run('credentials', world.service.folder, 'find', lookupId);
    expect(unused.out).not.toContain('ADDRESS');
    for (let i = 0; i < 2; i += 1) await call(world.url, 'GET', SELF, { bearer: token });
    await call(world.url, 'POST', TOKENS, { bearer: token });
    const [found] = (await find(lookupId)).json.results;
    const path = `/countersign/v1/addresses?credential=${found.credential}`;
    const { results } = (await call(world.url, 'GET', path, { bearer: owner.session })).json;
    expect(results).toMatchObject([{ address: '127.0.0.1', allowed: 2, refused: 1 }]);
    expect(found.addresses).toEqual(results);
    expect(found).toMatchObject({ last_used_at: results[0].last_at, last_used_ip: '127.0.0.1' });
    const { code, out } = await run('credentials', world.service.folder, 'find', lookupId);
    expect(code).toBe(0);
    expect(out).toMatch(/\nlast used +\S.* from 127\.0\.0\.1\n/);
    expect(out).toMatch(/\n\nADDRESS +FIRST +LAST +ALLOWED +REFUSED\n127\.0\.0\.1 .* 2 +1\n/);
  });

  test('a token that ran out is found as expired, and one that was revoked before that as revoked', async () => {
    const own = await startWorld();
    try {
      const alice = await newOwner(own);
      const made = [await createToken(own.url, alice.session, { expiry_duration: 60 })];
      made.push(await createToken(own.url, alice.session, { expiry_duration: 60 }));
      const [left, ended] = made.map(({ lookupId }) => lookupId);
      const stateNow = async (credential = '') =>
        (await operate(own.service, 'POST', '/credentials/find', { credential })).json.results[0].state;
      expect(await stateNow(left)).toBe('issued');
      await call(own.url, 'DELETE', `${TOKENS}/${ended}`, { bearer: alice.session });
      own.clock.advance(61);
      expect([await stateNow(left), await stateNow(ended)]).toEqual(['expired', 'revoked']);
    } finally {
      await own.stop();
    }
  });

  test('a main key and a wallet by themselves and by their account', async () => {
    const main = `credential/${owner.account}/main/main`;
    for (const form of [owner.key.publicKey, owner.account, `account/${owner.account}`, main, owner.session]) {
      expect(await subjectsOf(form), form).toEqual([main]);
    }
    const evm = `credential/${wallet.account}/evm/main`;
    for (const form of [wallet.wallet.address, wallet.account, evm, wallet.session]) {
      expect(await subjectsOf(form), form).toEqual([evm]);
    }
    expect(await subjectsOf(`credential/${owner.account}/evm/main`)).toEqual([]);
  });

  test('a key that two accounts registered, and once before, is all of them, the newest first', async () => {
    const other = await newOwner(world);
    const { key, subject } = await newSubkey();
    expect((await postSubkey(world, other.session, registrationBody(world, other, key))).status).toBe(201);
    const found = await subjectsOf(key.publicKey);
    expect(found).toHaveLength(2);
    expect(found[1]).toBe(subject);
    expectRefusal(await revoke(key.publicKey), 400, 'NOT_UNIQUE');
    const { json } = await revoke(key.publicKey);
    expect(json.data.credentials).toEqual(found);
    const { code, out, err } = await run('credentials', world.service.folder, 'revoke', key.publicKey);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    for (const one of found) expect(err).toContain(one);
  });

  test('a JWT says who signed it and whether it works', async () => {
    const { key, subject } = await newSubkey();
    const session = await subkeySession(world, owner.account, key);
    const { kid } = JSON.parse(Buffer.from(session.split('.')[0] ?? '', 'base64url').toString());
    const bearerOf = async (jwt: string) => (await find(jwt)).json.bearer;
    const { jti } = claimsOf(session);
    expect(await bearerOf(session)).toMatchObject({ verified: true, refusal: null, kid, session: jti });
    const forged = await find(forgedFrom(session));
    expect(forged.json.bearer).toMatchObject({ verified: false, refusal: 'bearer_signature', kid: null, session: jti });
    // Found all the same by what it claims: who copied it may have left the end out.
    expect(forged.json.results[0].subject).toBe(subject);
    const cut = await find(session.split('.').slice(0, 2).join('.'));
    expect(cut.json.bearer).toMatchObject({ verified: false, refusal: 'bearer_malformed' });
    expect(cut.json.results[0].subject).toBe(subject);
    expectRefusal(await revoke(forgedFrom(session)), 400, 'INVALID_REQUEST_PARAMETER');
    expect(await stateOf(world, session)).toBe('alive');
    await revoke(subject);
    expect(await bearerOf(session)).toMatchObject({ verified: true, refusal: 'credential_revoked' });
    world.clock.advance(301);
    expect(await bearerOf(session)).toMatchObject({ verified: true, refusal: 'bearer_expired' });
    owner = { ...owner, session: await mainSession(world, owner) };
  });

  test.each([
    'nobody',
    'subkey:x',
    'credential/0xzz/subkey/1',
    'subkey:1 subkey:2',
    '1.2.3',
    '',
    '0x'.padEnd(80, '1'),
    `subkey:${'9'.repeat(19)}`,
    '9'.repeat(30),
  ])('what has no form of a credential, %j, is refused, and is not said again', async (text) => {
    const message = expectRefusal(await find(text), 400, 'INVALID_REQUEST_PARAMETER');
    expect(message).toContain('a public key, a lookup_id');
    if (text.length > 5) expect(message).not.toContain(text);
  });

  test('a JWT that was cut off is told that a part of it is missing', async () => {
    const jwt = owner.session.slice(0, 200);
    const { code, out, err } = await run('credentials', world.service.folder, 'find', jwt);
    expect(code).toBe(1);
    expect(out).toContain('NOT signed by a key of ours (bearer_malformed)');
    expect(err).toContain('this JWT cannot be read: a part of it is missing');
  });

  test.each(['main:main', 'evm:main'])('%s alone names nobody: every account has one', async (text) => {
    expect(expectRefusal(await find(text), 400, 'INVALID_REQUEST_PARAMETER')).toContain('every account has one');
  });

  test('what names nobody exits with 1 and says so, with the way to a request', async () => {
    const uuid = '00000000-0000-4000-8000-000000000000';
    const { code, out, err } = await run('credentials', world.service.folder, 'find', uuid);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('audit export --request-id');
  });

  test('an address from which nobody was seen exits with 1 and says so, and nothing of names', async () => {
    for (const address of ['198.51.100.77', '2001:db8::77']) {
      const { code, out, err } = await run('credentials', world.service.folder, 'find', address);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toBe(
        'countersign credentials: no credential was used from that address, as far as use is kept (usage.keep_days), and the audit log has nothing from there\n',
      );
    }
  });
});

test('a JWT whose signing key was retired is refused for that, and its token says what ended it', async () => {
  const own = await startWorld();
  try {
    const alice = await newOwner(own);
    const { token } = await createToken(own.url, alice.session);
    for (const jwt of [token, alice.session]) {
      const { kid } = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString());
      await command(own.service, `/signing-keys/${kid}/retire`);
      const { json } = await operate(own.service, 'POST', '/credentials/find', { credential: jwt });
      expect(json.bearer).toMatchObject({ verified: true, refusal: 'signing_key_retired', kid });
      const ended = { state: 'revoked', ended_by: { action: 'signing_key.retired', actor: 'operator' } };
      expect(json.results).toMatchObject([jwt === token ? ended : { kind: 'main', state: 'active', ended_by: null }]);
    }
  } finally {
    await own.stop();
  }
});

test('find <address>: who was seen from there, the newest first, refused logins among them', async () => {
  const own = await startWorld({ settings: { 'proxy.trusted': '127.0.0.1' } });
  try {
    const alice = await newOwner(own);
    const bot = await addSubkey(own, alice, { allowed_cidrs: ELSEWHERE });
    const from = (ip: string) => ({ 'X-Forwarded-For': ip });
    const headers = { ...loginOf(own, bot, alice.account, windowOf(own)), ...from('198.51.100.9') };
    expectRefusal(await postLogin(own, headers, bot.publicKey), 403, 'IP_NOT_ALLOWED');
    const main = { ...loginOf(own, alice.key, alice.account, windowOf(own)), ...from('198.51.100.9') };
    expect((await postLogin(own, main)).status).toBe(200);
    await call(own.url, 'POST', TOKENS, { bearer: alice.session, body: {}, headers: from('2001:db8::9') });

    const seen = async (ip: string) =>
      (await operate(own.service, 'POST', '/credentials/find', { credential: ip })).json.results.map(
        (one: { credential: string; state: string; seen: { rows: number; newest: { action: string } } }) =>
          [one.credential, one.state, one.seen.rows, one.seen.newest.action] as const,
      );
    // Logins are written within a second.
    await expect
      .poll(() => seen('198.51.100.9'), { timeout: 5_000 })
      .toEqual([
        ['main:main', 'active', 1, 'login'],
        ['subkey:1', 'active', 1, 'login.refused'],
      ]);
    expect(await seen('2001:DB8:0::9')).toEqual([['main:main', 'active', 1, 'token.created']]);
    expect(await seen('[2001:db8::9]:51234')).toHaveLength(1);
    expect(await seen('198.51.100.9:51234')).toHaveLength(2);
    expect(await seen('192.0.2.1')).toEqual([]);
    const { code, out } = await run('credentials', own.service.folder, 'find', '198.51.100.9');
    expect(code).toBe(0);
    expect(out).toMatch(/login\.refused +1 +credential\/0x[0-9a-f]+\/subkey\/1 +active/);
    const refused = await operate(own.service, 'POST', '/credentials/revoke', { credential: '198.51.100.9' });
    expect(expectRefusal(refused, 400, 'INVALID_REQUEST_PARAMETER')).toContain('names no credential');
  } finally {
    await own.stop();
  }
});

test('find <address>: credentials that only read from there, with first, last and counts of that address alone, the newest first', async () => {
  const own = await startWorld({ settings: { 'proxy.trusted': '127.0.0.1' } });
  try {
    const [alice, bob] = [await newOwner(own), await newOwner(own)];
    const [one, other] = [await createToken(own.url, alice.session), await createToken(own.url, bob.session)];
    const read = (bearer: string, ip: string, method = 'GET') =>
      call(own.url, method, method === 'GET' ? SELF : TOKENS, { bearer, headers: { 'X-Forwarded-For': ip } });
    const first = own.clock.nanos();
    await read(one.token, '198.51.100.9');
    own.clock.advance(60);
    await read(one.token, '198.51.100.9');
    await read(one.token, '198.51.100.9', 'POST');
    await read(one.token, '198.51.100.10');
    own.clock.advance(60);
    const last = own.clock.nanos();
    await read(other.token, '198.51.100.9');

    const { json } = await operate(own.service, 'POST', '/credentials/find', { credential: '198.51.100.9:51234' });
    const of = (account: string, token: string) => `credential/${account}/token/${String(claimsOf(token).cs_id)}`;
    expect(json).toMatchObject({
      results: [
        { subject: of(bob.account, other.token), addresses: [{ first_at: Number(last), allowed: 1, refused: 0 }] },
        {
          subject: of(alice.account, one.token),
          state: 'issued',
          last_used_ip: '198.51.100.10',
          addresses: [{ address: '198.51.100.9', first_at: Number(first), allowed: 2, refused: 1 }],
        },
      ],
      next: null,
    });
    expect(json.results[0].seen).toBeNull();
    const { code, out } = await run('credentials', own.service.folder, 'find', '[198.51.100.9]:51234');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^LAST +FIRST +ALLOWED +REFUSED +CREDENTIAL +STATE +NAME\n\S+ +\S+ +1 +0 +credential\S+ +issued .*\n\S+ +\S+ +2 +1 /,
    );
  } finally {
    await own.stop();
  }
});

test('find <address> names a hundred credentials that were used from there on a page, each once, then the rows of the audit log', async () => {
  const own = await startWorld({ settings: { 'rate_limit.enabled': 'false' } });
  try {
    const owners = [];
    for (let n = 0; n < 120; n += 1) owners.push((await newOwner(own)).account);
    const pages = [];
    let cursor: string | undefined;
    do {
      const { json } = await operate(own.service, 'POST', '/credentials/find', { credential: '127.0.0.1', cursor });
      pages.push(json);
      cursor = json.next ?? undefined;
    } while (cursor !== undefined);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages[0].results).toHaveLength(100);
    const named = pages.flatMap(({ results }) => results.map(({ subject }: { subject: string }) => subject));
    expect(new Set(named)).toEqual(new Set(owners.map((account) => `credential/${account}/main/main`)));
    expect(pages[0].results.every(({ seen }: { seen: unknown }) => seen === null)).toBe(true);
    expect(pages.at(-1).results.some(({ seen }: { seen: unknown }) => seen !== null)).toBe(true);
  } finally {
    await own.stop();
  }
});

test('find <address> goes on with its cursor where a page ends', async () => {
  const own = await startWorld();
  try {
    const alice = await newOwner(own);
    await createToken(own.url, alice.session);
    for (let n = 0; n < 510; n += 1) {
      await command(own.service, `/accounts/${alice.account}/${n % 2 ? 'unlock' : 'lock'}`);
    }
    const first = await operate(own.service, 'POST', '/credentials/find', { credential: '127.0.0.1' });
    // The newest rows are the operator's, who is no credential.
    expect(first.json.next).toMatch(/^\d+\.\d+$/);
    const more = { credential: '127.0.0.1', cursor: first.json.next };
    const second = await operate(own.service, 'POST', '/credentials/find', more);
    expect(second.json.results.map(({ credential }: { credential: string }) => credential)).toContain('main:main');
    expect(second.json.next).toBeNull();
    const wrong = await operate(own.service, 'POST', '/credentials/find', { ...more, cursor: 'x' });
    expectRefusal(wrong, 400, 'INVALID_REQUEST_PARAMETER');
  } finally {
    await own.stop();
  }
});

describe('revoke', () => {
  test('countersign revoke ends a subkey and nothing else, with a receipt and a row of the audit log that says who did it', async () => {
    const [one, other] = [await newSubkey(), await newSubkey()];
    const sessions = [
      await subkeySession(world, owner.account, one.key),
      await subkeySession(world, owner.account, other.key),
    ] as const;
    const { status, headers, json } = await revoke(`subkey:${one.id}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      revoked: true,
      receipt: { nodes: 1, in_flight: 0 },
      result: { subject: one.subject, state: 'revoked', ended_by: { actor: 'operator', action: 'subkey.revoked' } },
    });
    expect(headers.get('Countersign-Revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=0$/);
    expect(await stateOf(world, sessions[0])).toBe('401 UNAUTHORIZED_ERROR');
    expect(await stateOf(world, sessions[1])).toBe('alive');
    const rows = await auditRows(world.service, `?credential=subkey:${one.id}&action=subkey.revoked`);
    expect(rows).toMatchObject([
      { account: owner.account, actor: 'operator', subject: one.subject, detail: { public_key: one.key.publicKey } },
    ]);
  });

  test('countersign revoke ends a token by its JWT, which stands nowhere afterwards', async () => {
    const { token } = await createToken(world.url, owner.session);
    const { code, out } = await run('credentials', world.service.folder, 'revoke', token);
    expect(code).toBe(0);
    expect(out).toContain(`token:${claimsOf(token).cs_id} of ${owner.account} is revoked; receipt {"nodes":1`);
    expect(await stateOf(world, token)).toBe('401 UNAUTHORIZED_ERROR');
    const [, , signature = ''] = token.split('.');
    const told = [out, world.service.log.join(), JSON.stringify(await auditRows(world.service))].join();
    expect(told).not.toContain(signature);
  });

  test('countersign revoke of what was revoked before does nothing, exits with 0 and says when and by whom', async () => {
    const { key, id } = await newSubkey();
    await call(world.url, 'DELETE', `${SUBKEYS}/${key.publicKey}`, { bearer: owner.session });
    const changes = async () => (await auditRows(world.service)).filter((row) => !isLate(row)).length;
    const before = await changes();
    const { json } = await revoke(key.publicKey);
    expect(json).toMatchObject({
      revoked: false,
      result: { ended_by: { actor: 'main:main', action: 'subkey.revoked', client_ip: '127.0.0.1' } },
    });
    expect(await changes()).toBe(before);
    const { code, out } = await run('credentials', world.service.folder, 'revoke', `subkey:${id}`);
    expect(code).toBe(0);
    expect(out).toMatch(
      /was revoked before: nothing was done\n[\s\S]*revoked +20\S+Z by main:main, subkey\.revoked \(request /,
    );
  });

  test('countersign revoke of what was revoked before says so, too, after it has been tried at every door', async () => {
    const own = await startWorld();
    const alice = await newOwner(own);
    const { token, lookupId } = await createToken(own.url, alice.session);
    await call(own.url, 'DELETE', `${TOKENS}/${lookupId}`, { bearer: alice.session });
    const doors = builtInTable.routes.filter(({ access, servedBy }) => access !== 'public' && servedBy === 'venue');
    expect(doors.length).toBeGreaterThan(60);
    for (const { method, path } of doors) {
      const answer = await call(own.url, method, path.replaceAll(/\{.*?\}/g, '1'), { bearer: token });
      expect(answer.status, path).toBe(401);
    }
    // Which writes what was counted.
    await own.stop();
    const { out } = await run('credentials', own.service.folder, 'find', lookupId, '--json', '--clock.accept');
    expect(JSON.parse(out).results[0]).toMatchObject({ state: 'revoked', ended_by: { action: 'token.revoked' } });
  });

  test('countersign revoke says so, too, of what ended with everything of its account', async () => {
    const alice = await newOwner(world);
    const { lookupId } = await createToken(world.url, alice.session);
    await call(world.url, 'POST', '/countersign/v1/revoke-all', { bearer: alice.session, body: {} });
    const { json } = await revoke(lookupId);
    expect(json).toMatchObject({ revoked: false, result: { ended_by: { action: 'account.revoked_all' } } });
  });

  test('countersign revoke of a key that was registered again ends the living one', async () => {
    const own = await startWorld({ settings: { 'subkeys.reregister_revoked': 'true' } });
    try {
      const alice = await newOwner(own);
      const key = await addSubkey(own, alice);
      await call(own.url, 'DELETE', `${SUBKEYS}/${key.publicKey}`, { bearer: alice.session });
      own.clock.advance(5);
      expect((await postSubkey(own, alice.session, registrationBody(own, alice, key))).status).toBe(201);
      const { json } = await operate(own.service, 'POST', '/credentials/revoke', { credential: key.publicKey });
      expect(json).toMatchObject({ revoked: true, result: { credential: 'subkey:2' } });
    } finally {
      await own.stop();
    }
  });

  test.each(['main key', 'wallet'])('a %s cannot be revoked: it says what to do instead', async (what) => {
    const one = what === 'wallet' ? wallet.wallet.address : owner.key.publicKey;
    const message = expectRefusal(await revoke(one), 403, 'REQUEST_NOT_ALLOWED');
    expect(message).toContain(`a ${what} cannot be revoked`);
    expect(message).toContain('lock');
    const { code, err } = await run('credentials', world.service.folder, 'revoke', one);
    expect(code).toBe(1);
    expect(err).toContain('revoke-all');
  });

  test('countersign revoke of a name with an account ends nothing of another account', async () => {
    const { key, id } = await newSubkey();
    const session = await subkeySession(world, owner.account, key);
    const { token } = await createToken(world.url, owner.session);
    const other = await newOwner(world);
    for (const name of [`subkey/${id}`, `token/${claimsOf(token).cs_id}`]) {
      expectRefusal(await revoke(`credential/${other.account}/${name}`), 404, 'NOT_FOUND');
      expect(await subjectsOf(`credential/${other.account}/${name}`)).toEqual([]);
    }
    const [head, , signature] = session.split('.');
    const claims = Buffer.from(JSON.stringify({ ...claimsOf(session), sub: other.account })).toString('base64url');
    expect(await subjectsOf(`${head}.${claims}.${signature}`)).toEqual([]);
    for (const bearer of [session, token]) expect(await stateOf(world, bearer)).toBe('alive');
  });

  test('an account is its main key, which has no row of its own to revoke', async () => {
    expect(expectRefusal(await revoke(owner.account), 403, 'REQUEST_NOT_ALLOWED')).toContain('a main key cannot');
    expect(expectRefusal(await revoke('main:main'), 400, 'INVALID_REQUEST_PARAMETER')).toContain('name the account');
  });

  test('the address of a client is refused: what was seen from there are many, and find says which', async () => {
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '2001:db8::7']) {
      const message = expectRefusal(await revoke(address), 400, 'INVALID_REQUEST_PARAMETER');
      expect(message).toContain('find says which it used');
    }
    const { code, err } = await run('credentials', world.service.folder, 'revoke', '127.0.0.1');
    expect(code).toBe(1);
    expect(err).toContain('find says which it used');
  });

  test('what nobody has is no such credential', async () => {
    expectRefusal(await revoke('tok_0000'), 404, 'NOT_FOUND');
    expectRefusal(await revoke('no credential at all'), 400, 'INVALID_REQUEST_PARAMETER');
    expectRefusal(await revoke('subkey:999999'), 404, 'NOT_FOUND');
  });
});

test('countersign credentials works while no server runs', async () => {
  const own = await startWorld();
  const alice = await newOwner(own);
  const key = await addSubkey(own, alice);
  await own.stop();
  const offline = (...argv: string[]) => run('credentials', own.service.folder, ...argv, '--clock.accept');
  const found = await offline('find', 'subkey:1');
  expect(found).toMatchObject({ code: 0 });
  expect(found.out).toContain(key.publicKey);
  const revoked = await offline('revoke', key.publicKey);
  expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('is revoked; receipt {"nodes":1') });
  expect((await offline('revoke', key.publicKey)).out).toContain('was revoked before');
  const rows = await run('audit', own.service.folder, 'export', '--credential=subkey:1', '--clock.accept');
  const actions = rows.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).action);
  expect(actions).toEqual(['subkey.registered', 'subkey.revoked', 'ending.receipt']);
});

test.each([
  [['find'], "find: missing required argument 'credential'"],
  [['revoke'], "revoke: missing required argument 'credential'"],
  [['end', 'subkey:1'], "unknown command 'end'"],
  [['find', 'subkey:1', 'subkey:2'], 'Expected 1 argument but got 2; see countersign help credentials find'],
  [['revoke', 'subkey:1', '--cursor=1.1'], 'revoke: --cursor is not expected, only with credentials find'],
])('%j is refused by what is wrong with it', async (words, sentence) => {
  const { code, err } = await run('credentials', world.service.folder, ...words);
  expect(code).toBe(2);
  expect(err).toContain(sentence);
});
