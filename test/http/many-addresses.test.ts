// A million IPv6 addresses against everything that is kept by address: each map stays at its cap, memory under a bound that is
// printed, and who was there before keeps its own count. Over real sockets as many as MANY_ADDRESSES says, as a trusted proxy names them.
// And what else is remembered of what strangers write.
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { settingOf } from '../../src/config/schema.ts';
import { createFairQueue } from '../../src/domain/fair-queue.ts';
import { parseFelt } from '../../src/domain/felt.ts';
import { outgoingHeaders } from '../../src/gateway/headers.ts';
import { createPeers } from '../../src/http/kit/client-ip.ts';
import { accountBuckets, createRateLimiter, ipBuckets } from '../../src/ratelimit/limiter.ts';
import { type RateKeys, rateKeys } from '../../src/ratelimit/rate-keys.ts';
import { defaultLimits } from '../support/rates.ts';
import { call } from '../support/trader.ts';
import { startWorld } from '../support/world.ts';

const MIB = 1_048_576;
const MILLION = 1_000_000;
/** What one remembered key costs at most: its text, its state and its place in the map; about 200 were measured. */
const BYTES_PER_KEY = 320;
/** A narrow and a wide map for each bucket of addresses; one for each of accounts, for their subkeys and tokens but in `keys`, for interactive orders. */
const ADDRESS_MAPS = 2 * ipBuckets.length;
const MAPS = ADDRESS_MAPS + 2 * (accountBuckets.length + 1) + 1;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
const mib = (bytes: number): string => (bytes / MIB).toFixed(1);

/** Each in a /48 of its own. */
const keysOf = (n: number): RateKeys =>
  rateKeys({ family: 6, value: (0x2001n << 112n) | (BigInt(n) << 80n), text: '' });
const textOf = (n: number): string => `2001:${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}::1`;

test('a million addresses fill every rate-limit map to its cap and no further; who was known keeps its own count', () => {
  const maxKeys = 1_000;
  const limiter = createRateLimiter({ enabled: true, limits: defaultLimits, maxKeys, clock: { monotonic: () => 0 } });
  const known = keysOf(MILLION);
  for (let i = 0; i < 29; i += 1) expect(limiter.chargeIp(known, 'activate').allowed).toBe(true);
  const before = heapUsed();
  let most = 0;
  for (let n = 0; n < MILLION; n += 1) {
    limiter.chargeIp(keysOf(n), ipBuckets[n % ipBuckets.length] ?? 'public');
    if (n % 10_000 === 0) most = Math.max(most, limiter.size());
  }
  const after = heapUsed();
  expect(Math.max(most, limiter.size())).toBe(ADDRESS_MAPS * maxKeys);
  // Of its 30 requests a minute one is left, though a million others came.
  expect([1, 2].map(() => limiter.chargeIp(known, 'activate').allowed)).toEqual([true, false]);

  // Accounts cannot be made up, they have proven themselves; their maps have the same cap all the same.
  for (let n = 0; n < 3 * maxKeys; n += 1) {
    const account = parseFelt(`0x${(n + 1).toString(16)}`);
    if (account === undefined) throw new Error('not a felt');
    for (const bucket of accountBuckets) {
      limiter.chargeCredential({ account, kind: 'subkey', id: '1' }, bucket, { interactive: bucket === 'orders' });
    }
    limiter.chargeLogin({ account, kind: 'main', id: 'main' }, `${n}`);
  }
  expect(limiter.size()).toBe(MAPS * maxKeys);
  const bound = MAPS * maxKeys * BYTES_PER_KEY;
  expect(heapUsed() - before).toBeLessThan(bound + MIB);
  const byDefault = MAPS * settingOf['memory.entries'].default * BYTES_PER_KEY;
  process.stdout.write(
    `a million addresses, memory.entries=${maxKeys}: heap ${mib(before)} -> ${mib(after)} MiB, stated bound ${mib(bound)}; at the default of ${settingOf['memory.entries'].default} keys a map it is ${mib(byDefault)} MiB\n`,
  );
}, 300_000);

test('a million clients in the queue of signatures to verify hold no more than its places', () => {
  const places = 100;
  const queue = createFairQueue<{ n: number }>(places);
  const before = heapUsed();
  for (let n = 0; n < MILLION; n += 1) queue.push({ client: `${n}/64`, network: `${n}/48` }, { n });
  expect([queue.size, queue.clients]).toEqual([places, places]);
  expect(heapUsed() - before).toBeLessThan(places * BYTES_PER_KEY + MIB);
}, 300_000);

test('addresses of peers are remembered within a bound', () => {
  const clientIp = createPeers({ trusted: [] }).clientIp;
  const before = heapUsed();
  // Unbounded, these would take 20 MiB.
  for (let n = 0; n < 100_000; n += 1) clientIp(textOf(n), false, []);
  expect(heapUsed() - before).toBeLessThan(8 * MIB);
});

test('names of headers are remembered within a bound', () => {
  const context = {
    principal: undefined,
    clientIp: '',
    requestId: '1',
    protocol: 'http',
    upstreamSecret: undefined,
    passed: 'every other',
  } as const;
  const before = heapUsed();
  // Unbounded, these would take 15 MiB.
  for (let n = 0; n < 100_000; n += 1) {
    const list = outgoingHeaders([`X-Name-${n}`, '1'], context);
    expect(list.ok && list.headers[0]).toBe(`X-Name-${n}`);
  }
  expect(heapUsed() - before).toBeLessThan(6 * MIB);
});

