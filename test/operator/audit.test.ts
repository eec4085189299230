// The audit log as the operator exports it: every row once, in order, with every digit.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRows, command, isLate, operate, run } from '../support/operator.ts';
import { createToken } from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  forgedFrom,
  mainSession,
  newOwner,
  type Owner,
  postSubkey,
  registrationBody,
  startWorld,
  type World,
} from '../support/world.ts';

let world: World;
let owner: Owner;
let other: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'tokens.max_live': '1000' } });
  owner = await newOwner(world);
  other = await newOwner(world);
  await createToken(world.url, owner.session);
  world.clock.advance(200);
  await command(world.service, `/accounts/${other.account}/lock`);
  await createToken(world.url, owner.session);
});
afterAll(() => world.stop());

const iso = (nanos: bigint): string => new Date(Number(nanos / 1_000_000n)).toISOString();
const isChange = (row: Record<string, unknown>): boolean => !isLate(row);
const actions = async (query: string) => (await auditRows(world.service, query)).filter(isChange).map((r) => r.action);

test('every change of every account is a line, oldest first', async () => {
  expect(await actions('')).toEqual([
    'account.onboarded',
    'account.onboarded',
    'token.created',
    'account.locked',
    'token.created',
  ]);
});

test('a line has every digit of its time, and what was signed or changed', async () => {
  const { text } = await operate(world.service, 'GET', `/audit?account=${other.account}`);
  const line = text.split('\n').find((one) => one.includes('account.locked')) ?? '';
  expect(line).toMatch(/^\{"id":\d+,"at":1800000200123\d{6},"time":"2027-01-15T08:03:20\.123Z",/);
  expect(JSON.parse(line)).toMatchObject({
    account: other.account,
    actor: 'operator',
    subject: `account/${other.account}`,
    client_ip: '127.0.0.1',
    detail: {},
  });
});

test('an export of the audit log has the rows of one account alone, however its id is spelled', async () => {
  const spelled = `0x${owner.account.slice(2).toUpperCase().padStart(64, '0')}`;
  for (const account of [owner.account, spelled]) {
    expect(await actions(`?account=${account}`)).toEqual(['account.onboarded', 'token.created', 'token.created']);
  }
});

test('an export of an account that is not here is refused, as no rows would read as if nothing had happened: a key of one, a mistyped one', async () => {
  for (const account of ['0x1', owner.key.publicKey]) {
    const answer = await operate(world.service, 'GET', `/audit?account=${account}`);
    expectRefusal(answer, 404, 'ACCOUNT_NOT_FOUND');
    expect(answer.json.message).toContain(`credentials find ${account}`);
  }
  expect((await operate(world.service, 'GET', '/audit?account=0x0')).status).toBe(200);
});

test('a span of time: from is inside, to is outside', async () => {
  const at = (await auditRows(world.service)).find(({ action }) => action === 'account.locked')?.time;
  const later = iso(world.clock.nanos() + 1_000_000n);
  const span = (query: string) => actions(`?account=${other.account}&${query}`);
  expect(await span(`from=${at}`)).toEqual(['account.locked']);
  expect(await span(`to=${at}`)).toEqual(['account.onboarded']);
  expect(await span(`to=${later}`)).toEqual(['account.onboarded', 'account.locked']);
  expect(await actions(`?from=${at}&to=${later}`)).toEqual(['account.locked', 'token.created']);
  expect(await actions('?from=2027-01-15')).toHaveLength(5);
  expect(await actions('?to=2027-01-15')).toEqual([]);
});

test('a span that can have no row is refused: from at or after to, and from ahead of the time here', async () => {
  const later = iso(world.clock.nanos() + 1_000_000n);
  for (const [query, why] of [
    ['from=2027-01-16&to=2027-01-15', 'from must be before to'],
    ['from=2027-01-15&to=2027-01-15', 'from must be before to'],
    [`from=${later}`, 'from lies ahead: it is 2027-01-15T'],
  ]) {
    const answer = await operate(world.service, 'GET', `/audit?${query}`);
    expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER');
    expect(answer.json.message).toContain(why);
  }
});

test('an export of the audit log goes on after the line whose cursor is given, for all accounts and for one', async () => {
  for (const filter of ['', `account=${owner.account}&`]) {
    const rows = (await auditRows(world.service, `?${filter}`)).filter(isChange);
    for (const [at, row] of rows.entries()) {
      const rest = await auditRows(world.service, `?${filter}cursor=${row.cursor}`);
      // Their receipts may be written in between.
      expect(rest.filter(isChange).map(({ id }) => id)).toEqual(rows.slice(at + 1).map(({ id }) => id));
    }
  }
});

test('a log of more than one page comes whole', async () => {
  for (let n = 0; n < 510; n += 1)
    await command(world.service, `/accounts/${other.account}/${n % 2 ? 'lock' : 'unlock'}`);
  for (const query of ['', `?account=${other.account}`]) {
    const rows = (await auditRows(world.service, query)).filter(isChange).filter(({ actor }) => actor === 'operator');
    expect(rows).toHaveLength(511);
    const ids = rows.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  }
});

describe('a filter', () => {
  let requestId: string;
  let key: string;
  beforeAll(async () => {
    const subkey = await addSubkey(world, { ...owner, session: await mainSession(world, owner) });
    key = subkey.publicKey;
    const answer = await command(world.service, '/credentials/revoke', { credential: key });
    requestId = answer.headers.get('Countersign-Request-Id') ?? '';
  });

  test('a filter of the audit log by action finds the rows of that action', async () => {
    expect(await actions('?action=account.onboarded')).toEqual(['account.onboarded', 'account.onboarded']);
    expect(await actions('?action=backup.taken')).toEqual([]);
  });

  test('a filter of the audit log by credential: the rows about it, and those of what it did, each once', async () => {
    const rows = ['subkey.registered', 'subkey.revoked'];
    for (const name of ['subkey:1', key, `credential/${owner.account}/subkey/1`]) {
      expect(await actions(`?credential=${encodeURIComponent(name)}`), name).toEqual(rows);
    }
    expect(await actions(`?credential=${owner.key.publicKey}`)).toEqual([
      'token.created',
      'token.created',
      'subkey.registered',
    ]);
    expect(await actions(`?credential=credential/${other.account}/subkey/1`)).toEqual([]);
    expect(await actions('?credential=subkey:1&action=subkey.revoked')).toEqual(['subkey.revoked']);
    expectRefusal(await operate(world.service, 'GET', '/audit?credential=subkey:999'), 404, 'NOT_FOUND');
  });

  test('a filter of the audit log by a name that two credentials have is refused with the names of both', async () => {
    const subkey = await addSubkey(world, { ...owner, session: await mainSession(world, owner) });
    const third = await newOwner(world);
    expect((await postSubkey(world, third.session, registrationBody(world, third, subkey))).status).toBe(201);
    const answer = await operate(world.service, 'GET', `/audit?credential=${subkey.publicKey}`);
    const message = expectRefusal(answer, 400, 'NOT_UNIQUE');
    expect(answer.json.data.credentials).toHaveLength(2);
    for (const name of answer.json.data.credentials) expect(message).toContain(name);
    for (const { account } of [owner, third]) expect(message).toContain(`credential/${account}/subkey/`);
  });

  test("a filter of the audit log by a bearer that nobody here signed finds nothing: what it claims is anybody's word", async () => {
    const session = await mainSession(world, owner);
    expect(await actions(`?credential=${session}&action=token.created`)).toEqual(['token.created', 'token.created']);
    expectRefusal(await operate(world.service, 'GET', `/audit?credential=${forgedFrom(session)}`), 404, 'NOT_FOUND');
  });

  test('a filter of the audit log by request id or by address finds the rows of that one', async () => {
    expect(await actions(`?request_id=${requestId.toUpperCase()}`)).toEqual(['subkey.revoked']);
    expect(await actions('?address=::ffff:127.0.0.1&action=subkey.revoked')).toEqual(['subkey.revoked']);
    expect(await actions('?address=192.0.2.1')).toEqual([]);
  });

  test('countersign audit takes filters as options, and prints the count as the last line on stderr', async () => {
    const options = [`--account=${owner.account}`, '--credential=subkey:1', '--action=subkey.revoked'];
    const where = ['--address=127.0.0.1', `--request-id=${requestId}`, '--from=2027-01-15', '--to=2027-01-16'];
    const one = await run('audit', world.service.folder, 'export', ...options, ...where);
    expect(one).toMatchObject({ code: 0, err: 'countersign audit: 1 row\n' });
    expect(JSON.parse(one.out)).toMatchObject({ action: 'subkey.revoked', request_id: requestId });
    const none = await run('audit', world.service.folder, 'export', '--action=backup.taken');
    expect(none).toEqual({ code: 0, out: '', err: 'countersign audit: 0 rows\n' });
  });

  test('a filtered export of the audit log goes on after each row, by whatever it filters', async () => {
    for (const filter of [
      'credential=subkey:1',
      'address=127.0.0.1',
      `account=${owner.account}&action=token.created`,
    ]) {
      const rows = (await auditRows(world.service, `?${filter}`)).filter(isChange);
      expect(rows.length).toBeGreaterThan(1);
      // The first, with a page behind it, and the last ones.
      for (const [at, row] of [...rows.entries()].filter(([at]) => at === 0 || at > rows.length - 10)) {
        const rest = await auditRows(world.service, `?${filter}&cursor=${row.cursor}`);
        // Their receipts may be written in between.
        expect(rest.filter(isChange).map(({ id }) => id)).toEqual(rows.slice(at + 1).map(({ id }) => id));
      }
    }
  });

  test('a filter of the audit log whose action is no action is refused with the one that it is like', async () => {
    const answer = await operate(world.service, 'GET', '/audit?action=token.revokd');
    expect(expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER')).toContain('did you mean token.revoked?');
  });
});

test.each([
  ['address=localhost', 400, 'INVALID_REQUEST_PARAMETER'],
  ['address=127.0.0.0/8', 400, 'INVALID_REQUEST_PARAMETER'],
  ['request_id=1', 400, 'INVALID_REQUEST_PARAMETER'],
  ['credential=nobody', 400, 'INVALID_REQUEST_PARAMETER'],
  ['from=2027-01-16&to=2027-01-15', 400, 'INVALID_REQUEST_PARAMETER'],
  ['account=nobody', 400, 'INVALID_STARKNET_ADDRESS'],
  ['from=yesterday', 400, 'INVALID_REQUEST_PARAMETER'],
  ['to=2026-13-01', 400, 'INVALID_REQUEST_PARAMETER'],
  ['to=2026-01-01T00:00:00', 400, 'INVALID_REQUEST_PARAMETER'],
  ['since=2026-01-01', 400, 'VALIDATION_ERROR'],
] as const)('a filter that is not understood, %s, is refused instead of passed over', async (query, status, code) => {
  expectRefusal(await operate(world.service, 'GET', `/audit?${query}`), status, code);
});

test.each(['zzz', '1', '1.', '9999999999999999999.1', '-1.1'])(
  'a cursor that is none of ours, %s, is refused: an empty export would look like a log without rows',
  async (cursor) => {
    const answer = await operate(world.service, 'GET', `/audit?cursor=${cursor}`);
    expect(expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER')).toContain('cursor');
    const { code, out, err } = await run('audit', world.service.folder, 'export', `--cursor=${cursor}`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('cursor');
  },
);

test('a cursor beyond the last line exports nothing', async () => {
  for (const account of ['', `account=${owner.account}&`]) {
    expect(await auditRows(world.service, `?${account}cursor=8999999999999999999.999999999999999999`)).toEqual([]);
  }
});

test('an ending has its receipt, and a row of its own about it by the same request', async () => {
  const alice = await newOwner(world);
  const { lookupId } = await createToken(world.url, alice.session);
  const answer = await command(world.service, '/credentials/revoke', { credential: lookupId });
  const id = answer.headers.get('Countersign-Request-Id');
  const rows = () => auditRows(world.service, `?request_id=${id}`);
  await expect.poll(async () => (await rows()).length, { timeout: 5_000 }).toBe(2);
  const [ended, receipt] = await rows();
  expect(receipt).toMatchObject({
    account: alice.account,
    action: 'ending.receipt',
    actor: 'operator',
    subject: ended?.subject,
    detail: { action: 'token.revoked', ...answer.json.receipt },
  });
  // Whichever row is looked for, and no other row of the request.
  const [alone, ...others] = await auditRows(world.service, `?action=token.revoked&request_id=${id}`);
  expect(others).toEqual([]);
  expect(alone?.receipt).toEqual(answer.json.receipt);
  expect(receipt).not.toHaveProperty('receipt');
  const made = await auditRows(world.service, `?action=token.created&account=${alice.account}`);
  expect(made[0]).not.toHaveProperty('receipt');
});
