// Devices over HTTP: how one is signed in, what it may do, and each check of the proof that opens a session of it. What ends one:
// devices-endings.test.ts.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import table from '../../src/access/routes/paradex.json' with { type: 'json' };
import {
  addDevice,
  DEVICES,
  deviceProof,
  deviceSession,
  newDeviceKey,
  openDeviceSession,
  postDevice,
  postProof,
  proofParts,
  sessionPath,
  signedProof,
  type TestDevice,
  thumbprintOf,
} from '../support/devices.ts';
import { unsignedOrders } from '../support/harness.ts';
import { auditRows, command } from '../support/operator.ts';
import { exchange, pipelined } from '../support/raw-http.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  mainSession,
  newOwner,
  newWalletOwner,
  type Owner,
  SELF,
  startWorld,
  subkeySession,
  type World,
} from '../support/world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { ...unsignedOrders, 'devices.max_life': '3600' } });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const NOT_SIGNED_IN = 'this device is not signed in here';
const expectNotSignedIn = (answer: Answer) =>
  expect(expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR')).toBe(NOT_SIGNED_IN);
const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
const list = async (bearer: string, query = ''): Promise<Record<string, unknown>[]> => {
  const answer = await call(world.url, 'GET', `${DEVICES}${query}`, { bearer });
  expect(answer.status, answer.text).toBe(200);
  return answer.json.results;
};
/** An owner with a session as old as the world is now. */
const fresh = async (of: World = world): Promise<Owner> => newOwner(of);

describe('signing in a device', () => {
  test('a device is made by a main session, shown without its key, and stands in the audit log', async () => {
    const own = await fresh();
    const device = await addDevice(world, own, { name: 'laptop', lifetime_seconds: 600, idle_seconds: 120 });
    expect(device.id).toMatch(/^dev_[0-9a-z]{1,40}$/);
    const shown = {
      name: 'laptop',
      state: 'active',
      idle_seconds: 120,
      last_used_at: 0,
      last_used_ip: '',
      ended_at: 0,
    };
    expect(device.made.json).toEqual({
      id: device.id,
      ...shown,
      created_at: expect.any(Number),
      expires_at: expect.any(Number),
    });
    expect(device.made.text).not.toContain(device.publicKey.x);
    const [created, expires] = ['created_at', 'expires_at'].map((name) =>
      BigInt(new RegExp(`"${name}":([0-9]+)`).exec(device.made.text)?.[1] ?? 0),
    );
    expect([created, expires]).toEqual([world.clock.nanos(), world.clock.nanos() + 600_000_000_000n]);
    expect(await list(own.session)).toMatchObject([{ id: device.id }]);
    const rows = await auditRows(world.service, `?account=${own.account}&action=device.added`);
    expect(rows).toMatchObject([
      {
        actor: 'main:main',
        subject: `credential/${own.account}/device/${device.id}`,
        detail: { name: 'laptop', thumbprint: thumbprintOf(device.publicKey) },
      },
    ]);
  });

  test('without other figures a device lives as long as a setting allows, and is idle after a quarter of an hour', async () => {
    const { made } = await addDevice(world, owner);
    expect(made.json.idle_seconds).toBe(900);
    expect(made.json.expires_at - made.json.created_at).toBe(3_600_000_000_000);
    const short = await addDevice(world, owner, { lifetime_seconds: 300 });
    expect(short.made.json.idle_seconds).toBe(300);
  });

  test('a wallet signs in a device, too', async () => {
    const wallet = await newWalletOwner(world);
    const device = await addDevice(world, wallet);
    const self = await call(world.url, 'GET', SELF, { bearer: await deviceSession(world, device) });
    expect(self.json).toMatchObject({ account: wallet.account, kind: 'device' });
  });

  test.each<[string, Record<string, unknown>]>([
    ['no name', { name: '' }],
    ['a lifetime below five minutes', { lifetime_seconds: 299 }],
    ['a longer lifetime than the setting allows', { lifetime_seconds: 3_601 }],
    ['less than a minute idle', { idle_seconds: 59 }],
    ['longer idle than it lives', { lifetime_seconds: 300, idle_seconds: 301 }],
  ])('a device is refused with %s', async (_what, more) => {
    expectRefusal(await postDevice(world, owner.session, newDeviceKey(), more), 400, 'VALIDATION_ERROR');
  });

  test.each<[string, (jwk: ReturnType<typeof newDeviceKey>['publicKey']) => unknown]>([
    ['a point off the curve', (jwk) => ({ ...jwk, y: jwk.x })],
    ['a further member', (jwk) => ({ ...jwk, kid: 'a' })],
    ['a private part', (jwk) => ({ ...jwk, d: jwk.x })],
    ['a member missing', ({ y: _y, ...jwk }) => jwk],
    ['another curve', (jwk) => ({ ...jwk, crv: 'P-384' })],
    ['another kind of key', (jwk) => ({ ...jwk, kty: 'OKP' })],
    ['padding', (jwk) => ({ ...jwk, x: `${jwk.x}=` })],
    [
      'trailing bits',
      (jwk) => ({ ...jwk, x: `${jwk.x.slice(0, -1)}${String.fromCharCode(jwk.x.charCodeAt(42) + 1)}` }),
    ],
    ['a coordinate of 33 bytes', (jwk) => ({ ...jwk, x: `AA${jwk.x}`.slice(0, 44) })],
  ])('a device is refused with a public key that has %s', async (_what, wrong) => {
    const { publicKey } = newDeviceKey();
    const body = { name: 'browser', public_key: wrong(publicKey) };
    const answer = await call(world.url, 'POST', DEVICES, { bearer: owner.session, body });
    expectRefusal(answer, 400, 'VALIDATION_ERROR');
  });

  test('a device is refused with a public key that is no object', async () => {
    for (const public_key of [null, 'x', JSON.stringify(newDeviceKey().publicKey), []]) {
      const body = { name: 'browser', public_key };
      expectRefusal(await call(world.url, 'POST', DEVICES, { bearer: owner.session, body }), 400, 'BINDING_ERROR');
    }
  });

  test('two live devices never have one key, of whichever accounts; the key of an ended one may come again', async () => {
    const key = newDeviceKey();
    const first = await postDevice(world, owner.session, key);
    expect(first.status).toBe(201);
    const other = await fresh();
    expectRefusal(await postDevice(world, other.session, key), 400, 'VALIDATION_ERROR');
    await call(world.url, 'DELETE', `${DEVICES}/${first.json.id}`, { bearer: owner.session });
    expect((await postDevice(world, other.session, key)).status).toBe(201);
  });

  test('of many devices made at once no more live than a setting allows; an ended one makes room', async () => {
    const own = await startWorld({ settings: { 'devices.max_live': '3' } });
    try {
      const many = await newOwner(own);
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => postDevice(own, many.session, newDeviceKey())),
      );
      const made = answers.filter(({ status }) => status === 201);
      expect(made).toHaveLength(3);
      for (const refused of answers.filter(({ status }) => status !== 201)) {
        expect(expectRefusal(refused, 400, 'VALIDATION_ERROR')).toContain('3 live devices');
      }
      await call(own.url, 'DELETE', `${DEVICES}/${made[0]?.json.id}`, { bearer: many.session });
      expect((await postDevice(own, many.session, newDeviceKey())).status).toBe(201);
      // One that is idle for too long makes room, too.
      own.clock.advance(901);
      const later = await mainSession(own, many);
      expect((await postDevice(own, later, newDeviceKey())).status).toBe(201);
    } finally {
      await own.stop();
    }
  });

  test('a device, a subkey and a token make no device', async () => {
    const bearers = [
      await deviceSession(world, await addDevice(world, owner)),
      await subkeySession(world, owner.account, await addSubkey(world, owner)),
      (await createToken(world.url, owner.session)).token,
    ];
    for (const bearer of bearers) {
      expectRefusal(await postDevice(world, bearer, newDeviceKey()), 403, 'INVALID_TOKEN_SCOPE');
    }
  });
});

