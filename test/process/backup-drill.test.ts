// The drill, with real processes and the commands as they are typed: a server under writes is backed up, goes on, is killed, and
// comes back on an empty folder. Nothing of before gets in but what the operator chose to keep.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { type Home, homeIn, MAIN, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import {
  call,
  createToken,
  hasher,
  loginHeaders,
  mainSession,
  onboard,
  registerSubkey,
  type StarkTrader,
  starkTrader,
  subkeySession,
  windowFrom,
} from '../support/trader.ts';

let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('drill'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

/** What a command printed; it must succeed. */
async function done(data: string, ...words: string[]): Promise<string> {
  const args = [MAIN, ...words, '--data', data, '--master_key.file', home.key];
  const running = start(process.execPath, args, { cwd: home.tmp });
  const { code } = await running.ended;
  expect({ code, err: running.stderr() }, words.join(' ')).toEqual({ code: 0, err: '' });
  return running.stdout();
}

const statusOf = async ({ url }: Server, bearer: string): Promise<number> =>
  (await call(url, 'GET', '/countersign/v1/self', { bearer })).status;

/** Writes one token after the other until it is told to stop; resolves with how many were acknowledged. */
function writes({ url }: Server, session: string): { stop(): Promise<number> } {
  let writing = true;
  const acknowledged = (async () => {
    let count = 0;
    while (writing) {
      await createToken(url, session, { name: `light-${count}` });
      count += 1;
    }
    return count;
  })();
  return {
    stop: () => {
      writing = false;
      return acknowledged;
    },
  };
}

/** Logs in as a client does that was told "sign again in 31 s" and signs for the second from which logins are accepted. */
async function sessionAfter(server: Server, { key, account }: StarkTrader, validAfter: number): Promise<string> {
  const first = Math.floor(validAfter / 1e9) + 1;
  for (;;) {
    const headers = loginHeaders(hasher, key, account, windowFrom(first * 1000, 600));
    const { status, json } = await call(server.url, 'POST', '/v1/auth', { headers });
    if (status === 200) return json.jwt_token;
    // Signed a moment too far ahead of the server's clock, and for no other reason.
    expect(json.message).toMatch(/s ahead of the server/);
  }
}

test('backup under writes, kill, restore: with everything revoked, and with credentials kept', async () => {
  const first = await startServer(home, ['--tokens.max_live=10000']);
  const owner = starkTrader();
  await onboard(first.url, owner);
  const session = await mainSession(first.url, owner);
  const token = await createToken(first.url, session, { name: 'kept' });
  const doomed = await createToken(first.url, session, { name: 'doomed' });
  const subkey = await registerSubkey(first.url, owner, session);
  const trading = await subkeySession(first.url, owner.account, subkey);

  const writer = writes(first, session);
  const backup = JSON.parse(await done(home.data, 'backup', home.tmp, '--json'));
  const written = await writer.stop();
  expect(written).toBeGreaterThan(0);
  const file = String(backup.file);
  expect(readdirSync(home.tmp)).toEqual([file.slice(home.tmp.length + 1)]);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  expect(backup).toMatchObject({ bytes: statSync(file).size, accounts: 1, subkeys: 1 });
  // Each token is one change: what the log says is in it is in it.
  expect(Number(backup.tokens) - 2).toBe(Number(backup.log_position) - 4);

  const revoked = await call(first.url, 'DELETE', `/v1/account/tokens/${doomed.lookupId}`, { bearer: session });
  expect(revoked.status).toBe(200);
  first.signal('SIGKILL');
  await first.ended;

  const [emptied, keeping] = [join(home.tmp, '..', 'emptied'), join(home.tmp, '..', 'keeping')];
  const [toPrograms, toPeople] = await Promise.all([
    done(emptied, 'restore', file, '--json'),
    done(keeping, 'restore', file, '--keep-credentials'),
  ]);
  const restored = JSON.parse(toPrograms);
  expect(restored).toMatchObject({
    previous_epoch: backup.epoch,
    backup_taken_at: backup.taken_at,
    kept_credentials: false,
    revoked_tokens: backup.tokens,
    ended_devices: 0,
    revoked_subkeys: 1,
  });
  expect(restored.epoch).not.toBe(backup.epoch);
  expect(toPeople).toMatch(/^revoked +0 subkeys, 0 tokens, 0 devices$/m);
  expect(toPeople).toContain('THOSE THAT WERE REVOKED SINCE LIVE AGAIN');
  const [second, third] = await Promise.all([
    startServer({ ...home, data: emptied }),
    startServer({ ...home, data: keeping }),
  ]);

  // Everything revoked.
  for (const bearer of [session, trading, token.token, doomed.token]) expect(await statusOf(second, bearer)).toBe(401);
  const early = loginHeaders(hasher, owner.key, owner.account, windowFrom(Number(restored.valid_after) / 1e6, 600));
  const refused = await call(second.url, 'POST', '/v1/auth', { headers: early });
  expect([refused.status, refused.json.message]).toEqual([400, expect.stringMatching(/sign again/)]);
  const again = await sessionAfter(second, owner, Number(restored.valid_after));
  expect(await statusOf(second, again)).toBe(200);
  const listed = await call(second.url, 'GET', '/v1/account/tokens?with_invalid=true&limit=500', { bearer: again });
  const states = listed.json.results.filter((one: { name: string }) => ['kept', 'doomed'].includes(one.name));
  expect(states.map((one: { revoked_at: number }) => one.revoked_at > 0)).toEqual([true, true]);
  const fresh = await createToken(second.url, again);
  expect(await statusOf(second, fresh.token)).toBe(200);

  // Credentials kept.
  for (const bearer of [session, trading, again, fresh.token]) expect(await statusOf(third, bearer)).toBe(401);
  // Revoked after the backup: it lives again, which is what the command says about this choice.
  for (const bearer of [token.token, doomed.token]) expect(await statusOf(third, bearer)).toBe(200);
});
