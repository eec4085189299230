import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AuditJournal, createAuditJournal } from '../../../src/audit/journal.ts';
import type { CredentialRef } from '../../../src/domain/credential.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import type { RequestOrigin } from '../../../src/domain/request-origin.ts';
import { systemWall, unixNanos } from '../../../src/domain/time.ts';
import type { AuditEntry } from '../../../src/store/store.ts';

const token: CredentialRef = { account: feltOf(0xa11cen), kind: 'token', id: 'tok_1' };
const subkey: CredentialRef = { account: feltOf(0xb0bn), kind: 'subkey', id: '7' };
const where = { requestId: 'request-1', clientIpText: '192.0.2.7' };
const later = { requestId: 'request-2', clientIpText: '192.0.2.8' };

/** The members of a row that say it. */
const from = ({ requestId, clientIpText }: RequestOrigin) => ({ requestId, clientIp: clientIpText });

/** What was written, without when it happened, which `whole` has. */
let calls: (readonly AuditEntry[])[];
let whole: AuditEntry[];
let failures: { error: unknown; rows: number }[];
let journal: AuditJournal;

function start(append: (entries: readonly AuditEntry[]) => Promise<void> = async () => undefined): void {
  calls = [];
  whole = [];
  failures = [];
  journal = createAuditJournal({
    store: {
      appendAudit(entries) {
        calls.push(entries.map(withoutTimes));
        whole.push(...entries);
        return append(entries);
      },
    },
    clock: { now: () => unixNanos(systemWall()) },
    onFailure: (error, rows) => failures.push({ error, rows }),
  });
}

function withoutTimes({ detail, ...row }: AuditEntry): AuditEntry {
  const { happened_at, first_at, last_at, ...rest } = detail;
  return { ...row, detail: rest };
}

beforeEach(() => {
  vi.useFakeTimers();
  start();
});
afterEach(async () => {
  await journal.close();
  vi.useRealTimers();
});

const loginOf = (credential: CredentialRef, session: string) => journal.login(credential, where, { session });

