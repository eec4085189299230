// What ends a credential ends it at its very next request, sessions minted before included, and ends nothing else.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StarkKey } from '../../src/client/stark-key.ts';
import { unsignedOrders } from '../support/harness.ts';
import { untilClosed } from '../support/raw-http.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  expectRefusal,
  loginOf,
  newOwner,
  type Owner,
  postLogin,
  postSubkey,
  proofFor,
  registrationBody,
  SUBKEYS,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type World,
  windowOf,
} from '../support/world.ts';

const HERE = ['127.0.0.0/8'];
const GONE = '401 UNAUTHORIZED_ERROR';
const AWAY = '403 IP_NOT_ALLOWED';

let world: World;
let owner: Owner;
beforeAll(async () => {
  // Little memory for bodies, so that a large one is passed on while it comes.
  world = await startWorld({ settings: { ...unsignedOrders, 'upstream.memory': String(2 ** 21) } });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const ask = (method: string, path: string, body?: unknown, bearer = owner.session): Promise<Answer> =>
  call(world.url, method, path, { bearer, ...(body === undefined ? {} : { body }) });
const okay = async (asked: Promise<Answer>): Promise<Answer> => {
  const answer = await asked;
  expect(answer.status, answer.text).toBe(200);
  return answer;
};
const subkeyPath = ({ publicKey }: StarkKey, more = ''): string => `${SUBKEYS}/${publicKey}${more}`;

/** What the holder of this bearer meets on a route of ours, on one of the venue, and with an order. */
async function met(bearer: string): Promise<string[]> {
  const asked = [
    await ask('GET', '/v1/balance', undefined, bearer),
    await ask('DELETE', '/v1/orders', undefined, bearer),
  ];
  const seen = asked.map(({ status, json }) => ([401, 403].includes(status) ? `${status} ${json?.error}` : 'alive'));
  return [await stateOf(world, bearer), ...seen];
}
const all = (state: string): string[] => [state, state, state];
/** A token may not cancel, alive or not; only who it is, and from where, is asked before that. */
const reads = async (bearer: string): Promise<string[]> => (await met(bearer)).slice(0, 2);

describe('at the very next request', () => {
  test('every session of a revoked subkey is refused at its next request; those of other subkeys and of the main key are not', async () => {
    const [doomed, kept] = [await addSubkey(world, owner), await addSubkey(world, owner)];
    const sessions = [
      await subkeySession(world, owner.account, doomed),
      await subkeySession(world, owner.account, doomed),
    ];
    const other = await subkeySession(world, owner.account, kept);
    for (const session of [...sessions, other]) expect(await met(session)).toEqual(all('alive'));
    const total = () => world.service.venue.total();
    await okay(ask('DELETE', subkeyPath(doomed)));
    const before = total();
    for (const session of sessions) expect(await met(session)).toEqual(all(GONE));
    expect(total()).toBe(before);
    for (const session of [other, owner.session]) expect(await met(session)).toEqual(all('alive'));
    expectRefusal(
      await postLogin(world, loginOf(world, doomed, owner.account), doomed.publicKey),
      401,
      'INVALID_SUBKEY',
    );
  });

  test('a session that was never used before the revocation is refused too', async () => {
    const subkey = await addSubkey(world, owner);
    const session = await subkeySession(world, owner.account, subkey);
    await okay(ask('DELETE', subkeyPath(subkey)));
    expect(await met(session)).toEqual(all(GONE));
  });

  test('a revoked token is refused at its next request, and no other is', async () => {
    const [doomed, kept] = [await createToken(world.url, owner.session), await createToken(world.url, owner.session)];
    for (const { token } of [doomed, kept]) expect(await reads(token)).toEqual(['alive', 'alive']);
    await okay(ask('DELETE', `${TOKENS}/${doomed.lookupId}`));
    expect(await reads(doomed.token)).toEqual([GONE, GONE]);
    expect(await reads(kept.token)).toEqual(['alive', 'alive']);
  });

  test('a narrowed allowlist refuses the sessions of a subkey at their next request, and a widened one lets the same sessions in again', async () => {
    const subkey = await addSubkey(world, owner);
    const session = await subkeySession(world, owner.account, subkey);
    const bind = (allowed_cidrs: readonly string[]) =>
      okay(ask('PUT', subkeyPath(subkey, '/allowed-cidrs'), { allowed_cidrs }));
    const steps: string[][] = [];
    for (const list of [HERE, ELSEWHERE, [...ELSEWHERE, ...HERE], ELSEWHERE, []]) {
      await bind(list);
      steps.push(await met(session));
    }
    expect(steps).toEqual([all('alive'), all(AWAY), all('alive'), all(AWAY), all('alive')]);
    await bind(ELSEWHERE);
    expectRefusal(await postLogin(world, loginOf(world, subkey, owner.account)), 403, 'IP_NOT_ALLOWED');
  });

  test('a narrowed allowlist of a token refuses it at its next request', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    const steps: string[][] = [];
    for (const allowed_cidrs of [ELSEWHERE, HERE, ELSEWHERE, []]) {
      await okay(ask('PUT', `${TOKENS}/${lookupId}/allowed-cidrs`, { allowed_cidrs }));
      steps.push(await reads(token));
    }
    expect(steps).toEqual([
      [AWAY, AWAY],
      ['alive', 'alive'],
      [AWAY, AWAY],
      ['alive', 'alive'],
    ]);
  });

  test('a rename of a subkey or token ends nothing', async () => {
    const subkey = await addSubkey(world, owner);
    const session = await subkeySession(world, owner.account, subkey);
    await okay(ask('PUT', subkeyPath(subkey), { name: 'renamed' }));
    expect(await met(session)).toEqual(all('alive'));
  });
});

describe('a request that is still on its way', () => {
  /** An order whose body stops after `sent` of `length` bytes; the service has allowed it once this resolves. */
  async function halfAnOrder(bearer: string, length: number, sent: number) {
    const socket = connect({ host: '127.0.0.1', port: world.port });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    const head = [
      'POST /v1/orders HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${bearer}`,
      `Content-Length: ${length}`,
    ];
    socket.write(`${[...head, 'Expect: 100-continue', 'Connection: close'].join('\r\n')}\r\n\r\n`);
    await once(socket, 'data');
    socket.write('x'.repeat(sent));
    return {
      answer: async () => {
        await untilClosed(socket);
        return text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
      },
      rest: () => socket.write('x'.repeat(length - sent)),
    };
  }

  const total = () => world.service.venue.total();
  const receiptOf = ({ headers }: Answer) => headers.get('Countersign-Revocation')?.replace(/ms=\d+/, 'ms=n');

  const endings: readonly (readonly [string, (subkey: StarkKey) => Promise<Answer>, RegExp])[] = [
    ['a revocation', (subkey) => ask('DELETE', subkeyPath(subkey)), /^HTTP\/1\.1 401 .*"error":"UNAUTHORIZED_ERROR"/s],
    [
      'a narrowed allowlist',
      (subkey) => ask('PUT', subkeyPath(subkey, '/allowed-cidrs'), { allowed_cidrs: ELSEWHERE }),
      /^HTTP\/1\.1 403 .*"error":"IP_NOT_ALLOWED"/s,
    ],
  ];

  test.each(endings)(
    'a request that is still on its way is refused by %s before the venue hears of it',
    async (_name, change, refusal) => {
      const subkey = await addSubkey(world, owner);
      const session = await subkeySession(world, owner.account, subkey);
      expect(await met(session)).toEqual(all('alive'));
      const before = total();
      const order = await halfAnOrder(session, 10, 5);
      expect(receiptOf(await okay(change(subkey)))).toBe('nodes=1; ms=n; in_flight=0');
      order.rest();
      expect(await order.answer()).toMatch(refusal);
      expect(total()).toBe(before);
    },
  );

  test.each(endings)(
    'a request that is still on its way is cut by %s, and counted, when the venue has its head already',
    async (_name, change, refusal) => {
      const subkey = await addSubkey(world, owner);
      const session = await subkeySession(world, owner.account, subkey);
      expect(await met(session)).toEqual(all('alive'));
      const before = total();
      const order = await halfAnOrder(session, 800_000, 400_000);
      await expect.poll(total).toBe(before + 1);
      expect(receiptOf(await okay(change(subkey)))).toBe('nodes=1; ms=n; in_flight=1');
      order.rest();
      expect(await order.answer()).toMatch(refusal);
    },
  );

  test('a request that is still on its way is not touched by a widened allowlist, nor by the end of another subkey', async () => {
    const [subkey, other] = [await addSubkey(world, owner, { allowed_cidrs: HERE }), await addSubkey(world, owner)];
    const session = await subkeySession(world, owner.account, subkey);
    expect(await met(session)).toEqual(all('alive'));
    const before = total();
    const order = await halfAnOrder(session, 800_000, 400_000);
    await expect.poll(total).toBe(before + 1);
    const changes = [
      await ask('DELETE', subkeyPath(other)),
      await ask('PUT', subkeyPath(subkey, '/allowed-cidrs'), { allowed_cidrs: [...HERE, ...ELSEWHERE] }),
    ];
    expect(changes.map(receiptOf)).toEqual(['nodes=1; ms=n; in_flight=0', 'nodes=1; ms=n; in_flight=0']);
    order.rest();
    // What the venue itself says to so long a body.
    expect(await order.answer()).toMatch(/^HTTP\/1\.1 4(00|13) /);
    expect(await met(session)).toEqual(all('alive'));
  });
});

test('one public key on two accounts is two credentials: revoking or binding one leaves the other', async () => {
  const other = await newOwner(world);
  const shared = await addSubkey(world, owner);
  expect((await postSubkey(world, other.session, registrationBody(world, other, shared))).status).toBe(201);
  const [ours, theirs] = [
    await subkeySession(world, owner.account, shared),
    await subkeySession(world, other.account, shared),
  ];

  await okay(ask('PUT', subkeyPath(shared, '/allowed-cidrs'), { allowed_cidrs: ELSEWHERE }));
  expect([await met(ours), await met(theirs)]).toEqual([all(AWAY), all('alive')]);
  await okay(ask('DELETE', subkeyPath(shared)));
  expect([await met(ours), await met(theirs)]).toEqual([all(GONE), all('alive')]);
  expect((await ask('GET', subkeyPath(shared), undefined, other.session)).json.state).toBe('active');
  expect(await subkeySession(world, other.account, shared)).toMatch(/^ey/);
});

describe('races end in one state that everybody sees', () => {
  test('DELETEs of one subkey at once all say the same, and it is revoked once', async () => {
    const subkey = await addSubkey(world, owner);
    const session = await subkeySession(world, owner.account, subkey);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('DELETE', subkeyPath(subkey))));
    expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(
      Array.from({ length: 8 }, () => `200 {"public_key":"${subkey.publicKey}"}`),
    );
    expect(await met(session)).toEqual(all(GONE));
  });

  test('DELETEs of one token at once all say the same, and it is revoked once', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('DELETE', `${TOKENS}/${lookupId}`)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set([`200 {"lookup_id":"${lookupId}"}`]),
    );
    expect(await reads(token)).toEqual([GONE, GONE]);
  });

  test('a DELETE of a subkey among PUTs revokes it, and each PUT either came before or is 404', async () => {
    for (const kind of ['subkey', 'token'] as const) {
      const subkey = await addSubkey(world, owner);
      const made = await createToken(world.url, owner.session);
      const [path, bearer] =
        kind === 'subkey'
          ? [subkeyPath(subkey), await subkeySession(world, owner.account, subkey)]
          : [`${TOKENS}/${made.lookupId}`, made.token];
      const put = (entry: string) => ask('PUT', `${path}/allowed-cidrs`, { allowed_cidrs: [entry] });
      const [first, second, gone, third, fourth] = await Promise.all([
        put('127.0.0.1'),
        put('127.0.0.2'),
        ask('DELETE', path),
        put('127.0.0.3'),
        put('127.0.0.4'),
      ]);
      expect(gone.status, gone.text).toBe(200);
      for (const answer of [first, second, third, fourth]) expect([200, 404]).toContain(answer.status);
      expect(await stateOf(world, bearer)).toBe(GONE);
      const list = kind === 'subkey' ? `${SUBKEYS}?with_revoked=true` : `${TOKENS}?with_invalid=true`;
      const listed = await okay(ask('GET', `${list}&limit=500`));
      const name = kind === 'subkey' ? subkey.publicKey : made.lookupId;
      const row = listed.json.results.find(
        (row: Record<string, unknown>) => row.public_key === name || row.lookup_id === name,
      );
      expect(row.revoked_at).toBeGreaterThan(0);
      // The list that it was revoked with is that of a PUT that was told it had been done, or the first one.
      const done = [first, second, third, fourth].filter(({ status }) => status === 200);
      expect([[], ...done.map(({ json }) => json.allowed_cidrs)]).toContainEqual(row.allowed_cidrs);
    }
  });

  test('PUTs of allowlists at once leave one of theirs, and it is the one that decides', async () => {
    const subkey = await addSubkey(world, owner);
    const session = await subkeySession(world, owner.account, subkey);
    const put = (allowed_cidrs: readonly string[]) =>
      ask('PUT', subkeyPath(subkey, '/allowed-cidrs'), { allowed_cidrs });
    const answers = await Promise.all([HERE, ELSEWHERE, HERE, ELSEWHERE, HERE, ELSEWHERE].map(put));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    const { json } = await okay(ask('GET', subkeyPath(subkey)));
    expect([HERE, ELSEWHERE]).toContainEqual(json.allowed_cidrs);
    expect(await met(session)).toEqual(all(json.allowed_cidrs[0] === HERE[0] ? 'alive' : AWAY));
  });

  test('registrations of one key at once are one 201, and make one key', async () => {
    const subkey = await addSubkey(world, owner);
    const other = await newOwner(world);
    const register = (life: number) => {
      const proof = proofFor(world, other, subkey.publicKey, windowOf(world, { life }));
      return postSubkey(world, other.session, { name: `bot ${life}`, public_key: subkey.publicKey, ...proof });
    };
    const answers = await Promise.all([60, 120, 180, 240].map(register));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400]);
    for (const answer of answers.filter(({ status }) => status === 400)) expectRefusal(answer, 400, 'NOT_UNIQUE');
    expect((await okay(ask('GET', SUBKEYS, undefined, other.session))).json.results).toHaveLength(1);
  });
});

test('a credential that ended stays ended when the service starts again on the same data', async () => {
  const first = await startWorld();
  let again: World | undefined;
  try {
    const trader = await newOwner(first);
    const doomed = await addSubkey(first, trader);
    const bound = await createToken(first.url, trader.session);
    const [session, live] = [
      await subkeySession(first, trader.account, doomed),
      await createToken(first.url, trader.session),
    ];
    const change = (method: string, path: string, body?: unknown) =>
      call(first.url, method, path, { bearer: trader.session, ...(body === undefined ? {} : { body }) });
    await okay(change('DELETE', subkeyPath(doomed)));
    await okay(change('PUT', `${TOKENS}/${bound.lookupId}/allowed-cidrs`, { allowed_cidrs: ELSEWHERE }));
    await first.stop();
    again = await startWorld({ folder: first.service.folder });
    const states = [session, bound.token, live.token, trader.session];
    const seen: string[] = [];
    for (const bearer of states) seen.push(await stateOf(again, bearer));
    expect(seen).toEqual([GONE, AWAY, 'alive', 'alive']);
  } finally {
    await (again ?? first).stop();
  }
});
