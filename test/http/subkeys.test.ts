// /v1/account/keys/subkeys: registering, listing, renaming, binding and revoking, and everything that must change nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StarkKey } from '../../src/client/stark-key.ts';
import { scureCurve } from '../../src/starknet/curve.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  expectRefusal,
  expectSuccess,
  keysOf,
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
  type WalletOwner,
  type World,
  windowOf,
} from '../support/world.ts';

let world: World;
let owner: Owner;
let other: Owner;
let evm: WalletOwner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
  other = await newOwner(world);
  evm = await newWalletOwner(world);
});
afterAll(() => world.stop());

const one = (key: { publicKey: string }, more = ''): string => `${SUBKEYS}/${key.publicKey}${more}`;
const ask = (method: string, path: string, body?: unknown, bearer = owner.session): Promise<Answer> =>
  call(world.url, method, path, { bearer, ...(body === undefined ? {} : { body }) });
const wide = (felt: string): string => `0x${felt.slice(2).toUpperCase().padStart(64, '0')}`;
const FAILED = 'STARKNET_SIGNATURE_VERIFICATION_FAILED';
const RECEIPT = /^nodes=1; ms=\d+; in_flight=0$/;

describe('registering', () => {
  test('registering a subkey answers 201 {} and nothing more, and the key is there with every member of the wire', async () => {
    const subkey = newStarkKey();
    const answer = await postSubkey(
      world,
      owner.session,
      registrationBody(world, owner, subkey, {
        name: 'bot 1',
        allowed_cidrs: ['127.0.0.1', '10.1.2.3/8'],
        key_type: 'starknet',
      }),
    );
    expectSuccess(answer, 201);
    expect(answer.text).toBe('{}');
    const read = await ask('GET', one(subkey));
    expectSuccess(read, 200);
    const now = world.clock.nanos();
    const { id } = read.json;
    expect(Number.isSafeInteger(id)).toBe(true);
    // Compared as text: a JSON number of nanoseconds has lost digits.
    expect(read.text).toBe(
      `{"account_id":"${owner.account}","public_key":"${subkey.publicKey}","name":"bot 1","state":"active","id":${id},` +
        `"allowed_cidrs":["127.0.0.1/32","10.0.0.0/8"],"created_at":${now},"updated_at":${now},"revoked_at":0,"expires_at":0,"last_used_at":0,"last_used_ip":""}`,
    );
    expect(String(now)).toMatch(/123456789$/);
    expect((await ask('GET', SUBKEYS)).text).toContain(read.text);
  });

  test('registering a subkey reads the key as a number and the signature as hex', async () => {
    const subkey = newStarkKey();
    const { signature, ...proof } = proofFor(world, owner, subkey.publicKey);
    const hex = signature.map((text) => `0x${BigInt(text).toString(16)}`);
    const body = { name: 'hex', public_key: wide(subkey.publicKey), ...proof, signature: hex };
    expectSuccess(await postSubkey(world, owner.session, body), 201);
    expect((await ask('GET', one({ publicKey: wide(subkey.publicKey) }))).json.public_key).toBe(subkey.publicKey);
  });

  describe('refused, and nothing is changed', () => {
    const shared = newStarkKey();
    const stranger = newStarkKey();
    const smallFelts = Array.from({ length: 32 }, (_, i) => BigInt(i + 1));
    const notOnCurve = `0x${(smallFelts.find((x) => !scureCurve.isPublicKey(x)) ?? 0n).toString(16)}`;
    const invalid = 'INVALID_REQUEST_PARAMETER';
    const window = (age: number, life: number) => () =>
      proofFor(world, owner, shared.publicKey, windowOf(world, { age, life }));
    const by = (key: StarkKey) => () => proofFor(world, { ...owner, key }, shared.publicKey);

    test.each<[string, number, string, Record<string, unknown> | (() => object)]>([
      ['no name', 400, invalid, { name: undefined }],
      ['a name of another type', 400, 'BINDING_ERROR', { name: 1 }],
      ['an empty name', 400, 'VALIDATION_ERROR', { name: '' }],
      ['a name of 65 characters', 400, 'VALIDATION_ERROR', { name: 'x'.repeat(65) }],
      ['a name with a control character', 400, 'VALIDATION_ERROR', { name: 'a\nb' }],
      ['a name that turns the text around', 400, 'VALIDATION_ERROR', { name: 'a\u202eb' }],
      ['no public_key', 400, invalid, { public_key: undefined }],
      ['a public_key of another type', 400, 'BINDING_ERROR', { public_key: 5 }],
      ['a public_key that is no felt', 400, 'PUBLIC_KEY_INVALID', { public_key: '12' }],
      ['a public_key that is no point', 400, 'PUBLIC_KEY_INVALID', { public_key: notOnCurve }],
      [
        'the main key itself',
        400,
        'INVALID_SUBKEY',
        () => ({ public_key: owner.key.publicKey, ...proofFor(world, owner, owner.key.publicKey) }),
      ],
      ['pending without its ciphertext', 400, invalid, { state: 'pending', eph_public_key: '0x1' }],
      ['pending with an empty one', 400, invalid, { state: 'pending', encrypted_key: '', eph_public_key: '0x1' }],
      ['pending with a long one', 400, 'VALIDATION_ERROR', { state: 'pending', encrypted_key: 'x'.repeat(4097) }],
      ['pending without its key', 400, invalid, { state: 'pending', encrypted_key: 'x' }],
      [
        'pending with a key that is no point',
        400,
        'PUBLIC_KEY_INVALID',
        { state: 'pending', encrypted_key: 'x', eph_public_key: notOnCurve },
      ],
      ['a life of 59 s', 400, 'VALIDATION_ERROR', { expires_in: 59 }],
      ['less than no life', 400, 'VALIDATION_ERROR', { expires_in: -1 }],
      ['a life of another type', 400, 'BINDING_ERROR', { expires_in: '60' }],
      ['an unknown state', 400, 'VALIDATION_ERROR', { state: 'revoked' }],
      ['a state of another type', 400, 'BINDING_ERROR', { state: true }],
      ['51 CIDRs', 400, 'VALIDATION_ERROR', { allowed_cidrs: Array.from({ length: 51 }, (_, i) => `10.0.0.${i}`) }],
      ['a bad CIDR', 400, 'VALIDATION_ERROR', { allowed_cidrs: ['10.0.0.0/33'] }],
      ['CIDRs of another type', 400, 'BINDING_ERROR', { allowed_cidrs: '10.0.0.0/8' }],
      [
        'no proof at all',
        400,
        invalid,
        { signature: undefined, signature_timestamp: undefined, signature_expiry: undefined },
      ],
      ['no signature', 400, invalid, { signature: undefined }],
      ['no signature_timestamp', 400, invalid, { signature_timestamp: undefined }],
      ['no signature_expiry', 400, invalid, { signature_expiry: undefined }],
      ['a signature of another type', 400, 'BINDING_ERROR', { signature: '["1","2"]' }],
      ['a signature of numbers', 400, 'BINDING_ERROR', { signature: [1, 2] }],
      ['a signature of one', 400, 'INVALID_STARKNET_SIGNATURE', { signature: ['1'] }],
      ['a signature of three', 400, 'INVALID_STARKNET_SIGNATURE', { signature: ['1', '2', '3'] }],
      ['a signature of words', 400, 'INVALID_STARKNET_SIGNATURE', { signature: ['r', 's'] }],
      ['a signature that is too long', 400, 'INVALID_STARKNET_SIGNATURE', { signature: ['9'.repeat(77), '1'] }],
      ['a time of another type', 400, 'BINDING_ERROR', { signature_timestamp: '1800000000' }],
      ['a time with a fraction', 400, 'BINDING_ERROR', { signature_expiry: 1800000300.5 }],
      ['a negative time', 400, 'INVALID_TIMESTAMP', { signature_timestamp: -1 }],
      ['a window of 601 s', 400, 'INVALID_TIMESTAMP', window(0, 601)],
      ['an expired window', 400, 'INVALID_TIMESTAMP', window(60, 60)],
      ['an empty window', 400, 'INVALID_TIMESTAMP', window(-10, 0)],
      ['a window that begins in 31 s', 400, 'INVALID_TIMESTAMP', window(-31, 60)],
      ['a signature by the new subkey itself', 401, FAILED, by(shared)],
      ['a signature by a stranger', 401, FAILED, by(stranger)],
      ['a signature by another owner', 401, FAILED, () => proofFor(world, other, shared.publicKey)],
      ['a signature over another key', 401, FAILED, () => proofFor(world, owner, stranger.publicKey)],
      [
        'a signature for another account',
        401,
        FAILED,
        () => proofFor(world, { ...owner, account: other.account }, shared.publicKey),
      ],
      ['a signature over other times', 401, FAILED, () => ({ signature_expiry: world.clock.seconds() + 599 })],
      ['a wallet\u2019s proof', 400, invalid, { signature: undefined, siwe_message: 'x', evm_signature: '0x' }],
    ])('registering a subkey with %s is %i %s, and nothing is changed', async (_name, status, code, change) => {
      const body = { ...registrationBody(world, owner, shared), ...(typeof change === 'function' ? change() : change) };
      expectRefusal(
        await changesNothing(world, owner.session, () => postSubkey(world, owner.session, body)),
        status,
        code,
      );
    });

    test("registering a subkey is refused to a subkey session, a read-only token and nobody, even with the main key's signature", async () => {
      const subkey = await addSubkey(world, owner);
      const body = () => registrationBody(world, owner, newStarkKey());
      const session = await subkeySession(world, owner.account, subkey);
      const { token } = await createToken(world.url, owner.session);
      await changesNothing(world, owner.session, async () => {
        expectRefusal(await postSubkey(world, session, body()), 403, 'INVALID_TOKEN_SCOPE');
        expectRefusal(await postSubkey(world, token, body()), 403, 'INVALID_TOKEN_SCOPE');
        expectRefusal(await call(world.url, 'POST', SUBKEYS, { body: body() }), 401, 'UNAUTHORIZED_ERROR');
      });
      const bySubkey = proofFor(world, { ...owner, key: subkey }, shared.publicKey);
      const answer = await postSubkey(world, owner.session, { name: 'x', public_key: shared.publicKey, ...bySubkey });
      expectRefusal(answer, 401, FAILED);
    });

    test('registering a subkey with the session of another owner is refused: the key goes to nobody', async () => {
      const body = registrationBody(world, owner, shared);
      const before = await keysOf(world, owner.session);
      expectRefusal(
        await changesNothing(world, other.session, () => postSubkey(world, other.session, body)),
        401,
        FAILED,
      );
      expect(await keysOf(world, owner.session)).toBe(before);
    });
  });

  test('registering a subkey accepts a window of 600 s, one that begins in 30 s and one that ends in 1 s', async () => {
    for (const window of [{ life: 600 }, { age: -30, life: 60 }, { age: 599, life: 600 }]) {
      const subkey = newStarkKey();
      const proof = proofFor(world, owner, subkey.publicKey, windowOf(world, window));
      expectSuccess(await postSubkey(world, owner.session, { name: 'x', public_key: subkey.publicKey, ...proof }), 201);
    }
  });

  test('registering a live key is NOT_UNIQUE with a fresh signature, and with the first for another name; the same again is answered as it was, whichever twin of its signature it has', async () => {
    const subkey = newStarkKey();
    const body = registrationBody(world, owner, subkey);
    expectSuccess(await postSubkey(world, owner.session, body), 201);
    const N = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn;
    const [r, s] = body.signature;
    const fresh = proofFor(world, owner, subkey.publicKey, windowOf(world, { life: 300 }));
    await changesNothing(world, owner.session, async () => {
      expectRefusal(await postSubkey(world, owner.session, { ...body, ...fresh }), 400, 'NOT_UNIQUE');
      expectRefusal(await postSubkey(world, owner.session, { ...body, name: 'other' }), 401, 'SIGNATURE_ALREADY_USED');
      for (const signature of [body.signature, [r, String(N - BigInt(s))]]) {
        const again = await postSubkey(world, owner.session, { ...body, signature });
        expectSuccess(again, 201);
        expect(again.json).toEqual({});
      }
    });
  });

  test('registering a revoked key is refused with a fresh signature', async () => {
    const subkey = await addSubkey(world, owner);
    expect((await ask('DELETE', one(subkey))).status).toBe(200);
    const fresh = proofFor(world, owner, subkey.publicKey, windowOf(world, { life: 300 }));
    const body = registrationBody(world, owner, subkey, { ...fresh });
    expectRefusal(
      await changesNothing(world, owner.session, () => postSubkey(world, owner.session, body)),
      400,
      'INVALID_SUBKEY',
    );
  });
});

