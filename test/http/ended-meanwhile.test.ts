// A caller who is ended between the decision and the change, which waits for its body, changes nothing: each change asks again inside its
// transaction.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { DEVICES, newDeviceKey } from '../support/devices.ts';
import { readAnswer } from '../support/raw-http.ts';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  mainSession,
  newOwner,
  newStarkKey,
  type Owner,
  registrationBody,
  SELF,
  SUBKEYS,
  startWorld,
  TOKENS,
  type World,
} from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

interface Things {
  readonly owner: Owner;
  readonly publicKey: string;
  readonly lookupId: string;
}
type Change = readonly [method: string, path: string, body: unknown];

const changes: Readonly<Record<string, (things: Things) => Change>> = {
  'make a token': () => ['POST', TOKENS, { name: 'late' }],
  'rotate a token': ({ lookupId }) => ['POST', `/countersign/v1/tokens/${lookupId}/rotate`, { overlap_seconds: 0 }],
  'rename a token': ({ lookupId }) => ['PUT', `/countersign/v1/tokens/${lookupId}`, { name: 'late' }],
  'replace the list of a token': ({ lookupId }) => [
    'PUT',
    `${TOKENS}/${lookupId}/allowed-cidrs`,
    { allowed_cidrs: ['192.0.2.7'] },
  ],
  'revoke a token': ({ lookupId }) => ['DELETE', `${TOKENS}/${lookupId}`, {}],
  'register a subkey': ({ owner }) => ['POST', SUBKEYS, registrationBody(world, owner, newStarkKey())],
  'register a subkey by signature': ({ owner }) => [
    'POST',
    '/countersign/v1/subkeys',
    registrationBody(world, owner, newStarkKey()),
  ],
  'rename a subkey': ({ publicKey }) => ['PUT', `${SUBKEYS}/${publicKey}`, { name: 'late' }],
  'replace the list of a subkey': ({ publicKey }) => [
    'PUT',
    `${SUBKEYS}/${publicKey}/allowed-cidrs`,
    { allowed_cidrs: ['192.0.2.7'] },
  ],
  'revoke a subkey': ({ publicKey }) => ['DELETE', `${SUBKEYS}/${publicKey}`, {}],
  'sign in a device': () => ['POST', DEVICES, { name: 'late', public_key: newDeviceKey().publicKey }],
  'end a device': () => ['DELETE', `${DEVICES}/dev_none`, {}],
  'revoke all': () => ['POST', '/countersign/v1/revoke-all', {}],
};

test.each(Object.entries(changes))(
  'a caller who was ended while its body was on the way does not %s',
  async (_, change) => {
    const owner = await newOwner(world);
    const [subkey, { lookupId }] = [await addSubkey(world, owner), await createToken(world.url, owner.session)];
    const [method, path, body] = change({ owner, publicKey: subkey.publicKey, lookupId });
    // A leak report ends this session and no later one.
    const session = owner.session;
    world.clock.advance(1);
    const other = await mainSession(world, owner);
    const text = JSON.stringify(body);
    // Answered 100, the head was decided on; the cached decision and the interim answer are one turn.
    expect((await call(world.url, 'GET', SELF, { bearer: session })).status).toBe(200);
    const socket = connect(world.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: venue.example\r\nAuthorization: Bearer ${session}\r\n` +
        `Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`,
    );
    const [interim] = await once(socket, 'data');
    expect(String(interim)).toMatch(/^HTTP\/1\.1 100 /);
    await changesNothing(world, other, async () => {
      const report = await call(world.url, 'POST', '/countersign/v1/leaked', { body: { token: session } });
      expect(report.status).toBe(200);
      const answer = readAnswer(socket);
      socket.write(text);
      expect(await answer).toMatchObject({ status: 401, body: expect.stringContaining('UNAUTHORIZED_ERROR') });
    });
    expect((await call(world.url, 'GET', DEVICES, { bearer: other })).json.results).toEqual([]);
  },
);
