// Use as a real server stores it: what clients counted themselves, after a shutdown, a kill -9 and a full disk.
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, type ExpectStatic, expect, test } from 'vitest';
import { canLimit, canMount, type Disk, limitOf, onSmallDisk, seenBy, smallDiskOf } from '../support/full-disk.ts';
import { type Home, homeIn, MAIN, type Server } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import {
  call,
  createToken,
  mainSession,
  onboard,
  registerSubkey,
  starkTrader,
  subkeySession,
} from '../support/trader.ts';

afterAll(endEverythingStarted);
afterAll(removeFolders);

const LIMITS =
  'public=90000/min,login=90000/min,onboarding=90000/min,private=90000/min,private-read=9000/s,private-read=90000/min,owner=90000/min,orders=40/min';
const ELSEWHERE = ['203.0.113.0/24'];
/** Writes come every half minute; the rest is for a slow machine. */
const WRITTEN_BY_MS = 50_000;

type Outcome = 'allowed' | 'refused' | 'limited' | 'failed';
type Counts = Record<Outcome, number>;
/** By account and credential. */
type Tally = Map<string, Counts>;

const nothing = (): Counts => ({ allowed: 0, refused: 0, limited: 0, failed: 0 });
const outcomeOf = (status: number): Outcome => {
  if (status === 429) return 'limited';
  if (status >= 500) return 'failed';
  return status === 200 ? 'allowed' : 'refused';
};

function add(tally: Tally, name: string, outcome: Outcome, many = 1): void {
  const counts = tally.get(name) ?? nothing();
  counts[outcome] += many;
  tally.set(name, counts);
}

const requestsOf = (tally: Tally): number =>
  [...tally.values()].reduce((sum, c) => sum + c.allowed + c.refused + c.limited + c.failed, 0);

/** The credentials of which `found` has more than `whole`. */
const moreThan = (whole: Tally, found: Tally): readonly string[] =>
  [...found].flatMap(([name, counts]) => {
    const most = whole.get(name) ?? nothing();
    return (Object.keys(most) as Outcome[]).some((outcome) => counts[outcome] > most[outcome]) ? [name] : [];
  });

/** Read by a connection of its own, as the next start would see it. */
function stored({ data }: Pick<Home, 'data'>): Tally {
  const database = new DatabaseSync(join(data, 'countersign.db'), { readOnly: true });
  try {
    const tally: Tally = new Map();
    for (const row of database.prepare('select * from usage_day').all()) {
      // A test that runs at midnight has two rows of a credential.
      for (const outcome of ['allowed', 'refused', 'limited', 'failed'] as const) {
        add(tally, `${row.account_id} ${row.credential}`, outcome, Number(row[outcome]));
      }
    }
    return tally;
  } finally {
    database.close();
  }
}

/** Of one moment. */
function copyOf(data: string): string {
  const file = join(data, 'countersign.db');
  const state = () => [file, `${file}-wal`].map((name) => String(statSync(name, { bigint: true }).mtimeNs)).join();
  for (;;) {
    const before = state();
    const copy = temporaryFolder('usage-copy');
    // Not copyFileSync, which never ends when the log is cut off meanwhile: it waits for as many bytes as there were.
    for (const end of ['', '-wal']) writeFileSync(join(copy, `countersign.db${end}`), readFileSync(`${file}${end}`));
    if (state() === before) return copy;
  }
}