describe('logins', () => {
  test('logins of one second are written together, in their order, each a row of its own', async () => {
    loginOf(token, 'a');
    await vi.advanceTimersByTimeAsync(999);
    loginOf(subkey, 'b');
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([
      [
        {
          account: token.account,
          action: 'login',
          actor: 'token:tok_1',
          subject: `credential/${token.account}/token/tok_1`,
          ...from(where),
          detail: { session: 'a' },
        },
        {
          account: subkey.account,
          action: 'login',
          actor: 'subkey:7',
          subject: `credential/${subkey.account}/subkey/7`,
          ...from(where),
          detail: { session: 'b' },
        },
      ],
    ]);
  });

  test('logins and terminal tokens of one second are written together, each as what it is', async () => {
    loginOf(subkey, 'a');
    journal.terminalToken(subkey, later, { token: 'b' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toEqual([
      [
        expect.objectContaining({ action: 'login', detail: { session: 'a' } }),
        {
          account: subkey.account,
          action: 'terminal_token.issued',
          actor: 'subkey:7',
          subject: `credential/${subkey.account}/subkey/7`,
          ...from(later),
          detail: { token: 'b' },
        },
      ],
    ]);
  });

  test('the receipt of an ending is a row like that of its ending', async () => {
    const row: AuditEntry = {
      account: subkey.account,
      action: 'subkey.revoked',
      actor: 'main:main',
      subject: `credential/${subkey.account}/subkey/7`,
      ...from(where),
      detail: { public_key: '0x1' },
    };
    journal.ended(row, { nodes: 1, ms: 2, inFlight: 3 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toEqual([
      [{ ...row, action: 'ending.receipt', detail: { action: 'subkey.revoked', nodes: 1, ms: 2, in_flight: 3 } }],
    ]);
  });

  test('each login is written once, and a second without logins writes nothing', async () => {
    loginOf(token, 'a');
    await vi.advanceTimersByTimeAsync(1_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(calls).toHaveLength(1);
  });

  test('logins that come while others are written go into the next write', async () => {
    loginOf(token, 'a');
    await vi.advanceTimersByTimeAsync(1_000);
    loginOf(token, 'b');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.map((rows) => rows.map((row) => row.detail.session))).toEqual([['a'], ['b']]);
  });
});

describe('refusals', () => {
  const refused = (credential: CredentialRef, route = 'POST /v1/orders', at = where) =>
    journal.refused(credential, at, 'permission_missing', route);

  test('refused requests of one minute are one row per credential, reason and route, with their count and where the first came from', async () => {
    refused(token);
    refused(token, 'POST /v1/orders', later);
    refused(token, 'POST /v1/orders', later);
    refused(subkey, 'POST /v1/transfers');
    journal.refused(token, later, 'ip_not_allowed', 'POST /v1/orders');
    await vi.advanceTimersByTimeAsync(59_999);
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    const [rows = []] = calls;
    expect(rows[0]).toEqual({
      account: token.account,
      action: 'request.refused',
      actor: 'token:tok_1',
      subject: `credential/${token.account}/token/tok_1`,
      ...from(where),
      detail: { reason: 'permission_missing', route: 'POST /v1/orders', count: 3 },
    });
    expect(rows.slice(1).map((row) => [row.actor, row.detail])).toEqual([
      ['subkey:7', { reason: 'permission_missing', route: 'POST /v1/transfers', count: 1 }],
      ['token:tok_1', { reason: 'ip_not_allowed', route: 'POST /v1/orders', count: 1 }],
    ]);
    expect(calls).toHaveLength(1);
  });

  test('refused requests of the same credential id on two accounts are never added up', async () => {
    refused({ ...token, account: feltOf(1n) });
    refused({ ...token, account: feltOf(2n) });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.flat().map((row) => [row.account, row.detail.count])).toEqual([
      ['0x1', 1],
      ['0x2', 1],
    ]);
  });

  test('refused requests are counted from zero in each minute', async () => {
    refused(token);
    await vi.advanceTimersByTimeAsync(60_000);
    refused(token);
    refused(token);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.flat().map((row) => row.detail.count)).toEqual([1, 2]);
  });

  test('refused requests fill at most 10000 rows a minute: those beyond are a number, and those already counted go on counting', async () => {
    for (let n = 0; n < 10_003; n += 1) refused({ ...token, id: `tok_${n}` });
    refused({ ...token, id: 'tok_0' });
    await journal.close();
    const rows = calls.flat();
    expect(rows).toHaveLength(10_000);
    expect(rows[0]?.detail).toMatchObject({ count: 2, uncounted_in_this_minute: 3 });
    expect(rows.at(-1)?.detail).toMatchObject({ count: 1, uncounted_in_this_minute: 3 });
  });

  test('rows of refused requests in a minute that was not full say nothing of uncounted ones', async () => {
    for (let n = 0; n < 10_001; n += 1) refused({ ...token, id: `tok_${n}` });
    await vi.advanceTimersByTimeAsync(60_000);
    refused(subkey);
    await journal.close();
    const rows = calls.flat();
    expect(rows).toHaveLength(10_001);
    expect(rows.at(-1)?.detail).toEqual({ reason: 'permission_missing', route: 'POST /v1/orders', count: 1 });
  });
});

describe('refused logins', () => {
  const refused = (credential: CredentialRef, clientIp: string, reason = 'ip_not_allowed') =>
    journal.loginRefused(credential, { requestId: `from ${clientIp}`, clientIpText: clientIp }, reason);

  test('the first refused login from an address is written within a second, the others of its minute are one row with their count', async () => {
    refused(subkey, '192.0.2.7');
    for (let n = 0; n < 5; n += 1) refused(subkey, '192.0.2.7');
    refused(subkey, '192.0.2.8');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.flat()).toEqual([
      {
        account: subkey.account,
        action: 'login.refused',
        actor: 'subkey:7',
        subject: `credential/${subkey.account}/subkey/7`,
        requestId: 'from 192.0.2.7',
        clientIp: '192.0.2.7',
        detail: { reason: 'ip_not_allowed', count: 1 },
      },
      expect.objectContaining({ clientIp: '192.0.2.8', detail: { reason: 'ip_not_allowed', count: 1 } }),
    ]);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(calls.flat().slice(2)).toEqual([
      expect.objectContaining({ clientIp: '192.0.2.7', detail: { reason: 'ip_not_allowed', count: 5 } }),
    ]);
    refused(subkey, '192.0.2.7');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.flat().slice(3)).toEqual([
      expect.objectContaining({ clientIp: '192.0.2.7', detail: { reason: 'ip_not_allowed', count: 1 } }),
    ]);
  });

  test('refused logins of an account are at most 100 rows at once, those beyond are one row for each reason, and no other account pays', async () => {
    for (let n = 0; n < 5_000; n += 1) refused({ ...subkey, id: String(n % 40) }, `2001:db8::${n.toString(16)}`);
    refused(subkey, '192.0.2.9', 'account_locked');
    refused({ ...token, kind: 'main', id: 'main' }, '192.0.2.7');
    await journal.close();
    const rows = calls.flat();
    const ofAccount = rows.filter(({ account }) => account === subkey.account);
    expect(ofAccount).toHaveLength(102);
    expect(ofAccount.slice(100).map(({ detail }) => detail)).toEqual([
      { reason: 'ip_not_allowed', others: true, count: 4_900 },
      { reason: 'account_locked', others: true, count: 1 },
    ]);
    expect(rows.filter(({ account }) => account === token.account)).toHaveLength(1);
  });

  test('refused logins are not hidden by refused requests, however many there are in that minute', async () => {
    for (let n = 0; n < 10_001; n += 1) journal.refused({ ...token, id: `tok_${n}` }, where, 'signed_out', 'GET /v1/x');
    refused(subkey, '192.0.2.7');
    refused(subkey, '192.0.2.7');
    await journal.close();
    const rows = calls.flat().filter(({ action }) => action === 'login.refused');
    expect(rows.map(({ account, detail: { count } }) => [account, count])).toEqual([
      [subkey.account, 1],
      [subkey.account, 1],
    ]);
  });

  test('refused logins count up to 10000 in a minute, beside those of requests', async () => {
    for (let n = 0; n < 10_003; n += 1) refused({ ...subkey, account: feltOf(BigInt(n)) }, '192.0.2.7');
    await journal.close();
    expect(calls.flat()).toHaveLength(10_000);
  });
});

