// Pending subkeys and POST /v1/account/keys/subkeys/activate (docs/wire.md section 7), and subkeys that end by themselves.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { StarkKey } from '../../src/client/stark-key.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { activationHash } from '../../src/starknet/message.ts';
import { hashElements } from '../../src/starknet/pedersen.ts';
import { curve } from '../support/curve.ts';
import { type Answer, call } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  claimsOf,
  expectRefusal,
  expectSuccess,
  keysOf,
  loginOf,
  newOwner,
  newStarkKey,
  type Owner,
  postLogin,
  postSubkey,
  proofFor,
  registrationBody,
  SUBKEYS,
  sessionIn,
  startWorld,
  stateOf,
  subkeySession,
  type World,
  windowOf,
} from '../support/world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'subkeys.max_live': '1000', 'subkeys.max_pending': '1000' } });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const CIPHERTEXT = 'only the phone can read this';
const FAILED = 'STARKNET_SIGNATURE_VERIFICATION_FAILED';
const one = ({ publicKey }: StarkKey): string => `${SUBKEYS}/${publicKey}`;

interface Pending {
  readonly subkey: StarkKey;
  readonly ephemeral: StarkKey;
}

async function addPending(where = world, by = owner, more: Record<string, unknown> = {}): Promise<Pending> {
  const [subkey, ephemeral] = [newStarkKey(), newStarkKey()];
  const answer = await postSubkey(where, by.session, pendingBody(where, by, { subkey, ephemeral }, more));
  if (answer.status !== 201) throw new Error(`registration: ${answer.status} ${answer.text}`);
  return { subkey, ephemeral };
}

const pendingBody = (where: World, by: Owner, { subkey, ephemeral }: Pending, more: Record<string, unknown> = {}) =>
  registrationBody(where, by, subkey, {
    state: 'pending',
    encrypted_key: CIPHERTEXT,
    eph_public_key: ephemeral.publicKey,
    ...more,
  });

/** What the phone sends; `ephemeral` signs, and is the key that was signed over. */
function activation({ subkey, ephemeral }: Pending, where = world, by = owner, timestamp = where.clock.seconds()) {
  const hash = activationHash(curve, unixSeconds(timestamp), ephemeral.publicKey) ?? 0n;
  return { account_id: by.account, public_key: subkey.publicKey, timestamp, signature: ephemeral.sign(hash) };
}

const activate = (body: unknown, where = world): Promise<Answer> =>
  call(where.url, 'POST', `${SUBKEYS}/activate`, { body });