async function startVenue() {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('Content-Type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, end };
}

/** `wrapped`: what starts the command. */
async function startCounting(
  home: Home,
  upstream: string,
  wrapped: (command: readonly string[]) => readonly [string, string[]] = ([program = '', ...args]) => [program, args],
): Promise<Server> {
  const flags = ['--port=0', `--data=${home.data}`, `--master_key.file=${home.key}`, `--upstream=${upstream}`];
  const settings = [...flags, `--rate_limit.override=${LIMITS}`, '--log.level=warn'];
  const [program, args] = wrapped([process.execPath, MAIN, 'serve', ...settings]);
  const running = start(program, args, { cwd: home.tmp, env: { TMPDIR: home.tmp } });
  const [, url = ''] = await running.printed(/^listening on (http:\S+)$/m);
  return { ...running, url };
}

/** One credential, which asks and counts what became of it. */
interface Client {
  readonly name: string;
  readonly bearer: string;
}

/** Twenty: of each of five accounts its main key, a subkey, a token, and a token that may only be used elsewhere. */
async function twentyClients(url: string, asked: Tally): Promise<readonly Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < 5; i += 1) {
    const owner = starkTrader();
    await onboard(url, owner);
    const main = await mainSession(url, owner);
    const subkey = await registerSubkey(url, owner, main);
    const { json } = await call(url, 'GET', `/v1/account/keys/subkeys/${subkey.publicKey}`, { bearer: main });
    const tokens = [await createToken(url, main), await createToken(url, main, { allowed_cidrs: ELSEWHERE })];
    const list = await call(url, 'GET', '/v1/account/tokens', { bearer: main });
    add(asked, `${owner.account} main:main`, 'allowed', 7);
    clients.push({ name: `${owner.account} main:main`, bearer: main });
    clients.push({
      name: `${owner.account} subkey:${json.id}`,
      bearer: await subkeySession(url, owner.account, subkey),
    });
    add(asked, `${owner.account} subkey:${json.id}`, 'allowed');
    for (const { token, lookupId } of tokens) {
      const row = list.json.results.find((one: { lookup_id: string }) => one.lookup_id === lookupId);
      clients.push({ name: `${owner.account} token:${row.token_id}`, bearer: token });
    }
  }
  return clients;
}

/** Reads here and at the venue, cancels, and a question that only some may ask. */
const QUESTIONS = [
  ['GET', '/countersign/v1/self'],
  ['GET', '/v1/balance'],
  ['DELETE', '/v1/orders'],
  ['GET', '/countersign/v1/usage'],
] as const;

/** Asks each question `times` times. Returns the slowest answer, in milliseconds. */
async function ask(url: string, { name, bearer }: Client, asked: Tally, times: number): Promise<number> {
  let slowest = 0;
  for (let i = 0; i < times * QUESTIONS.length; i += 1) {
    const [method, path] = QUESTIONS[i % QUESTIONS.length] ?? QUESTIONS[0];
    const begun = performance.now();
    const { status } = await call(url, method, path, { bearer });
    slowest = Math.max(slowest, performance.now() - begun);
    add(asked, name, outcomeOf(status));
  }
  return slowest;
}

const allAsk = async (url: string, clients: readonly Client[], asked: Tally, times: number): Promise<number> =>
  Math.max(...(await Promise.all(clients.map((client) => ask(url, client, asked, times)))));

async function until(isTrue: () => boolean): Promise<void> {
  const begun = performance.now();
  while (!isTrue()) {
    if (performance.now() - begun > WRITTEN_BY_MS) throw new Error('it was not written in time');
    await delay(100);
  }
}

async function stop(server: Server): Promise<void> {
  server.signal('SIGTERM');
  expect(await server.ended, server.stderr()).toEqual({ code: 0, signal: null });
}

