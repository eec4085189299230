// What the doctor finds: each check says ok on a sound installation and what is wrong on an unsound one, and leaves all as it is.
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { checkCertificate } from '../../src/cli/doctor/certificate.ts';
import { checkDatabase } from '../../src/cli/doctor/database.ts';
import { checkDescriptors } from '../../src/cli/doctor/descriptors.ts';
import { checkDisk, checkFolder } from '../../src/cli/doctor/files.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { checkServer, checkToken, checkUpstream } from '../../src/cli/doctor/server.ts';
import { tryPreparing } from '../../src/compose/prepare.ts';
import { lookAtData } from '../../src/compose/restore.ts';
import { settingsFor } from '../support/backups.ts';
import { closedPort } from '../support/closed-port.ts';
import { type Service, startService } from '../support/harness.ts';
import { certFile, keyFile } from '../support/self-signed.ts';
import { writeFirstTables } from '../support/store/first-tables.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

/** Findings by name, as `state: text`. */
async function findings(folder: string, ...flags: string[]): Promise<Readonly<Record<string, string>>> {
  const { config } = settingsFor(folder, flags);
  const look = await lookAtData(config['data.folder']);
  const all: Finding[] = [
    checkFolder(config['data.folder']),
    checkDisk(config['data.folder']),
    checkDescriptors(config),
    ...checkDatabase(look, config),
    await checkServer(look.held, config),
    await checkToken(look.held, config),
    await checkUpstream(config),
  ];
  return Object.fromEntries(all.map(({ check, state, text }) => [check, `${state}: ${text}`]));
}

/** By the machine's own clock, with one account and one token. It is found by operator.url alone; test/operator/socket.test.ts has it found by its socket. */
async function startedService(): Promise<Service> {
  const service = await startService({ settings: { 'operator.socket': 'off' } });
  const owner = starkTrader();
  await onboard(service.url, owner);
  await createToken(service.url, await mainSession(service.url, owner));
  return service;
}

/** The names, sizes and modes of everything in a folder, so that a change of any of them is seen. */
const everythingIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mode, mtimeMs } = statSync(join(folder, name));
      return `${name} ${size} ${mode.toString(8)} ${mtimeMs}`;
    });

describe('the certificate', () => {
  const at = (date: string, file = certFile) => {
    const loaded = settingsFor(temporaryFolder(), file === '' ? [] : [`--tls.cert=${file}`, `--tls.key=${keyFile}`]);
    const { state, text } = checkCertificate(loaded.config, tryPreparing(loaded).tls, Date.parse(date));
    return `${state}: ${text}`;
  };

  test('the certificate that the doctor looks at is well, soon to be renewed, over, or not yet valid', () => {
    const until = `${certFile} is valid until 2120-01-01T00:00:00.000Z`;
    expect(at('2026-01-01')).toBe(`ok: ${until}, 34332 more days`);
    expect(at('2119-12-18T00:00:00Z')).toBe(`ok: ${until}, 14 more days`);
    expect(at('2119-12-18T00:00:01Z')).toBe(`note: ${until}, 13 more days`);
    expect(at('2120-01-01T00:00:01Z')).toBe(`wrong: ${certFile} ran out on 2120-01-01T00:00:00.000Z`);
    expect(at('2019-12-31')).toBe(`wrong: ${certFile} is not valid before 2020-01-01T00:00:00.000Z`);
  });

  test('need not be there, and must be one if it is', () => {
    expect(at('2026-01-01', '')).toMatch(/^ok: none: plain HTTP/);
    expect(at('2026-01-01', 'no-such.pem')).toMatch(/^wrong: tls\.cert: .*no-such\.pem cannot be read \(ENOENT\)$/);
    expect(at('2026-01-01', keyFile)).toMatch(/^wrong: tls\.cert: .*key\.pem does not hold a PEM certificate$/);
  });
});

