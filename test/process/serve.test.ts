// `countersign serve` as an operator meets it: what it keeps, what it refuses, what it says, and how it stops.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureConsoleBuilt } from '../support/console/built.ts';
import { certFile, keyFile } from '../support/self-signed.ts';
import { type Home, homeIn, MAIN, type Server, spawnServer, startServer } from '../support/server-process.ts';
import { endEverythingStarted, type Running, start } from '../support/start-project.ts';
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

let home: Home;

beforeEach(async () => {
  home = homeIn(temporaryFolder('serve'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

async function stop(server: Server): Promise<void> {
  server.signal('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
}

/** The one sentence with which a start was refused; there may be nothing else, a stack least of all. */
async function refusal(running: Running, code: number): Promise<string> {
  expect(await running.ended, running.stderr()).toEqual({ code, signal: null });
  expect(running.stdout()).not.toContain('listening');
  const [sentence = '', ...more] = running.stderr().trimEnd().split('\n');
  expect(more, running.stderr()).toEqual([]);
  expect(sentence).toMatch(/^countersign: /);
  return sentence;
}

const healthy = async ({ url }: Server): Promise<boolean> => (await call(url, 'GET', '/healthz')).status === 200;

describe('a second start', () => {
  test('a second start on the same data keeps everything: accounts, tokens, subkeys, sessions and what was revoked', async () => {
    const owner = starkTrader();
    const first = await startServer(home);
    expect(first.stdout()).toContain('signing keys created');
    await onboard(first.url, owner);
    const session = await mainSession(first.url, owner);
    const token = await createToken(first.url, session);
    const revoked = await createToken(first.url, session);
    await call(first.url, 'DELETE', `/v1/account/tokens/${revoked.lookupId}`, { bearer: session });
    const subkey = await registerSubkey(first.url, owner, session);
    await stop(first);

    const second = await startServer(home);
    expect(second.stdout()).not.toContain('signing keys created');
    const statusOf = async (bearer: string) => (await call(second.url, 'GET', '/v1/balance', { bearer })).status;
    expect(await statusOf(token.token)).toBe(200);
    expect(await statusOf(session)).toBe(200);
    expect(await statusOf(revoked.token)).toBe(401);
    expect(await statusOf(await subkeySession(second.url, owner.account, subkey))).toBe(200);
    await stop(second);
  });

  test('while the first one runs is refused with one sentence, and the first one runs on', async () => {
    const first = await startServer(home);
    expect(await refusal(spawnServer(home), 1)).toBe(
      'countersign: another server is already running on this data folder; stop it, or use another --data',
    );
    expect(await healthy(first)).toBe(true);
    await stop(first);
    await stop(await startServer(home));
  });

  test('a second start after kill -9 needs no cleaning up', async () => {
    const first = await startServer(home);
    first.signal('SIGKILL');
    await first.ended;
    await stop(await startServer(home));
  });
});

describe('what a start tells', () => {
  const linesOfStart = async (settings: readonly string[]) => {
    const server = await startServer(home, settings);
    await server.printed(/^ +curl /m);
    await stop(server);
    return server.stdout().replaceAll(server.url, 'URL').split('\n');
  };

  test('the line below that of the address says where people open the console, and which host alone has it', async () => {
    ensureConsoleBuilt();
    const own = [
      '--console.url=https://keys.example.com',
      '--console.own_host',
      '--console.api_url=https://a.example.com',
    ];
    for (const [settings, told] of [
      [[], 'console     URL/console'],
      [own, 'console     https://keys.example.com/console, under this host name alone'],
      [['--console.enabled=false'], ''],
    ] as const) {
      const lines = await linesOfStart(settings);
      expect(lines[lines.indexOf('listening on URL') + 1]).toBe(told);
    }
  });
});

describe('the master key', () => {
  beforeEach(async () => stop(await startServer(home)));

  const started = (code = 1) => refusal(spawnServer(home), code);

  test('a master key of another installation is refused with one sentence, and the data is as it was', async () => {
    renameSync(home.key, `${home.key}.kept`);
    writeFileSync(home.key, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
    expect(await started()).toMatch(/master key does not open the stored signing key/);
    renameSync(`${home.key}.kept`, home.key);
    await stop(await startServer(home));
  });

  test('a master key that is missing is refused and never made anew while there is data', async () => {
    renameSync(home.key, `${home.key}.kept`);
    expect(await started()).toMatch(/master key file .* is missing/);
    expect(existsSync(home.key)).toBe(false);
  });

  test.skipIf(process.platform === 'win32')(
    'a master key that others may read is refused, with the command that mends it',
    async () => {
      chmodSync(home.key, 0o640);
      expect(await started(2)).toBe(
        `countersign: The master key file ${home.key} has mode 0640, so others may read it; run: chmod 600 ${home.key}`,
      );
      chmodSync(home.key, 0o600);
      await stop(await startServer(home));
    },
  );
});

describe.skipIf(process.platform === 'win32')("files that could be somebody else's stop the start", () => {
  const settings = () => join(home.data, 'countersign.json');
  const token = () => join(home.data, 'operator.token');
  const pipe = () => join(home.tmp, 'pipe');

  test("files that could be somebody else's stop the start with one sentence and an exit code that say which, and nothing is opened", async () => {
    mkdirSync(home.data);
    chmodSync(home.data, 0o777);
    expect(await refusal(spawnServer(home), 1)).toBe(
      `countersign: ${home.data} has mode 0777, so others may write in it; run: chmod 700 ${home.data}`,
    );
    chmodSync(home.data, 0o700);
    writeFileSync(settings(), JSON.stringify({ 'metrics.token': 'm'.repeat(32) }));
    chmodSync(settings(), 0o644);
    expect(await refusal(spawnServer(home), 2)).toBe(
      `countersign: settings file "${settings()}" has mode 0644, so others may read it; run: chmod 600 ${settings()}`,
    );
    expect([readdirSync(home.data), existsSync(home.key)]).toEqual([['countersign.json'], false]);
    chmodSync(settings(), 0o600);
    writeFileSync(token(), `${'x'.repeat(43)}\n`);
    chmodSync(token(), 0o640);
    expect(await refusal(spawnServer(home), 1)).toBe(
      `countersign: The operator token file ${token()} has mode 0640, so others may read it; run: chmod 600 ${token()}; or delete it, and the next start makes a new one.`,
    );
    rmSync(token());
    await stop(await startServer(home));
  });

  const tls = (cert: string, key: string) => [`--tls.cert=${cert}`, `--tls.key=${key}`];

  test.each<[what: string, code: number, place: () => [path: string, flags: string[]]]>([
    ['settings file', 2, () => [settings(), []]],
    ['master key', 2, () => [home.key, []]],
    ['operator token', 1, () => [token(), []]],
    ['route table', 2, () => [pipe(), [`--routes.file=${pipe()}`]]],
    ['key of the certificate', 2, () => [pipe(), tls(certFile, pipe())]],
    ['certificate', 2, () => [pipe(), tls(pipe(), keyFile)]],
  ])('a named pipe in the place of the %s is refused, and not waited for', async (_what, code, place) => {
    mkdirSync(home.data, { mode: 0o700 });
    const [path, flags] = place();
    execFileSync('mkfifo', ['-m', '600', path]);
    expect(await refusal(spawnServer(home, flags), code)).toContain('is not a regular file');
  });

  test('whatever a library makes without saying how is for its owner alone', async () => {
    const made = join(home.tmp, 'made');
    const script = `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(made)}, ''))`;
    const preload = join(home.tmp, 'preload.cjs');
    writeFileSync(preload, script);
    const running = start('sh', ['-c', 'umask 0; exec "$@"', 'sh', process.execPath, '-r', preload, MAIN, 'version'], {
      cwd: home.tmp,
    });
    expect((await running.ended).code).toBe(0);
    expect((statSync(made).mode & 0o777).toString(8)).toBe('600');
  });
});

describe('what cannot be started', () => {
  test('an unknown setting ends with exit code 2 and the name that was meant; nothing is opened', async () => {
    expect(await refusal(spawnServer(home, ['--server.prot=1']), 2)).toMatch(/server\.prot.*server\.port/);
    expect(existsSync(home.data)).toBe(false);
    expect(existsSync(home.key)).toBe(false);
  });

  test('all that is wrong with the settings is told at once, one line each', async () => {
    const running = spawnServer(home, ['--log.level=loud', '--memory.entries=none']);
    expect((await running.ended).code).toBe(2);
    const lines = running.stderr().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^countersign: .*log\.level/);
    expect(lines[1]).toMatch(/^countersign: .*memory\.entries/);
  });

  test('an unknown command ends with exit code 2', async () => {
    const running = start(process.execPath, [MAIN, 'sreve'], { cwd: home.tmp });
    expect(await refusal(running, 2)).toMatch(/unknown command .sreve. \(Did you mean serve\?\)/);
  });

  test('a database that is damaged is told in one sentence', async () => {
    mkdirSync(home.data);
    writeFileSync(join(home.data, 'countersign.db'), 'this is no database\n'.repeat(1_000));
    expect(await refusal(spawnServer(home), 1)).toBe(
      'countersign: the database cannot be used: file is not a database',
    );
  });

  test('a port that is in use is told in one sentence, and what was opened before is closed again', async () => {
    const program = createTcpServer().listen(0, '127.0.0.1');
    await once(program, 'listening');
    const { port } = program.address() as AddressInfo;
    try {
      expect(await refusal(spawnServer(home, ['--operator.port=0'], port), 1)).toBe(
        'countersign: the port is in use by another program; choose another with --port',
      );
    } finally {
      program.close();
    }
    expect(readdirSync(home.tmp)).toEqual([]);
    await stop(await startServer(home));
  });
});

/** With these a server that waits for anything but its requests does not end within the time of a test. */
const PATIENT = ['--http.drain_timeout=600', '--http.keep_alive_timeout=600'];

describe('SIGTERM', () => {
  let upstream: ReturnType<typeof createServer>;
  let arrived: PromiseWithResolvers<ServerResponse>;
  let address: string;

  beforeEach(async () => {
    arrived = Promise.withResolvers();
    upstream = createServer((_request, response) => arrived.resolve(response)).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    upstream.closeAllConnections();
    upstream.close();
  });

  test('lets a request under way be answered, takes no new one, and ends with exit code 0', async () => {
    const server = await startServer(home, ['--upstream', address, ...PATIENT]);
    const answer = call(server.url, 'GET', '/v1/markets');
    const response = await arrived.promise;
    server.signal('SIGTERM');
    await server.printed(/SIGTERM: finishing what is under way/);
    await expect(call(server.url, 'GET', '/healthz')).rejects.toThrow(TypeError);
    response.end('{"results":[]}');
    expect(await answer).toMatchObject({ status: 200, text: '{"results":[]}' });
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.stdout()).toMatch(/stopped\n$/);
  });

  test('lets an answer whose head has left be sent to its end', async () => {
    const server = await startServer(home, ['--upstream', address, ...PATIENT]);
    const answer = fetch(`${server.url}/v1/markets`);
    const response = await arrived.promise;
    response.write('{"results":');
    const { status, body } = await answer;
    expect(status).toBe(200);
    server.signal('SIGTERM');
    await server.printed(/SIGTERM: finishing what is under way/);
    response.end('[]}');
    expect(await new Response(body).text()).toBe('{"results":[]}');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('sent twice, as a terminal does, still lets a request under way be answered', async () => {
    const server = await startServer(home, ['--upstream', address, ...PATIENT]);
    const answer = call(server.url, 'GET', '/v1/markets');
    const response = await arrived.promise;
    server.signal('SIGTERM');
    await server.printed(/SIGTERM: finishing what is under way/);
    server.signal('SIGTERM');
    server.signal('SIGINT');
    response.end('{"results":[]}');
    expect((await answer).status).toBe(200);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('a server that gets SIGTERM does not wait for ever: after http.drain_timeout what is left is told whether it had left, and cut', async () => {
    const server = await startServer(home, ['--upstream', address, '--http.drain_timeout=1']);
    const answer = call(server.url, 'GET', '/v1/markets');
    await arrived.promise;
    server.signal('SIGTERM');
    const { status, json } = await answer;
    expect(status).toBe(503);
    expect(json).toMatchObject({ error: 'SERVICE_UNAVAILABLE', data: { sent: true } });
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('a server that gets SIGTERM does not wait for a connection on which nothing was ever asked', async () => {
    const server = await startServer(home, PATIENT);
    const silent = connect(Number(new URL(server.url).port), '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    // Served on a later connection: the silent one has been accepted.
    expect((await call(server.url, 'GET', '/healthz')).status).toBe(200);
    server.signal('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    silent.destroy();
  });

  test('SIGINT stops it as cleanly', async () => {
    const server = await startServer(home);
    server.signal('SIGINT');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('SIGHUP changes nothing and says so: it serves on, and is stopped as before', async () => {
    const server = await startServer(home);
    server.signal('SIGHUP');
    await expect
      .poll(() => server.stdout())
      .toContain('SIGHUP: nothing is read again; a restart takes what was changed\n');
    expect((await call(server.url, 'GET', '/healthz')).status).toBe(200);
    await stop(server);
    expect(server.stdout().match(/^SIGHUP:/gm)).toHaveLength(1);
  });

  test('a server that gets SIGTERM leaves no socket of the demo venue and no temporary file behind', async () => {
    const server = await startServer(home);
    expect(readdirSync(home.data)).toContain('venue.sock');
    await stop(server);
    expect(readdirSync(home.data)).not.toContain('venue.sock');
    expect(readdirSync(home.tmp)).toEqual([]);
  });
});