describe.concurrent('use of credentials in a real server', () => {
  test('what twenty clients counted themselves is what is stored after the shutdown: allowed, refused, limited and failed', async ({
    expect,
  }) => {
    const venue = await startVenue();
    const home = homeIn(temporaryFolder('usage'));
    const server = await startCounting(home, venue.url);
    const asked: Tally = new Map();
    const clients = await twentyClients(server.url, asked);
    await allAsk(server.url, clients, asked, 30);
    venue.end();
    await allAsk(server.url, clients, asked, 2);
    await stop(server);
    expect(Object.fromEntries(stored(home))).toEqual(Object.fromEntries(asked));
    const sum = nothing();
    for (const counts of asked.values()) {
      for (const outcome of ['allowed', 'refused', 'limited', 'failed'] as const) sum[outcome] += counts[outcome];
    }
    for (const many of Object.values(sum)) expect(many).toBeGreaterThan(10);
  });

  test('after kill -9 no more is stored than was asked, and all that was asked half a minute before', async ({
    expect,
  }) => {
    const venue = await startVenue();
    const home = homeIn(temporaryFolder('usage-killed'));
    const server = await startCounting(home, venue.url);
    const asked: Tally = new Map();
    const clients = await twentyClients(server.url, asked);
    await allAsk(server.url, clients, asked, 5);
    const before = structuredClone(asked);
    await until(() => requestsOf(stored(home)) >= requestsOf(before));
    const asking = clients.map((client) =>
      ask(server.url, client, asked, 1_000).then(
        () => expect.unreachable('the server went on'),
        // Of a request without an answer nobody knows how it ended.
        () => client.name,
      ),
    );
    await delay(500);
    server.signal('SIGKILL');
    const unanswered = await Promise.all(asking);
    await server.ended;
    const after = stored(home);
    for (const [name, { allowed, refused, limited, failed }] of asked) {
      const kept = after.get(name) ?? nothing();
      const least = before.get(name) ?? nothing();
      for (const [outcome, most] of Object.entries({ allowed, refused, limited, failed }) as [Outcome, number][]) {
        expect(kept[outcome]).toBeGreaterThanOrEqual(least[outcome]);
        expect(kept[outcome]).toBeLessThanOrEqual(most + (unanswered.includes(name) ? 1 : 0));
      }
    }
    const again = await startCounting(home, venue.url);
    await stop(again);
    expect(Object.fromEntries(stored(home))).toEqual(Object.fromEntries(after));
    venue.end();
  });

  test.skipIf(!canLimit)(
    'on a full disk nothing that is written is lost and no request waits; when there is room again, what was kept is written (needs prlimit)',
    async ({ expect }) => {
      const venue = await startVenue();
      const home = homeIn(temporaryFolder('usage-full'));
      const server = await startCounting(home, venue.url);
      await aFullDisk(expect, server, () => stored(home), limitOf(server.pid, join(home.data, 'countersign.db-wal')));
      venue.end();
    },
  );

  test.skipIf(!canMount)(
    'on a disk without a byte left no use that is written is lost and no request waits; with room again, what was kept is written (needs unshare and tmpfs)',
    async ({ expect }) => {
      const venue = await startVenue();
      const home = homeIn(temporaryFolder('usage-no-space'));
      mkdirSync(home.data);
      const server = await startCounting(home, venue.url, (command) => onSmallDisk(home.data, command));
      // SQLite follows the way to the disk of another program to its end, which is not there: read a copy.
      const read = () => stored({ data: copyOf(seenBy(server.pid, home.data)) });
      await aFullDisk(expect, server, read, smallDiskOf(server.pid, home.data));
      venue.end();
    },
  );
});

async function aFullDisk(expect: ExpectStatic, server: Server, read: () => Tally, disk: Disk): Promise<void> {
  const asked: Tally = new Map();
  const clients = await twentyClients(server.url, asked);
  await allAsk(server.url, clients, asked, 2);
  await until(() => requestsOf(read()) >= requestsOf(asked));
  const written = read();
  disk.fill();
  await allAsk(server.url, clients, asked, 2);
  // A write that fits into the log as it is still succeeds; the one that fails comes half a minute or two later.
  let isOver = false;
  const failing = server.printed(/"event":"usage_not_written"/).then(() => {
    isOver = true;
  });
  let slowest = 0;
  while (!isOver) {
    disk.fill();
    slowest = Math.max(slowest, await allAsk(server.url, clients.slice(0, 4), asked, 1));
    await delay(100);
  }
  await failing;
  slowest = Math.max(slowest, await allAsk(server.url, clients, asked, 1));
  expect(slowest).toBeLessThan(5_000);
  const found = read();
  expect(moreThan(asked, found)).toEqual([]);
  expect(moreThan(found, written)).toEqual([]);
  // What owners are told has what is stored and what waits.
  const [main] = clients;
  const told = await call(server.url, 'GET', '/countersign/v1/usage?credential=main:main', {
    bearer: main?.bearer ?? '',
  });
  expect(told.json.results[0]).toMatchObject(asked.get(main?.name ?? '') ?? {});
  add(asked, main?.name ?? '', 'allowed');
  disk.free();
  await until(() => requestsOf(read()) >= requestsOf(asked));
  expect(Object.fromEntries(read())).toEqual(Object.fromEntries(asked));
  await stop(server);
}
