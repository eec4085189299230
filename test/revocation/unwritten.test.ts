// A disk that takes no change: what the owner or the operator ended is ended for whoever asks, until it is written or the process ends.
//
// | who asks                              | asks                                                            |
// |---------------------------------------|-----------------------------------------------------------------|
// | a request, a signer of an order, self | the view                                                        |
// | a login, by any key or wallet         | the row of a named subkey; the view, in the turn that signs     |
// | an activation                         | the row; account and row again in its transaction               |
// | a write of the owner                  | the caller's facts in its transaction; the row it writes        |
// | a registration                        | the same; valid_after; the facts of what it made                |
// | a new token                           | the same                                                        |
// | lists of the owner and the operator   | the rows                                                        |
// | a report of a leak, a repeated ending | what is stored: it must be written                              |
// | onboarding                            | nothing: it gives no power over an account that exists          |
// | a terminal token                      | the grant, which was cut                                        |
import { describe, expect, test } from 'vitest';
import { createOrderSigners } from '../../src/access/signer.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import type { Caller } from '../../src/credentials/caller.ts';
import { createLockAccount } from '../../src/credentials/lock-account.ts';
import { bySchedule } from '../../src/credentials/operator-act.ts';
import { anywhere, parseAllowlist, parseIp } from '../../src/domain/allowlist.ts';
import {
  alice,
  aliceKey,
  bob,
  carol,
  newKey,
  openService,
  type Service,
  subkeyKey,
} from '../support/revocation/service.ts';

const phone = createStarkKey('0xf0e');
const everything = { subkeys: true, tokens: true };
const here = parseIp('127.0.0.1');

const fill = (service: Service) =>
  service.sql("create trigger full before insert on change_log begin select raise(abort, 'disk full'); end");
const mend = (service: Service) => service.sql('drop trigger full');

/** The change answers 503 and is not written. */
async function lose(service: Service, change: () => Promise<unknown>): Promise<void> {
  fill(service);
  await expect(change()).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    message: 'the change could not be written',
  });
  mend(service);
}

const lockOf = (service: Service) => createLockAccount({ changes: service.changes, clock: service.clock });
const loseLock = (service: Service, account = alice) => lose(service, () => lockOf(service).lock(account, bySchedule));

const request = (bearer: string) => ({
  route: { access: 'account:read', identity: undefined } as const,
  method: 'GET',
  authorization: [`Bearer ${bearer}`],
  clientIp: here,
});

const rowsOf = (service: Service, publicKey: string) =>
  service.sql('select state from subkey where account_id = ? and public_key = ?', alice, publicKey);

/** Alice, a pending subkey of hers, and what she was let in with before. */
async function setup() {
  const service = await openService();
  const owner = await service.owner(alice);
  const pending = { encryptedKey: 'for the phone only', ephPublicKey: phone.publicKey };
  await service.register(owner, service.registration({ pending }));
  const activate = () => service.activate(service.activation(alice, newKey.publicKey, phone));
  return { service, owner, activate };
}

const locked = { code: 'REQUEST_NOT_ALLOWED', message: 'the account is locked' };
const notActivatable = { code: 'SUBKEY_NOT_ACTIVATABLE' };
const noSubkey = { code: 'INVALID_SUBKEY' };
const notWrittenYet = {
  code: 'SERVICE_UNAVAILABLE',
  message: 'an earlier revocation of this account could not be written: repeat it first',
};