describe('with a running server', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startedService();
  });
  afterAll(() => service.stop());

  test('everything is found, and nothing is wrong with it', async () => {
    const { folder, operatorUrl } = service;
    const found = await findings(folder);
    expect(found).toEqual({
      'data folder': `ok: ${join(folder, 'data')}, for its owner alone`,
      disk: expect.stringMatching(/^ok: .* left; the database has /),
      descriptors: expect.stringMatching(/^(ok|note): /),
      database: expect.stringMatching(
        /^ok: whole; 1 accounts, 0 live subkeys, 1 live tokens; log position \d+; tables of /,
      ),
      clock: expect.stringMatching(/^ok: 20.*Z, past all that the data has seen$/),
      'master key': `ok: ${join(folder, 'master.key')} opens the signing keys, for its owner alone`,
      'session key': expect.stringMatching(/^ok: [A-Za-z0-9_-]{43}, made 20.*Z, replaced by age: 20.*Z$/),
      'token key': expect.stringMatching(/^ok: /),
      server: `ok: ready, operator API at ${operatorUrl}`,
      'operator token': `ok: ${join(folder, 'data', 'operator.token')}; the server takes it`,
      venue: 'ok: the built-in demo venue',
    });
    expect((await findings(folder, '--signing_keys.max_age=0'))['session key']).toMatch(/replaced by age: never$/);
  });

  test.each([
    [503, { store: 'failing: no room', keys: 'ok' }, 'wrong: not ready: store: failing: no room'],
    [200, { venue: 'degraded: slow', keys: 'ok' }, 'note: ready; venue: degraded: slow'],
    [500, undefined, 'wrong: not ready: what it answers is no JSON'],
  ])('a server that says %i of itself', async (status, checks, said) => {
    const file = join(service.folder, 'data', 'operator.url');
    const url = readFileSync(file, 'utf8');
    const other = createHttpServer((_request, response) => {
      response.writeHead(status).end(checks === undefined ? 'sorry' : JSON.stringify({ checks }));
    }).listen(0, '127.0.0.1');
    try {
      await once(other, 'listening');
      writeFileSync(file, `http://127.0.0.1:${portOf(other)}\n`);
      expect((await findings(service.folder)).server).toBe(said);
    } finally {
      writeFileSync(file, url);
      other.close();
    }
  });

  test('a server that cannot be found, does not answer, or takes another token', async () => {
    const { folder } = service;
    const address = join(folder, 'data', 'operator.url');
    const token = join(folder, 'data', 'operator.token');
    const [url, bearer] = [readFileSync(address, 'utf8'), readFileSync(token, 'utf8')];
    try {
      rmSync(address);
      expect((await findings(folder)).server).toMatch(/^wrong: .*has not said where/);
      writeFileSync(address, `http://127.0.0.1:${await closedPort()}\n`);
      const { server, 'operator token': refused } = await findings(folder);
      expect([server, refused]).toEqual([
        expect.stringMatching(/^wrong: does not answer at .*ECONNREFUSED/),
        expect.stringMatching(/^wrong: .*does not answer/),
      ]);
      writeFileSync(address, url);
      writeFileSync(token, `${'x'.repeat(43)}\n`);
      expect((await findings(folder))['operator token']).toMatch(/^wrong: .*the server refuses it \(401\)/);
      rmSync(token);
      expect((await findings(folder))['operator token']).toMatch(/^wrong: .*is missing/);
    } finally {
      writeFileSync(address, url);
      writeFileSync(token, bearer, { mode: 0o600 });
    }
  });
});

