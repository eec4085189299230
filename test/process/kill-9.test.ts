// kill -9 loses nothing acknowledged: a real server, writers in other processes over HTTP, and the same data folder throughout.
// The moments of the kills follow from a seed, which is printed; KILL_SEED repeats one.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { type Home, homeIn, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted, PROJECT } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { type Answer, call } from '../support/trader.ts';
import type { WriterLine, WriterWork } from '../support/writer-line.ts';

const ROUNDS = 22;
const WRITERS = 2;
/** Of one round, from all writers together; the first goes on until it has seen every kind of change. */
const MAX_ACKNOWLEDGED = 45;
const KINDS_OF_CHANGE = 8;
const SETTINGS = ['--tokens.max_live=10000', '--subkeys.max_live=10000', '--log.level=warn'];

const writers = new Set<ChildProcess>();

afterEach(() => {
  for (const writer of writers) writer.kill('SIGKILL');
  endEverythingStarted();
});
afterAll(removeFolders);

/** What the writers were told, over all rounds. */
interface Told {
  readonly acknowledged: { readonly work: WriterWork; readonly requestId: string }[];
  /** Asked and not answered: the change may have happened or not. */
  readonly open: Map<string, WriterWork>;
  readonly bearers: { readonly account: string; readonly id: string; readonly bearer: string }[];
  readonly sessions: Map<string, string>;
}

const nameOf = ({ account, action, id }: WriterWork): string => `${account} ${action} ${id}`;

function note(told: Told, line: WriterLine): void {
  switch (line.kind) {
    case 'asks':
      told.open.set(line.ask, line.work);
      break;
    case 'acknowledged':
      told.open.delete(line.ask);
      told.acknowledged.push(line);
      break;
    case 'bearer':
      told.bearers.push(line);
      break;
    case 'stopped':
      break;
    case 'session':
      told.sessions.set(line.account, line.bearer);
      break;
    default:
      line satisfies never;
  }
}

interface Writer {
  /** Writes at this server; resolves when the server is gone, rejects when the writer fails. */
  write(url: string, privateKey: string): Promise<void>;
  end(): Promise<void>;
}

function startWriter(onLine: (line: WriterLine) => void): Writer {
  const child = spawn(process.execPath, [join(PROJECT, 'test', 'support', 'writer.ts')]);
  writers.add(child);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  let stopped = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line: WriterLine = JSON.parse(text);
    if (line.kind === 'stopped') stopped.resolve();
    else onLine(line);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (code) => {
      writers.delete(child);
      if (code === 0) resolve();
      else reject(new Error(`a writer failed: ${complaint}`));
    });
  });
  return {
    write(url, privateKey) {
      stopped = Promise.withResolvers();
      child.stdin.write(`${url} ${privateKey}\n`);
      return Promise.race([stopped.promise, ended]);
    },
    end() {
      child.stdin.end();
      return ended;
    },
  };
}

test('nothing acknowledged is lost, and what was revoked stays refused, however often the server is killed', async () => {
  const seed = Number(process.env.KILL_SEED ?? randomInt(2 ** 32));
  process.stdout.write(`kill -9: seed ${seed}\n`);
  const random = randomFrom(seed);
  const home = homeIn(temporaryFolder('kill'));
  const told: Told = { acknowledged: [], open: new Map(), bearers: [], sessions: new Map() };
  // One account writes in every round; the others are new in each.
  const lasting = randomStarkPrivateKey();

  let enough = Promise.withResolvers<void>();
  let killAt = 0;
  const kinds = new Set<string>();
  const team = Array.from({ length: WRITERS }, () =>
    startWriter((line) => {
      note(told, line);
      if (line.kind === 'acknowledged') kinds.add(line.work.action);
      if (told.acknowledged.length >= killAt && kinds.size === KINDS_OF_CHANGE) enough.resolve();
    }),
  );

  let server = await startServer(home, SETTINGS);
  for (let round = 0; round < ROUNDS; round += 1) {
    enough = Promise.withResolvers();
    killAt = told.acknowledged.length + 1 + Math.floor(random() * MAX_ACKNOWLEDGED);
    const { url } = server;
    const gone = Promise.all(team.map((writer, n) => writer.write(url, n === 0 ? lasting : randomStarkPrivateKey())));
    await Promise.race([enough.promise, gone]);
    // Not in step with an answer: anywhere in the work on the next ones.
    await delay(random() * 15);
    server.signal('SIGKILL');
    expect((await server.ended).signal).toBe('SIGKILL');
    await gone;

    checkFile(home, told);
    server = await startServer(home, SETTINGS);
    await checkAnswers(server, told);
  }
  for (const writer of team) await writer.end();
  server.signal('SIGTERM');
  expect((await server.ended).code).toBe(0);

  const actions = Map.groupBy(told.acknowledged, ({ work }) => work.action);
  const counts = [...actions].map(([action, all]) => `${action} ${all.length}`).sort();
  process.stdout.write(`kill -9: ${ROUNDS} rounds, acknowledged: ${counts.join(', ')}; open: ${told.open.size}\n`);
  expect(actions.size, 'every kind of change was acknowledged').toBe(KINDS_OF_CHANGE);
  expect(told.open.size, 'the kills hit work under way').toBeGreaterThanOrEqual(ROUNDS);
}, 900_000);

