// What ends and narrows credentials cannot widen them: an allowlist through every door, also while it is changed by others.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { addDevice, deviceSession } from '../support/devices.ts';
import { auditRows } from '../support/operator.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  expectRefusal,
  newOwner,
  type Owner,
  SUBKEYS,
  startWorld,
  subkeySession,
  TOKENS,
  type World,
} from '../support/world.ts';

let world: World;
let owner: Owner;
let device: string;
beforeAll(async () => {
  world = await startWorld({ settings: { 'tokens.max_live': '1000', 'subkeys.max_live': '1000' } });
  owner = await newOwner(world);
  device = await deviceSession(world, await addDevice(world, owner));
});
afterAll(() => world.stop());

const LISTED = ['192.0.2.0/24', '198.51.100.0/25'];
const MESSAGE = 'a wider list needs the main key';
const put = (path: string, allowed_cidrs: readonly string[], bearer = device): Promise<Answer> =>
  call(world.url, 'PUT', `${path}/allowed-cidrs`, { bearer, body: { allowed_cidrs } });

describe.each<[string, string, (list: readonly string[]) => Promise<string>]>([
  [
    'subkey',
    SUBKEYS,
    async (allowed_cidrs) => `${SUBKEYS}/${(await addSubkey(world, owner, { allowed_cidrs })).publicKey}`,
  ],
  [
    'token',
    TOKENS,
    async (allowed_cidrs) => `${TOKENS}/${(await createToken(world.url, owner.session, { allowed_cidrs })).lookupId}`,
  ],
])('the allowlist of a %s', (_kind, list, make) => {
  /** The list in force. */
  const inForce = async (path: string): Promise<string[]> => {
    const { results } = (await call(world.url, 'GET', `${list}?limit=500`, { bearer: owner.session })).json;
    const name = path.slice(list.length + 1);
    return results.find((row: Record<string, unknown>) => row.public_key === name || row.lookup_id === name)
      .allowed_cidrs;
  };

  test.each<[string, readonly string[]]>([
    ['the same', LISTED],
    ['one range of it', ['198.51.100.0/25']],
    ['single addresses of it', ['192.0.2.7', '198.51.100.127']],
    ['halves of it', ['192.0.2.0/25', '192.0.2.128/25']],
  ])('may become %s by a device', async (_what, narrower) => {
    const path = await make(LISTED);
    expect((await put(path, narrower)).status).toBe(200);
  });

  test.each<[string, readonly string[]]>([
    ['anywhere', []],
    ['every IPv4 address', ['0.0.0.0/0']],
    ['another address', ['203.0.113.7']],
    ['a range around it', ['192.0.2.0/23']],
    ['the whole list and one address more', [...LISTED, '198.51.100.128']],
    ['an IPv6 range that holds the same numbers', ['::/96']],
    ['an IPv4 range in IPv6 form', ['::ffff:0.0.0.0/96']],
  ])('may not become %s by a device: 403 INVALID_TOKEN_SCOPE; by the main key it may', async (_what, wider) => {
    const path = await make(LISTED);
    await changesNothing(world, owner.session, async () =>
      expect(expectRefusal(await put(path, wider), 403, 'INVALID_TOKEN_SCOPE')).toBe(MESSAGE),
    );
    expect((await put(path, wider, owner.session)).status).toBe(200);
  });

  test('that is "anywhere" a device may narrow, and not open again', async () => {
    const path = await make([]);
    expect((await put(path, ['192.0.2.7'])).status).toBe(200);
    expectRefusal(await put(path, []), 403, 'INVALID_TOKEN_SCOPE');
  });

  test('is never wider after many changes at once by devices than any list that was in force', async () => {
    const path = await make(['10.0.0.0/8']);
    const narrower = Array.from({ length: 24 }, (_, at) => [`10.${at % 4}.0.0/${16 + (at % 8)}`]);
    const answers = await Promise.all(narrower.map((allowed) => put(path, allowed)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 403]));
    // What was refused stays refused: each list in force is covered by the one before it.
    const [now = ''] = await inForce(path);
    const wider = narrower.filter(([entry = '']) => Number(entry.split('/')[1]) < Number(now.split('/')[1]));
    for (const allowed of wider) expectRefusal(await put(path, allowed), 403, 'INVALID_TOKEN_SCOPE');
  });

  test('that the owner narrows at the same moment is not opened by a device that had seen the wider one', async () => {
    for (let round = 0; round < 8; round += 1) {
      const path = await make(['10.0.0.0/8']);
      await Promise.all([
        put(path, ['10.1.0.0/16'], owner.session),
        put(path, ['10.0.0.0/9']),
        put(path, ['10.0.0.0/8']),
      ]);
      expect(['10.1.0.0/16']).toEqual(await inForce(path));
    }
  });

  test('that is damaged is replaced by the main key alone: any list is wider than what allows nobody', async () => {
    const path = await make(LISTED);
    const name = path.slice(list.length + 1);
    const database = new DatabaseSync(join(world.service.folder, 'data', 'countersign.db'));
    const [table, column] = list === TOKENS ? ['token', 'lookup_id'] : ['subkey', 'public_key'];
    database.prepare(`update ${table} set allowlist = '?' where ${column} = ?`).run(name);
    database.close();
    expect(expectRefusal(await put(path, ['192.0.2.7']), 403, 'INVALID_TOKEN_SCOPE')).toBe(MESSAGE);
    expect((await put(path, ['192.0.2.7'], owner.session)).status).toBe(200);
  });

  test('of one that has ended is not found, for a device as for the main key', async () => {
    const path = await make(LISTED);
    expect((await call(world.url, 'DELETE', path, { bearer: device })).status).toBe(200);
    for (const bearer of [device, owner.session]) expectRefusal(await put(path, [], bearer), 404, 'NOT_FOUND');
  });
});