describe('registering for a wallet', () => {
  const statementFor = (publicKey: string) => `Paradex Subkey Registration: ${publicKey}`;
  const bodyFor = (subkey: StarkKey, message: string, by = evm) => ({
    name: 'bot',
    public_key: subkey.publicKey,
    siwe_message: message,
    evm_signature: by.wallet.personalSign(message),
  });
  const messageFor = (subkey: StarkKey, options: Parameters<typeof siweOf>[3] = {}) =>
    siweOf(world, evm, statementFor(subkey.publicKey), options);

  test('registering a subkey of a wallet works with a message that names the key, padded and in upper case too', async () => {
    for (const write of [(felt: string) => felt, wide]) {
      const subkey = newStarkKey();
      const message = siweOf(world, evm, statementFor(write(subkey.publicKey)));
      const answer = await postSubkey(world, evm.session, bodyFor(subkey, message));
      expectSuccess(answer, 201);
      expect(answer.text).toBe('{}');
    }
  });

  test('registering a subkey of a wallet without evm_signature is refused in the words of the live service', async () => {
    const subkey = newStarkKey();
    for (const body of [
      { name: 'bot', public_key: subkey.publicKey },
      { name: 'bot', public_key: subkey.publicKey, signature: ['1', '2'], signature_timestamp: 1, signature_expiry: 2 },
    ]) {
      const answer = await changesNothing(world, evm.session, () => postSubkey(world, evm.session, body));
      expect(expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER')).toBe(
        'evm_signature is required for EIP-191 accounts',
      );
    }
  });

  test('a nonce counts once, for logins and registrations together', async () => {
    const [first, second] = [newStarkKey(), newStarkKey()];
    const nonce = 'sharednonce1';
    expectSuccess(await postSubkey(world, evm.session, bodyFor(first, messageFor(first, { nonce }))), 201);
    const again = bodyFor(second, messageFor(second, { nonce }));
    const refused = await changesNothing(world, evm.session, () => postSubkey(world, evm.session, again));
    expectRefusal(refused, 401, 'SIGNATURE_ALREADY_USED');
  });

  const failed = 'EVM_SIGNATURE_VERIFICATION_FAILED';
  const shared = newStarkKey();
  test.each<[string, number, string, () => object | Promise<object>]>([
    [
      'no siwe_message',
      400,
      'INVALID_REQUEST_PARAMETER',
      () => ({ ...bodyFor(shared, messageFor(shared)), siwe_message: undefined }),
    ],
    [
      'no evm_signature',
      400,
      'INVALID_REQUEST_PARAMETER',
      () => ({ ...bodyFor(shared, messageFor(shared)), evm_signature: undefined }),
    ],
    [
      'a message in base64',
      400,
      'INVALID_EVM_SIGNATURE',
      () => {
        const message = messageFor(shared);
        return { ...bodyFor(shared, message), siwe_message: Buffer.from(message).toString('base64') };
      },
    ],
    [
      'a signature that is none',
      400,
      'INVALID_EVM_SIGNATURE',
      () => ({ ...bodyFor(shared, messageFor(shared)), evm_signature: '0x12' }),
    ],
    ['a login message', 401, failed, () => bodyFor(shared, siweOf(world, evm, 'Paradex Auth'))],
    ['a message for another key', 401, failed, () => bodyFor(shared, messageFor(newStarkKey()))],
    ['another domain', 401, failed, () => bodyFor(shared, messageFor(shared, { domain: 'evil.example' }))],
    ['another chain', 401, failed, () => bodyFor(shared, messageFor(shared, { chainId: 1 }))],
    ['no Expiration Time', 400, 'INVALID_TIMESTAMP', () => bodyFor(shared, messageFor(shared, { life: 0 }))],
    ['a window of 601 s', 400, 'INVALID_TIMESTAMP', () => bodyFor(shared, messageFor(shared, { life: 601 }))],
    ['an expired message', 400, 'INVALID_TIMESTAMP', () => bodyFor(shared, messageFor(shared, { age: 60, life: 60 }))],
    ['a message from the future', 400, 'INVALID_TIMESTAMP', () => bodyFor(shared, messageFor(shared, { age: -31 }))],
    [
      'another wallet that signs our message',
      401,
      'ETHEREUM_SIGNER_MISMATCH',
      async () => bodyFor(shared, messageFor(shared), await newWalletOwner(world)),
    ],
    [
      'another wallet that signs its own',
      401,
      'ETHEREUM_SIGNER_MISMATCH',
      async () => {
        const thief = await newWalletOwner(world);
        return bodyFor(shared, siweOf(world, thief, statementFor(shared.publicKey)), thief);
      },
    ],
  ])('registering a subkey of a wallet is refused, and nothing is changed: %s', async (_name, status, code, make) => {
    const body = await make();
    expectRefusal(await changesNothing(world, evm.session, () => postSubkey(world, evm.session, body)), status, code);
  });

  test('twenty subkeys may live, however many are asked for at once; a revoked one makes room', async () => {
    const crowd = await newWalletOwner(world);
    const register = (subkey: StarkKey) => {
      const message = siweOf(world, crowd, statementFor(subkey.publicKey));
      return postSubkey(world, crowd.session, bodyFor(subkey, message, crowd));
    };
    const subkeys = Array.from({ length: 22 }, newStarkKey);
    const answers = await Promise.all(subkeys.map(register));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    for (const answer of answers.filter(({ status }) => status !== 201)) expectRefusal(answer, 400, 'VALIDATION_ERROR');
    const listed = await ask('GET', SUBKEYS, undefined, crowd.session);
    expect(listed.json.results).toHaveLength(20);
    const [victim] = listed.json.results;
    expect((await ask('DELETE', `${SUBKEYS}/${victim.public_key}`, undefined, crowd.session)).status).toBe(200);
    expectSuccess(await register(newStarkKey()), 201);
    expectRefusal(await register(newStarkKey()), 400, 'VALIDATION_ERROR');
  });
});

