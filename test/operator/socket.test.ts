// The socket of the operator API: who can open it, what still holds over it, that it takes nothing's place, and that whoever takes all
// connections of the port keeps nobody out.
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/config/load.ts';
import { type Service, startService } from '../support/harness.ts';
import { auditRows, run } from '../support/operator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call } from '../support/trader.ts';

const socketIn = (folder: string): string => join(folder, 'data', 'operator.sock');

/** A request over a socket. */
async function ask(socketPath: string, method: string, path: string, headers: Record<string, string> = {}) {
  const sent = request({ socketPath, method, path, headers, agent: false });
  sent.end();
  const [response] = await once(sent, 'response');
  return { status: Number(response.statusCode), body: await text(response) };
}
const bearer = ({ operatorToken }: Service) => ({ Authorization: `Bearer ${operatorToken}` });

/** Connections to the port of the operator API that say nothing. */
async function holdAll({ operatorUrl }: Service, count: number): Promise<readonly Socket[]> {
  const { hostname, port } = new URL(operatorUrl);
  const held = Array.from({ length: count }, () => connect(Number(port), hostname).on('error', () => undefined));
  onTestFinished(() => {
    for (const socket of held) socket.destroy();
  });
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  return held;
}

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

test('70 idle connections to the port keep the operator out of neither: the longest silent ones go', async () => {
  const held = await holdAll(service, 70);
  for (let i = 0; i < 3; i += 1) {
    expect((await call(service.operatorUrl, 'GET', '/operator/v1/version', { headers: bearer(service) })).status).toBe(
      200,
    );
  }
  // 64 are open at most, and the operator's own among them.
  await expect.poll(() => held.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(7);
  expect(held.at(-1)?.closed).toBe(false);
  expect(await run('signing-keys', service.folder, 'list')).toMatchObject({ code: 0, err: '' });
});

describe('over the socket', () => {
  test('only its owner can open the operator socket', () => {
    const stat = lstatSync(socketIn(service.folder));
    expect([stat.isSocket(), stat.mode & 0o777, stat.uid]).toEqual([true, 0o600, process.getuid?.()]);
  });

  test('the bearer is demanded as over the port, and what it allows is done', async () => {
    const path = socketIn(service.folder);
    const version = '/operator/v1/version';
    expect((await ask(path, 'GET', version)).status).toBe(401);
    expect((await ask(path, 'GET', version, { Authorization: `Bearer ${service.operatorToken}x` })).status).toBe(401);
    expect((await ask(path, 'GET', version, bearer(service))).status).toBe(200);
    expect((await ask(path, 'POST', '/operator/v1/accounts/0x1/lock', bearer(service))).status).toBe(404);
  });

  test('a Host that is another name is told no more than over the port', async () => {
    const path = socketIn(service.folder);
    expect((await ask(path, 'GET', '/metrics', { Host: 'rebound.example' })).status).toBe(403);
    expect((await ask(path, 'GET', '/metrics', { Host: 'localhost' })).status).toBe(200);
  });

  test('commands find it, also without operator.url, and the audit log has what they did', async () => {
    rmSync(join(service.folder, 'data', 'operator.url'));
    expect(await run('signing-keys', service.folder, 'rotate', 'token')).toMatchObject({ code: 0, err: '' });
    expect(await auditRows(service)).toContainEqual(
      expect.objectContaining({ action: 'signing_key.published', actor: 'operator', client_ip: '' }),
    );
    expect((await run('doctor', service.folder, '--json')).out).toContain(
      `"ready, operator API at unix:${socketIn(service.folder)}"`,
    );
  });
});

test('the operator socket is gone when the server has stopped', async () => {
  const other = await startService();
  expect(existsSync(socketIn(other.folder))).toBe(true);
  await other.stop();
  expect(existsSync(socketIn(other.folder))).toBe(false);
});

test('with operator.socket = only the operator API has no port, and commands work', async () => {
  const other = await startService({ settings: { 'operator.socket': 'only' } });
  onTestFinished(() => other.stop());
  expect(other.operatorUrl).toBe(`unix:${socketIn(other.folder)}`);
  expect(existsSync(join(other.folder, 'data', 'operator.url'))).toBe(false);
  expect(await run('signing-keys', other.folder, 'list')).toMatchObject({ code: 0, err: '' });
});

test('with operator.socket = off there is no socket, not even one that a killed server left', async () => {
  const folder = temporaryFolder();
  await leaveSocket(folder);
  const other = await startService({ folder, settings: { 'operator.socket': 'off' } });
  onTestFinished(() => other.stop());
  expect(existsSync(socketIn(folder))).toBe(false);
  expect(await run('signing-keys', folder, 'list')).toMatchObject({ code: 0, err: '' });
});

test('where its path would be too long the port serves alone; where it is to be all, the start is refused', async () => {
  const folder = join(temporaryFolder(), 'f'.repeat(100));
  mkdirSync(folder, { mode: 0o700 });
  const other = await startService({ folder });
  expect(existsSync(socketIn(folder))).toBe(false);
  expect(await run('signing-keys', folder, 'list')).toMatchObject({ code: 0, err: '' });
  await other.stop();
  // What the settings ask for together cannot be: one of the problems of settings, and no place that somebody else has taken.
  const refused = startService({ folder, settings: { 'operator.socket': 'only' } });
  await expect(refused).rejects.toThrow(/^operator\.socket: only, .* would be too long/);
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
});

/** A socket on which nobody answers, as kill -9 leaves it. */
async function leaveSocket(folder: string): Promise<void> {
  const server = await listenAt(folder);
  const kept = socketIn(folder);
  // Closing it takes its name away.
  renameSync(kept, `${kept}.kept`);
  server.close();
  await once(server, 'close');
  renameSync(`${kept}.kept`, kept);
}

async function listenAt(folder: string): Promise<Server> {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  const server = createServer((socket) => socket.end()).listen(socketIn(folder));
  await once(server, 'listening');
  return server;
}

describe('what stands in its place', () => {
  test('what stands in the place of the operator socket is taken away when it is a socket of ours on which nobody answers', async () => {
    const folder = temporaryFolder();
    await leaveSocket(folder);
    chmodSync(socketIn(folder), 0o777);
    const other = await startService({ folder });
    onTestFinished(() => other.stop());
    expect(lstatSync(socketIn(folder)).mode & 0o777).toBe(0o600);
    expect((await ask(socketIn(folder), 'GET', '/healthz')).status).toBe(200);
  });

  test('stops the start when somebody answers on it, and goes on answering', async () => {
    const folder = temporaryFolder();
    const server = await listenAt(folder);
    onTestFinished(() => void server.close());
    await expect(startService({ folder })).rejects.toThrow(/another program answers on/);
    expect(lstatSync(socketIn(folder)).isSocket()).toBe(true);
    const again = connect(socketIn(folder));
    await once(again, 'connect');
    again.destroy();
  });

  test.each(['file', 'link', 'folder'])(
    'what stands in the place of the operator socket stops the start when it is a %s, and is left as it was',
    async (kind) => {
      const folder = temporaryFolder();
      const path = socketIn(folder);
      const target = join(folder, 'target');
      mkdirSync(join(folder, 'data'), { mode: 0o700 });
      writeFileSync(target, 'precious', { mode: 0o600 });
      if (kind === 'file') writeFileSync(path, 'precious', { mode: 0o600 });
      if (kind === 'link') symlinkSync(target, path);
      if (kind === 'folder') mkdirSync(path);
      await expect(startService({ folder })).rejects.toThrow(/is no socket/);
      expect(lstatSync(path).isSocket()).toBe(false);
      expect(readFileSync(target, 'utf8')).toBe('precious');
    },
  );
});

test('commands pass over a socket of another user', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can make a file of another user');
  const other = await startService();
  onTestFinished(() => other.stop());
  chownSync(socketIn(other.folder), 65_534, 65_534);
  expect((await run('doctor', other.folder, '--json')).out).toContain(`"ready, operator API at ${other.operatorUrl}"`);
});