/** Over sockets; MANY_ADDRESSES=1000000 takes ten minutes and fills every map at its default cap (docs/benchmarks.md). */
const COUNT = Number(process.env.MANY_ADDRESSES ?? 4_000);
/** More than 128 requests may not wait on one connection. */
const PER_CONNECTION = 100;
const CONNECTIONS = 40;
const WAVE = CONNECTIONS * PER_CONNECTION;
/** A look at the heap collects garbage first, which takes a while where there is much. */
const WAVES_PER_LOOK = 25;
/** Beside the keys: peers and names of headers that are remembered, statements, and what connections of this process left behind. */
const BESIDE_KEYS = 4 * MIB;

// One of each bucket, of ours and of the venue, known and unknown.
const lines = [
  'GET /v1/system/time',
  'GET /v1/markets',
  'GET /v1/nowhere',
  'POST /v1/auth',
  'POST /v1/onboarding',
  'POST /v1/account/keys/subkeys/activate',
  'GET /v1/account',
  'POST /v1/orders',
];

/** One connection with a request for each number, none of which waits for the one before; keeps nothing but the statuses. */
async function askAll(port: number, numbers: readonly number[], addressOf: (n: number) => string): Promise<string[]> {
  const requests = numbers.map((n, i) => {
    const last = i === numbers.length - 1 ? 'Connection: close\r\n' : '';
    return `${lines[(n >> 3) % lines.length]} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${addressOf(n)}\r\nContent-Length: 0\r\n${last}\r\n`;
  });
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(requests.join(''));
  let received = '';
  for await (const chunk of socket.setEncoding('latin1')) received += chunk;
  return received.match(/HTTP\/1\.1 \d+/g) ?? [];
}

test(
  `${COUNT} addresses over real sockets: the maps stay at their cap, memory under its bound, and the service goes on`,
  async () => {
    const maxKeys = Math.min(Math.floor(COUNT / 10), settingOf['memory.entries'].default);
    const world = await startWorld({
      settings: {
        'rate_limit.enabled': 'true',
        'memory.entries': String(maxKeys),
        'public/min': '5',
        'proxy.trusted': '127.0.0.1',
      },
    });
    onTestFinished(() => world.stop());
    // Time stands still: nobody is forgotten because his requests have flowed back.
    const { service } = world;
    const keys = async (): Promise<number> => {
      const { text } = await call(service.operatorUrl, 'GET', '/metrics', { bearer: service.operatorToken });
      return Number(/^countersign_rate_limit_keys(?:\{\})? (\d+)$/m.exec(text)?.[1]);
    };
    const statusFor = async (address: string) =>
      (await call(service.url, 'GET', '/v1/system/time', { headers: { 'X-Forwarded-For': address } })).status;
    for (let i = 0; i < 4; i += 1) expect(await statusFor('2001:db8::1')).toBe(200);
    expect(await keys()).toBe(2);

    const statuses = new Map<string, number>();
    const wave = async (from: number, to: number, addressOf: (n: number) => string) => {
      const numbers = Array.from({ length: to - from }, (_, i) => from + i);
      const blocks = Array.from({ length: Math.ceil(numbers.length / PER_CONNECTION) }, (_, i) =>
        numbers.slice(i * PER_CONNECTION, (i + 1) * PER_CONNECTION),
      );
      const answers = await Promise.all(blocks.map((block) => askAll(service.port, block, addressOf)));
      for (const status of answers.flat()) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // The log is kept by the harness, not by the service.
      service.log.length = 0;
    };
    // What is made when it is first needed is there before the first look.
    await wave(0, 10 * PER_CONNECTION, () => '2001:db8:1::1');
    statuses.clear();

    const rss = process.memoryUsage().rss;
    const before = heapUsed();
    let most = before;
    for (let from = 0, waves = 1; from < COUNT; from += WAVE, waves += 1) {
      const to = Math.min(from + WAVE, COUNT);
      await wave(from, to, textOf);
      if (waves % WAVES_PER_LOOK === 0 || to === COUNT) most = Math.max(most, heapUsed());
    }
    expect([...statuses.values()].reduce((sum, n) => sum + n, 0)).toBe(COUNT);
    expect([...statuses.keys()].filter((status) => status.startsWith('HTTP/1.1 5'))).toEqual([]);
    // No request of an owner came from an address over its limit, so that the two maps for those are empty.
    expect(await keys()).toBe((ADDRESS_MAPS - 2) * maxKeys);
    const bound = ADDRESS_MAPS * maxKeys * BYTES_PER_KEY + BESIDE_KEYS;
    process.stdout.write(
      `${COUNT} addresses over sockets, memory.entries=${maxKeys}: ${await keys()} keys, heap ${mib(before)} -> ${mib(most)} MiB at most, stated bound of the growth ${mib(bound)}; RSS ${mib(rss)} -> ${mib(process.memoryUsage().rss)} MiB\n`,
    );
    expect(most - before).toBeLessThan(bound);
    // Of its five a minute one was left, and still is; strangers share what there is for them, which is used up.
    expect([await statusFor('2001:db8::1'), await statusFor('2001:db8::1')]).toEqual([200, 429]);
    expect(await statusFor('2001:ffff::1')).toBe(429);
  },
  300_000 + COUNT * 5,
);
