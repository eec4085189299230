// Every place where a request waits between its arrival and its answer, held open while a change is acknowledged. Each must end
// in the refusal. Held results are computed before the change and delivered after it.
//
// | request             | waits for                                   | what asks again                         |
// |---------------------|---------------------------------------------|-----------------------------------------|
// | any private         | the view's read, as the first to ask        | position against mark, then a new read  |
// |                     | the view's read, begun for another          | the same                                |
// |                     | the view's second read                      | the same                                |
// |                     | the decision's way back to the front        | the grant: registered with the decision |
// | to the venue        | its body                                    | the grant cuts; the last check          |
// |                     | a connection to the venue                   | the grant cuts; the last check          |
// |                     | the head's turn to be written               | test/gateway/forward-revocation.test.ts |
// | our own, reading    | tokens, subkeys, one subkey, self           | the grant, before the head              |
// | our own, writing    | its body and its handler                    | requireStill in the write's transaction |
// |                     | the read before the transaction             | the same                                |
// |                     | the proof of a new subkey                   | the same                                |
// |                     | the writer, while others write              | the same                                |
// |                     | requireStill's own read                     | nothing: no change can commit meanwhile |
// | sign-out, revoke-   | the writer, requireStill's own read         | the same, as a write of our own         |
// | all                 |                                             |                                         |
// | self/revoke         | the same                                    | the same, by the credential itself      |
// | leaked              | the writer, its own read                    | liveness, in its transaction            |
// | activation          | test/revocation/activation.test.ts          | one conditional UPDATE                  |
// | login               | account, named subkey, verification,        | the view, in the turn that signs        |
// |                     | candidates, their subkey, their             |                                         |
// |                     | verification, the transaction of its nonce  |                                         |
// |                     | or of its signature's mark                  |                                         |
// |                     | the view's read                             | position against mark, then a new read  |
import { describe, expect, test } from 'vitest';
import type { Caller } from '../../src/credentials/caller.ts';
import { anywhere, parseAllowlist, type UsableAllowlist } from '../../src/domain/allowlist.ts';
import { type AccountId, accountSubject } from '../../src/domain/credential.ts';
import { ApiError } from '../../src/errors.ts';
import { eventually, rawClient, startVenue } from '../support/forward-harness.ts';
import { alice, aliceKey, bob, carol, openService, type Service, subkeyKey } from '../support/revocation/service.ts';

interface Heard {
  readonly status: number;
  readonly text: string;
}

const DEAD = 'invalid bearer jwt: the credential was revoked (missing or malformed jwt)';

async function get(port: number, path: string, bearer: string): Promise<Heard> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Authorization: `Bearer ${bearer}` } });
  return { status: response.status, text: await response.text() };
}

