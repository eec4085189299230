// backup, restore and doctor as commands: what they print, for people and for programs, and their exit codes.
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { folderWithKeyOf } from '../support/backups.ts';
import { type Service, startService } from '../support/harness.ts';
import { run } from '../support/operator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToken, mainSession, onboard, registerSubkey, starkTrader } from '../support/trader.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ settings: { 'operator.socket': 'off' } });
  const owner = starkTrader();
  await onboard(service.url, owner);
  const session = await mainSession(service.url, owner);
  await createToken(service.url, session);
  await registerSubkey(service.url, owner, session);
});
afterAll(() => service.stop());
afterEach(() => vi.restoreAllMocks());

describe('used wrongly: exit code 2, and one sentence', () => {
  test.each([
    ['backup', []],
    ['backup', ['a', 'b']],
    ['restore', []],
    ['restore', ['a', 'b']],
    ['restore', ['a', '--keep-credentials=false']],
    ['doctor', ['now']],
    ['doctor', ['--server.prot=1']],
  ] as const)('%s %j', async (name, argv) => {
    const folder = temporaryFolder();
    const { code, out, err } = await run(name, folder, ...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(new RegExp(`^countersign ${name}: .+\\n$`));
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('backup', () => {
  test('into a folder has the time for a name, and says what is in it', async () => {
    const folder = temporaryFolder();
    const { code, out, err } = await run('backup', service.folder, folder);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [name = '', ...others] = readdirSync(folder);
    expect([name, others]).toEqual([expect.stringMatching(/^countersign-\d{8}T\d{6}Z\.backup$/), []]);
    expect(out).toMatch(new RegExp(`^file +${join(folder, name)}$`, 'm'));
    expect(out).toMatch(/^holds +1 accounts, 1 live subkeys, 1 live tokens$/m);
    expect(out).toMatch(/^not in it +the master key, without which it cannot be restored/m);
  });

  test('countersign backup to a file tells programs every digit, and another to the same file is refused', async () => {
    const file = join(temporaryFolder(), 'a');
    const { out } = await run('backup', service.folder, file, '--json');
    expect(out).toMatch(/"taken_at":\d{19},/);
    expect(JSON.parse(out)).toMatchObject({ file, bytes: statSync(file).size, accounts: 1, subkeys: 1, tokens: 1 });
    const before = readFileSync(file);
    expect(await run('backup', service.folder, file)).toEqual({
      code: 1,
      out: '',
      err: `countersign backup: ${file} exists already; nothing was changed\n`,
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('where there is no data: exit code 1, and none is made', async () => {
    const folder = temporaryFolder();
    const { code, err } = await run('backup', folder, join(folder, 'a'));
    expect([code, err]).toEqual([1, expect.stringMatching(/there is no database in/)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('countersign backup of a damaged database: exit code 1, and nothing that could be taken for a backup', async () => {
    const source = await startService();
    await source.stop();
    const file = join(source.folder, 'data', 'countersign.db');
    const connection = new DatabaseSync(file, { readOnly: true });
    const row = connection.prepare("select rootpage from sqlite_schema where name = 'siwe_nonce'").get();
    connection.close();
    const page = Number(row?.rootpage) - 1;
    writeFileSync(file, readFileSync(file).fill(0xff, page * 4096, (page + 1) * 4096));
    const folder = temporaryFolder();
    const { code, err } = await run('backup', source.folder, folder);
    expect([code, err]).toEqual([1, expect.stringMatching(/the database in this backup is damaged: .+\n$/)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('countersign backup that breaks off: exit code 3, and nothing that could be taken for one', async () => {
    const address = join(service.folder, 'data', 'operator.url');
    const url = readFileSync(address, 'utf8');
    const halves = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Length': 100_000 });
      response.write(Buffer.alloc(50_000), () => response.destroy());
    }).listen(0, '127.0.0.1');
    await once(halves, 'listening');
    const bound = halves.address();
    const folder = temporaryFolder();
    try {
      writeFileSync(address, `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}\n`);
      const { code, err } = await run('backup', service.folder, join(folder, 'a'));
      expect([code, err]).toEqual([3, expect.stringMatching(/the answer of the server at .* broke off\n$/)]);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      writeFileSync(address, url);
      halves.close();
    }
  });
});

describe('restore', () => {
  let file: string;
  beforeAll(async () => {
    file = join(temporaryFolder(), 'a');
    await run('backup', service.folder, file);
  });

  test('countersign restore says what ended, what is not known, and what is kept', async () => {
    const by = { default: folderWithKeyOf(service), keeping: folderWithKeyOf(service) };
    const ended = await run('restore', by.default, file);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toMatch(/^sessions +all ended; a login must be signed after 20.*Z$/m);
    expect(ended.out).toMatch(/^revoked +1 subkeys, 1 tokens, 0 devices$/m);
    expect(ended.out).toContain('Accounts that were locked since are open');
    expect(ended.out).toContain('their owners make new ones');
    const kept = await run('restore', by.keeping, file, '--keep-credentials');
    expect(kept.out).toMatch(
      /^1 subkeys and 1 tokens live as they were at 20.*Z: THOSE THAT WERE REVOKED SINCE LIVE AGAIN/m,
    );
    expect(kept.out).toMatch(/^revoked +0 subkeys, 0 tokens, 0 devices$/m);
  });

  test('countersign restore tells programs all of it', async () => {
    const { code, out } = await run('restore', folderWithKeyOf(service), file, '--json');
    expect(code).toBe(0);
    expect(out).toMatch(/"valid_after":\d{19},/);
    const said = JSON.parse(out);
    expect(said).toMatchObject({ kept_credentials: false, accounts: 1, revoked_subkeys: 1, revoked_tokens: 1 });
    expect(said.epoch).not.toBe(said.previous_epoch);
  });

  test('countersign restore that is refused: exit code 1, and one sentence', async () => {
    const folder = folderWithKeyOf(service);
    rmSync(join(folder, 'master.key'));
    const { code, out, err } = await run('restore', folder, file);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^countersign restore: The master key file .* is missing.*\n$/);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });
});

describe('doctor', () => {
  test('exit code 0 when nothing is wrong, for people and for programs', async () => {
    const { code, out, err } = await run('doctor', service.folder);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    // This server runs with other settings than the command is given, which is worth a note and nothing wrong.
    expect(out.split('\n').filter((line) => !line.startsWith('ok '))).toEqual([
      expect.stringMatching(/^note +running with /),
      '',
    ]);
    const { healthy, findings } = JSON.parse((await run('doctor', service.folder, '--json')).out);
    expect(healthy).toBe(true);
    expect(findings.map(({ check }: { check: string }) => check)).toEqual([
      'versions',
      'settings',
      'data folder',
      'disk',
      'descriptors',
      'database',
      'clock',
      'master key',
      'session key',
      'token key',
      'server',
      'operator token',
      'running with',
      'venue',
      'route table',
      'certificate',
    ]);
  });

  test('exit code 1 when something is, and it stands out', async () => {
    const data = join(service.folder, 'data');
    chmodSync(data, 0o755);
    try {
      const { code, out } = await run('doctor', service.folder);
      expect(code).toBe(1);
      expect(out).toMatch(/^WRONG +data folder +.* can be entered by others/m);
      const said = await run('doctor', service.folder, '--json');
      expect([said.code, JSON.parse(said.out).healthy]).toEqual([1, false]);
    } finally {
      chmodSync(data, 0o700);
    }
  });

  test('what cannot be opened is said, and the rest is looked at all the same', async () => {
    const folder = folderWithKeyOf(service);
    mkdirSync(join(folder, 'data', 'countersign.db.lock'), { recursive: true, mode: 0o700 });
    const { code, out, err } = await run('doctor', folder);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(/^WRONG +database +cannot be used: /m);
    expect(out).toMatch(/^ok +venue /m);
  });

  test('countersign doctor prints no secret', async () => {
    const { out } = await run('doctor', service.folder);
    const masterKey = readFileSync(join(service.folder, 'master.key'), 'utf8').trim();
    for (const secret of [masterKey, service.operatorToken]) expect(out).not.toContain(secret);
  });
});