describe('a pending subkey', () => {
  test('a pending subkey is listed as such, without its ciphertext, and logs in on no path', async () => {
    const pending = await addPending();
    const { subkey } = pending;
    const read = await call(world.url, 'GET', one(subkey), { bearer: owner.session });
    expect(read.json.state).toBe('pending');
    expect(await keysOf(world, owner.session)).not.toContain(CIPHERTEXT);
    expectRefusal(await postLogin(world, loginOf(world, subkey, owner.account)), 401, 'INVALID_SUBKEY');
    expectRefusal(
      await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey),
      401,
      'INVALID_SUBKEY',
    );
  });

  test('a pending subkey becomes active by its ephemeral key alone, and gives its ciphertext once', async () => {
    const pending = await addPending(world, owner, { name: 'phone', allowed_cidrs: ['127.0.0.1'] });
    const answer = await activate(activation(pending));
    expectSuccess(answer, 200);
    expect(answer.json).toEqual({ encrypted_key: CIPHERTEXT });
    const { json } = await call(world.url, 'GET', one(pending.subkey), { bearer: owner.session });
    expect(json).toMatchObject({ state: 'active', name: 'phone', allowed_cidrs: ['127.0.0.1/32'] });
    expect(claimsOf(await subkeySession(world, owner.account, pending.subkey)).cs_kind).toBe('subkey');
    const again = await changesNothing(world, owner.session, () => activate(activation(pending)));
    expectRefusal(again, 400, 'SUBKEY_ALREADY_ACTIVATED');
    expect(again.text).not.toContain(CIPHERTEXT);
  });

  test('a pending subkey leaves no ciphertext on the disk once it is activated: the server empties its log by itself', async () => {
    const own = await startWorld();
    onTestFinished(() => own.stop());
    const by = await newOwner(own);
    const ciphertext = randomBytes(300).toString('base64url');
    const pending = await addPending(own, by, { encrypted_key: ciphertext });
    expectSuccess(await activate(activation(pending, own, by), own), 200);
    const data = join(own.service.folder, 'data');
    const log = join(data, 'countersign.db-wal');
    expect(readFileSync(log, 'latin1')).toContain(ciphertext);
    for await (const _change of watch(data)) {
      if (!readFileSync(log, 'latin1').includes(ciphertext)) break;
    }
    // By another process: to close the database here would take away the locks that the server in this one has on it.
    // -e: one text of 64 begins with a dash, and would be an option.
    const grep = spawnSync('grep', ['-c', '-e', ciphertext, join(data, 'countersign.db')], { encoding: 'latin1' });
    expect(grep.stdout).toBe('0\n');
  });

  test('a pending subkey takes the name that its activation gives it; a bearer of any kind is ignored', async () => {
    const pending = await addPending(world, owner, { name: 'before' });
    const body = { ...activation(pending), name: 'after' };
    expectSuccess(await call(world.url, 'POST', `${SUBKEYS}/activate`, { body, bearer: 'stale' }), 200);
    expect((await call(world.url, 'GET', one(pending.subkey), { bearer: owner.session })).json.name).toBe('after');
  });

  test('an activation has one answer for an unknown account and an unknown key', async () => {
    const pending = await addPending();
    const body = activation(pending);
    const texts = new Set<string>();
    for (const unknown of [{ account_id: '0x1234' }, { public_key: newStarkKey().publicKey }]) {
      const answer = await activate({ ...body, ...unknown });
      expectRefusal(answer, 404, 'NOT_FOUND');
      texts.add(answer.text);
    }
    expect(texts.size).toBe(1);
    expectSuccess(await activate(body), 200);
  });

  test('a pending subkey may be activated for 15 minutes, by a signature of the last five and at most 30 s ahead', async () => {
    const own = await startWorld();
    try {
      const trader = await newOwner(own);
      const [late, fresh] = [await addPending(own, trader), await addPending(own, trader)];
      const at = (pending: Pending, age: number) =>
        activate(activation(pending, own, trader, own.clock.seconds() - age), own);
      own.clock.advance(899);
      expectRefusal(await at(late, 301), 400, 'INVALID_TIMESTAMP');
      expectRefusal(await at(late, -31), 400, 'INVALID_TIMESTAMP');
      expectSuccess(await at(fresh, 300), 200);
      own.clock.advance(1);
      expectRefusal(await at(late, 0), 400, 'SUBKEY_NOT_ACTIVATABLE');
    } finally {
      await own.stop();
    }
  });

  test('five pending subkeys may wait, and one that waited too long no longer counts', async () => {
    const own = await startWorld();
    try {
      const trader = await newOwner(own);
      for (let i = 0; i < 5; i += 1) await addPending(own, trader);
      const sixth = pendingBody(own, trader, { subkey: newStarkKey(), ephemeral: newStarkKey() });
      expectRefusal(await postSubkey(own, trader.session, sixth), 400, 'VALIDATION_ERROR');
      await addSubkey(own, trader);
      own.clock.advance(900);
      const later = { ...trader, session: sessionIn(await postLogin(own, loginOf(own, trader.key, trader.account))) };
      await addPending(own, later);
    } finally {
      await own.stop();
    }
  });

  test('a pending subkey has an ephemeral key of its own, on whatever account', async () => {
    const other = await newOwner(world);
    const { subkey, ephemeral } = await addPending();
    for (const by of [owner, other]) {
      const body = pendingBody(world, by, { subkey: newStarkKey(), ephemeral });
      const answer = await changesNothing(world, by.session, () => postSubkey(world, by.session, body));
      expect(expectRefusal(answer, 400, 'NOT_UNIQUE')).toBe('this eph_public_key is in use by another pending subkey');
    }
    const proof = proofFor(world, owner, subkey.publicKey, windowOf(world, { age: 1 }));
    const again = pendingBody(world, owner, { subkey, ephemeral }, { ...proof });
    const answer = await changesNothing(world, owner.session, () => postSubkey(world, owner.session, again));
    expect(expectRefusal(answer, 400, 'NOT_UNIQUE')).toBe('this key is registered already');
  });

  test('a pending subkey is refused everything but a sound activation, and stays pending', async () => {
    const pending = await addPending();
    const body = activation(pending);
    const { ephemeral, subkey } = pending;
    const signed = (hash: bigint, key = ephemeral) => ({ ...body, signature: key.sign(hash) });
    const pair = activationHash(curve, unixSeconds(body.timestamp), ephemeral.publicKey) ?? 0n;
    const chained = hashElements(curve, [BigInt(body.timestamp), BigInt(ephemeral.publicKey)]);
    const cases: readonly (readonly [object, number, string])[] = [
      [signed(pair, subkey), 403, FAILED],
      [signed(pair, owner.key), 403, FAILED],
      [signed(chained), 403, FAILED],
      [{ ...body, timestamp: body.timestamp - 1 }, 403, FAILED],
      [{ ...body, signature: ['1'] }, 400, 'INVALID_STARKNET_SIGNATURE'],
      [{ ...body, signature: [1, 2] }, 400, 'BINDING_ERROR'],
      [{ ...body, signature: undefined }, 400, 'INVALID_REQUEST_PARAMETER'],
      [{ ...body, timestamp: undefined }, 400, 'INVALID_REQUEST_PARAMETER'],
      [{ ...body, timestamp: String(body.timestamp) }, 400, 'BINDING_ERROR'],
      [{ ...body, account_id: undefined }, 400, 'INVALID_REQUEST_PARAMETER'],
      [{ ...body, account_id: 'x' }, 400, 'INVALID_STARKNET_ADDRESS'],
      [{ ...body, public_key: undefined }, 400, 'INVALID_REQUEST_PARAMETER'],
      [{ ...body, public_key: 'x' }, 400, 'PUBLIC_KEY_INVALID'],
      [{ ...body, name: '' }, 400, 'VALIDATION_ERROR'],
      [{ ...body, name: 1 }, 400, 'BINDING_ERROR'],
    ];
    await changesNothing(world, owner.session, async () => {
      for (const [sent, status, code] of cases) expectRefusal(await activate(sent), status, code);
    });
    expectSuccess(await activate(body), 200);
  });

  test('a pending subkey that is revoked before, during or after its activation never comes back', async () => {
    const revoke = (subkey: StarkKey) => call(world.url, 'DELETE', one(subkey), { bearer: owner.session });
    const before = await addPending();
    expect((await revoke(before.subkey)).status).toBe(200);
    expectRefusal(await activate(activation(before)), 400, 'SUBKEY_NOT_ACTIVATABLE');

    const during = await addPending();
    const [gone, ...activations] = await Promise.all([
      revoke(during.subkey),
      ...[1, 2, 3].map(() => activate(activation(during))),
    ]);
    expect(gone.status).toBe(200);
    expect(activations.filter(({ status }) => status === 200).length).toBeLessThan(2);
    const { json } = await call(world.url, 'GET', one(during.subkey), { bearer: owner.session });
    expect(json.state).toBe('revoked');
    const login = await postLogin(world, loginOf(world, during.subkey, owner.account), during.subkey.publicKey);
    expectRefusal(login, 401, 'INVALID_SUBKEY');
  });

  test('a pending subkey that is activated by many at once gives its ciphertext to one', async () => {
    const pending = await addPending();
    const answers = await Promise.all([1, 2, 3, 4].map(() => activate(activation(pending))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
    expect(answers.filter(({ text }) => text.includes(CIPHERTEXT))).toHaveLength(1);
  });
});

describe('expires_in', () => {
  test('expires_in ends the sessions of a subkey and further logins; 0 and absent are never', async () => {
    const own = await startWorld();
    try {
      const trader = await newOwner(own);
      const brief = await addSubkey(own, trader, { expires_in: 60 });
      const forever = await addSubkey(own, trader, { expires_in: 0 });
      const read = await call(own.url, 'GET', one(brief), { bearer: trader.session });
      expect(read.text).toContain(`"expires_at":${own.clock.nanos() + 60_000_000_000n},`);
      const [ending, lasting] = [
        await subkeySession(own, trader.account, brief),
        await subkeySession(own, trader.account, forever),
      ];
      own.clock.advance(59);
      expect(await stateOf(own, ending)).toBe('alive');
      own.clock.advance(1);
      expect(await stateOf(own, ending)).toBe('401 UNAUTHORIZED_ERROR');
      expect(await stateOf(own, lasting)).toBe('alive');
      for (const path of [undefined, brief.publicKey]) {
        expectRefusal(await postLogin(own, loginOf(own, brief, trader.account), path), 401, 'INVALID_SUBKEY');
      }
    } finally {
      await own.stop();
    }
  });

  test('expires_in makes a subkey as dead as a revoked one when its time comes, and not a second before', async () => {
    const own = await startWorld({ settings: { 'subkeys.max_live': '2' } });
    try {
      const trader = await newOwner(own);
      const [brief, other] = [await addSubkey(own, trader, { expires_in: 60 }), await addSubkey(own, trader)];
      const ask = (method: string, path: string, body?: unknown) =>
        call(own.url, method, path, { bearer: trader.session, ...(body === undefined ? {} : { body }) });
      const listed = async (query = '') =>
        (await ask('GET', SUBKEYS + query)).json.results.map(({ state }: { state: string }) => state);
      const changes = [
        () => ask('PUT', one(brief), { name: 'renamed' }),
        () => ask('PUT', `${one(brief)}/allowed-cidrs`, { allowed_cidrs: ['127.0.0.1'] }),
      ];
      const third = () => postSubkey(own, trader.session, registrationBody(own, trader, newStarkKey()));

      own.clock.advance(59);
      for (const change of changes) {
        const answer = await change();
        expect([answer.status, answer.json.state]).toEqual([200, 'active']);
      }
      expect((await ask('GET', one(brief))).json.state).toBe('active');
      expect(await listed()).toEqual(['active', 'active']);
      expectRefusal(await third(), 400, 'VALIDATION_ERROR');

      own.clock.advance(1);
      await changesNothing(own, trader.session, async () => {
        for (const change of changes) expectRefusal(await change(), 404, 'NOT_FOUND');
      });
      expect((await ask('GET', one(brief))).json).toMatchObject({ state: 'expired', revoked_at: 0 });
      expect(await listed()).toEqual(['active']);
      expect(await listed('?with_revoked=true')).toEqual(['expired', 'active']);
      expectSuccess(await third(), 201);
      const again = () => postSubkey(own, trader.session, registrationBody(own, trader, brief));
      expect(expectRefusal(await again(), 400, 'INVALID_SUBKEY')).toBe(
        'this key is expired and cannot be registered again',
      );
      expect((await ask('DELETE', one(brief))).json).toEqual({ public_key: brief.publicKey });
      expect(await listed('?with_revoked=true')).toEqual(['revoked', 'active', 'active']);
      expect((await ask('PUT', one(other), { name: 'renamed' })).status).toBe(200);
    } finally {
      await own.stop();
    }
  });

  test('expires_in ends a pending subkey, and so does the time to activate it', async () => {
    const own = await startWorld({ settings: { 'subkeys.pending_life': '120', 'subkeys.max_pending': '2' } });
    try {
      const trader = await newOwner(own);
      const [brief, slow] = [await addPending(own, trader, { expires_in: 60 }), await addPending(own, trader)];
      const states = async (query = '') => {
        const { json } = await call(own.url, 'GET', SUBKEYS + query, { bearer: trader.session });
        return json.results.map(({ state }: { state: string }) => state);
      };
      expect(await states()).toEqual(['pending', 'pending']);
      own.clock.advance(60);
      expectRefusal(await activate(activation(brief, own, trader), own), 400, 'SUBKEY_NOT_ACTIVATABLE');
      expect(await states()).toEqual(['pending']);
      expect(await states('?with_revoked=true')).toEqual(['expired', 'pending']);
      await addPending(own, trader);
      own.clock.advance(60);
      expect(await states('?with_revoked=true')).toEqual(['expired', 'expired', 'pending']);
      const rename = await call(own.url, 'PUT', one(slow.subkey), { bearer: trader.session, body: { name: 'late' } });
      expectRefusal(rename, 404, 'NOT_FOUND');
    } finally {
      await own.stop();
    }
  });
});
