// POST /countersign/v1/subkeys: a registration by a signature of the owner, whatever session carries it; and how long a pending subkey waits.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addDevice, deviceSession } from '../support/devices.ts';
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
  subkeySession,
  type World,
} from '../support/world.ts';

const MAX_LIVE = 4;
let world: World;
beforeAll(async () => {
  // The strict door must not follow the lax setting.
  world = await startWorld({
    settings: {
      'subkeys.require_signature': 'false',
      'subkeys.max_live': String(MAX_LIVE),
      'subkeys.pending_life': '600',
    },
  });
});
afterAll(() => world.stop());

const DOOR = '/countersign/v1/subkeys';
const register = (bearer: string, body: unknown): Promise<Answer> => call(world.url, 'POST', DOOR, { bearer, body });
const read = async ({ session }: Pick<Owner, 'session'>, publicKey: string) =>
  call(world.url, 'GET', `${SUBKEYS}/${publicKey}`, { bearer: session });
const unsigned = (publicKey: string) => ({ name: 'bot', public_key: publicKey });

describe('a registration by signature', () => {
  test('answers the subkey as GET does, which logs in and trades', async () => {
    const owner = await newOwner(world);
    const subkey = newStarkKey();
    const answer = await register(
      owner.session,
      registrationBody(world, owner, subkey, { allowed_cidrs: ['127.0.0.1'] }),
    );
    expectSuccess(answer, 201);
    expect(answer.json).toMatchObject({
      public_key: subkey.publicKey,
      state: 'active',
      allowed_cidrs: ['127.0.0.1/32'],
    });
    expect(answer.text).toBe((await read(owner, subkey.publicKey)).text);
    expect(await subkeySession(world, owner.account, subkey)).toMatch(/^ey/);
  });

  test('needs the signature also where subkeys.require_signature is off and the door of the wire asks for none', async () => {
    for (const owner of [await newOwner(world), await newWalletOwner(world)]) {
      const { publicKey } = newStarkKey();
      await changesNothing(world, owner.session, async () =>
        expectRefusal(await register(owner.session, unsigned(publicKey)), 400, 'INVALID_REQUEST_PARAMETER'),
      );
      expect((await postSubkey(world, owner.session, unsigned(publicKey))).status).toBe(201);
    }
  });

  test("refuses the signature of another owner, of a subkey, and over another subkey's key", async () => {
    const [owner, other] = [await newOwner(world), await newOwner(world)];
    const [subkey, fresh] = [newStarkKey(), newStarkKey()];
    await register(owner.session, registrationBody(world, owner, subkey));
    const forged = [
      { ...unsigned(fresh.publicKey), ...proofFor(world, { ...owner, key: other.key }, fresh.publicKey) },
      { ...unsigned(fresh.publicKey), ...proofFor(world, { ...owner, key: subkey }, fresh.publicKey) },
      { ...unsigned(fresh.publicKey), ...proofFor(world, owner, subkey.publicKey) },
      { ...unsigned(fresh.publicKey), ...proofFor(world, other, fresh.publicKey) },
    ];
    await changesNothing(world, owner.session, async () => {
      for (const body of forged) {
        expectRefusal(await register(owner.session, body), 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
      }
    });
  });

  test('a wallet signs once for it: its message, and nothing else', async () => {
    const owner = await newWalletOwner(world);
    const { publicKey } = newStarkKey();
    const siwe_message = siweOf(world, owner, `Paradex Subkey Registration: ${publicKey}`);
    const body = { ...unsigned(publicKey), siwe_message, evm_signature: owner.wallet.personalSign(siwe_message) };
    expectSuccess(await register(owner.session, body), 201);
    // The same again, after a lost answer.
    expectSuccess(await register(owner.session, body), 201);
    const other = newStarkKey();
    expectRefusal(
      await register(owner.session, { ...body, public_key: other.publicKey }),
      401,
      'EVM_SIGNATURE_VERIFICATION_FAILED',
    );
  });

  test('the same registration again is answered alike and done once, through either door', async () => {
    const owner = await newOwner(world);
    const body = registrationBody(world, owner, newStarkKey());
    const first = await register(owner.session, body);
    expect((await register(owner.session, body)).text).toBe(first.text);
    expect((await postSubkey(world, owner.session, body)).status).toBe(201);
    expect((await call(world.url, 'GET', SUBKEYS, { bearer: owner.session })).json.results).toHaveLength(1);
  });

  test('50 registrations at once make at most subkeys.max_live subkeys', async () => {
    const owner = await newOwner(world);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => register(owner.session, registrationBody(world, owner, newStarkKey()))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX_LIVE);
    expect(answers.filter(({ json }) => json?.error === 'VALIDATION_ERROR')).toHaveLength(50 - MAX_LIVE);
  });

  test('a device registers with the signature of the main key or wallet, and with no other; the wire it may not use', async () => {
    const [owner, wallet] = [await newOwner(world), await newWalletOwner(world)];
    const device = await deviceSession(world, await addDevice(world, owner));
    const ofWallet = await deviceSession(world, await addDevice(world, wallet));
    const [subkey, fresh, third] = [newStarkKey(), newStarkKey(), newStarkKey()];
    expectSuccess(await register(device, registrationBody(world, owner, subkey)), 201);
    const siwe_message = siweOf(world, wallet, `Paradex Subkey Registration: ${third.publicKey}`);
    const evm_signature = wallet.wallet.personalSign(siwe_message);
    expectSuccess(await register(ofWallet, { ...unsigned(third.publicKey), siwe_message, evm_signature }), 201);
    await changesNothing(world, owner.session, async () => {
      expectRefusal(await register(device, unsigned(fresh.publicKey)), 400, 'INVALID_REQUEST_PARAMETER');
      const bySubkey = proofFor(world, { ...owner, key: subkey }, fresh.publicKey);
      const forged = { ...unsigned(fresh.publicKey), ...bySubkey };
      expectRefusal(await register(device, forged), 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
      expectRefusal(await postSubkey(world, device, registrationBody(world, owner, fresh)), 403, 'INVALID_TOKEN_SCOPE');
    });
  });

  test('a device that has seen a registration makes nothing of it with another list, end, name or state, nor again once its subkey is revoked', async () => {
    const owner = await newOwner(world);
    const device = await deviceSession(world, await addDevice(world, owner));
    const [subkey, other] = [newStarkKey(), newStarkKey()];
    const seen = registrationBody(world, owner, subkey, { allowed_cidrs: ['203.0.113.7'] });
    expectSuccess(await register(device, seen), 201);
    const changes = [
      { allowed_cidrs: [] },
      { expires_in: 86_400 },
      { name: 'other' },
      { state: 'pending', encrypted_key: 'x', eph_public_key: other.publicKey },
    ];
    await changesNothing(world, owner.session, async () => {
      for (const change of changes) {
        expectRefusal(await register(device, { ...seen, ...change }), 401, 'SIGNATURE_ALREADY_USED');
      }
    });
    await call(world.url, 'DELETE', `${SUBKEYS}/${subkey.publicKey}`, { bearer: device });
    await changesNothing(world, owner.session, async () => {
      for (const change of [{}, ...changes]) {
        expectRefusal(await register(device, { ...seen, ...change }), 401, 'SIGNATURE_ALREADY_USED');
      }
    });
  });

  test('a subkey session may not use it: 403 INVALID_TOKEN_SCOPE', async () => {
    const owner = await newOwner(world);
    const subkey = newStarkKey();
    await register(owner.session, registrationBody(world, owner, subkey));
    const session = await subkeySession(world, owner.account, subkey);
    expectRefusal(await register(session, registrationBody(world, owner, newStarkKey())), 403, 'INVALID_TOKEN_SCOPE');
  });
});

describe.each([
  ['POST /v1/account/keys/subkeys', SUBKEYS],
  [`POST ${DOOR}`, DOOR],
])('pending_expires_in of %s', (_name, path) => {
  const pending = (owner: Owner, more: Record<string, unknown>) => {
    const subkey = newStarkKey();
    const body = registrationBody(world, owner, subkey, {
      state: 'pending',
      encrypted_key: 'sealed',
      eph_public_key: newStarkKey().publicKey,
      ...more,
    });
    return { subkey, body, sent: () => call(world.url, 'POST', path, { bearer: owner.session, body }) };
  };

  test('says how long a pending subkey may be activated, 30 s at least and subkeys.pending_life at most', async () => {
    const owner = await newOwner(world);
    const [brief, long] = [pending(owner, { pending_expires_in: 30 }), pending(owner, { pending_expires_in: 600 })];
    expect([(await brief.sent()).status, (await long.sent()).status]).toEqual([201, 201]);
    world.clock.advance(29);
    expect((await read(owner, brief.subkey.publicKey)).json.state).toBe('pending');
    // The same request again, after a lost answer.
    expect((await brief.sent()).status).toBe(201);
    world.clock.advance(1);
    const states = [brief, long].map(async ({ subkey }) => (await read(owner, subkey.publicKey)).json.state);
    expect(await Promise.all(states)).toEqual(['expired', 'pending']);
  });

  test.each<[string, Record<string, unknown>]>([
    ['too short', { pending_expires_in: 29 }],
    ['longer than subkeys.pending_life', { pending_expires_in: 601 }],
    ['negative', { pending_expires_in: -1 }],
    ['zero', { pending_expires_in: 0 }],
    ['for an active subkey', { state: 'active', pending_expires_in: 60 }],
  ])('that is %s is 400 VALIDATION_ERROR, and nothing is registered', async (_what, more) => {
    const owner = await newOwner(world);
    await changesNothing(world, owner.session, async () =>
      expectRefusal(await pending(owner, more).sent(), 400, 'VALIDATION_ERROR'),
    );
  });
});
