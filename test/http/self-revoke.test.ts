// POST /countersign/v1/self/revoke: whoever holds a subkey or token ends that very one, and nothing else.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditRows } from '../support/operator.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  ELSEWHERE,
  expectRefusal,
  expectSuccess,
  newOwner,
  newWalletOwner,
  type Owner,
  SUBKEYS,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type World,
} from '../support/world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'terminal_token.enabled': 'true' } });
});
afterAll(() => world.stop());
beforeEach(async () => {
  owner = await newOwner(world);
});

const DEAD = '401 UNAUTHORIZED_ERROR';
const end = (bearer?: string, more: object = {}): Promise<Answer> =>
  call(world.url, 'POST', '/countersign/v1/self/revoke', { ...(bearer === undefined ? {} : { bearer }), ...more });

describe('what is held', () => {
  test('a subkey that revokes itself ends all its sessions, and nothing else', async () => {
    const [subkey, kept] = [await addSubkey(world, owner), await addSubkey(world, owner)];
    const [one, two] = [
      await subkeySession(world, owner.account, subkey),
      await subkeySession(world, owner.account, subkey),
    ];
    const others = [
      owner.session,
      await subkeySession(world, owner.account, kept),
      (await createToken(world.url, owner.session)).token,
    ];
    const answer = await end(one);
    expectSuccess(answer, 200, ['countersign-revocation']);
    expect(answer.json).toEqual({ kind: 'subkey', credential: subkey.publicKey });
    expect(answer.headers.get('countersign-revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=0$/);
    for (const bearer of [one, two]) expect(await stateOf(world, bearer)).toBe(DEAD);
    for (const bearer of others) expect(await stateOf(world, bearer)).toBe('alive');
    await expect(subkeySession(world, owner.account, subkey)).rejects.toThrow('INVALID_SUBKEY');
    const { json } = await call(world.url, 'GET', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
    expect(json.state).toBe('revoked');
    expectRefusal(await end(one), 401, 'UNAUTHORIZED_ERROR');
  });

  test('a read-only token can revoke itself, though its only other method is GET', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    const kept = await createToken(world.url, owner.session);
    const answer = await end(token, { body: {} });
    expectSuccess(answer, 200, ['countersign-revocation']);
    expect(answer.json).toEqual({ kind: 'token', credential: lookupId });
    expect(await stateOf(world, token)).toBe(DEAD);
    for (const bearer of [kept.token, owner.session]) expect(await stateOf(world, bearer)).toBe('alive');
    const list = await call(world.url, 'GET', `${TOKENS}?with_invalid=true`, { bearer: owner.session });
    const row = list.json.results.find((one: { lookup_id: string }) => one.lookup_id === lookupId);
    expect(row.revoked_at).toBeGreaterThan(0);
  });

  test('a credential that revoked itself stands in the audit log as ended by itself', async () => {
    const subkey = await addSubkey(world, owner);
    await end(await subkeySession(world, owner.account, subkey));
    const { token } = await createToken(world.url, owner.session);
    await end(token);
    const rows = (await auditRows(world.service)).filter(
      ({ account, action }) => account === owner.account && action === 'credential.revoked_itself',
    );
    expect(rows).toMatchObject([
      {
        actor: expect.stringMatching(/^subkey:\d+$/),
        detail: { public_key: subkey.publicKey },
        client_ip: '127.0.0.1',
      },
      { actor: expect.stringMatching(/^token:tok_/), detail: { lookup_id: expect.any(String) } },
    ]);
    for (const { actor, subject } of rows) {
      expect(subject).toBe(`credential/${owner.account}/${String(actor).replace(':', '/')}`);
    }
  });
});

describe('what is refused', () => {
  test('a main key or wallet that would revoke itself is refused by name', async () => {
    const evm = await newWalletOwner(world);
    for (const { session } of [owner, evm]) {
      const answer = await changesNothing(world, session, () => end(session));
      expect(expectRefusal(answer, 403, 'INVALID_TOKEN_SCOPE')).toContain('a main key or wallet does not end itself');
      expect(await stateOf(world, session)).toBe('alive');
    }
  });

  test('a caller without a live bearer cannot revoke itself', async () => {
    expectRefusal(await end(), 401, 'UNAUTHORIZED_ERROR');
    expectRefusal(await end('garbage'), 401, 'UNAUTHORIZED_ERROR');
    const { token } = await createToken(world.url, owner.session);
    expectSuccess(await end(token), 200, ['countersign-revocation']);
    expectRefusal(await end(token), 401, 'UNAUTHORIZED_ERROR');
  });

  test('a token outside its list cannot revoke itself, and can be reported at /countersign/v1/leaked', async () => {
    const { token } = await createToken(world.url, owner.session, { allowed_cidrs: ELSEWHERE });
    expectRefusal(await end(token), 403, 'IP_NOT_ALLOWED');
    expect((await call(world.url, 'POST', '/countersign/v1/leaked', { body: { token } })).status).toBe(200);
    expectRefusal(await end(token), 401, 'UNAUTHORIZED_ERROR');
  });
});

test('a credential whose end could not be written is ended on this node all the same', async () => {
  const own = await startWorld();
  try {
    const by = await newOwner(own);
    const subkey = await addSubkey(own, by);
    const session = await subkeySession(own, by.account, subkey);
    const { token } = await createToken(own.url, by.session);
    const database = new DatabaseSync(join(own.service.folder, 'data', 'countersign.db'));
    database.exec("create trigger no_change before insert on audit begin select raise(abort, 'no'); end");
    database.close();
    for (const bearer of [session, token]) {
      expectRefusal(await call(own.url, 'POST', '/countersign/v1/self/revoke', { bearer }), 503, 'SERVICE_UNAVAILABLE');
      expect(await stateOf(own, bearer)).toBe(DEAD);
    }
    expect(await stateOf(own, by.session)).toBe('alive');
  } finally {
    await own.stop();
  }
});