test('a device makes, rotates and opens nothing: each door that makes or widens is 403 INVALID_TOKEN_SCOPE', async () => {
  const { lookupId } = await createToken(world.url, owner.session, { allowed_cidrs: LISTED });
  const doors: readonly [string, string, unknown][] = [
    ['POST', TOKENS, {}],
    ['POST', `/countersign/v1/tokens/${lookupId}/rotate`, { overlap_seconds: 0 }],
    ['POST', SUBKEYS, { name: 'x', public_key: '0x1' }],
    ['POST', '/v1/account/terminal-token', {}],
    ['POST', '/countersign/v1/devices', {}],
    ['POST', '/v1/account/paradigm/enable', {}],
    ['POST', '/v1/account/margin/BTC-USD-PERP', {}],
    ['POST', '/v1/orders', {}],
  ];
  await changesNothing(world, owner.session, async () => {
    for (const [method, path, body] of doors) {
      expectRefusal(await call(world.url, method, path, { bearer: device, body }), 403, 'INVALID_TOKEN_SCOPE');
    }
  });
});

test('a device ends and renames: tokens, subkeys, and everything at once', async () => {
  const mine = await newOwner(world);
  const session = await deviceSession(world, await addDevice(world, mine));
  const ask = (method: string, path: string, body?: unknown) =>
    call(world.url, method, path, { bearer: session, ...(body === undefined ? {} : { body }) });
  const { lookupId } = await createToken(world.url, mine.session);
  const subkey = await addSubkey(world, mine);
  expect((await ask('PUT', `/countersign/v1/tokens/${lookupId}`, { name: 'a' })).json.name).toBe('a');
  expect((await ask('PUT', `${SUBKEYS}/${subkey.publicKey}`, { name: 'b' })).json.name).toBe('b');
  expect((await ask('DELETE', `${TOKENS}/${lookupId}`)).status).toBe(200);
  expect((await ask('DELETE', `${SUBKEYS}/${subkey.publicKey}`)).status).toBe(200);
  const bot = await subkeySession(world, mine.account, await addSubkey(world, mine));
  expect((await ask('POST', '/countersign/v1/revoke-all', {})).status).toBe(200);
  expectRefusal(await call(world.url, 'GET', '/countersign/v1/self', { bearer: bot }), 401, 'UNAUTHORIZED_ERROR');
  expectRefusal(await ask('GET', '/countersign/v1/self'), 401, 'UNAUTHORIZED_ERROR');
});

test('a list that a device tried to widen is in the audit log of its account, as what it asked for at the door is', async () => {
  const first = await startWorld();
  const mine = await newOwner(first);
  const session = await deviceSession(first, await addDevice(first, mine));
  const { publicKey } = await addSubkey(first, mine, { allowed_cidrs: LISTED });
  const path = `${SUBKEYS}/${publicKey}/allowed-cidrs`;
  const ask = (method: string, at: string, body: object) => call(first.url, method, at, { bearer: session, body });
  for (const list of [['0.0.0.0/0'], []])
    expectRefusal(await ask('PUT', path, { allowed_cidrs: list }), 403, 'INVALID_TOKEN_SCOPE');
  expectRefusal(await ask('PUT', path, { allowed_cidrs: ['no address'] }), 400, 'VALIDATION_ERROR');
  expectRefusal(await ask('POST', TOKENS, {}), 403, 'INVALID_TOKEN_SCOPE');
  await first.stop();
  const again = await startWorld({ folder: first.service.folder });
  onTestFinished(() => again.stop());
  const rows = await auditRows(again.service, `?account=${mine.account}`);
  expect(rows.filter(({ action }) => action === 'request.refused')).toMatchObject([
    {
      actor: expect.stringMatching(/^device:/),
      detail: { reason: 'permission_missing', route: `PUT ${SUBKEYS}/{public_key}/allowed-cidrs`, count: 2 },
    },
    {
      actor: expect.stringMatching(/^device:/),
      detail: { reason: 'permission_missing', route: `POST ${TOKENS}`, count: 1 },
    },
  ]);
});