describe('the list, and the end of one', () => {
  test('the list has live devices of the account alone, in pages; with_ended shows the others', async () => {
    const own = await fresh();
    const devices = [];
    for (const name of ['a', 'b', 'c']) {
      devices.push(await addDevice(world, own, { name }));
      world.clock.advance(1);
    }
    await call(world.url, 'DELETE', `${DEVICES}/${devices[1]?.id}`, { bearer: own.session });
    expect((await list(own.session)).map(({ name }) => name)).toEqual(['a', 'c']);
    expect((await list(own.session, '?with_ended=true')).map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a active',
      'b ended',
      'c active',
    ]);
    const { text } = await call(world.url, 'GET', `${DEVICES}?with_ended=true`, { bearer: own.session });
    const ends = [...text.matchAll(/"ended_at":([0-9]+)/g)].map(([, at]) => at);
    expect(ends).toEqual(['0', `${world.clock.nanos()}`, '0']);
    const first = await call(world.url, 'GET', `${DEVICES}?limit=1`, { bearer: own.session });
    expect([first.json.results.length, first.json.next]).toEqual([1, devices[0]?.id]);
    expect(await list(own.session, `?cursor=${first.json.next}`)).toMatchObject([{ name: 'c' }]);
    expectRefusal(
      await call(world.url, 'GET', `${DEVICES}?cursor=x`, { bearer: own.session }),
      400,
      'INVALID_REQUEST_PARAMETER',
    );
  });

  test('ending a device ends its sessions before the answer, with a receipt; repeating it is no error and no row', async () => {
    const own = await fresh();
    const device = await addDevice(world, own);
    const session = await deviceSession(world, device);
    for (const _twice of [1, 2]) {
      const answer = await call(world.url, 'DELETE', `${DEVICES}/${device.id}`, { bearer: own.session });
      expect([answer.status, answer.json]).toEqual([200, { id: device.id }]);
      expect(answer.headers.get('countersign-revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=0$/);
    }
    expectRefusal(await call(world.url, 'GET', SELF, { bearer: session }), 401, 'UNAUTHORIZED_ERROR');
    expectNotSignedIn(await openDeviceSession(world, device));
    expect(await auditRows(world.service, `?account=${own.account}&action=device.ended`)).toHaveLength(1);
  });

  test('an account neither ends nor sees a device of another', async () => {
    const device = await addDevice(world, owner);
    const other = await fresh();
    expectRefusal(
      await call(world.url, 'DELETE', `${DEVICES}/${device.id}`, { bearer: other.session }),
      404,
      'NOT_FOUND',
    );
    expectRefusal(await call(world.url, 'DELETE', `${DEVICES}/dev_0`, { bearer: other.session }), 404, 'NOT_FOUND');
    expect(await list(other.session, '?with_ended=1')).toEqual([]);
    expect((await openDeviceSession(world, device)).status).toBe(200);
  });

  test('a device ends itself and another device of its account', async () => {
    const own = await fresh();
    const [one, two] = [await addDevice(world, own), await addDevice(world, own)];
    const bearer = await deviceSession(world, one);
    for (const { id } of [two, one]) {
      expect((await call(world.url, 'DELETE', `${DEVICES}/${id}`, { bearer })).status).toBe(200);
    }
    expect(await list(own.session)).toEqual([]);
  });
});

describe('a session of a device', () => {
  test('a session of a device says whose it is, and is as old as the login that made the device', async () => {
    const own = await fresh();
    world.clock.advance(20);
    const device = await addDevice(world, own);
    world.clock.advance(20);
    const opened = await openDeviceSession(world, device);
    expect(opened.status, opened.text).toBe(200);
    expect(claimsOf(opened.json.jwt_token)).toMatchObject({
      sub: own.account,
      cs_kind: 'device',
      cs_id: device.id,
      cs_key: thumbprintOf(device.publicKey),
      iat: world.clock.seconds(),
      exp: world.clock.seconds() + 300,
      auth_time: world.clock.seconds() - 40,
    });
    expect(opened.json.expires_at).toBe((world.clock.seconds() + 300) * 1e9);
    const self = await call(world.url, 'GET', SELF, { bearer: opened.json.jwt_token });
    expect(self.json).toMatchObject({
      account: own.account,
      kind: 'device',
      id: device.id,
      permissions: ['audit:read', 'keys:narrow', 'keys:read', 'self:read'],
    });
  });

  test('a session of a device ends no later than the device, and the device opens none after its end', async () => {
    const own = await fresh();
    const device = await addDevice(world, own, { lifetime_seconds: 300 });
    world.clock.advance(200);
    const bearer = await deviceSession(world, device);
    expect(claimsOf(bearer).exp).toBe(world.clock.seconds() + 100);
    world.clock.advance(99);
    expect((await call(world.url, 'GET', SELF, { bearer })).status).toBe(200);
    world.clock.advance(1);
    expectRefusal(await call(world.url, 'GET', SELF, { bearer }), 401, 'UNAUTHORIZED_ERROR');
    expectNotSignedIn(await openDeviceSession(world, device));
    const later = await mainSession(world, own);
    expect(await list(later)).toEqual([]);
    expect(await list(later, '?with_ended=true')).toMatchObject([{ state: 'expired', ended_at: 0 }]);
  });

  test('each session begins the idle time anew; once a device is idle it opens none, and none of its sessions lives', async () => {
    const own = await fresh();
    const device = await addDevice(world, own, { idle_seconds: 100 });
    for (const _again of [1, 2, 3]) {
      world.clock.advance(99);
      expect(claimsOf(await deviceSession(world, device)).exp).toBe(world.clock.seconds() + 100);
    }
    const used = await list(await mainSession(world, own));
    expect(used).toMatchObject([{ state: 'active', last_used_ip: '127.0.0.1' }]);
    expect(used[0]?.last_used_at).toBe(Number(world.clock.nanos()));
    const bearer = await deviceSession(world, device);
    world.clock.advance(100);
    expectNotSignedIn(await openDeviceSession(world, device));
    expectRefusal(await call(world.url, 'GET', SELF, { bearer }), 401, 'UNAUTHORIZED_ERROR');
  });

  test('of a device that is over nothing is told but the one word, also where the time of its proof is wrong', async () => {
    const own = await fresh();
    const [ended, idle, live] = [
      await addDevice(world, own),
      await addDevice(world, own, { idle_seconds: 60 }),
      await addDevice(world, own),
    ];
    await call(world.url, 'DELETE', `${DEVICES}/${ended.id}`, { bearer: own.session });
    world.clock.advance(60);
    const late = (device: typeof live) =>
      postProof(world, device, deviceProof(world, device, { claims: { iat: world.clock.seconds() - 61 } }));
    for (const device of [ended, idle]) expectNotSignedIn(await late(device));
    expectRefusal(await late(live), 400, 'INVALID_TIMESTAMP');
  });

  test('a locked account opens no session of a device, in the same words as all else; unlocked it does', async () => {
    const own = await fresh();
    const device = await addDevice(world, own);
    const before = await deviceSession(world, device);
    const usedAt = Number(world.clock.nanos());
    world.clock.advance(5);
    await command(world.service, `/accounts/${own.account}/lock`);
    expectNotSignedIn(await openDeviceSession(world, device));
    expectRefusal(await call(world.url, 'GET', SELF, { bearer: before }), 403, 'REQUEST_NOT_ALLOWED');
    await command(world.service, `/accounts/${own.account}/unlock`);
    // What was refused began no idle time anew.
    expect(await list(own.session)).toMatchObject([{ last_used_at: usedAt }]);
    expect((await openDeviceSession(world, device)).status).toBe(200);
  });

  test('sessions of a device are charged to its account, and a proof that was refused for that is not used up', async () => {
    const own = await startWorld({ settings: { 'rate_limit.enabled': 'true', 'sessions/s': '2', 'sessions%': '100' } });
    try {
      const device = await addDevice(own, await newOwner(own));
      expect((await openDeviceSession(own, device)).status).toBe(200);
      const proof = deviceProof(own, device);
      expect((await postProof(own, device, proof)).status).toBe(429);
      own.clock.advance(2);
      expect((await postProof(own, device, proof)).status).toBe(200);
    } finally {
      await own.stop();
    }
  });
});

describe('the proof', () => {
  let device: TestDevice;
  let stranger: TestDevice;
  beforeAll(async () => {
    owner = await fresh();
    device = await addDevice(world, owner);
    stranger = await addDevice(world, await fresh());
  });

  const parts = () => {
    const { header, claims } = proofParts(world, device);
    return { header, claims };
  };
  const signed = (header: unknown, claims: unknown, key = device.privateKey) =>
    signedProof(
      key,
      typeof header === 'string' ? header : JSON.stringify(header),
      typeof claims === 'string' ? claims : JSON.stringify(claims),
    );
  const withHeader = (changed: Record<string, unknown>) => deviceProof(world, device, { header: changed });
  const withClaims = (changed: Record<string, unknown>) => deviceProof(world, device, { claims: changed });
  const path = () => sessionPath(device);
  const port = () => new URL(world.url).port;

  test.each<[string, () => string]>([
    [
      'with https in front of what is reached by http',
      () => withClaims({ htu: `https://127.0.0.1:${port()}${path()}` }),
    ],
    ['with the scheme in capitals', () => withClaims({ htu: `HTTP://127.0.0.1:${port()}${path()}` })],
    ['dated 60 s ago', () => withClaims({ iat: world.clock.seconds() - 60 })],
    ['dated 30 s ahead', () => withClaims({ iat: world.clock.seconds() + 30 })],
    ['with a jti of 16 characters', () => withClaims({ jti: 'abcdefghijklmn-_' })],
    ['with a jti of 64 characters', () => withClaims({ jti: 'x'.repeat(64) })],
    [
      'with its members in another order',
      () =>
        signed(
          Object.fromEntries(Object.entries(parts().header).reverse()),
          Object.fromEntries(Object.entries(parts().claims).reverse()),
        ),
    ],
  ])('a proof is taken %s', async (_what, proof) => {
    const answer = await postProof(world, device, proof());
    expect(answer.status, answer.text).toBe(200);
  });

  test.each<[string, () => string]>([
    ['no text at all', () => ''],
    ['no proof', () => 'abc'],
    ['a bearer of ours', () => owner.session],
    [
      'more than 1024 bytes',
      () => withClaims({ htu: `${world.url}${path()}`, jti: 'a'.repeat(60) }).replace(/^/, 'A'.repeat(700)),
    ],
    ['four parts', () => `${deviceProof(world, device)}.x`],
    ['two parts', () => deviceProof(world, device).split('.').slice(0, 2).join('.')],
    ['padding', () => `${deviceProof(world, device)}=`],
    ['a blank', () => deviceProof(world, device).replace('.', ' .')],
    ['two proofs in one', () => `${deviceProof(world, device)}, ${deviceProof(world, device)}`],
    ['the typ of a JWT', () => withHeader({ typ: 'JWT' })],
    ['no typ', () => withHeader({ typ: undefined })],
    ['a typ in capitals', () => withHeader({ typ: 'DPOP+JWT' })],
    ['another algorithm', () => withHeader({ alg: 'ES384' })],
    ['no algorithm', () => withHeader({ alg: 'none' })],
    ['a critical extension', () => withHeader({ crit: ['b64'], b64: false })],
    ['a kid', () => withHeader({ kid: 'a' })],
    ['a key with a further member', () => withHeader({ jwk: { ...device.publicKey, use: 'sig' } })],
    ['a key without y', () => withHeader({ jwk: { ...device.publicKey, y: undefined } })],
    ['a key that is a list', () => withHeader({ jwk: [device.publicKey] })],
    ['its own private key', () => withHeader({ jwk: device.privateKey.export({ format: 'jwk' }) })],
    [
      'a member of the header twice',
      () => signed(JSON.stringify(parts().header).replace('{', '{"alg":"ES256",'), parts().claims),
    ],
    [
      'a member of the key twice',
      () =>
        signed(JSON.stringify(parts().header).replace('"kty"', `"x":"${device.publicKey.x}","kty"`), parts().claims),
    ],
    ['a claim twice', () => signed(parts().header, JSON.stringify(parts().claims).replace('{', '{"htm":"POST",'))],
    [
      'a claim under an escaped name',
      () => signed(parts().header, JSON.stringify(parts().claims).replace('"htm"', '"\\u0068tm"')),
    ],
    ['a further claim', () => withClaims({ ath: 'a' })],
    ['a nonce', () => withClaims({ nonce: 'a' })],
    ['an expiry', () => withClaims({ exp: world.clock.seconds() + 60 })],
    ['no jti', () => withClaims({ jti: undefined })],
    ['a jti of 15 characters', () => withClaims({ jti: 'a'.repeat(15) })],
    ['a jti of 65 characters', () => withClaims({ jti: 'a'.repeat(65) })],
    ['a jti with another character', () => withClaims({ jti: `${'a'.repeat(20)}.` })],
    ['a jti that is a number', () => withClaims({ jti: 1234567890123456 })],
    [
      'an iat with a fraction',
      () => signed(parts().header, JSON.stringify(parts().claims).replace(/"iat":(\d+)/, '"iat":$1.0')),
    ],
    [
      'an iat with an exponent',
      () => signed(parts().header, JSON.stringify(parts().claims).replace(/"iat":\d+/, '"iat":18e8')),
    ],
    ['an iat that is a text', () => withClaims({ iat: `${world.clock.seconds()}` })],
    ['a negative iat', () => withClaims({ iat: -1 })],
    ['no iat', () => withClaims({ iat: undefined })],
    ['claims that are a list', () => signed(parts().header, [parts().claims])],
    ['claims that are null', () => signed(parts().header, 'null')],
    ['a byte order mark', () => signed(parts().header, `\ufeff${JSON.stringify(parts().claims)}`)],
    ['the key of another device', () => deviceProof(world, { ...stranger, id: device.id })],
    [
      'the key of this device and the signature of another',
      () => signed(parts().header, parts().claims, stranger.privateKey),
    ],
    ['another method', () => withClaims({ htm: 'GET' })],
    ['the method in small letters', () => withClaims({ htm: 'post' })],
    ['another host', () => withClaims({ htu: `http://127.0.0.2:${port()}${path()}` })],
    ['another port', () => withClaims({ htu: `http://127.0.0.1:1${path()}` })],
    ['no port where there is one', () => withClaims({ htu: `http://127.0.0.1${path()}` })],
    ['another path', () => withClaims({ htu: `${world.url}${DEVICES}` })],
    ['the path of another device', () => withClaims({ htu: `${world.url}${sessionPath(stranger)}` })],
    ['a path that ends with a slash', () => withClaims({ htu: `${world.url}${path()}/` })],
    [
      'another spelling of the path',
      () => withClaims({ htu: `${world.url}${path().replace('session', '%73ession')}` }),
    ],
    ['a query', () => withClaims({ htu: `${world.url}${path()}?a=b` })],
    ['an empty query', () => withClaims({ htu: `${world.url}${path()}?` })],
    ['a fragment', () => withClaims({ htu: `${world.url}${path()}#a` })],
    ['a user', () => withClaims({ htu: `http://me@127.0.0.1:${port()}${path()}` })],
    ['the host as the user of another', () => withClaims({ htu: `http://127.0.0.1:${port()}@evil.example${path()}` })],
    ['another scheme', () => withClaims({ htu: `ws://127.0.0.1:${port()}${path()}` })],
    ['no scheme', () => withClaims({ htu: `//127.0.0.1:${port()}${path()}` })],
    ['the path alone', () => withClaims({ htu: path() })],
    ['a blank behind the URL', () => withClaims({ htu: `${world.url}${path()} ` })],
  ])('a proof with %s is not taken, and told in one word', async (_what, proof) => {
    expectNotSignedIn(await postProof(world, device, proof()));
  });

  const withSignature = (change: (signature: Buffer) => Buffer): string => {
    const [header, claims, signature = ''] = deviceProof(world, device).split('.');
    return `${header}.${claims}.${change(Buffer.from(signature, 'base64url')).toString('base64url')}`;
  };
  const zero = Buffer.alloc(32);
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  test.each<[string, () => string]>([
    ['r = 0', () => withSignature((signature) => Buffer.concat([zero, signature.subarray(32)]))],
    ['s = 0', () => withSignature((signature) => Buffer.concat([signature.subarray(0, 32), zero]))],
    ['r = s = 0', () => withSignature(() => Buffer.alloc(64))],
    ['r = n', () => withSignature((signature) => Buffer.concat([order, signature.subarray(32)]))],
    ['s = n', () => withSignature((signature) => Buffer.concat([signature.subarray(0, 32), order]))],
    [
      'one bit changed',
      () =>
        withSignature((signature) => {
          signature[5] = (signature[5] ?? 0) ^ 1;
          return signature;
        }),
    ],
    ['63 bytes', () => withSignature((signature) => signature.subarray(0, 63))],
    ['65 bytes', () => withSignature((signature) => Buffer.concat([signature, zero.subarray(0, 1)]))],
    ['the form of DER', () => withSignature(() => Buffer.from('3006020101020101', 'hex'))],
    [
      'trailing bits',
      () => {
        const proof = deviceProof(world, device);
        return `${proof.slice(0, -1)}${String.fromCharCode(proof.charCodeAt(proof.length - 1) + 1)}`;
      },
    ],
  ])('a proof whose signature has %s is not taken', async (_what, proof) => {
    expectNotSignedIn(await postProof(world, device, proof()));
  });

  test.each<[string, number, number]>([
    ['61 s ago', -61, -61],
    ['31 s ahead', 31, 31],
    ['an hour ago', -3_600, -3_600],
  ])('a proof dated %s is refused with the skew of its clock, and with nothing used up', async (_when, by, skew) => {
    const answer = await postProof(world, device, withClaims({ iat: world.clock.seconds() + by }));
    expectRefusal(answer, 400, 'INVALID_TIMESTAMP');
    expect(answer.json.data).toEqual({ server_time: world.clock.seconds(), skew_seconds: skew });
  });

  test('a time in milliseconds is told as such', async () => {
    const answer = await postProof(world, device, withClaims({ iat: world.clock.seconds() * 1000 }));
    expect(expectRefusal(answer, 400, 'INVALID_TIMESTAMP')).toContain('milliseconds');
  });

  test('the time is told to the holder of the key alone: a stranger, or one for another URL, gets the one word', async () => {
    const old = { iat: world.clock.seconds() - 3_600 };
    expectNotSignedIn(
      await postProof(world, device, deviceProof(world, { ...stranger, id: device.id }, { claims: old })),
    );
    expectNotSignedIn(await postProof(world, device, withClaims({ ...old, htm: 'GET' })));
    expectNotSignedIn(await postProof(world, device, withClaims({ ...old, htu: `${world.url}/` })));
    expectNotSignedIn(await postProof(world, { id: 'dev_0' }, withClaims(old)));
    const ended = await addDevice(world, owner);
    await call(world.url, 'DELETE', `${DEVICES}/${ended.id}`, { bearer: owner.session });
    expectNotSignedIn(await postProof(world, ended, deviceProof(world, ended, { claims: old })));
  });

  test('a proof opens one session, of 50 that come at once too, and also after both are long done', async () => {
    const proof = deviceProof(world, device);
    const answers = await Promise.all(Array.from({ length: 50 }, () => postProof(world, device, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) expectNotSignedIn(answer);
    world.clock.advance(59);
    expectNotSignedIn(await postProof(world, device, proof));
  });

  test('of one proof that comes many times in one turn, one is charged to the account', async () => {
    const settings = { 'rate_limit.enabled': 'true', 'sessions/s': '3', 'sessions%': '100' };
    const own = await startWorld({ settings });
    try {
      const theirs = await addDevice(own, await newOwner(own));
      own.clock.advance(2);
      const proof = deviceProof(own, theirs);
      const head = [`POST ${sessionPath(theirs)} HTTP/1.1`, `Host: 127.0.0.1:${own.port}`, `DPoP: ${proof}`];
      const request = [...head, 'Content-Length: 0', '', ''].join('\r\n');
      const answers = await pipelined(
        own.port,
        Array.from({ length: 10 }, () => request),
      );
      const codes = answers.map((answer) => /^HTTP\S+ (\d+)/.exec(answer)?.[1] ?? answer);
      expect(codes.sort()).toEqual(['200', ...Array.from({ length: 9 }, () => '401')]);
      for (let left = 0; left < 2; left += 1) expect((await openDeviceSession(own, theirs)).status).toBe(200);
      expect((await openDeviceSession(own, theirs)).status).toBe(429);
    } finally {
      await own.stop();
    }
  });

  test('of one proof in requests that are read in one turn, one opens a session, and the others get the one word', async () => {
    const [head, ...rest] = [
      `POST ${path()} HTTP/1.1`,
      `Host: 127.0.0.1:${port()}`,
      `DPoP: ${deviceProof(world, device)}`,
    ];
    const request = [head, ...rest, 'Content-Length: 0', '', ''].join('\r\n');
    const answers = await pipelined(
      world.port,
      Array.from({ length: 10 }, () => request),
    );
    const codes = answers.map((answer) => /^HTTP\S+ (\d+)/.exec(answer)?.[1] ?? answer);
    expect(codes.sort()).toEqual(['200', ...Array.from({ length: 9 }, () => '401')]);
  });

  test('a proof of the same second with the same jti and another signature is the same proof', async () => {
    const { header, claims } = parts();
    expect((await postProof(world, device, signed(header, claims))).status).toBe(200);
    expectNotSignedIn(await postProof(world, device, signed(header, claims)));
    // Another device may have the same jti.
    const other = deviceProof(world, stranger, { claims: { jti: claims.jti } });
    expect((await postProof(world, stranger, other)).status).toBe(200);
  });

  test('a bearer, a body and an Origin beside a proof change nothing', async () => {
    const headers = { DPoP: deviceProof(world, device), Origin: 'https://evil.example' };
    const answer = await call(world.url, 'POST', path(), { bearer: 'garbage', headers, body: '{"a":' });
    expect(answer.status, answer.text).toBe(200);
  });

  const raw = async (head: readonly string[]): Promise<string> => {
    const answer = await exchange(
      world.port,
      `${[...head, 'Content-Length: 0', 'Connection: close', '', ''].join('\r\n')}`,
    );
    return `${answer.status} ${/"error":"(\w+)"/.exec(answer.body)?.[1] ?? ''}`.trim();
  };
  test('a good proof of up to 1,024 bytes is taken, and a longer one is not', async () => {
    const proofFor = (host: string): string => withClaims({ htu: `http://${host}${path()}` });
    let length = 1;
    while (proofFor('a'.repeat(length + 1)).length <= 1_024) length += 1;
    const statuses = [];
    for (const host of ['a'.repeat(length), 'a'.repeat(length + 1)]) {
      statuses.push(await raw([`POST ${path()} HTTP/1.1`, `Host: ${host}`, `DPoP: ${proofFor(host)}`]));
    }
    expect(statuses).toEqual(['200', '401 UNAUTHORIZED_ERROR']);
  });

  test('two DPoP headers, no Host and a Host twice are refused; a Host in other letters or without its usual port is the same', async () => {
    const post = `POST ${path()} HTTP/1.1`;
    const host = `Host: 127.0.0.1:${port()}`;
    const named = (htu: string) => `DPoP: ${withClaims({ htu })}`;
    const proof = () => `DPoP: ${deviceProof(world, device)}`;
    expect(await raw([post, host, proof()])).toBe('200');
    expect(await raw([post, host, proof(), proof()])).toBe('401 UNAUTHORIZED_ERROR');
    expect(await raw([post, host, proof(), 'DPoP: '])).toBe('401 UNAUTHORIZED_ERROR');
    expect(await raw([`POST ${path()} HTTP/1.0`, proof()])).toBe('401 UNAUTHORIZED_ERROR');
    expect(await raw([post, host, host, proof()])).toMatch(/^400/);
    expect(await raw([post, 'Host: Keys.Example', named(`https://keys.EXAMPLE${path()}`)])).toBe('200');
    expect(await raw([post, 'Host: keys.example', named(`https://keys.example:443${path()}`)])).toBe('200');
    expect(await raw([post, 'Host: keys.example:80', named(`http://keys.example${path()}`)])).toBe('200');
    expect(await raw([post, 'Host: keys.example', named(`http://keys.example:443${path()}`)])).toBe(
      '401 UNAUTHORIZED_ERROR',
    );
    expect(await raw([post, 'Host: [2001:DB8::1]:8443', named(`https://[2001:db8::1]:8443${path()}`)])).toBe('200');
    expect(await raw([post, 'Host: keys.example@x', named(`http://keys.example${path()}`)])).toMatch(/^40[01]/);
  });
});

test('where usage is not kept, a device shows neither when nor from where it was used, and its idle time begins anew', async () => {
  const own = await startWorld({ settings: { 'usage.keep_days': '0' } });
  try {
    const theirs = await newOwner(own);
    const device = await addDevice(own, theirs);
    for (let i = 0; i < 3; i += 1) {
      own.clock.advance(800);
      await deviceSession(own, device);
    }
    const shown = await call(own.url, 'GET', DEVICES, { bearer: await mainSession(own, theirs) });
    expect(shown.json.results).toMatchObject([{ state: 'active', last_used_at: 0, last_used_ip: '' }]);
  } finally {
    await own.stop();
  }
});

test('a proof that was used before a restart is refused after it', async () => {
  const first = await startWorld();
  const own = await newOwner(first);
  const device = await addDevice(first, own);
  const htu = `http://keys.example${sessionPath(device)}`;
  const proof = deviceProof(first, device, { claims: { htu } });
  const send = async (where: World) =>
    (
      await exchange(
        where.port,
        `POST ${sessionPath(device)} HTTP/1.1\r\nHost: keys.example\r\nDPoP: ${proof}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      )
    ).status;
  expect(await send(first)).toBe(200);
  await first.stop();
  const again = await startWorld({ folder: first.service.folder });
  try {
    expect(await send(again)).toBe(401);
    const other = deviceProof(again, device);
    expect((await postProof(again, device, other)).status).toBe(200);
  } finally {
    await again.stop();
  }
});

test('no request of a device reaches the venue with an identity, over every route of the venue', async () => {
  const device = await addDevice(world, await fresh());
  const { venue } = world.service;
  let reached = 0;
  for (const { method, path, access, served_by } of table.routes) {
    if (served_by !== 'venue') continue;
    const bearer = await deviceSession(world, device);
    const before = venue.total();
    const target = path.replaceAll(/\{[a-z_]+\}/g, 'x-1');
    const answer = await call(world.url, method, target, {
      bearer,
      ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }),
    });
    if (access !== 'public') {
      expectRefusal(answer, 403, 'INVALID_TOKEN_SCOPE');
      expect(venue.total()).toBe(before);
      continue;
    }
    reached += 1;
    expect(venue.total(), `${method} ${path}`).toBe(before + 1);
    const { headers = {} } = venue.requests().at(-1) ?? {};
    const identity = ['account', 'credential', 'credential-kind', 'permissions'].map(
      (name) => headers[`countersign-${name}`],
    );
    expect(identity, `${method} ${path}`).toEqual(['', '', '', '']);
  }
  expect(reached).toBeGreaterThan(20);
});

test('a route of the venue that asks for keys:read, in a table of the operator, is closed to a device and open to a subkey', async () => {
  const file = join(temporaryFolder(), 'routes.json');
  const routes = table.routes.map((route) =>
    route.path === '/v1/account/subaccounts' ? { ...route, access: 'keys:read' } : route,
  );
  writeFileSync(file, JSON.stringify({ name: table.name, limits: table.limits, routes }), { mode: 0o644 });
  const own = await startWorld({ settings: { 'routes.file': file } });
  try {
    const theirs = await newOwner(own);
    const ask = (bearer: string) => call(own.url, 'GET', '/v1/account/subaccounts', { bearer });
    const device = await deviceSession(own, await addDevice(own, theirs));
    expectRefusal(await ask(device), 403, 'INVALID_TOKEN_SCOPE');
    expect(own.service.venue.total()).toBe(0);
    await ask(await subkeySession(own, theirs.account, await addSubkey(own, theirs)));
    expect(own.service.venue.total()).toBe(1);
  } finally {
    await own.stop();
  }
});