const head = (method: string, path: string, bearer: string, ...headers: string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: test', `Authorization: Bearer ${bearer}`, ...headers, '', ''].join('\r\n');

describe('a request to the venue is refused and never sent when its credential is revoked while it waits for', () => {
  test("the view's read, alone or as the second who asked for it", async () => {
    const service = await openService();
    const venue = await startVenue();
    const port = await service.listen(venue);
    const session = service.subkeySession(service.aliceSubkey);
    const hold = service.holds.at('store.facts');
    const first = get(port, '/v1/account', session);
    await hold.reached;
    const second = get(port, '/v1/orders', session);
    await expect(service.revokeSubkey()).resolves.toMatchObject({ receipt: { inFlight: 0 } });
    const late = get(port, '/v1/positions', session);
    hold.release();
    for (const answer of await Promise.all([first, second, late])) {
      expect(answer).toMatchObject({ status: 401, text: expect.stringContaining(DEAD) });
    }
    expect(venue.heads).toBe(0);
  });

  test("the view's second read, the first one being overtaken by a harmless change", async () => {
    const service = await openService();
    const venue = await startVenue();
    const port = await service.listen(venue);
    const owner = await service.owner(alice);
    const firstRead = service.holds.at('store.facts');
    const answer = get(port, '/v1/account', service.subkeySession(service.aliceSubkey));
    await firstRead.reached;
    await service.subkeys.rename(owner, subkeyKey.publicKey, 'renamed');
    const secondRead = service.holds.at('store.facts');
    firstRead.release();
    await secondRead.reached;
    await service.subkeys.revoke(owner, subkeyKey.publicKey);
    secondRead.release();
    expect(await answer).toMatchObject({ status: 401, text: expect.stringContaining(DEAD) });
    expect(venue.heads).toBe(0);
  });

  test('a request whose credential is revoked while its decision comes back from the view is refused and never sent', async () => {
    const service = await openService();
    const venue = await startVenue();
    const port = await service.listen(venue);
    const owner = await service.owner(alice);
    const read = service.holds.at('store.facts');
    const answer = get(port, '/v1/account', service.subkeySession(service.aliceSubkey));
    await read.reached;
    const commit = service.holds.at('transaction');
    const revoked = service.subkeys.revoke(owner, subkeyKey.publicKey);
    await commit.reached;
    // From here on the change is committed. It is applied in the very turn in which the decision has been made.
    const [row] = service.sql('select max(position) as position from change_log');
    const change = { position: BigInt(Number(row?.position)), narrows: true, subjects: [subjectOfAlice(service)] };
    let applied = 0;
    service.opening.hook = () => {
      applied += 1;
      service.view.apply(change);
      service.live.cut(change.subjects, 'credential_revoked', change.position);
    };
    read.release();
    expect(await answer).toMatchObject({ status: 401, text: expect.stringContaining(DEAD) });
    expect(applied).toBe(1);
    commit.release();
    await revoked;
    expect(venue.heads).toBe(0);
  });

  test('a request whose credential is revoked while its body is awaited is refused and never sent', async () => {
    const service = await openService();
    const venue = await startVenue();
    const port = await service.listen(venue);
    const session = service.subkeySession(service.aliceSubkey);
    const client = rawClient(port, `${head('POST', '/v1/orders', session, 'Content-Length: 10')}12345`);
    await eventually(() => service.live.size === 1);
    await expect(service.revokeSubkey()).resolves.toMatchObject({ receipt: { inFlight: 0 } });
    client.write('67890');
    expect(await client.until((text) => text.includes('jwt)'))).toContain('401 Unauthorized');
    expect(client.received).toContain(DEAD);
    expect(venue.heads).toBe(0);
  });

  test('a connection to the venue; the request that has the connection is another credential and goes on', async () => {
    const service = await openService();
    const answers: (() => void)[] = [];
    const venue = await startVenue((_request, response) => answers.push(() => response.end('done')));
    const port = await service.listen(venue);
    const busy = get(port, '/v1/account', service.subkeySession(service.bobSubkey));
    await eventually(() => venue.heads === 1);
    const waiting = get(port, '/v1/account', service.subkeySession(service.aliceSubkey));
    await eventually(() => service.live.size === 2);
    await expect(service.revokeSubkey()).resolves.toMatchObject({ receipt: { inFlight: 0 } });
    expect(await waiting).toMatchObject({ status: 401, text: expect.stringContaining(DEAD) });
    for (const answer of answers) answer();
    expect(await busy).toEqual({ status: 200, text: 'done' });
    expect(venue.heads).toBe(1);
  });
});

test('a request whose head had left is cut, and the receipt says that the venue may still act on it', async () => {
  const service = await openService();
  const venue = await startVenue(() => undefined);
  const port = await service.listen(venue);
  const answer = get(port, '/v1/account', service.subkeySession(service.aliceSubkey));
  await eventually(() => venue.heads === 1);
  await expect(service.revokeSubkey()).resolves.toMatchObject({ receipt: { inFlight: 1 } });
  expect(await answer).toMatchObject({ status: 401, text: expect.stringContaining(DEAD) });
});

test('a session that ends cuts the answer that streams to it, and refuses the request that still waits for one', async () => {
  const service = await openService();
  const venue = await startVenue((request, response) => {
    if (request.url === '/v1/orders') response.writeHead(200).write('the first part');
  });
  const port = await service.listen(venue);
  const session = service.subkeySession(service.aliceSubkey);
  // Sessions live for 300 s; the clock of the service stands still, and the timer runs for what is left.
  service.advance(299);
  const streams = rawClient(port, head('GET', '/v1/orders', session));
  await streams.until((text) => text.includes('the first part'));
  const waits = get(port, '/v1/account', session);
  await eventually(() => service.live.size === 2);
  expect(await streams.closed()).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(await waits).toMatchObject({ status: 401, text: expect.stringContaining('expired') });
});

describe('an answer of our own does not leave when the credential is revoked while it is read', () => {
  test.each([
    ['the list of tokens', '/v1/account/tokens', 'store.tokens'],
    ['the list of subkeys', '/v1/account/keys/subkeys', 'store.subkeys'],
    ['one subkey', `/v1/account/keys/subkeys/${subkeyKey.publicKey}`, 'store.subkey'],
  ])('%s', async (_what, path, awaited) => {
    const service = await openService();
    const port = await service.listen(await startVenue());
    const session = service.subkeySession(service.aliceSubkey);
    expect((await get(port, path, session)).status).toBe(200);
    const hold = service.holds.at(awaited);
    const answer = get(port, path, session);
    await hold.reached;
    await service.revokeSubkey();
    hold.release();
    expect(await answer).toMatchObject({ status: 401, text: expect.stringContaining(DEAD) });
  });

  test('self, whose entry was evicted between decision and answer', async () => {
    const service = await openService({ viewCapacity: 0 });
    const port = await service.listen(await startVenue());
    const session = service.subkeySession(service.aliceSubkey);
    expect((await get(port, '/countersign/v1/self', session)).status).toBe(200);
    const hold = service.holds.at('store.facts', 1);
    const answer = get(port, '/countersign/v1/self', session);
    await hold.reached;
    await service.revokeSubkey();
    hold.release();
    expect(await answer).toMatchObject({ status: 401, text: expect.stringContaining(DEAD) });
  });
});

describe('a write of our own', () => {
  type Write = (service: Service, owner: Caller, lookupId: string) => Promise<unknown>;
  const writes: [string, Write][] = [
    ['create a token', (s, by) => s.tokens.create(by, newToken)],
    ['bind a token', (s, by, id) => s.tokens.replaceAllowlist(by, id, elsewhere)],
    ['revoke a token', (s, by, id) => s.tokens.revoke(by, id)],
    ['register a subkey', (s, by) => s.register(by, s.registration())],
    ['rename a subkey', (s, by) => s.subkeys.rename(by, subkeyKey.publicKey, 'other')],
    ['bind a subkey', (s, by) => s.subkeys.replaceAllowlist(by, subkeyKey.publicKey, elsewhere)],
    ['revoke a subkey', (s, by) => s.subkeys.revoke(by, subkeyKey.publicKey)],
    ['sign out everywhere', (s, by) => s.signOut.everywhere(by)],
    ['revoke everything', (s, by) => s.signOut.revokeAll(by, everything)],
  ];

  async function setup() {
    const service = await openService();
    const { token } = await service.createToken(alice);
    return { service, owner: await service.owner(alice), lookupId: token.lookupId };
  }

  /** Who signed out has to log in again. */
  async function laterOwner(service: Service): Promise<Caller> {
    service.advance(10);
    return service.owner(alice);
  }

  const logged = (service: Service) => service.sql('select position, action from change_log order by position');

  test('a write of our own is written while the owner may, or the refusals below prove nothing', async () => {
    const { service, lookupId } = await setup();
    for (const [what, write] of writes) {
      const owner = await laterOwner(service);
      const before = logged(service).length;
      await write(service, owner, lookupId);
      expect(logged(service), what).toHaveLength(before + 1);
    }
  });

  test('a write of our own is not written after its account was locked between decision and handler', async () => {
    const { service, owner, lookupId } = await setup();
    await service.lock(alice);
    const before = logged(service);
    for (const [what, write] of writes) await refusedAsLocked(write(service, owner, lookupId), what);
    expect(logged(service)).toEqual(before);
  });

  test('a write of our own is not written after its account was locked while it waited for the writer', async () => {
    const { service, owner, lookupId } = await setup();
    for (const [what, write] of writes) {
      const begun = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const other = service.store.transaction(async () => {
        begun.resolve();
        await goOn.promise;
      });
      await begun.promise;
      const locked = service.lock(alice);
      const refused = refusedAsLocked(write(service, owner, lookupId), what);
      goOn.resolve();
      await Promise.all([other, locked, refused]);
      expect(logged(service).at(-1)?.action, what).toBe('account.locked');
      await service.unlock(alice);
    }
  });

  test.each<[string, string, Write]>([
    ['register a subkey', 'store.account', (s, by) => s.register(by, s.registration())],
    ['register a subkey', 'verify.registration', (s, by) => s.register(by, s.registration())],
    ['revoke a subkey', 'store.subkey', (s, by) => s.subkeys.revoke(by, subkeyKey.publicKey)],
    ['revoke a token', 'store.token', (s, by, id) => s.tokens.revoke(by, id)],
  ])('cannot %s after its account was locked while it waited for %s', async (_what, awaited, write) => {
    const { service, owner, lookupId } = await setup();
    const hold = service.holds.at(awaited);
    const refused = refusedAsLocked(write(service, owner, lookupId));
    await hold.reached;
    await service.lock(alice);
    hold.release();
    await refused;
    expect(logged(service).at(-1)?.action).toBe('account.locked');
  });

  test('a write of our own that ends the very credential that asks is not written once that was locked, bound elsewhere or over', async () => {
    const service = await openService();
    const owner = await service.owner(alice);
    const holder = await service.holder(service.aliceSubkey);
    await service.lock(alice);
    const before = logged(service);
    await refusedAsLocked(service.endSelf(holder));
    expect(logged(service)).toEqual(before);
    await service.unlock(alice);
    await service.subkeys.replaceAllowlist(owner, subkeyKey.publicKey, elsewhere);
    await expect(service.endSelf(holder)).rejects.toMatchObject({ code: 'IP_NOT_ALLOWED' });
    await service.subkeys.replaceAllowlist(owner, subkeyKey.publicKey, anywhere);
    service.advance(301);
    await expect(service.endSelf(holder)).rejects.toMatchObject({ message: expect.stringContaining('expired') });
    const rows = service.sql('select state from subkey where public_key = ?1', subkeyKey.publicKey);
    for (const { state } of rows) expect(state).toBe('active');
  });

  test('a token cannot be created with a session that ended after the decision', async () => {
    const { service, owner } = await setup();
    service.advance(301);
    await expect(service.tokens.create(owner, newToken)).rejects.toMatchObject({
      code: 'UNAUTHORIZED_ERROR',
      message: expect.stringContaining('expired'),
    });
  });

  test('a write of our own that has asked again is written: no change can commit before it has', async () => {
    const { service, lookupId } = await setup();
    for (const [what, write] of writes) {
      const owner = await laterOwner(service);
      const order: string[] = [];
      const hold = service.holds.at('tx.facts');
      const written = write(service, owner, lookupId).then(() => order.push('written'));
      await hold.reached;
      const locked = service.lock(bob).then(() => order.push('locked'));
      hold.release();
      await Promise.all([written, locked]);
      expect(logged(service).at(-1)?.action, what).toBe('account.locked');
      expect(order, what).toEqual(['written', 'locked']);
    }
  });
});

describe('what is created while everything is revoked is revoked, or refused, when it waits for', () => {
  const creates: [string, readonly string[], (service: Service, by: Caller) => Promise<unknown>][] = [
    ['a token', [], (s, by) => s.tokens.create(by, newToken)],
    [
      'a subkey',
      ['store.account', 'verify.public_key', 'verify.registration'],
      (s, by) => s.register(by, s.registration()),
    ],
    [
      'a pending subkey',
      ['verify.public_key', 'verify.registration'],
      (s, by) => s.register(by, s.registration({ pending: { encryptedKey: 'x', ephPublicKey: aliceKey.publicKey } })),
    ],
  ];
  const live = (service: Service) =>
    service.sql(
      `select token_id as id from token where account_id = ?1 and revoked_at = 0
       union all select public_key from subkey where account_id = ?1 and state <> 'revoked'`,
      alice,
    );
  const signedOut = { code: 'UNAUTHORIZED_ERROR', message: expect.stringContaining('signed out') };

  test.each(creates)(
    'what is created while everything is revoked is revoked, or refused, whatever it waits for: %s',
    async (_what, stops, create) => {
      const service = await openService();
      await expect(create(service, await service.owner(alice))).resolves.toBeDefined();
      expect(live(service).length).toBe(2);
      await service.signOut.revokeAll(await service.owner(alice), everything);
      expect(live(service)).toEqual([]);

      for (const stop of [...stops, 'the writer', 'tx.facts', 'transaction']) {
        service.advance(10);
        const owner = await service.owner(alice);
        const panics = await service.owner(alice);
        if (stop === 'the writer') {
          const goOn = Promise.withResolvers<void>();
          const begun = Promise.withResolvers<void>();
          const busy = service.store.transaction(async () => {
            begun.resolve();
            await goOn.promise;
          });
          await begun.promise;
          const revoked = service.signOut.revokeAll(panics, everything);
          const refused = expect(create(service, owner), stop).rejects.toMatchObject(signedOut);
          goOn.resolve();
          await Promise.all([busy, revoked, refused]);
        } else {
          const hold = service.holds.at(stop);
          const created = create(service, owner);
          const refused = stops.includes(stop)
            ? expect(created, stop).rejects.toMatchObject(signedOut)
            : expect(created, stop).resolves.toBeDefined();
          await hold.reached;
          // Inside the transaction of the other one it has to wait for it.
          const revoked = service.signOut.revokeAll(panics, everything);
          if (stop !== 'tx.facts') await revoked;
          hold.release();
          const { result } = await revoked;
          expect(result.subkeys.length + result.tokens.length, stop).toBe(stops.includes(stop) ? 0 : 1);
          await refused;
        }
        expect(live(service), stop).toEqual([]);
      }
    },
  );

  test('a token whose answer is awaited while everything is revoked is dead', async () => {
    const service = await openService();
    const hold = service.holds.at('transaction');
    const created = service.createToken(alice);
    await hold.reached;
    await service.signOut.revokeAll(await service.owner(alice), everything);
    hold.release();
    const { jwt } = await created;
    const asked = { route: { access: 'account:read', identity: undefined }, method: 'GET' } as const;
    const from = { authorization: [`Bearer ${jwt}`], clientIp: undefined };
    expect(await service.authorize({ ...asked, ...from })).toMatchObject({ reason: 'credential_revoked' });
  });
});

describe('a request waits for a connection to the venue, and is never sent', () => {
  const endings: [string, (service: Service, session: string) => Promise<unknown>][] = [
    ['its owner signs out everywhere', async (s) => s.signOut.everywhere(await s.owner(alice))],
    ['everything is revoked', async (s) => s.signOut.revokeAll(await s.owner(alice), everything)],
    ['somebody reports its session as leaked', (s, session) => s.reportLeaked({ ...finder, bearer: session })],
  ];

  test.each(endings)('a request that waits for a connection to the venue is never sent when %s', async (_what, end) => {
    const service = await openService();
    const answers: (() => void)[] = [];
    const venue = await startVenue((_request, response) => answers.push(() => response.end('done')));
    const port = await service.listen(venue);
    const busy = get(port, '/v1/account', service.subkeySession(service.bobSubkey));
    await eventually(() => venue.heads === 1);
    const session = service.subkeySession(service.aliceSubkey);
    const waiting = get(port, '/v1/account', session);
    await eventually(() => service.live.size === 2);
    await end(service, session);
    expect(await waiting).toMatchObject({ status: 401, text: expect.stringContaining('the session was signed out') });
    for (const answer of answers) answer();
    expect(await busy).toEqual({ status: 200, text: 'done' });
    expect(venue.heads).toBe(1);
  });
});

describe('a token that is reported as leaked while it is revoked', () => {
  const actions = (service: Service) =>
    service.sql('select action from change_log order by position').map(({ action }) => action);

  test.each([
    ['ends once, by whoever came first: its owner', 'owner', ['token.created', 'token.revoked']],
    ['ends once, by whoever came first: the finder', 'finder', ['token.created', 'credential.reported_leaked']],
  ])('%s', async (_what, first, expected) => {
    const service = await openService();
    const { token, jwt } = await service.createToken(alice);
    const owner = await service.owner(alice);
    const acts = {
      owner: () => service.tokens.revoke(owner, token.lookupId),
      finder: () => service.reportLeaked({ ...finder, bearer: jwt }),
    };
    const hold = service.holds.at('tx.facts');
    const one = first === 'owner' ? acts.owner() : acts.finder();
    await hold.reached;
    const other = first === 'owner' ? acts.finder() : acts.owner();
    hold.release();
    await Promise.all([one, other]);
    expect(actions(service)).toEqual(expected);
  });
});

test('a session that is dead already is reported as leaked in vain: nobody fills the log with it', async () => {
  const service = await openService();
  const rows = () => service.sql('select id from audit').length;
  const session = service.subkeySession(service.aliceSubkey);
  const other = service.subkeySession(service.bobSubkey);
  await service.revokeSubkey();
  const before = rows();
  await service.reportLeaked({ ...finder, bearer: session });
  expect(rows()).toBe(before);
  for (let i = 0; i < 3; i += 1) await service.reportLeaked({ ...finder, bearer: other });
  expect(rows()).toBe(before + 1);
});

describe('a login mints nothing when its account signs out while it waits for', () => {
  const dead = { code: 'INVALID_TIMESTAMP', message: expect.stringContaining('signed out') };

  // Signed for now, and for as far ahead as is accepted: both are older than the sign-out.
  test.each([
    ['its account', 'store.account'],
    ['the verification', 'verify.login'],
    ['the mark of its signature', 'transaction'],
    ['the read of the view', 'store.facts'],
  ])('%s', async (_what, awaited) => {
    const service = await openService({ singleUse: true });
    for (const key of [aliceKey, subkeyKey]) {
      for (const ahead of [0, 5]) {
        service.advance(20);
        const owner = await service.owner(alice);
        await touch(service, alice);
        const hold = service.holds.at(awaited);
        const refused = expect(
          service.login.stark(service.starkLogin(key, key.publicKey, { ahead })),
          `${ahead} s ahead`,
        ).rejects.toMatchObject(dead);
        await hold.reached;
        await service.signOut.everywhere(owner);
        hold.release();
        await refused;
      }
    }
  });
});

describe('a signature that expires while it waits to be verified', () => {
  test.each<[string, string, string, (service: Service) => Promise<unknown>]>([
    [
      'mints no session',
      'verify.login',
      'INVALID_BLOCK_EXPIRATION',
      (s) => s.login.stark(s.starkLogin(aliceKey, aliceKey.publicKey)),
    ],
    [
      'of a wallet mints no session',
      'verify.wallet_signer',
      'INVALID_BLOCK_EXPIRATION',
      (s) => s.login.wallet(s.walletLogin('toolatenonce')),
    ],
    [
      'revokes nothing without a session',
      'verify.login',
      'INVALID_BLOCK_EXPIRATION',
      (s) => s.proveOwner(s.emergency('revoke_all'), 'revoke_all'),
    ],
    [
      'registers no subkey',
      'verify.registration',
      'INVALID_TIMESTAMP',
      async (s) => s.register(await s.owner(alice), s.registration()),
    ],
  ])('%s', async (_what, awaited, code, act) => {
    const service = await openService({ singleUse: true });
    const hold = service.holds.at(awaited);
    const refused = expect(act(service)).rejects.toMatchObject({ code, message: expect.stringContaining('expired') });
    await hold.reached;
    service.advance(300);
    hold.release();
    await refused;
  });

  test('a signature that expires while it waits to be verified was used until a minute later, whatever is purged meanwhile', async () => {
    const service = await openService({ singleUse: true });
    await service.login.stark(service.starkLogin(aliceKey, aliceKey.publicKey));
    await service.register(await service.owner(alice), service.registration());
    const marks = () => service.sql('select purpose from used_signature').length;
    service.advance(359);
    await service.store.purgeExpired(service.clock.now());
    expect(marks()).toBe(2);
    service.advance(2);
    await service.store.purgeExpired(service.clock.now());
    expect(marks()).toBe(0);
  });
});

describe('a login mints nothing when its key is revoked while it waits for', () => {
  const named = (service: Service) => service.login.stark(service.starkLogin(subkeyKey, subkeyKey.publicKey));
  const plain = (service: Service) => service.login.stark(service.starkLogin(subkeyKey, undefined));

  test.each<[string, string, number, (service: Service) => Promise<string>]>([
    ['its account', 'store.account', 0, named],
    ['the named subkey', 'store.subkey', 0, named],
    ['the verification under the named key', 'verify.login', 0, named],
    ['the mark of its signature', 'transaction', 0, named],
    ['the read of the view', 'store.facts', 0, named],
    ['the verification under the main key', 'verify.login', 0, plain],
    ['the subkey that can have signed', 'store.subkey', 0, plain],
    ['the verification under that subkey', 'verify.signature', 0, plain],
    ['the read of the view after a plain login', 'store.facts', 0, plain],
  ])('%s', async (_what, awaited, passes, login) => {
    const service = await openService({ singleUse: true });
    const owner = await service.owner(alice);
    await expect(login(service)).resolves.toMatch(/^ey/);
    service.advance(1);
    // A change that forbids nothing: the view reads again at the login that is held.
    await service.subkeys.rename(owner, subkeyKey.publicKey, 'renamed');
    const hold = service.holds.at(awaited, passes);
    const refused = expect(login(service)).rejects.toMatchObject({ code: 'INVALID_SUBKEY', status: 401 });
    await hold.reached;
    await service.subkeys.revoke(owner, subkeyKey.publicKey);
    hold.release();
    await refused;
  });
});

describe('a login mints nothing when its account is locked while it waits for', () => {
  test.each([
    ['its account', 'store.account'],
    ['the verification', 'verify.login'],
    ['the read of the view', 'store.facts'],
  ])('%s (main key)', async (_what, awaited) => {
    const service = await openService();
    const hold = service.holds.at(awaited);
    const refused = refusedAsLocked(service.login.stark(service.starkLogin(aliceKey, undefined)));
    await hold.reached;
    await service.lock(alice);
    hold.release();
    await refused;
  });

  test.each([
    ['its account', 'store.account'],
    ["its nonce's transaction", 'transaction'],
    ['the read of the view', 'store.facts'],
  ])('%s (wallet)', async (_what, awaited) => {
    const service = await openService();
    await expect(service.login.wallet(service.walletLogin('firstnonce'))).resolves.toMatch(/^ey/);
    await touch(service, carol);
    const hold = service.holds.at(awaited);
    const refused = refusedAsLocked(service.login.wallet(service.walletLogin('secondnonce')));
    await hold.reached;
    await service.lock(carol);
    hold.release();
    await refused;
  });
});

const newToken = { name: undefined, kind: 'readonly', lifetimeSeconds: 3_600, allowlist: anywhere } as const;
const elsewhere = rangesOf('192.0.2.0/24');
const everything = { subkeys: true, tokens: true };
const finder = { requestId: 'request-2', clientIpText: '192.0.2.2' };

function rangesOf(entry: string): UsableAllowlist {
  const parsed = parseAllowlist([entry]);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.list;
}

/** A change that forbids nothing: the view reads again at the login that is held. */
async function touch(service: Service, account: AccountId): Promise<void> {
  await service.changes.commit(async (tx) => {
    const subjects = [accountSubject(account)];
    return { result: undefined, change: await tx.appendChange({ account, action: 'login', subjects, narrows: false }) };
  });
}

const subjectOfAlice = ({ aliceSubkey }: Service): string => `credential/${alice}/subkey/${aliceSubkey.id}`;

async function refusedAsLocked(work: Promise<unknown>, what?: string): Promise<void> {
  await expect(work, what).rejects.toSatisfy(
    (error) => error instanceof ApiError && error.code === 'REQUEST_NOT_ALLOWED' && /locked/.test(error.message),
  );
}
