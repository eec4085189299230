// A request that is sent again because its answer was lost is told apart from somebody else's: the same registration is answered as it
// was, a second activation learns who was first, and a proof that counts once is never called wrong.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StarkKey } from '../../src/client/stark-key.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { activationHash } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import { auditRows } from '../support/operator.ts';
import { type Answer, call } from '../support/trader.ts';
import {
  changesNothing,
  expectRefusal,
  expectSuccess,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postSubkey,
  proofFor,
  registrationBody,
  SUBKEYS,
  siweOf,
  startWorld,
  type World,
} from '../support/world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'subkeys.max_live': '1000', 'subkeys.max_pending': '1000' } });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const one = ({ publicKey }: StarkKey) => `${SUBKEYS}/${publicKey}`;
const rowsOf = async (action: string, subkey: StarkKey, where = world) =>
  (await auditRows(where.service)).filter(
    (row) => row.action === action && JSON.stringify(row.detail).includes(subkey.publicKey),
  );
const registered = (subkey: StarkKey, where = world) => rowsOf('subkey.registered', subkey, where);

/** Sends the same again and finds nothing done twice. */
async function expectSameAgain(body: Record<string, unknown>, subkey: StarkKey, by: { session: string } = owner) {
  const again = await changesNothing(world, by.session, () => postSubkey(world, by.session, body));
  expectSuccess(again, 201);
  expect(again.json).toEqual({});
  expect(await registered(subkey)).toHaveLength(1);
}

