// A server that is allowed fewer descriptors than its settings need, and one that has none left: it says so, and serves on.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Home, homeIn, MAIN } from '../support/server-process.ts';
import { endEverythingStarted, type Running, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call } from '../support/trader.ts';

let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('descriptors'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

const LINUX = existsSync('/proc/self/limits');

/** A server whose shell said `ulimit -n`. */
function serve(limit: number, ...settings: readonly string[]): Running {
  const args = ['serve', '--port=0', '--data', home.data, '--master_key.file', home.key, '--engine.workers=1'];
  const script = `ulimit -n ${limit}; exec "$0" "$@"`;
  return start('sh', ['-c', script, process.execPath, MAIN, ...args, ...settings], {
    cwd: home.tmp,
    env: { TMPDIR: home.tmp },
  });
}

async function urlsOf(running: Running): Promise<{ url: string; operator: string }> {
  const [, url = ''] = await running.printed(/^listening on (http:\S+)$/m);
  return { url, operator: readFileSync(join(home.data, 'operator.url'), 'utf8').trim() };
}

/** Connections that say nothing; each has been accepted or closed once a request after them is answered. */
async function hold(url: string, count: number): Promise<readonly Socket[]> {
  const { hostname, port } = new URL(url);
  const held = Array.from({ length: count }, () => connect(Number(port), hostname).on('error', () => undefined));
  onTestFinished(() => {
    for (const socket of held) socket.destroy();
  });
  await Promise.all(
    held.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
  );
  return held;
}

const healthy = async (url: string): Promise<number> => (await call(url, 'GET', '/healthz')).status;
/** What is answered on a connection of its own; empty when it was closed. */
async function freshly(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let said = '';
  socket.setEncoding('latin1').on('data', (text) => (said += text));
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}
const closedUnheard = async (operator: string, reason: string): Promise<number> => {
  const { text } = await call(operator, 'GET', '/metrics');
  return Number(new RegExp(`closed_unheard_total\\{reason="${reason}"\\} (\\d+)`).exec(text)?.[1]);
};

describe.skipIf(!LINUX)('allowed fewer descriptors than are needed (needs Linux, which says how many)', () => {
  test('a start takes as many connections as fit, says so, and never runs out of them', async () => {
    const running = serve(700);
    const { url, operator } = await urlsOf(running);
    const [, most = ''] = await running.printed(/"connections_lowered".* (\d+) connections are taken at most/);
    expect((await call(operator, 'GET', '/readyz')).json).toMatchObject({
      status: 'ready',
      checks: { connections: expect.stringMatching(/^degraded: this process may have 700 descriptors open/) },
    });
    const held = await hold(url, Number(most) + 50);
    for (let i = 0; i < 3; i += 1) expect(await healthy(url)).toBe(200);
    await expect.poll(() => held.filter(({ closed }) => !closed).length).toBeLessThan(Number(most));
    expect(await closedUnheard(operator, 'no_descriptor')).toBe(0);
    expect(await closedUnheard(operator, 'silent')).toBeGreaterThan(50);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
  });

  test.each([
    ['more connections than fit were asked for by name', 700, ['--http.max_connections=700'], /or ask for \d+ at most/],
    ['hardly any connection fits', 300, [], /allow more$/m],
  ])('a start is refused with one sentence where %s', async (_why, limit, settings, sentence) => {
    const running = serve(limit, ...settings);
    expect(await running.ended).toEqual({ code: 2, signal: null });
    expect(running.stderr()).toMatch(/^countersign: http\.max_connections: this process may have \d+ descriptors/);
    expect(running.stderr()).toMatch(sentence);
    expect(running.stderr().trimEnd()).not.toContain('\n');
    expect(existsSync(home.data)).toBe(false);
  });
});

const canLimit = LINUX && spawnSync('prlimit', ['--version']).status === 0;

test.skipIf(!canLimit)(
  'with no descriptor left a server goes on, lets silent connections go, and serves who comes then (needs prlimit)',
  async () => {
    const running = serve(2000);
    const { url, operator } = await urlsOf(running);
    // The connections of these requests are there, and stay.
    expect([await healthy(url), (await call(operator, 'GET', '/metrics')).status]).toEqual([200, 200]);
    const open = readdirSync(`/proc/${running.pid}/fd`).length;
    expect(spawnSync('prlimit', [`--pid=${running.pid}`, `--nofile=${open + 5}:`]).status).toBe(0);
    // Again and again: what the server opens for a moment and closes leaves a place.
    const filled = async () => {
      await hold(url, 20);
      return closedUnheard(operator, 'no_descriptor').catch(() => 0);
    };
    await expect.poll(filled, { timeout: 60_000 }).toBeGreaterThan(0);
    // Strangers would stay for as long as idle connections may, 65 s.
    await expect.poll(() => freshly(url), { timeout: 30_000 }).toContain('200 OK');
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.stderr()).toBe('');
  },
);
