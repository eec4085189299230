// A stop while the folders of the server take no writes, with a real server for which modes count: the stop ends in time, what waits is written,
// and what could not be closed is said.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Home, homeIn, type Server, serverCommand } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

/** What starts a program for which the modes of files count, as they do not for root; undefined where it cannot be had. */
const powerless = withoutPowers();

let folder: string;
let home: Home;
beforeEach(async () => {
  folder = temporaryFolder('unwritable');
});
afterEach(() => {
  endEverythingStarted();
  if (existsSync(home.data)) chmodSync(home.data, 0o700);
  chmodSync(home.tmp, 0o700);
});
afterAll(removeFolders);

function withoutPowers(): readonly string[] | undefined {
  if (process.platform === 'win32') return undefined;
  if (process.getuid?.() !== 0) return [];
  const options = ['--bounding-set=-all', '--inh-caps=-all'];
  return spawnSync('setpriv', [...options, 'true']).status === 0 ? ['setpriv', ...options] : undefined;
}

/** A server of `at`, in which one audit row waits for the end of its minute. */
async function startWaiting(at: Home): Promise<Server> {
  home = at;
  const [program = '', ...args] = [...(powerless ?? []), process.execPath, ...serverCommand(home)];
  const running = start(program, args, { cwd: home.tmp, env: { TMPDIR: home.tmp } });
  const [, url = ''] = await running.printed(/^listening on (http:\S+)$/m);
  const owner = starkTrader();
  await onboard(url, owner);
  const { token } = await createToken(url, await mainSession(url, owner));
  expect((await call(url, 'GET', '/v1/account/tokens', { bearer: token })).status).toBe(403);
  return { ...running, url };
}

function refusals(): unknown {
  chmodSync(home.data, 0o700);
  const database = new DatabaseSync(join(home.data, 'countersign.db'));
  const rows = database.prepare("select action from audit where action = 'request.refused'").all();
  database.close();
  return rows.length;
}

describe.skipIf(powerless === undefined)(
  'a server without the powers of root (skipped where setpriv cannot take them)',
  () => {
    test('a server without the powers of root whose data folder takes no writes stops as ever, but leaves operator.url, which it says', async () => {
      const server = await startWaiting(homeIn(folder));
      chmodSync(home.data, 0o500);
      server.signal('SIGTERM');
      expect(await server.ended, server.stderr()).toEqual({ code: 0, signal: null });
      expect(server.stdout()).toMatch(/"event":"operator_address_left".*EACCES/);
      expect(server.stdout()).toMatch(/^stopped$/m);
      expect(server.stderr()).toBe('');
      expect(refusals()).toBe(1);
    });

    test('a server without the powers of root that cannot remove a folder of its own closes everything else, says so in one sentence and fails', async () => {
      // Its socket's path is too long for the data folder, so the venue is in a temporary one.
      const deep = join(folder, 'd'.repeat(100));
      mkdirSync(deep);
      const server = await startWaiting({ ...homeIn(folder), data: join(deep, 'data') });
      chmodSync(home.tmp, 0o500);
      server.signal('SIGTERM');
      expect(await server.ended, server.stderr()).toEqual({ code: 1, signal: null });
      expect(server.stderr()).toMatch(/^countersign: not everything could be closed: EACCES[^\n]*\n$/);
      expect(server.stdout()).toMatch(/"event":"not_closed".*EACCES/);
      expect(refusals()).toBe(1);
    });

    test('a server without the powers of root whose data folder may not be entered any more says that its database is lost, and ends by itself', async () => {
      const server = await startWaiting(homeIn(folder));
      chmodSync(home.data, 0o000);
      expect(await server.ended, server.stderr()).toEqual({ code: 1, signal: null });
      expect(server.stderr()).toMatch(/^countersign: ended, for its database is lost: [^\n]*\n$/);
    });
  },
);
