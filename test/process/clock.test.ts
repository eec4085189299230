// A real server under a machine's clock that is wrong, by libfaketime: at its start, or for half a second while it runs. Its monotonic
// clock is the real one, as on a machine.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Home, homeIn, MAIN } from '../support/server-process.ts';
import { endEverythingStarted, type Running, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, mainSession, onboard, type StarkTrader, starkTrader } from '../support/trader.ts';

const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((file) => existsSync(file));
if (library === undefined)
  process.stdout.write('a wrong clock of the machine: skipped, libfaketime is not installed\n');

afterEach(endEverythingStarted);
afterAll(removeFolders);

describe.skipIf(library === undefined)('with a machine whose clock is wrong', () => {
  let home: Home;
  let stamp: string;
  beforeEach(async () => {
    home = homeIn(temporaryFolder('clock'));
    stamp = join(home.tmp, 'clock');
    setClock('+0s');
  });

  /** As libfaketime reads it: `+400s`. */
  const setClock = (offset: string) => writeFileSync(stamp, offset);

  const run = (...argv: string[]): Running =>
    start(process.execPath, [MAIN, ...argv, `--data=${home.data}`, `--master_key.file=${home.key}`], {
      cwd: home.tmp,
      env: {
        TMPDIR: home.tmp,
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: stamp,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    });
  const command = async (...argv: string[]) => {
    const running = run(...argv);
    const { code } = await running.ended;
    return { code, out: running.stdout(), err: running.stderr() };
  };
  const serve = (...settings: string[]): Running => run('serve', '--port=0', '--rate-limit=off', ...settings);

  async function listening(running: Running): Promise<string> {
    const [, url = ''] = await running.printed(/^listening on (http:\S+)$/m);
    return url;
  }
  async function stop(running: Running): Promise<void> {
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(0);
  }
  const shownClock = async () => JSON.parse((await command('clock', 'show', '--json')).out);
  const readyz = async (url: string) => (await call(url, 'GET', '/readyz')).status;
  const balance = async (url: string, bearer: string) => (await call(url, 'GET', '/v1/balance', { bearer })).status;
  async function newOwner(url: string): Promise<StarkTrader> {
    const owner = starkTrader();
    await onboard(url, owner);
    return owner;
  }

  test('a start ten years ahead ends with one sentence, and starts with --clock.accept', async () => {
    const first = serve();
    await listening(first);
    await stop(first);
    setClock('+3650d');
    const refused = serve();
    expect((await refused.ended).code).toBe(1);
    expect(refused.stderr()).toMatch(
      /^countersign: the clock of this machine says \d{4}-\S+Z, and this data has seen nothing after \d{4}-\S+Z: set the clock, or, if it is right, start once with --clock\.accept\n$/,
    );
    const doctor = await command('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(
      /^WRONG +clock +this machine's says .* a start refuses that; .* countersign clock accept$/m,
    );

    const accepted = serve('--clock.accept');
    expect(await readyz(await listening(accepted))).toBe(200);
    await stop(accepted);
    const again = serve();
    await listening(again);
    await stop(again);
  });

  test('400 s ahead for half a second while it runs leaves nothing behind', async () => {
    const server = serve();
    const url = await listening(server);
    const owner = await newOwner(url);
    const session = await mainSession(url, owner);
    expect(await balance(url, session)).toBe(200);

    setClock('+400s');
    const began = performance.now();
    // The server reads its clock for each request.
    do expect(await balance(url, session)).toBe(401);
    while (performance.now() - began < 500);
    setClock('+0s');
    expect(await balance(url, session)).toBe(200);
    expect(await balance(url, await mainSession(url, owner))).toBe(200);
    expect(await readyz(url)).toBe(200);
    expect(Math.abs((await shownClock()).lead_seconds)).toBeLessThan(5);
    await stop(server);
    const again = serve();
    await listening(again);
    expect(Math.abs((await shownClock()).lead_seconds)).toBeLessThan(5);
    await stop(again);
  });

  test('data that has seen two hours ahead is named by readyz and doctor, and clock accept ends it while the server runs', async () => {
    setClock('+2h');
    const before = serve();
    const owner = await newOwner(await listening(before));
    await stop(before);
    setClock('+0s');
    const server = serve();
    const url = await listening(server);
    await expect(mainSession(url, owner)).rejects.toThrow(/INVALID_BLOCK_EXPIRATION/);
    expect(await readyz(url)).toBe(503);
    const doctor = await command('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(
      /^WRONG +clock +this machine's is (7199|7200|7[0-1]\d\d) s behind the .* countersign clock accept$/m,
    );
    expect(doctor.out).toMatch(/^WRONG +server +not ready: clock: failing: the time that is kept is 7\d{3} s ahead/m);

    const accepted = await command('clock', 'accept');
    expect(accepted).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^state +ok$/m) });
    expect(await readyz(url)).toBe(200);
    expect((await command('doctor')).out).toMatch(/^ok +clock /m);
    // Not before the tolerance is over, as after a sign-out.
    await expect(mainSession(url, owner)).rejects.toThrow(/sign again in (30|31|2\d) s/);
    await stop(server);
  });
});