describe('when it happened, which is before it is written', () => {
  const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const now = () => String(systemWall());
  const timesOf = ({ detail: { happened_at, first_at, last_at } }: AuditEntry) => ({ happened_at, first_at, last_at });

  test('the row of a login, a terminal token and a receipt has when it happened, which is before it is written', async () => {
    const at = [];
    for (const write of [
      () => loginOf(token, 'a'),
      () => journal.terminalToken(subkey, where, { token: 'b' }),
      () => {
        const row = {
          account: subkey.account,
          action: 'subkey.revoked',
          actor: '',
          subject: '',
          requestId: where.requestId,
          clientIp: where.clientIpText,
          detail: {},
        } as const;
        journal.ended(row, { nodes: 1, ms: 2, inFlight: 3 });
      },
    ]) {
      at.push({ happened_at: now() });
      write();
      await later(250);
    }
    await later(250);
    expect(whole.map(timesOf)).toEqual(at);
  });

  test('a row of counted refusals has when the first and the last of them happened', async () => {
    const refused = () => journal.refused(token, where, 'permission_missing', 'POST /v1/orders');
    const first_at = now();
    refused();
    await later(20_000);
    refused();
    await later(10_000);
    const last_at = now();
    refused();
    await later(30_000);
    expect(whole.map(timesOf)).toEqual([{ first_at, last_at }]);
  });

  test('the row of the first refused login has when it happened, and the row of the others has when they did', async () => {
    const refused = () => journal.loginRefused(subkey, where, 'ip_not_allowed');
    const happened_at = now();
    refused();
    await later(20_000);
    const first_at = now();
    refused();
    await later(10_000);
    const last_at = now();
    refused();
    await later(30_000);
    expect(whole.map(timesOf)).toEqual([{ happened_at }, { first_at, last_at }]);
  });
});

describe('writing', () => {
  test('many rows of the journal are written in batches, one after the other, with other work let in between', async () => {
    let writing = 0;
    let turns = 0;
    const turnsAtWrite: number[] = [];
    vi.useRealTimers();
    const count = () => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    start(async () => {
      writing += 1;
      expect(writing, 'writes at once').toBe(1);
      turnsAtWrite.push(turns);
      await Promise.resolve();
      writing -= 1;
    });
    for (let n = 0; n < 250; n += 1) loginOf(token, String(n));
    await journal.close();
    clearImmediate(immediate);
    expect(calls.map((rows) => rows.length)).toEqual([100, 100, 50]);
    expect(calls.flat().map((row) => row.detail.session)).toEqual(Array.from({ length: 250 }, (_, n) => String(n)));
    const [first = 0, second = 0, third = 0] = turnsAtWrite;
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
  });

  test('a write of the journal that fails is told with its error and its number of rows, and the next one is tried', async () => {
    const error = new Error('disk full');
    let failing = true;
    start(async () => {
      if (failing) throw error;
    });
    loginOf(token, 'lost');
    loginOf(token, 'lost too');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(failures).toEqual([{ error, rows: 2 }]);
    failing = false;
    loginOf(token, 'kept');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.at(-1)?.map((row) => row.detail.session)).toEqual(['kept']);
    expect(failures).toHaveLength(1);
  });

  test('a write of the journal waits for the write before it', async () => {
    const gate = Promise.withResolvers<void>();
    start(() => gate.promise);
    loginOf(token, 'a');
    await vi.advanceTimersByTimeAsync(1_000);
    loginOf(token, 'b');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(calls).toHaveLength(1);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toHaveLength(2);
  });
});

describe('closing', () => {
  test('closing the journal writes what waits, and resolves only when it is written', async () => {
    const gate = Promise.withResolvers<void>();
    start(() => gate.promise);
    loginOf(token, 'a');
    journal.refused(subkey, where, 'ip_not_allowed', 'GET /v1/balance');
    let closed = false;
    const closing = journal.close().then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(closed).toBe(false);
    gate.resolve();
    await closing;
    expect(calls.flat().map((row) => row.action)).toEqual(['login', 'request.refused']);
  });

  test('closing the journal stops its timers', async () => {
    await journal.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