/** The last value that a change of this kind was acknowledged with, per id; not those that a later, open change may have set. */
function lastAcknowledged<Value>(told: Told, pick: (work: WriterWork) => Value | undefined): Map<string, Value> {
  const last = new Map<string, Value>();
  for (const { work } of told.acknowledged) {
    const value = pick(work);
    if (value !== undefined) last.set(work.id, value);
  }
  for (const { id } of told.open.values()) last.delete(id);
  return last;
}

const isRevocation = (action: string): boolean => action === 'token.revoked' || action === 'subkey.revoked';
const isListReplacement = (action: string): boolean => action.endsWith('.allowlist_replaced');

/** The database as the killed server left it: each acknowledged change has its state, its audit row and its log row. */
function checkFile(home: Home, told: Told): void {
  const database = new DatabaseSync(join(home.data, 'countersign.db'), { readOnly: true });
  const rowsOf = (sql: string): Record<string, unknown>[] => {
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all();
  };
  try {
    expect(rowsOf('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    const accounts = new Set(rowsOf('select account_id from account').map((row) => row.account_id));
    const credentials = new Map(
      rowsOf(`select 'token' as kind, account_id, token_id as row_id, lookup_id as id, '' as name, allowlist, revoked_at from token
              union all
              select 'subkey', account_id, cast(id as text), public_key, name, allowlist, revoked_at from subkey`).map(
        (row) => [String(row.id), row],
      ),
    );
    const audit = new Map(
      rowsOf("select * from audit where action not in ('login', 'request.refused', 'ending.receipt')").map((row) => [
        row.request_id,
        row,
      ]),
    );
    const log = rowsOf('select * from change_log order by position');
    const logged = new Set(log.map((row) => `${row.account_id} ${row.action} ${row.subjects}`));

    const names = lastAcknowledged(told, (work) => (work.action.startsWith('subkey.') ? work.name : undefined));
    const lists = lastAcknowledged(told, (work) => work.allowedCidrs);
    for (const { work, requestId } of told.acknowledged) {
      const { account, action, id } = work;
      const row = credentials.get(id);
      if (action === 'account.onboarded') expect(accounts.has(account), `account ${account}`).toBe(true);
      else expect(row?.account_id, `${action} ${id}`).toBe(account);
      if (isRevocation(action)) expect(row?.revoked_at, `${action} ${id}`).not.toBe(0n);
      if (isListReplacement(action) && lists.has(id)) expect(row?.allowlist).toBe(JSON.stringify(lists.get(id)));
      if (action === 'subkey.renamed' && names.has(id)) expect(row?.name).toBe(names.get(id));

      const subject =
        action === 'account.onboarded' ? `account/${account}` : `credential/${account}/${row?.kind}/${row?.row_id}`;
      // A login client that onboards again is answered without a change.
      const first = action !== 'account.onboarded' || !isRepeat(told, work, requestId);
      if (first) expect(audit.get(requestId)).toMatchObject({ account_id: account, action, subject });
      expect(logged.has(`${account} ${action} ${JSON.stringify([subject])}`), `log row of ${action} ${id}`).toBe(true);
    }

    // And for what was never acknowledged too: all three or nothing.
    expect(log.map((row) => row.position)).toEqual(log.map((_, n) => BigInt(n + 1)));
    expect(rowsOf("select value from meta where name = 'log_head'")).toEqual([{ value: BigInt(log.length) }]);
    expect([...audit.values()].map(changeName).sort()).toEqual(log.map(changeName).sort());
    const revokedInLog = log.filter((row) => isRevocation(String(row.action))).length;
    const revoked = [...credentials.values()].filter((row) => row.revoked_at !== 0n).length;
    expect(revoked).toBe(revokedInLog);
    const made = log.filter((row) => /\.(created|registered)$/.test(String(row.action))).length;
    expect(credentials.size).toBe(made);
  } finally {
    database.close();
  }
}

const changeName = (row: Record<string, unknown>): string =>
  `${row.account_id} ${row.action} ${typeof row.subjects === 'string' ? row.subjects : JSON.stringify([row.subject])}`;

const isRepeat = (told: Told, work: WriterWork, requestId: string): boolean =>
  told.acknowledged.find((other) => nameOf(other.work) === nameOf(work))?.requestId !== requestId;

/** The same over HTTP, from the server that came after: what each owner is shown, and what each bearer may still do. */
async function checkAnswers({ url }: Server, told: Told): Promise<void> {
  const shown = new Map<string, { revoked: boolean; name: string; allowedCidrs: string[] }>();
  // A session of an earlier round may have come to its own end, on a slow machine: then it says nothing more.
  const sessions = new Map([...told.sessions].filter(([, bearer]) => lasts(bearer)));
  for (const [account, bearer] of sessions) {
    for (const item of await listed(url, bearer, '/v1/account/tokens?with_invalid=true')) {
      shown.set(item.lookup_id, { revoked: item.revoked_at !== 0, name: item.name, allowedCidrs: item.allowed_cidrs });
    }
    for (const item of await listed(url, bearer, '/v1/account/keys/subkeys?with_revoked=true')) {
      expect(item.account_id).toBe(account);
      const { public_key: id, revoked_at: revokedAt, state } = item;
      expect(state).toBe(revokedAt === 0 ? 'active' : 'revoked');
      shown.set(id, { revoked: revokedAt !== 0, name: item.name, allowedCidrs: item.allowed_cidrs });
    }
  }
  const names = lastAcknowledged(told, (work) => work.name);
  const lists = lastAcknowledged(told, (work) => work.allowedCidrs);
  const revoked = new Set(told.acknowledged.filter(({ work }) => isRevocation(work.action)).map(({ work }) => work.id));
  for (const { work } of told.acknowledged) {
    if (work.action === 'account.onboarded' || !sessions.has(work.account)) continue;
    const item = shown.get(work.id);
    expect(item, `${work.action} ${work.id}`).toBeDefined();
    if (names.has(work.id)) expect(item?.name).toBe(names.get(work.id));
    if (lists.has(work.id)) expect(item?.allowedCidrs).toEqual(lists.get(work.id));
    if (revoked.has(work.id)) expect(item?.revoked, `${work.id} is shown as revoked`).toBe(true);
  }

  const maybeRevoked = new Set([...told.open.values()].map((work) => work.id));
  const waiting = [...told.bearers];
  const check = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { id, bearer } = next;
      if ((maybeRevoked.has(id) || !lasts(bearer)) && !revoked.has(id)) continue;
      const { status } = await call(url, 'GET', '/v1/balance', { bearer });
      expect(status, `the bearer of ${id}`).toBe(revoked.has(id) ? 401 : 200);
    }
  };
  await Promise.all(Array.from({ length: 8 }, check));
}

/** Whether a bearer does not expire within the next two minutes. */
function lasts(bearer: string): boolean {
  const { exp } = JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString());
  return exp > Date.now() / 1000 + 120;
}

async function listed(url: string, bearer: string, path: string): Promise<Answer['json'][]> {
  const all: Answer['json'][] = [];
  let cursor = '';
  do {
    const { status, json, text } = await call(url, 'GET', `${path}&limit=500${cursor}`, { bearer });
    expect(status, text).toBe(200);
    all.push(...json.results);
    cursor = json.next === null ? '' : `&cursor=${json.next}`;
  } while (cursor !== '');
  return all;
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