describe('a lock that could not be written', () => {
  test('a lock that could not be written refuses every login of the account, and none of another, until it is unlocked', async () => {
    const { service } = await setup();
    await loseLock(service);
    await loseLock(service, carol);
    const logins = [
      () => service.login.stark(service.starkLogin(aliceKey, aliceKey.publicKey)),
      () => service.login.stark(service.starkLogin(aliceKey, undefined)),
      () => service.login.stark(service.starkLogin(subkeyKey, subkeyKey.publicKey)),
      () => service.login.stark(service.starkLogin(subkeyKey, undefined)),
    ];
    for (const login of logins) await expect(login()).rejects.toMatchObject(locked);
    await expect(service.login.wallet(service.walletLogin('nonce0001'))).rejects.toMatchObject(locked);
    const theirs = service.starkLogin(subkeyKey, subkeyKey.publicKey, { account: bob });
    await expect(service.login.stark(theirs)).resolves.toMatch(/^ey/);
    await lockOf(service).unlock(alice, bySchedule);
    for (const login of logins) await expect(login()).resolves.toMatch(/^ey/);
  });

  test('a lock that could not be written refuses the activation of a pending subkey, which stays pending', async () => {
    const { service, activate } = await setup();
    await loseLock(service);
    await expect(activate()).rejects.toMatchObject(locked);
    expect(rowsOf(service, newKey.publicKey)).toEqual([{ state: 'pending' }]);
    await lockOf(service).unlock(alice, bySchedule);
    await expect(activate()).resolves.toBe('for the phone only');
  });

  test('a lock that could not be written refuses an activation that had begun, wherever it waits', async () => {
    for (const stop of ['store.subkey', 'verify.activation']) {
      const { service, activate } = await setup();
      const hold = service.holds.at(stop);
      const refused = expect(activate(), stop).rejects.toMatchObject(locked);
      await hold.reached;
      await loseLock(service);
      hold.release();
      await refused;
      expect(rowsOf(service, newKey.publicKey), stop).toEqual([{ state: 'pending' }]);
    }
  });

  test('a lock that could not be written refuses an activation that has read its account already: nothing is committed on what was true before', async () => {
    const { service, activate } = await setup();
    const hold = service.holds.at('tx.subkey');
    const refused = expect(activate()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await hold.reached;
    service.denials.remember([{ kind: 'account', account: alice }]);
    hold.release();
    await refused;
    expect(rowsOf(service, newKey.publicKey)).toEqual([{ state: 'pending' }]);
  });

  test('a lock that could not be written refuses every write of the owner in its own transaction, but the revocations of what is ended go on', async () => {
    const { service, owner } = await setup();
    const { token } = await service.createToken(alice);
    await loseLock(service);
    const before = service.sql('select count(*) as rows from change_log');
    const writes: ((by: Caller) => Promise<unknown>)[] = [
      (by) => service.tokens.create(by, { name: 'x', kind: 'readonly', lifetimeSeconds: 60, allowlist: anywhere }),
      (by) => service.tokens.replaceAllowlist(by, token.lookupId, anywhere),
      (by) => service.tokens.revoke(by, token.lookupId),
      (by) => service.register(by, service.registration({ publicKey: createStarkKey('0x77').publicKey, life: 200 })),
      (by) => service.subkeys.rename(by, subkeyKey.publicKey, 'other'),
      (by) => service.subkeys.replaceAllowlist(by, subkeyKey.publicKey, anywhere),
      (by) => service.subkeys.revoke(by, subkeyKey.publicKey),
      (by) => service.signOut.everywhere(by),
      (by) => service.signOut.revokeAll(by, everything),
    ];
    for (const write of writes) await expect(write(owner)).rejects.toMatchObject(locked);
    expect(service.sql('select count(*) as rows from change_log')).toEqual(before);
  });

  test('a lock that could not be written shows in what the operator lists', async () => {
    const { service } = await setup();
    await loseLock(service);
    const { rows } = await service.store.accounts({ limit: 10, cursor: undefined });
    const lockedAt = rows.map((row) => [row.account, row.lockedAt !== 0n]);
    expect(lockedAt.filter(([, isLocked]) => isLocked)).toEqual([[alice, true]]);
    expect(await service.store.account(alice)).toMatchObject({ lockedAt: service.clock.now() });
  });
});

describe('the revocation of a subkey that could not be written', () => {
  const loseSubkey = (service: Service, owner: Caller, publicKey = subkeyKey.publicKey) =>
    lose(service, () => service.subkeys.revoke(owner, publicKey));

  test('the revocation of a subkey that could not be written refuses its requests, its logins, and the orders that it signs', async () => {
    const { service, owner } = await setup();
    const session = service.subkeySession(service.aliceSubkey);
    const kid = owner.principal.kid;
    const signers = createOrderSigners({ view: service.view, clock: service.clock });
    const signer = { account: alice, id: service.aliceSubkey.id.toString() };
    expect(await signers.refusal(signer, { kid, clientIp: here })).toBeUndefined();
    await loseSubkey(service, owner);
    expect(await service.authorize(request(session))).toMatchObject({ reason: 'credential_revoked' });
    for (const path of [subkeyKey.publicKey, undefined]) {
      await expect(service.login.stark(service.starkLogin(subkeyKey, path))).rejects.toMatchObject(noSubkey);
    }
    expect(await signers.refusal(signer, { kid, clientIp: here })).toMatchObject({ reason: 'credential_revoked' });
    const theirs = service.starkLogin(subkeyKey, subkeyKey.publicKey, { account: bob });
    await expect(service.login.stark(theirs)).resolves.toMatch(/^ey/);
  });

  test('the revocation of a subkey that could not be written refuses a login that had begun, wherever it waits', async () => {
    for (const stop of ['store.account', 'store.subkey', 'verify.login', 'store.facts']) {
      const { service, owner } = await setup();
      const hold = service.holds.at(stop);
      const login = service.login.stark(service.starkLogin(subkeyKey, subkeyKey.publicKey));
      const refused = expect(login, stop).rejects.toMatchObject(noSubkey);
      await hold.reached;
      await loseSubkey(service, owner);
      hold.release();
      await refused;
    }
  });

  test('the revocation of a subkey that could not be written refuses its activation, wherever that waits: the ciphertext is handed to nobody', async () => {
    for (const stop of [undefined, 'store.subkey', 'verify.activation']) {
      const { service, owner, activate } = await setup();
      const hold = stop === undefined ? undefined : service.holds.at(stop);
      const activation = hold && activate();
      const refused = activation && expect(activation, stop).rejects.toMatchObject(notActivatable);
      await hold?.reached;
      await loseSubkey(service, owner, newKey.publicKey);
      hold?.release();
      await refused;
      await expect(activate()).rejects.toMatchObject(notActivatable);
      expect(rowsOf(service, newKey.publicKey), stop).toEqual([{ state: 'pending' }]);
    }
  });

  test('the revocation of a subkey that could not be written refuses what would be done with it: it is renamed, bound and registered as one that is revoked', async () => {
    const { service, owner } = await setup();
    await loseSubkey(service, owner);
    const { publicKey } = subkeyKey;
    const gone = { code: 'NOT_FOUND' };
    await expect(service.subkeys.rename(owner, publicKey, 'other')).rejects.toMatchObject(gone);
    await expect(service.subkeys.replaceAllowlist(owner, publicKey, anywhere)).rejects.toMatchObject(gone);
    expect(await service.store.subkey(alice, publicKey)).toMatchObject({ state: 'revoked' });
    const page = { limit: 10, cursor: undefined };
    const now = service.clock.now();
    const live = await service.store.subkeys(alice, { withRevoked: false, now }, page);
    expect(live.rows.map((row) => row.publicKey)).toEqual([newKey.publicKey]);
    // Its row is live in the database still, and there can be one of a key: it is revoked again first.
    const again = () => service.register(owner, service.registration({ publicKey, life: 250 }));
    await expect(again()).rejects.toMatchObject({ code: 'NOT_UNIQUE' });
    await service.subkeys.revoke(owner, publicKey);
    expect(service.changes.stats().unwritten).toBe(0);
    await expect(again()).resolves.toMatchObject({ state: 'active' });
    await expect(service.login.stark(service.starkLogin(subkeyKey, publicKey))).resolves.toMatch(/^ey/);
  });

  test('the revocation of a pending subkey that could not be written, and that is gone by the time it is asked again, leaves nothing denied', async () => {
    const { service, owner } = await setup();
    await loseSubkey(service, owner, newKey.publicKey);
    service.advance(901);
    await service.store.purgeExpired(service.clock.now());
    expect(rowsOf(service, newKey.publicKey)).toEqual([]);
    const later = await service.owner(alice);
    await expect(service.subkeys.revoke(later, newKey.publicKey)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(service.changes.stats().unwritten).toBe(0);
  });

  test('the revocation of a subkey that could not be written by its name alone, where nothing could be read, holds for what is registered by that name later', async () => {
    const service = await openService();
    const owner = await service.owner(alice);
    const denied = { kind: 'named', account: alice, of: 'subkey', label: newKey.publicKey } as const;
    service.denials.remember([denied]);
    await expect(service.register(owner, service.registration())).rejects.toMatchObject(notWrittenYet);
    expect(rowsOf(service, newKey.publicKey)).toEqual([]);
    // There is no such subkey, and now that is known.
    await expect(service.subkeys.revoke(owner, newKey.publicKey)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(service.changes.stats().unwritten).toBe(0);
    await expect(service.register(owner, service.registration())).resolves.toMatchObject({ state: 'active' });
  });
});

test('a revocation is written though something of its account was ended after its row was read', async () => {
  const { service, owner } = await setup();
  const hold = service.holds.at('tx.subkey');
  const revoked = service.subkeys.revoke(owner, subkeyKey.publicKey);
  await hold.reached;
  service.denials.remember([{ kind: 'account', account: alice }]);
  hold.release();
  await expect(revoked).resolves.toMatchObject({ result: { state: 'revoked' }, receipt: { nodes: 1 } });
  expect(rowsOf(service, subkeyKey.publicKey)).toEqual([{ state: 'revoked' }]);
});

test('an allowlist that could not be narrowed stays, is shown as it is, and holds a revocation up no more than a written one', async () => {
  const { service, owner } = await setup();
  const { token, jwt } = await service.createToken(alice);
  const session = service.subkeySession(service.aliceSubkey);
  const bearers = [jwt, session];
  const parsed = parseAllowlist(['203.0.113.0/24']);
  const elsewhere = parsed.ok ? parsed.list : anywhere;
  const { publicKey } = subkeyKey;
  await lose(service, () => service.tokens.replaceAllowlist(owner, token.lookupId, elsewhere));
  await lose(service, () => service.subkeys.replaceAllowlist(owner, publicKey, elsewhere));
  for (const bearer of bearers) expect(await service.authorize(request(bearer))).toMatchObject({ kind: 'allow' });
  expect(await service.store.token(alice, token.lookupId)).toMatchObject({ allowlist: anywhere });
  expect(await service.store.subkey(alice, publicKey)).toMatchObject({ allowlist: anywhere });
  expect(service.changes.stats().unwritten).toBe(0);
  await lose(service, () => service.tokens.revoke(owner, token.lookupId));
  await service.subkeys.replaceAllowlist(owner, publicKey, elsewhere);
  const reasons = [await service.authorize(request(jwt)), await service.authorize(request(session))];
  expect(reasons).toMatchObject([{ reason: 'credential_revoked' }, { reason: 'ip_not_allowed' }]);
});

describe('the revocation of everything that could not be written', () => {
  test('a revocation of everything that could not be written refuses all that was made until then, and what is made later, until it is asked again and written', async () => {
    const { service, owner, activate } = await setup();
    const { jwt, token } = await service.createToken(alice);
    const early = service.registration({ publicKey: createStarkKey('0x88').publicKey });
    await lose(service, () => service.signOut.revokeAll(owner, everything));
    expect(await service.authorize(request(jwt))).toMatchObject({ reason: 'credential_revoked' });
    await expect(activate()).rejects.toMatchObject(notActivatable);
    await expect(service.login.stark(service.starkLogin(subkeyKey, undefined))).rejects.toMatchObject(noSubkey);
    await expect(service.login.stark(service.starkLogin(aliceKey, undefined))).rejects.toMatchObject({
      code: 'INVALID_TIMESTAMP',
      message: expect.stringContaining('signed out everywhere'),
    });

    service.advance(10);
    await expect(service.login.stark(service.starkLogin(aliceKey, undefined))).resolves.toMatch(/^ey/);
    const later = await service.owner(alice);
    const refused = { code: 'INVALID_TIMESTAMP', message: expect.stringContaining('signed out everywhere') };
    await expect(service.register(later, early)).rejects.toMatchObject(refused);
    const made = service.registration({ publicKey: createStarkKey('0x88').publicKey, life: 200 });
    await expect(service.register(later, made)).rejects.toMatchObject(notWrittenYet);
    await expect(service.createToken(alice)).rejects.toMatchObject(notWrittenYet);
    await expect(service.tokens.replaceAllowlist(later, token.lookupId, anywhere)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const tokens = (withInvalid: boolean) =>
      service.store.tokens(
        alice,
        { withInvalid, kind: undefined, now: service.clock.now() },
        { limit: 10, cursor: undefined },
      );
    expect((await tokens(false)).rows).toEqual([]);
    expect((await tokens(true)).rows).toMatchObject([{ lookupId: token.lookupId }]);

    await service.signOut.revokeAll(later, everything);
    expect(service.changes.stats().unwritten).toBe(0);
    expect(await service.authorize(request(jwt))).toMatchObject({ reason: 'credential_revoked' });
    service.advance(10);
    await expect(service.createToken(alice)).resolves.toMatchObject({ jwt: expect.stringMatching(/^ey/) });
  });
});

test('what was reported as leaked and could not be written is refused, and is written when it is reported again', async () => {
  const { service } = await setup();
  const { jwt } = await service.createToken(alice);
  const session = service.subkeySession(service.aliceSubkey);
  const report = (bearer: string) =>
    service.reportLeaked({ bearer, requestId: 'request-1', clientIpText: '127.0.0.1' });
  for (const bearer of [jwt, session]) await lose(service, () => report(bearer));
  expect(await service.authorize(request(jwt))).toMatchObject({ reason: 'credential_revoked' });
  expect(await service.authorize(request(session))).toMatchObject({ reason: 'signed_out' });
  expect(service.changes.stats().unwritten).toBe(2);
  for (const bearer of [jwt, session]) await report(bearer);
  expect(service.changes.stats().unwritten).toBe(0);
  expect(await service.authorize(request(jwt))).toMatchObject({ reason: 'credential_revoked' });
  expect(await service.authorize(request(session))).toMatchObject({ reason: 'signed_out' });
  service.advance(1);
  // The subkey behind the session lives.
  expect(await service.authorize(request(service.subkeySession(service.aliceSubkey)))).toMatchObject({ kind: 'allow' });
});