describe('without a server', () => {
  let folder: string;
  let sound: string;
  const data = (): string => join(folder, 'data');
  const database = (): string => join(data(), 'countersign.db');

  beforeAll(async () => {
    const service = await startedService();
    await service.stop();
    sound = service.folder;
  });
  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(data(), { mode: 0o700 });
    copyFileSync(join(sound, 'master.key'), join(folder, 'master.key'));
    for (const name of ['countersign.db', 'countersign.db.lock', 'operator.token']) {
      copyFileSync(join(sound, 'data', name), join(data(), name));
    }
  });

  test('the doctor without a server looks at all of the data, and leaves it as it was', async () => {
    const before = everythingIn(folder);
    const found = await findings(folder);
    expect(Object.entries(found).map(([check, said]) => `${check} ${said.split(':')[0]}`)).toEqual([
      'data folder ok',
      'disk ok',
      `descriptors ${process.platform === 'linux' ? 'ok' : 'note'}`,
      'database ok',
      'clock ok',
      'master key ok',
      'session key ok',
      'token key ok',
      'server note',
      'operator token ok',
      'venue ok',
    ]);
    expect(everythingIn(folder)).toEqual(before);
  });

  test('where there is nothing yet, nothing is wrong and nothing is made', async () => {
    const empty = temporaryFolder();
    const found = await findings(empty);
    expect(Object.values(found).filter((said) => said.startsWith('wrong'))).toEqual([]);
    expect(found.database).toMatch(/^note: there is none/);
    expect(existsSync(join(empty, 'data'))).toBe(false);
  });

  test('a folder that others may enter, and files that they could read', async () => {
    chmodSync(database(), 0o644);
    expect((await findings(folder))['data folder']).toMatch(/^note: only the mode of .* reading countersign\.db$/);
    chmodSync(data(), 0o755);
    expect((await findings(folder))['data folder']).toMatch(
      /^wrong: .* can be entered by others, and these files in it be read: countersign\.db; run: chmod 700 /,
    );
    chmodSync(database(), 0o600);
    expect((await findings(folder))['data folder']).toMatch(/^wrong: .* can be entered by others; run: chmod 700 /);
  });

  test('a master key that is missing, readable by others, another, or inside the folder by a link', async () => {
    const key = join(folder, 'master.key');
    const content = readFileSync(key);
    const said = async () => (await findings(folder))['master key'];
    rmSync(key);
    expect(await said()).toMatch(/^wrong: The master key file .* is missing/);
    expect(existsSync(key)).toBe(false);
    writeFileSync(key, content, { mode: 0o644 });
    expect(await said()).toMatch(/^wrong: .* has mode 0644/);
    rmSync(key);
    writeFileSync(key, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
    expect(await said()).toMatch(/^wrong: The master key does not open/);
    rmSync(key);
    writeFileSync(join(data(), 'hidden'), content, { mode: 0o600 });
    symlinkSync(join(data(), 'hidden'), key);
    expect(await said()).toMatch(/^wrong: .* leads into the data folder/);
    expect(JSON.stringify(await findings(folder))).not.toContain(content.toString().trim());
  });

  test('a database that is damaged, strange, newer or older', async () => {
    const said = async () => (await findings(folder)).database;
    const whole = readFileSync(database());
    const sql = (statement: string) => {
      const connection = new DatabaseSync(database());
      connection.exec(statement);
      connection.close();
    };
    sql("insert into kysely_migration (name, timestamp) values ('9999-tomorrow', 'x')");
    expect(await said()).toBe('wrong: a newer release of Countersign has written it (9999-tomorrow)');
    writeFileSync(database(), whole);
    rmSync(database());
    await writeFirstTables(join(sound, 'data', 'countersign.db'), database());
    expect(await said()).toMatch(/^note: whole; .*tables of 0001-initial, which the next start brings up to date$/);
    // Tried on a copy: this one still waits.
    const before = everythingIn(folder);
    expect(await said()).toMatch(/^note: whole; .*tables of 0001-initial/);
    expect(everythingIn(folder)).toEqual(before);
    writeFileSync(database(), whole);
    sql('drop table token');
    expect(await said()).toBe('wrong: is not one of Countersign');
    writeFileSync(database(), whole);
    truncateSync(database(), whole.length - 4096);
    expect(await said()).toMatch(/^wrong: cannot be used: /);
  });

  test('a start that would fail, and one that would make what is missing', async () => {
    const said = async () => (await findings(folder)).database;
    const whole = readFileSync(database());
    const sql = (statement: string) => {
      const connection = new DatabaseSync(database());
      connection.exec(statement);
      connection.close();
    };
    sql("update meta set value = 0 where name = 'log_head'");
    expect(await said()).toMatch(/^wrong: a start would fail: the change log ends at \d+, and its head says 0/);
    writeFileSync(database(), whole);
    for (const later of ['device', 'usage_day', 'last_use', 'used_address', 'explanation']) sql(`drop table ${later}`);
    sql("delete from kysely_migration; update signing_key set state = 'active'");
    expect(await said()).toMatch(
      /^wrong: a start would fail: its tables were never finished, and \w+ has rows all the/,
    );
    writeFileSync(database(), whole);
    sql("delete from kysely_migration where name >= '0002'; update signing_key set verify_until = 7");
    expect(await said()).toMatch(/^wrong: a start would fail: 0002-operator was never finished, and its column has/);
    writeFileSync(database(), whole);
    linkSync(database(), join(folder, 'second.db'));
    expect(await said()).toMatch(/^wrong: a start would fail: .* has 2 names \(hard links\)/);
    rmSync(join(folder, 'second.db'));
    rmSync(database());
    writeFileSync(`${database()}-wal`, 'frames');
    expect(await said()).toMatch(/^wrong: a start would fail: .* is missing or empty, and its log .* is there/);
    rmSync(`${database()}-wal`);
    writeFileSync(database(), '');
    rmSync(join(folder, 'master.key'));
    const before = everythingIn(folder);
    const found = await findings(folder);
    expect(found.database).toBe('note: a first start broke off before it was ready; the next one makes it');
    expect(everythingIn(folder)).toEqual(before);
  });

  test('what a killed server left, without touching it or keeping a start waiting', async () => {
    const log = `${database()}-wal`;
    const connection = new DatabaseSync(database());
    connection.exec("update meta set value = value where name = 'epoch'");
    for (const [from, to] of [
      [database(), `${database()}.left`],
      [log, `${log}.left`],
    ] as const) {
      copyFileSync(from, to);
    }
    connection.close();
    copyFileSync(`${database()}.left`, database());
    copyFileSync(`${log}.left`, log);
    const before = everythingIn(folder);
    expect((await findings(folder)).database).toMatch(/^ok: whole; 1 accounts/);
    expect(everythingIn(folder)).toEqual(before);
  });

  test('a clock that stands behind what the data has seen by more than a few seconds, or ahead of it by more than a month', async () => {
    const said = async (seconds: number) => {
      const connection = new DatabaseSync(database());
      const highest = BigInt(Date.now() + seconds * 1000) * 1_000_000n;
      connection.prepare("update meta set value = ? where name = 'highest_time'").run(highest);
      connection.close();
      return (await findings(folder)).clock;
    };
    expect(await said(3)).toMatch(/^ok: /);
    expect(await said(3600)).toMatch(
      /^wrong: this machine's is 3\d{3} s behind the 20.*Z that the data has seen; .* run countersign clock accept$/,
    );
    expect(await said(-29 * 86_400)).toMatch(/^ok: /);
    expect(await said(-31 * 86_400)).toMatch(
      /^wrong: this machine's says 20.*Z, 2678\d{3} s after the 20.*Z that the data has seen: .* countersign clock accept$/,
    );
  });

  test('without a server the doctor names a missing key that signs', async () => {
    const connection = new DatabaseSync(database());
    connection.exec("update signing_key set state = 'retired' where use = 'token'");
    connection.close();
    const found = await findings(folder);
    expect([found['session key']?.slice(0, 3), found['token key']]).toEqual(['ok:', 'wrong: there is none that signs']);
  });

  test('an operator token that others may read, or none', async () => {
    const token = join(data(), 'operator.token');
    chmodSync(token, 0o644);
    expect((await findings(folder))['operator token']).toMatch(/^wrong: .*has mode 0644, so others may read it/);
    chmodSync(token, 0o600);
    writeFileSync(token, '');
    expect((await findings(folder))['operator token']).toMatch(/^wrong: .*does not hold a token/);
    const socket = join(data(), 'operator.sock');
    writeFileSync(socket, '');
    expect((await findings(folder)).server).toMatch(/^wrong: .*operator\.sock is no socket/);
    rmSync(socket);
    rmSync(token);
    expect((await findings(folder))['operator token']).toMatch(/^note: .* is missing/);
    expect(existsSync(token)).toBe(false);
  });

  describe('a venue', () => {
    let venue: Server;
    afterEach(() => new Promise((resolve) => venue.close(resolve)));

    test('without a server the doctor tells a venue that listens, on a port or a socket, from one that does not', async () => {
      venue = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(venue, 'listening');
      const port = portOf(venue);
      const at = async (url: string) => (await findings(folder, `--upstream=${url}`)).venue;
      expect(await at(`http://127.0.0.1:${port}/base`)).toBe(`ok: http://127.0.0.1:${port} accepts connections`);
      expect(await at(`http://127.0.0.1:${await closedPort()}`)).toMatch(
        /^wrong: .* cannot be reached: .*ECONNREFUSED/,
      );
      const path = join(folder, 'v.sock');
      expect(await at(`unix:${path}`)).toMatch(/^wrong: .*ENOENT/);
      const other = createServer((socket) => socket.destroy()).listen(path);
      onTestFinished(() => void other.close());
      await once(other, 'listening');
      expect(await at(`unix:${path}`)).toBe(`ok: ${path} accepts connections`);
      chmodSync(folder, 0o1777);
      expect(await at(`unix:${path}`)).toBe(
        `note: ${path} accepts connections, but others may write in ${folder} and put a socket of theirs in its place`,
      );
    });
  });
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
