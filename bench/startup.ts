// What a large store costs: start-up, memory, a page of each list, the first request of a credential, and a purge, with 1,000 and
// with 1,000,000 subkeys and tokens in the database. It prints and asserts nothing.
// Usage: node bench/startup.ts [--rounds=3] [--small=1000] [--large=1000000] [--seconds=60]
//
// Both stores are made first; then the two servers take turns in every round. Start-up is wall-clock time from starting the process
// to its first answer; memory is what the system holds resident for it. Pages are asked for over HTTP, one at a time, and cost
// processor time of the server read from /proc. Linux only.
import { join } from 'node:path';
import { settingOf } from '../src/config/schema.ts';
import { secondsOf, unixSeconds } from '../src/domain/time.ts';
import { createIssuer } from '../src/jwt/issue.ts';
import { createKeyring } from '../src/jwt/keyring.ts';
import { openMasterKey } from '../src/jwt/master-key.ts';
import { DATABASE_FILE } from '../src/store/database-file.ts';
import { openStore } from '../src/store/open.ts';
import { sqlite } from '../src/store/sqlite/dialect.ts';
import { mainSession, onboard, type StarkTrader, starkTrader } from '../test/support/trader.ts';
import { requestText, startLoad } from './support/load-client.ts';
import { ratio, rounded, spread } from './support/measure.ts';
import { pinned, type Running, startRole, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, roundsInTime, say, table } from './support/report.ts';
import { type SeededToken, seed, seedExpired } from './support/seed.ts';

onlyFlags('rounds', 'small', 'large', 'seconds');
const rounds = count('rounds', 3, 100);
const PAGES = 250;
const FIRST_SIGHTS = 250;
const KNOWN = 10_000;
const EXPIRED = 2_000;
const MIB = 2 ** 20;

heading('Start-up, memory, lists and purge by the size of the store');

const venue = await startRole('support/venue.ts', [], 'load');
const load = startLoad();

interface Store {
  readonly name: string;
  readonly folder: string;
  /** Owns ten subkeys and ten tokens, as most accounts do. */
  readonly usual: StarkTrader;
  /** Owns many. */
  readonly heavy: StarkTrader;
  readonly heavyEach: number;
  readonly bearers: readonly string[];
  readonly seconds: number;
}
type Server = Running & { readonly port: number };

const dataOf = (folder: string): string => join(folder, 'data');
const serve = (folder: string): Promise<Server> =>
  startRole(
    '../src/main.ts',
    [
      'serve',
      '--port=0',
      `--data=${dataOf(folder)}`,
      `--master_key.file=${join(folder, 'master.key')}`,
      `--upstream=http://127.0.0.1:${venue.port}`,
      '--rate-limit=off',
    ],
    'server',
  );
const urlOf = ({ port }: Server): string => `http://127.0.0.1:${port}`;

async function makeStore(credentials: number): Promise<Store> {
  const folder = temporaryFolder();
  const [usual, heavy] = [starkTrader(), starkTrader()];
  const server = await serve(folder);
  await onboard(urlOf(server), usual);
  await onboard(urlOf(server), heavy);
  await server.stop();
  // Up to what the limits let one account have.
  const heavyEach = Math.min(10_000, Math.floor(credentials / 5));
  const begun = performance.now();
  const tokens = seed(dataOf(folder), {
    credentials,
    owners: [
      { account: usual.account, each: 10 },
      { account: heavy.account, each: heavyEach },
    ],
  });
  const seconds = (performance.now() - begun) / 1000;
  const name = credentials.toLocaleString('en-US');
  return { name, folder, usual, heavy, heavyEach, bearers: await bearersOf(folder, tokens), seconds };
}

/** Signed with the store's own key, as if each had been shown to its owner once. */
async function bearersOf(folder: string, tokens: readonly SeededToken[]): Promise<readonly string[]> {
  const { store, clock } = await openStore(sqlite(join(dataOf(folder), DATABASE_FILE)));
  const masterKey = openMasterKey(join(folder, 'master.key'), { mayCreate: false });
  const keyring = createKeyring({ records: await store.signingKeys(), masterKey });
  const issuer = createIssuer({ keyring, issuer: settingOf['jwt.issuer'].default });
  const now = secondsOf(clock.now());
  const bearers = tokens.slice(0, KNOWN).map(
    ({ account, tokenId }) =>
      issuer.issueToken(
        {
          credential: { account, kind: 'token', id: tokenId },
          lookupId: tokenId,
          expiresAt: unixSeconds(now + 86_400),
        },
        now,
      ).jwt,
  );
  await store.close();
  return bearers;
}

const stores = [await makeStore(count('small', 1000)), await makeStore(count('large', 1_000_000))];
for (const { name, seconds, heavyEach } of stores) {
  say(
    `${name} credentials written in ${seconds.toFixed(1)} s; one account has ${heavyEach} subkeys and ${heavyEach} tokens`,
  );
}
say(`${rounds} rounds; ${pinned ? 'server on core 0, load and venue on core 1' : 'not pinned to cores'}`);

// --- what is measured, one list of values for each store ---

