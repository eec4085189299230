// What the parts of the service say about themselves at a scrape is what they did.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { createAuditJournal } from '../../../src/audit/journal.ts';
import { anywhere } from '../../../src/domain/allowlist.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import { NEVER } from '../../../src/domain/time.ts';
import { createUpstream, type UpstreamEvents } from '../../../src/gateway/upstream.ts';
import { createDenials } from '../../../src/revocation/denials.ts';
import { createView } from '../../../src/revocation/view.ts';
import type { Facts, FactsRead } from '../../../src/store/store.ts';

afterEach(() => vi.useRealTimers());

const facts: Facts = {
  accountKnown: true,
  accountLocked: false,
  validAfter: NEVER,
  credential: 'alive',
  expiresAt: NEVER,
  allowlist: anywhere,
  label: '',
  mainKey: undefined,
  signingKeyAlive: true,
};
const query = (id: string) => ({ account: feltOf(1n), kind: 'subkey', id, kid: 'kid' }) as const;

test('the metrics of the view are hits, fills, fills under way, what was read again and what was forgotten', async () => {
  const denials = createDenials({ clock: { now: () => NEVER, latest: () => NEVER, monotonic: () => 0 } });
  const reads: ((read: FactsRead) => void)[] = [];
  const view = createView({ read: () => new Promise((resolve) => void reads.push(resolve)), denials, capacity: 1 });
  const first = view.ask(query('1'), () => 'used');
  expect(view.stats()).toEqual({ entries: 0, capacity: 1, filling: 1, hits: 0, fills: 1, rereads: 0, evictions: 0 });
  view.apply({ position: 5n, subjects: [`credential/${feltOf(1n)}/subkey/1`] });
  reads.shift()?.({ facts, position: 4n });
  await nextTurn();
  expect(reads).toHaveLength(1);
  reads.shift()?.({ facts, position: 5n });
  await first;
  await view.ask(query('1'), () => 'used');
  expect(view.stats()).toEqual({ entries: 1, capacity: 1, filling: 0, hits: 1, fills: 1, rereads: 1, evictions: 0 });
  const second = view.ask(query('2'), () => 'used');
  reads.shift()?.({ facts, position: 5n });
  await second;
  expect(view.stats()).toMatchObject({ entries: 1, fills: 2, evictions: 1 });
});

test('the metrics of the journal are rows that wait, that were written and that were lost, and whether it fails now', async () => {
  vi.useFakeTimers();
  let fails = true;
  const journal = createAuditJournal({
    clock: { now: () => NEVER },
    store: { appendAudit: () => (fails ? Promise.reject(new Error('disk full')) : Promise.resolve()) },
    onFailure: () => undefined,
  });
  const credential = { account: feltOf(1n), kind: 'main', id: 'main' } as const;
  const where = { requestId: 'r', clientIpText: '' };
  const second = () => vi.advanceTimersByTimeAsync(1_000);
  journal.login(credential, where, {});
  journal.login(credential, where, {});
  journal.refused(credential, where, 'ip_not_allowed', 'GET /x');
  journal.refused(credential, where, 'ip_not_allowed', 'GET /x');
  expect(journal.stats()).toEqual({ waiting: 3, written: 0, lost: 0, failing: false });
  await second();
  expect(journal.stats()).toEqual({ waiting: 1, written: 0, lost: 2, failing: true });
  fails = false;
  journal.login(credential, where, {});
  await second();
  expect(journal.stats()).toEqual({ waiting: 1, written: 1, lost: 2, failing: false });
  await journal.close();
  expect(journal.stats()).toEqual({ waiting: 0, written: 2, lost: 2, failing: false });
});

test('the metrics of the connections to the venue are busy, idle, waiting, turned away, and failures', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/broken') request.socket.destroy();
    else response.end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const upstream = createUpstream({
    address: { kind: 'http', origin: `http://127.0.0.1:${port}`, basePath: '', loopback: true },
    connections: 1,
    maxWaiting: 1,
    connectTimeoutMs: 5_000,
  });
  try {
    const send = (target: string) => {
      let over: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        over = resolve;
      });
      const events: UpstreamEvents = {
        starting: () => true,
        head: () => undefined,
        data: () => undefined,
        end: () => over(),
        failed: () => over(),
      };
      const holder = { client: '192.0.2.1', network: '192.0.2.1', signedIn: false };
      const sent = upstream.send({ holder, method: 'GET', target, headers: [], body: undefined }, events);
      const taken = sent !== 'turned_away';
      return { taken, ended };
    };
    const [first, second, third] = [send('/'), send('/'), send('/')];
    expect([first.taken, second.taken, third.taken]).toEqual([true, true, false]);
    // Of whoever has a session, of others, and of both who uploads.
    const limits = { connections: 1, maxWaiting: 4, streaming: 0, streams: 1 };
    expect(upstream.stats()).toEqual({ ...limits, busy: 1, idle: 0, waiting: 1, turnedAway: 1, failures: 0 });
    await Promise.all([first.ended, second.ended]);
    await nextTurn();
    expect(upstream.stats()).toEqual({ ...limits, busy: 0, idle: 1, waiting: 0, turnedAway: 1, failures: 0 });
    await send('/broken').ended;
    expect(upstream.stats()).toMatchObject({ turnedAway: 1, failures: 1 });
  } finally {
    await upstream.destroy();
    server.close();
  }
});