describe('lists', () => {
  test('the lists of subkeys show live keys, and revoked ones when asked in one of the two ways', async () => {
    const own = await newOwner(world);
    const live = await addSubkey(world, own, { name: 'live' });
    const dead = await addSubkey(world, own, { name: 'dead' });
    expect((await ask('DELETE', one(dead), undefined, own.session)).status).toBe(200);
    const names = async (query: string) => {
      const answer = await ask('GET', SUBKEYS + query, undefined, own.session);
      expectSuccess(answer, 200);
      expect(Object.keys(answer.json)).toEqual(['results', 'next']);
      expect(answer.json.next).toBeNull();
      return answer.json.results.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`);
    };
    for (const query of ['', '?with_revoked=false', '?with_revoked=0', '?with_revoked=', '?other=1']) {
      expect(await names(query)).toEqual(['live active']);
    }
    for (const query of ['?with_revoked=true', '?with_revoked=1', '?include_revoked=True']) {
      expect(await names(query)).toEqual(['live active', 'dead revoked']);
    }
    expect(await ask('GET', one(live), undefined, own.session)).toMatchObject({ status: 200 });
    const read = await ask('GET', one(dead), undefined, own.session);
    expect(read.text).toContain(`"state":"revoked"`);
    expect(read.text).toContain(`"revoked_at":${world.clock.nanos()},`);
  });

  test('the lists of subkeys come in pages that together are the whole, in order of registration', async () => {
    const own = await newOwner(world);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await addSubkey(world, own, { name });
    const pages: string[][] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer: Answer = await ask('GET', `${SUBKEYS}?limit=2&cursor=${cursor}`, undefined, own.session);
      expectSuccess(answer, 200);
      pages.push(answer.json.results.map(({ name }: { name: string }) => name));
      cursor = answer.json.next;
    }
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    const beyond = await ask('GET', `${SUBKEYS}?cursor=${'9'.repeat(18)}`, undefined, own.session);
    expect([beyond.status, beyond.json]).toEqual([200, { results: [], next: null }]);
  });

  test.each(['zzz', '-1', '1.5', '9'.repeat(19)])(
    'a cursor that is none of the list of subkeys, %s, is 400',
    async (cursor) => {
      const answer = await ask('GET', `${SUBKEYS}?cursor=${cursor}`);
      expect(expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER')).toContain('cursor');
    },
  );

  test.each(['0', '501', '-1', '1.5', 'x', '1e2'])('a limit of %s of the list of subkeys is 400', async (limit) => {
    expectRefusal(await ask('GET', `${SUBKEYS}?limit=${limit}`), 400, 'INVALID_REQUEST_PARAMETER');
  });
});

describe('reading one', () => {
  test('reading one subkey finds it by any spelling of its number, for its subkey session too', async () => {
    const subkey = await addSubkey(world, owner);
    const session = await subkeySession(world, owner.account, subkey);
    for (const path of [subkey.publicKey, wide(subkey.publicKey), subkey.publicKey.toUpperCase().replace('0X', '0x')]) {
      const answer = await ask('GET', `${SUBKEYS}/${path}`, undefined, session);
      expect([answer.status, answer.json?.public_key]).toEqual([200, subkey.publicKey]);
    }
    for (const path of ['x', '12', '0x', `0x${'f'.repeat(64)}`]) {
      expectRefusal(await ask('GET', `${SUBKEYS}/${path}`), 400, 'PUBLIC_KEY_INVALID');
    }
    expectRefusal(await ask('GET', one(newStarkKey())), 404, 'NOT_FOUND');
    expectRefusal(await ask('GET', one(owner.key)), 404, 'NOT_FOUND');
  });
});

describe('renaming', () => {
  test('renaming a subkey changes the name and the time of change, and tells the whole key', async () => {
    const own = await startWorld();
    try {
      const trader = await newOwner(own);
      const subkey = await addSubkey(own, trader, { name: 'before' });
      const { json: before } = await call(own.url, 'GET', one(subkey), { bearer: trader.session });
      const created = own.clock.nanos();
      own.clock.advance(7);
      const answer = await call(own.url, 'PUT', one(subkey), {
        bearer: trader.session,
        body: { name: 'n\u00e4chster \ud83d\ude80', state: 'revoked' },
      });
      expectSuccess(answer, 200);
      expect(answer.json).toMatchObject({
        ...before,
        name: 'n\u00e4chster \ud83d\ude80',
        updated_at: expect.anything(),
        created_at: expect.anything(),
      });
      expect(answer.text).toContain(
        `"created_at":${created},"updated_at":${created + 7_000_000_000n},"revoked_at":0,"expires_at":0,`,
      );
      expect((await call(own.url, 'GET', one(subkey), { bearer: trader.session })).text).toBe(answer.text);
    } finally {
      await own.stop();
    }
  });

  test.each<[string, string, unknown]>([
    ['no name', 'INVALID_REQUEST_PARAMETER', {}],
    ['an empty name', 'VALIDATION_ERROR', { name: '' }],
    ['a blank name', 'VALIDATION_ERROR', { name: '  ' }],
    ['65 characters', 'VALIDATION_ERROR', { name: '\ud83d\ude80'.repeat(65) }],
    ['a DEL', 'VALIDATION_ERROR', { name: 'a\u007f' }],
    ['another type', 'BINDING_ERROR', { name: ['x'] }],
    ['no body', 'INVALID_REQUEST_PARAMETER', ''],
    ['null', 'BINDING_ERROR', { name: null }],
  ])('renaming a subkey to %s is 400 %s and changes nothing', async (_name, code, body) => {
    const subkey = await addSubkey(world, other);
    const answer = await changesNothing(world, other.session, () => ask('PUT', one(subkey), body, other.session));
    expectRefusal(answer, 400, code);
    await ask('DELETE', one(subkey), undefined, other.session);
  });

  test('renaming a subkey to 64 characters of any width is accepted', async () => {
    const subkey = await addSubkey(world, owner);
    const name = '\ud83d\ude80'.repeat(64);
    expect((await ask('PUT', one(subkey), { name })).json.name).toBe(name);
  });
});

describe('allowed-cidrs', () => {
  const CIDRS = '/allowed-cidrs';

  test('the allowlist of a subkey is replaced as a whole, in canonical form, without doubles; [] is anywhere', async () => {
    const subkey = await addSubkey(world, owner, { allowed_cidrs: ['192.0.2.1'] });
    const put = async (allowed_cidrs: readonly string[]) => {
      const answer = await ask('PUT', one(subkey, CIDRS), { allowed_cidrs });
      expectSuccess(answer, 200, ['countersign-revocation']);
      expect(answer.headers.get('Countersign-Revocation')).toMatch(RECEIPT);
      expect((await ask('GET', one(subkey))).text).toBe(answer.text);
      return answer.json.allowed_cidrs;
    };
    expect(await put(['203.0.113.7/24', '203.0.113.0/24', '::ffff:198.51.100.4/120', '2001:DB8::1'])).toEqual([
      '203.0.113.0/24',
      '198.51.100.0/24',
      '2001:db8::1/128',
    ]);
    expect(await put(Array.from({ length: 50 }, (_, i) => `10.0.0.${i}`))).toHaveLength(50);
    expect(await put([])).toEqual([]);
  });

  test.each<[string, string, unknown]>([
    ['an absent member', 'INVALID_REQUEST_PARAMETER', {}],
    ['no body', 'INVALID_REQUEST_PARAMETER', undefined],
    ['an empty body', 'INVALID_REQUEST_PARAMETER', ''],
    ['a body of null', 'BINDING_ERROR', 'null'],
    ['null', 'BINDING_ERROR', { allowed_cidrs: null }],
    ['a text', 'BINDING_ERROR', { allowed_cidrs: '10.0.0.0/8' }],
    ['numbers', 'BINDING_ERROR', { allowed_cidrs: [10] }],
    ['51 entries', 'VALIDATION_ERROR', { allowed_cidrs: Array.from({ length: 51 }, (_, i) => `10.0.0.${i}`) }],
    ['51 equal entries', 'VALIDATION_ERROR', { allowed_cidrs: Array.from({ length: 51 }, () => '10.0.0.1') }],
    ['an empty text', 'VALIDATION_ERROR', { allowed_cidrs: [''] }],
    ['one bad of two', 'VALIDATION_ERROR', { allowed_cidrs: ['10.0.0.0/8', '10.0.0.256'] }],
    ['an octal address', 'VALIDATION_ERROR', { allowed_cidrs: ['010.0.0.1'] }],
    ['a zone id', 'VALIDATION_ERROR', { allowed_cidrs: ['fe80::1%eth0'] }],
    ['a mapped block under /96', 'VALIDATION_ERROR', { allowed_cidrs: ['::ffff:0:0/95'] }],
    ['a host name', 'VALIDATION_ERROR', { allowed_cidrs: ['localhost'] }],
    ['a very long text', 'VALIDATION_ERROR', { allowed_cidrs: ['1'.repeat(5_000)] }],
  ])('an allowlist of a subkey with %s is 400 %s and changes nothing', async (_name, code, body) => {
    const subkey = await addSubkey(world, other, { allowed_cidrs: ['192.0.2.0/24'] });
    const answer = await changesNothing(world, other.session, () =>
      ask('PUT', one(subkey, CIDRS), body, other.session),
    );
    expectRefusal(answer, 400, code);
    await ask('DELETE', one(subkey), undefined, other.session);
  });

  test('the allowlist of a subkey cannot be changed by the subkey itself', async () => {
    const subkey = await addSubkey(world, owner, { allowed_cidrs: ['127.0.0.0/8'] });
    const session = await subkeySession(world, owner.account, subkey);
    const widen = () => ask('PUT', one(subkey, CIDRS), { allowed_cidrs: [] }, session);
    expectRefusal(await changesNothing(world, owner.session, widen), 403, 'INVALID_TOKEN_SCOPE');
  });
});

describe('revoking', () => {
  test('revoking a subkey tells the key and a receipt, and again the same when repeated', async () => {
    const subkey = await addSubkey(world, owner);
    for (const path of [one(subkey), one(subkey), `${SUBKEYS}/${wide(subkey.publicKey)}`]) {
      const answer = await ask('DELETE', path);
      expectSuccess(answer, 200, ['countersign-revocation']);
      expect(answer.text).toBe(`{"public_key":"${subkey.publicKey}"}`);
      expect(answer.headers.get('Countersign-Revocation')).toMatch(RECEIPT);
    }
    const after = await keysOf(world, owner.session);
    await ask('DELETE', one(subkey));
    expect(await keysOf(world, owner.session)).toBe(after);
  });

  test('revoking a subkey leaves nothing to change: PUT is 404', async () => {
    const subkey = await addSubkey(world, owner);
    expect((await ask('DELETE', one(subkey))).status).toBe(200);
    await changesNothing(world, owner.session, async () => {
      expectRefusal(await ask('PUT', one(subkey), { name: 'again' }), 404, 'NOT_FOUND');
      expectRefusal(await ask('PUT', one(subkey, '/allowed-cidrs'), { allowed_cidrs: [] }), 404, 'NOT_FOUND');
    });
  });

  test('revoking a key that the account never had is 404', async () => {
    await changesNothing(world, owner.session, async () => {
      expectRefusal(await ask('DELETE', one(newStarkKey())), 404, 'NOT_FOUND');
      expectRefusal(await ask('DELETE', one(owner.key)), 404, 'NOT_FOUND');
      expectRefusal(await ask('DELETE', `${SUBKEYS}/x`), 400, 'PUBLIC_KEY_INVALID');
    });
  });
});

test('a subkey of another owner is 404 to everything, and stays as it is', async () => {
  const subkey = await addSubkey(world, owner);
  await changesNothing(world, owner.session, async () => {
    expectRefusal(await ask('GET', one(subkey), undefined, other.session), 404, 'NOT_FOUND');
    expectRefusal(await ask('PUT', one(subkey), { name: 'mine' }, other.session), 404, 'NOT_FOUND');
    expectRefusal(
      await ask('PUT', one(subkey, '/allowed-cidrs'), { allowed_cidrs: [] }, other.session),
      404,
      'NOT_FOUND',
    );
    expectRefusal(await ask('DELETE', one(subkey), undefined, other.session), 404, 'NOT_FOUND');
    const listed = await ask('GET', `${SUBKEYS}?with_revoked=true`, undefined, other.session);
    expect(listed.text).not.toContain(subkey.publicKey);
  });
});