const figures = new Map<string, number[][]>();
function note(figure: string, store: number, value: number): void {
  const lists = figures.get(figure) ?? stores.map(() => []);
  figures.set(figure, lists);
  lists[store]?.push(value);
}

const LISTS = [
  { name: 'tokens', path: '/v1/account/tokens' },
  { name: 'subkeys', path: '/v1/account/keys/subkeys' },
];

async function listPage(server: Server, path: string, bearer: string): Promise<string | undefined> {
  const answer = await fetch(`${urlOf(server)}${path}`, { headers: { Authorization: `Bearer ${bearer}` } });
  const page: unknown = await answer.json();
  const next = typeof page === 'object' && page !== null && 'next' in page ? page.next : undefined;
  return typeof next === 'string' ? next : undefined;
}

/** The cursor that stands in the middle of the heavy account's list. */
async function middleOf(server: Server, path: string, bearer: string, rows: number): Promise<string> {
  let cursor = '';
  for (let passed = 0; passed < rows / 2; passed += 100) {
    cursor = (await listPage(server, `${path}?limit=100&cursor=${cursor}`, bearer)) ?? cursor;
  }
  return cursor;
}

async function measureServer(which: number, { folder, usual, heavy, heavyEach, bearers }: Store): Promise<void> {
  const begun = performance.now();
  const server = await serve(folder);
  await (await fetch(`${urlOf(server)}/v1/system/time`)).text();
  note('start to first answer, ms', which, performance.now() - begun);
  note('resident after it, MiB', which, server.residentBytes() / MIB);

  const cost = async (figure: string, requests: readonly string[], howMany: number): Promise<void> => {
    const work = { port: server.port, connections: 1, count: howMany, requests, status: 200 };
    const { cpu, p50 } = await load.measure(server, work);
    note(`${figure}, CPU us`, which, cpu);
    note(`${figure}, ms`, which, p50);
  };
  const balance = (bearer: string) => requestText('GET', '/v1/balance', { bearer });
  const [known = '', ...fresh] = bearers;
  // Compiled by one that is known, so that the fresh ones show what they cost themselves.
  await load.send({ port: server.port, connections: 1, count: 1000, requests: [balance(known)], status: 200 });
  const first = fresh.slice(0, FIRST_SIGHTS);
  await cost('first request of a credential', first.map(balance), first.length);

  const owners = [
    { name: 'usual account, first page', trader: usual, query: async () => '' },
    { name: 'large account, first page', trader: heavy, query: async () => '?limit=100' },
    {
      name: 'large account, middle page',
      trader: heavy,
      query: async (path: string, bearer: string) =>
        `?limit=100&cursor=${await middleOf(server, path, bearer, heavyEach)}`,
    },
  ];
  for (const { name, trader, query } of owners) {
    const bearer = await mainSession(urlOf(server), trader);
    for (const list of LISTS) {
      const target = `${list.path}${await query(list.path, bearer)}`;
      const request = requestText('GET', target, { bearer });
      await load.send({ port: server.port, connections: 1, count: PAGES, requests: [request], status: 200 });
      await cost(`${list.name} of the ${name}`, [request], PAGES);
    }
  }
  await server.stop();
}

async function measurePurge(which: number, { folder, usual }: Store): Promise<void> {
  const { store, clock } = await openStore(sqlite(join(dataOf(folder), DATABASE_FILE)));
  const timed = async (figure: string): Promise<void> => {
    const begun = performance.now();
    await store.purgeExpired(clock.now());
    note(figure, which, performance.now() - begun);
  };
  await timed('purge with nothing to delete, ms');
  seedExpired(dataOf(folder), usual.account, EXPIRED);
  await timed(`purge of ${EXPIRED} marks and ${EXPIRED} nonces, ms`);
  await store.close();
}

/** Bytes of resident memory for each credential that is in use. */
async function memoryOfKnown({ folder, bearers }: Store): Promise<void> {
  const server = await serve(folder);
  const [known = '', ...fresh] = bearers;
  const send = (requests: readonly string[], howMany: number) =>
    load.send({
      port: server.port,
      connections: 8,
      count: howMany,
      requests: requests.map((bearer) => requestText('GET', '/v1/balance', { bearer })),
      status: 200,
    });
  await send([known], 2 * KNOWN);
  const before = server.residentBytes();
  await send(fresh, fresh.length);
  const grown = server.residentBytes() - before;
  say();
  say(
    `${fresh.length.toLocaleString('en-US')} more credentials in use: ${rounded(grown / MIB)} MiB more, ${rounded(grown / fresh.length)} bytes each`,
  );
  await server.stop();
}

for (const _round of roundsInTime(rounds)) {
  for (const [which, store] of stores.entries()) await measureServer(which, store);
  for (const [which, store] of stores.entries()) await measurePurge(which, store);
}

table(
  'Median (least..most) of the rounds; the ratio is that of the larger store to the smaller one within each round.',
  ['figure', 'goal', ...stores.map(({ name }) => `${name} credentials`), 'ratio'],
  [...figures].map(([figure, [small = [], large = []]]) => [
    figure,
    'about 1x',
    spread(small),
    spread(large),
    ratio(large, small),
  ]),
);
const [, large] = stores;
if (large !== undefined) await memoryOfKnown(large);
await load.stop();
await venue.stop();