describe('a registration that is sent again', () => {
  test('a registration that is sent again with the same members and proof is answered as it was, and nothing is done twice', async () => {
    const subkey = newStarkKey();
    const body = registrationBody(world, owner, subkey, { allowed_cidrs: ['127.0.0.0/8', '::1'], expires_in: 3600 });
    expectSuccess(await postSubkey(world, owner.session, body), 201);
    world.clock.advance(3);
    await expectSameAgain(body, subkey);
    await expectSameAgain({ ...body, allowed_cidrs: ['127.0.0.0/8', '::1/128'] }, subkey);
  });

  test('a registration that is sent again while it is pending, with the same ciphertext and ephemeral key, is answered as it was', async () => {
    const [subkey, ephemeral] = [newStarkKey(), newStarkKey()];
    const pending = { state: 'pending', encrypted_key: 'sealed', eph_public_key: ephemeral.publicKey };
    const body = registrationBody(world, owner, subkey, pending);
    expectSuccess(await postSubkey(world, owner.session, body), 201);
    await expectSameAgain(body, subkey);
    for (const other of [
      { encrypted_key: 'other' },
      { eph_public_key: newStarkKey().publicKey },
      { state: 'active' },
    ]) {
      const answer = await changesNothing(world, owner.session, () =>
        postSubkey(world, owner.session, { ...body, ...other }),
      );
      expectRefusal(answer, 401, 'SIGNATURE_ALREADY_USED');
    }
    expectSuccess(await activate(activation(owner, subkey, ephemeral)), 200);
    expectRefusal(await postSubkey(world, owner.session, body), 401, 'SIGNATURE_ALREADY_USED');
  });

  test("a registration by a wallet's message that is sent again is answered as it was", async () => {
    const evm = await newWalletOwner(world);
    const subkey = newStarkKey();
    const bodyOf = (message: string, more = {}) => ({
      ...{ name: 'bot', public_key: subkey.publicKey, siwe_message: message },
      ...{ evm_signature: evm.wallet.personalSign(message), ...more },
    });
    const nonce = 'repeatednonce';
    const message = siweOf(world, evm, `Paradex Subkey Registration: ${subkey.publicKey}`, { nonce });
    expectSuccess(await postSubkey(world, evm.session, bodyOf(message)), 201);
    await expectSameAgain(bodyOf(message), subkey, evm);
    const other = siweOf(world, evm, `Paradex Subkey Registration: ${subkey.publicKey}`, { nonce, life: 200 });
    for (const body of [bodyOf(other), bodyOf(message, { name: 'other' })]) {
      expectRefusal(await postSubkey(world, evm.session, body), 401, 'SIGNATURE_ALREADY_USED');
    }
  });

  test('a registration that is sent again where no proof is asked is answered as it was, and differs by any member', async () => {
    const own = await startWorld({ settings: { 'subkeys.require_signature': 'false' } });
    try {
      const by = await newOwner(own);
      const subkey = newStarkKey();
      const body = { name: 'bot', public_key: subkey.publicKey };
      expectSuccess(await postSubkey(own, by.session, body), 201);
      expectSuccess(await postSubkey(own, by.session, body), 201);
      expect(await registered(subkey, own)).toHaveLength(1);
      for (const other of [{ name: 'other' }, { allowed_cidrs: ['127.0.0.1'] }, { expires_in: 60 }]) {
        expectRefusal(await postSubkey(own, by.session, { ...body, ...other }), 400, 'NOT_UNIQUE');
      }
      const proven = { ...body, ...proofFor(own, by, subkey.publicKey) };
      expectRefusal(await postSubkey(own, by.session, proven), 400, 'NOT_UNIQUE');
    } finally {
      await own.stop();
    }
  });

  test.each<[string, Record<string, unknown>]>([
    ['another name', { name: 'other' }],
    ['another list', { allowed_cidrs: ['10.0.0.0/8'] }],
    ['another end', { expires_in: 120 }],
    ['no end', { expires_in: 0 }],
  ])(
    'a registration that is sent again with %s is refused, and says when its signature was used',
    async (_what, more) => {
      const subkey = newStarkKey();
      const body = registrationBody(world, owner, subkey, { expires_in: 600 });
      const usedAt = world.clock.nanos();
      expectSuccess(await postSubkey(world, owner.session, body), 201);
      world.clock.advance(1);
      const answer = await changesNothing(world, owner.session, () =>
        postSubkey(world, owner.session, { ...body, ...more }),
      );
      expect(expectRefusal(answer, 401, 'SIGNATURE_ALREADY_USED')).not.toMatch(/verif|not by/);
      expect(answer.text).toContain(`"data":{"used_at":${usedAt}}`);
    },
  );

  test('a registration that is sent again never brings back a key that was renamed, revoked or has expired, and needs its session and its proof as ever', async () => {
    const subkey = newStarkKey();
    const body = registrationBody(world, owner, subkey);
    expectSuccess(await postSubkey(world, owner.session, body), 201);
    const [r = '', s = ''] = proofFor(world, owner, newStarkKey().publicKey).signature;
    expectRefusal(
      await postSubkey(world, owner.session, { ...body, signature: [r, s] }),
      401,
      'STARKNET_SIGNATURE_VERIFICATION_FAILED',
    );
    const { session } = await newOwner(world);
    expectRefusal(await postSubkey(world, session, body), 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
    await call(world.url, 'PUT', one(subkey), { bearer: owner.session, body: { name: 'renamed' } });
    expectRefusal(await postSubkey(world, owner.session, body), 401, 'SIGNATURE_ALREADY_USED');
    await call(world.url, 'PUT', one(subkey), { bearer: owner.session, body: { name: 'bot' } });
    expectSuccess(await postSubkey(world, owner.session, body), 201);
    await call(world.url, 'DELETE', one(subkey), { bearer: owner.session });
    expectRefusal(await postSubkey(world, owner.session, body), 401, 'SIGNATURE_ALREADY_USED');

    const brief = newStarkKey();
    const ends = registrationBody(world, owner, brief, { expires_in: 60 });
    expectSuccess(await postSubkey(world, owner.session, ends), 201);
    world.clock.advance(61);
    const fresh = await newOwner(world, owner);
    expectRefusal(await postSubkey(world, fresh.session, ends), 401, 'SIGNATURE_ALREADY_USED');
    owner = fresh;
  });
});

function activation(
  { account }: Owner,
  { publicKey }: StarkKey,
  ephemeral: StarkKey,
  { signer = ephemeral, age = 0 }: { signer?: StarkKey; age?: number } = {},
) {
  const timestamp = world.clock.seconds() - age;
  const hash = activationHash(curve, unixSeconds(timestamp), ephemeral.publicKey) ?? 0n;
  return { account_id: account, public_key: publicKey, timestamp, signature: signer.sign(hash) };
}

const activate = (body: unknown): Promise<Answer> => call(world.url, 'POST', `${SUBKEYS}/activate`, { body });

async function activated(): Promise<{ subkey: StarkKey; ephemeral: StarkKey; at: bigint }> {
  const [subkey, ephemeral] = [newStarkKey(), newStarkKey()];
  const pending = { state: 'pending', encrypted_key: 'sealed', eph_public_key: ephemeral.publicKey };
  expectSuccess(await postSubkey(world, owner.session, registrationBody(world, owner, subkey, pending)), 201);
  const at = world.clock.nanos();
  expectSuccess(await activate(activation(owner, subkey, ephemeral)), 200);
  return { subkey, ephemeral, at };
}

describe('an activation that comes second', () => {
  test('an activation that comes second learns from the ephemeral key when and from where the first one came, and leaves a row', async () => {
    const { subkey, ephemeral, at } = await activated();
    world.clock.advance(5);
    const answer = await activate(activation(owner, subkey, ephemeral));
    expect(expectRefusal(answer, 400, 'SUBKEY_ALREADY_ACTIVATED')).toContain('from 127.0.0.1');
    expect(answer.text).toContain(`"data":{"activated_at":${at},"client_ip":"127.0.0.1"}`);
    expect(await rowsOf('subkey.activation_repeated', subkey)).toMatchObject([
      {
        account: owner.account,
        client_ip: '127.0.0.1',
        detail: { activated_at: String(at), activated_from: '127.0.0.1' },
      },
    ]);
  });

  test('an activation that comes second learns of the first one also once the subkey was revoked', async () => {
    const { subkey, ephemeral } = await activated();
    await call(world.url, 'DELETE', one(subkey), { bearer: owner.session });
    expectRefusal(await activate(activation(owner, subkey, ephemeral)), 400, 'SUBKEY_ALREADY_ACTIVATED');
  });

  test('an activation without the ephemeral key, or with an old signature, learns and leaves nothing', async () => {
    const { subkey, ephemeral } = await activated();
    const plain = newStarkKey();
    expectSuccess(await postSubkey(world, owner.session, registrationBody(world, owner, plain)), 201);
    const never = await activate(activation(owner, plain, ephemeral));
    expectRefusal(never, 400, 'SUBKEY_NOT_ACTIVATABLE');
    for (const body of [
      activation(owner, subkey, ephemeral, { signer: newStarkKey() }),
      activation(owner, subkey, newStarkKey()),
      activation(owner, subkey, ephemeral, { age: 301 }),
      activation(owner, subkey, ephemeral, { age: -31 }),
      { ...activation(owner, subkey, ephemeral), signature: ['0', '1'] },
    ]) {
      expect((await activate(body)).text).toBe(never.text);
    }
    expect(await rowsOf('subkey.activation_repeated', subkey)).toEqual([]);
  });

  test('an activation that comes second finds no ciphertext anywhere: the ephemeral public key alone stays', async () => {
    const { subkey, ephemeral } = await activated();
    const db = new DatabaseSync(join(world.service.folder, 'data', 'countersign.db'), { readOnly: true });
    const row = db
      .prepare('select encrypted_key, eph_public_key, activated_by from subkey where public_key = ?')
      .get(subkey.publicKey);
    db.close();
    expect(row).toEqual({ encrypted_key: '', eph_public_key: '', activated_by: ephemeral.publicKey });
  });
});
