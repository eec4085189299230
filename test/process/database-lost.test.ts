// Two servers on one database, and a database that is taken away from under a server, with real processes: no second server starts,
// and the first one refuses, says why and ends before it acknowledges what nobody would find again.
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Home, homeIn, MAIN, type Server, spawnServer, startServer } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('lost'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

const databaseOf = ({ data }: Home): string => join(data, 'countersign.db');

async function expectRefused(other: Home, sentence: RegExp): Promise<void> {
  const second = spawnServer(other);
  expect((await second.ended).code, second.stdout()).toBe(1);
  expect(second.stderr()).toMatch(sentence);
}

async function stop(server: Server): Promise<void> {
  server.signal('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
}

describe.skipIf(process.platform === 'win32')('a second server', () => {
  test('a second server on one database does not start when the lock file was removed, nor by a link of either kind; the first one serves on', async () => {
    const first = await startServer(home);
    const owner = starkTrader();
    await onboard(first.url, owner);
    const session = await mainSession(first.url, owner);

    rmSync(`${databaseOf(home)}.lock`);
    await expectRefused(
      home,
      /^countersign: (the database cannot be used: another process has it open|another server is)/,
    );
    // The first one puts it back, and a command finds the server by it.
    while (!existsSync(`${databaseOf(home)}.lock`)) await new Promise(setImmediate);
    const command = start(process.execPath, [MAIN, 'accounts', 'list', `--data=${home.data}`], { cwd: home.tmp });
    expect((await command.ended).code, command.stderr()).toBe(0);
    expect(command.stdout()).toContain(owner.account);

    const linked: Home = { ...home, data: join(home.tmp, 'linked') };
    mkdirSync(linked.data, { mode: 0o700 });
    symlinkSync(databaseOf(home), databaseOf(linked));
    await expectRefused(linked, /^countersign: another server is already running on this data folder/);
    rmSync(databaseOf(linked));
    linkSync(databaseOf(home), databaseOf(linked));
    await expectRefused(linked, /^countersign: the database cannot be used: .* has 2 names \(hard links\)/);
    rmSync(databaseOf(linked));

    expect((await call(first.url, 'GET', '/countersign/v1/self', { bearer: session })).status).toBe(200);
    expect((await createToken(first.url, session)).token).toBeTruthy();
    await stop(first);
  });
});

describe('a server whose database is written over where it lies', () => {
  const statusOf = (url: string, bearer: string): Promise<number | undefined> =>
    call(url, 'GET', '/countersign/v1/self', { bearer }).then(
      ({ status }) => status,
      () => undefined,
    );

  test('a server whose database is written over by an older copy allows nothing that the copy never saw revoked, acknowledges no change, and ends', async () => {
    const server = await startServer(home);
    const owner = starkTrader();
    await onboard(server.url, owner);
    const session = await mainSession(server.url, owner);
    const revoked = await createToken(server.url, session);
    const other = await createToken(server.url, session);
    const copy = join(home.tmp, 'older.db');
    const source = new DatabaseSync(databaseOf(home), { readOnly: true });
    await backup(source, copy);
    source.close();
    const tokenPath = `/v1/account/tokens/${revoked.lookupId}`;
    expect((await call(server.url, 'DELETE', tokenPath, { bearer: session })).status).toBeLessThan(300);
    expect(await statusOf(server.url, revoked.token)).toBe(401);

    // Neither of these writes it over.
    utimesSync(databaseOf(home), 1, 1);
    chmodSync(databaseOf(home), 0o600);
    for (const command of [['doctor'], ['backup', join(home.tmp, 'taken')]]) {
      const settings = [`--data=${home.data}`, `--master_key.file=${home.key}`];
      const ran = start(process.execPath, [MAIN, ...command, ...settings], { cwd: home.tmp });
      expect((await ran.ended).code, ran.stdout() + ran.stderr()).toBe(0);
    }
    expect(await statusOf(server.url, other.token)).toBe(200);

    while (statSync(`${databaseOf(home)}-wal`).size > 0) await new Promise(setImmediate);
    writeFileSync(databaseOf(home), readFileSync(copy));
    for (;;) {
      const answer = await call(server.url, 'DELETE', `/v1/account/tokens/${other.lookupId}`, {
        bearer: session,
      }).catch(() => undefined);
      if (answer === undefined) break;
      expect(answer.status, answer.text).toBe(503);
      // A change was refused, so it was noticed by now.
      expect(await statusOf(server.url, revoked.token)).not.toBe(200);
    }
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(server.stderr()).toMatch(
      // Which of them comes first depends on how far the copying has come, and on who looks: a request, or the look of each second.
      /^countersign: ended, for its database is lost: (.*countersign\.db was written over while it was in use: |another process writes to the database: its log stands at \d+)/m,
    );
  });
});

describe('a server whose database is taken away', () => {
  const takings: readonly (readonly [how: string, take: () => void, sentence: RegExp])[] = [
    ['removed', () => rmSync(databaseOf(home)), /countersign\.db was removed while it was in use$/m],
    [
      'replaced by another file',
      () => {
        writeFileSync(`${databaseOf(home)}.new`, readFileSync(databaseOf(home)));
        renameSync(`${databaseOf(home)}.new`, databaseOf(home));
      },
      /another file was put in place of .*countersign\.db$/m,
    ],
    [
      'without its log',
      () => rmSync(`${databaseOf(home)}-wal`),
      /countersign\.db-wal was removed while it was in use$/m,
    ],
    [
      'changed by another writer',
      () => {
        const connection = new DatabaseSync(databaseOf(home), { timeout: 30_000 });
        connection.exec("update meta set value = value + 1 where name = 'log_head'");
        connection.close();
      },
      /another process writes to the database: its log stands at \d+ and should stand at \d+$/m,
    ],
  ];

  test.skipIf(process.platform === 'win32').each(takings)(
    '%s: acknowledges no change, says why, and ends with a failure',
    async (_how, take, sentence) => {
      const server = await startServer(home);
      const owner = starkTrader();
      await onboard(server.url, owner);
      const session = await mainSession(server.url, owner);
      const token = await createToken(server.url, session);
      take();
      // Asked again until nobody answers: whatever comes, it is never a change.
      let answered = 0;
      for (;;) {
        const answer = await call(server.url, 'DELETE', `/v1/account/tokens/${token.lookupId}`, {
          bearer: session,
        }).catch(() => undefined);
        if (answer === undefined) break;
        expect(answer.status, answer.text).toBe(503);
        answered += 1;
      }
      expect(answered).toBeGreaterThan(0);
      expect(await server.ended).toEqual({ code: 1, signal: null });
      expect(server.stderr()).toMatch(/^countersign: ended, for its database is lost: /);
      expect(server.stderr()).toMatch(sentence);
      expect(server.stdout()).toContain('"event":"store_lost"');
      expect(existsSync(join(home.data, 'operator.url'))).toBe(false);
    },
  );
});
