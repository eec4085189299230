// What a server stores of the use of credentials, beside what its clients counted themselves: after a stop as much, after kill -9 no more.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type Home, homeIn, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted } from '../support/start-project.ts';
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

afterEach(endEverythingStarted);
afterAll(removeFolders);

const SELF = '/countersign/v1/self';
const KILLS = 4;

interface Counts {
  allowed: number;
  refused: number;
  limited: number;
  failed: number;
}
const none = (): Counts => ({ allowed: 0, refused: 0, limited: 0, failed: 0 });

interface Counting {
  readonly bearer: string;
  /** `token:tok_…`. */
  readonly credential: string;
  readonly counted: Counts;
}

/** Ten tokens and ten sessions of subkeys, of one account. */
async function twentyClients({ url }: Server): Promise<readonly Counting[]> {
  const owner = starkTrader();
  await onboard(url, owner);
  const main = await mainSession(url, owner);
  const clients: Counting[] = [];
  for (let i = 0; i < 10; i += 1) {
    const { token } = await createToken(url, main);
    const subkey = await registerSubkey(url, owner, main);
    const session = await subkeySession(url, owner.account, subkey);
    // The login of a subkey is a request of it, too.
    for (const [bearer, logins] of [[token, 0] as const, [session, 1] as const]) {
      const counted = { ...none(), allowed: logins };
      const { kind, id } = await asked(url, bearer, counted);
      clients.push({ bearer, credential: `${kind}:${id}`, counted });
    }
  }
  return clients;
}

/** One request, counted by its answer. */
async function asked(url: string, bearer: string, counted: Counts, method = 'GET', path = SELF) {
  const { status, json } = await call(url, method, path, { bearer });
  const outcome = ({ 200: 'allowed', 403: 'refused', 429: 'limited', 503: 'failed' } as const)[status];
  if (outcome === undefined) throw new Error(`${method} ${path}: ${status}`);
  counted[outcome] += 1;
  return json;
}

/** Each client on its own: what it may, what it may not, and what no venue answers. */
const work = ({ url }: Server, clients: readonly Counting[], rounds: number) =>
  Promise.all(
    clients.map(async ({ bearer, counted }, place) => {
      for (let i = 0; i < rounds; i += 1) {
        if ((place + i) % 3 === 0) await asked(url, bearer, counted, 'POST', '/countersign/v1/devices');
        else if ((place + i) % 7 === 0) await asked(url, bearer, counted, 'GET', '/v1/balance');
        else await asked(url, bearer, counted);
      }
    }),
  );

/** By credential. */
function stored(home: Home): Map<string, Counts> {
  const database = new DatabaseSync(join(home.data, 'countersign.db'), { readOnly: true, timeout: 30_000 });
  const sums = new Map<string, Counts>();
  for (const { credential, ...row } of database.prepare('select * from usage_day').all()) {
    const sum = sums.get(String(credential)) ?? none();
    for (const outcome of ['allowed', 'refused', 'limited', 'failed'] as const) sum[outcome] += Number(row[outcome]);
    sums.set(String(credential), sum);
  }
  database.close();
  return sums;
}

test('what 20 clients count themselves is what is stored after the stop of a server', async () => {
  const home = homeIn(temporaryFolder('usage'));
  const server = await startServer(home, ['--upstream.url', 'http://127.0.0.1:1']);
  const clients = await twentyClients(server);
  await work(server, clients, 20);
  server.signal('SIGTERM');
  expect((await server.ended).code).toBe(0);
  const told = stored(home);
  expect(clients.map(({ credential }) => told.get(credential))).toEqual(clients.map(({ counted }) => counted));
  for (const outcome of ['allowed', 'refused', 'failed'] as const)
    expect(
      clients.reduce((sum, { counted }) => sum + counted[outcome], 0),
      outcome,
    ).toBeGreaterThan(20);
});

test('after kill -9, at any moment of the write too, no more is stored than was asked, and nothing of before is lost', async () => {
  const home = homeIn(temporaryFolder('usage'));
  let server = await startServer(home, ['--upstream.url', 'http://127.0.0.1:1']);
  const clients = await twentyClients(server);
  let before = new Map<string, Counts>();
  for (let kill = 0; kill < KILLS; kill += 1) {
    await work(server, clients, 5);
    // A stop writes what waits: it is killed within it.
    if (kill > 0) server.signal('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30 * kill));
    server.signal('SIGKILL');
    await server.ended;
    const after = stored(home);
    for (const { credential, counted } of clients) {
      const [was, is] = [before.get(credential) ?? none(), after.get(credential) ?? none()];
      for (const outcome of ['allowed', 'refused', 'limited', 'failed'] as const) {
        expect(is[outcome], `${credential} ${outcome}`).toBeLessThanOrEqual(counted[outcome]);
        expect(is[outcome], `${credential} ${outcome}`).toBeGreaterThanOrEqual(was[outcome]);
      }
    }
    before = after;
    server = await startServer(home, ['--upstream.url', 'http://127.0.0.1:1']);
  }
});
