// Small files of ours are whole or not there, by real means: kill -9 while they are made, a file system that takes no more bytes, and
// the order of the system calls as the kernel saw them.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leftDrafts } from '../../src/files/durable-file.ts';
import { openMasterKey } from '../../src/jwt/master-key.ts';
import { readOperatorAddress, writeOperatorAddress } from '../../src/operator/address-file.ts';
import { OperatorTokenUnusable, openOperatorToken } from '../../src/operator/token-file.ts';
import { endEverythingStarted, PROJECT, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

const LINUX = process.platform === 'linux';
const hasStrace = LINUX && spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;
const ROUNDS = 12;

let folder: string;
beforeEach(async () => {
  folder = temporaryFolder('durable');
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

/** The functions under test, in a process of their own. */
const program = (body: string): string[] => {
  const from = (file: string) => JSON.stringify(join(PROJECT, 'src', file));
  return [
    '--input-type=module',
    '-e',
    `import { mkdirSync } from 'node:fs';
    import { openMasterKey } from ${from('jwt/master-key.ts')};
    import { openOperatorToken } from ${from('operator/token-file.ts')};
    import { writeOperatorAddress } from ${from('operator/address-file.ts')};
    const folder = process.argv[1];
    ${body}`,
  ];
};

test('kill -9 at any moment leaves no half bearer, no half key and no half address', async () => {
  // In memory where there is such a folder: the disk's own time would hide the moments that matter.
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const body = `console.log('making');
    for (let n = 0; ; n += 1) {
      mkdirSync(folder + '/' + n);
      openOperatorToken(folder + '/' + n + '/operator.token', { mayCreate: true });
      openMasterKey(folder + '/' + n + '/master.key', { mayCreate: true });
      writeOperatorAddress(folder + '/operator.url', 'http://127.0.0.1:' + (10_000 + n % 50_000));
    }`;
  let made = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const home = join(memory, `countersign-durable-${process.pid}-${round}`);
    mkdirSync(home);
    try {
      const making = start(process.execPath, [...program(body), home], { cwd: folder });
      await making.printed(/making/);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
      making.signal('SIGKILL');
      expect((await making.ended).signal, making.stderr()).toBe('SIGKILL');
      const names = readdirSync(home, { recursive: true, encoding: 'utf8' });
      for (const name of names.filter((one) => /(\.token|\.key|\.url)$/.test(one))) {
        expect(readFileSync(join(home, name), 'utf8'), name).toMatch(
          /^([A-Za-z0-9_-]{43}|[0-9a-f]{64}|http:\/\/127\.0\.0\.1:\d{5})\n$/,
        );
        expect(statSync(join(home, name)).mode & 0o777).toBe(0o600);
        made += 1;
      }
      // The next start goes on from whatever is there.
      for (const name of names.filter((one) => /^\d+$/.test(one))) {
        openOperatorToken(join(home, name, 'operator.token'), { mayCreate: true });
        openMasterKey(join(home, name, 'master.key'), { mayCreate: true });
      }
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  }
  expect(made).toBeGreaterThan(ROUNDS);
});

test.skipIf(!LINUX)('a disk that takes no byte leaves nothing of them, and one sentence says why', () => {
  const tried = `for (const make of [
      () => openOperatorToken(folder + '/operator.token', { mayCreate: true }),
      () => openMasterKey(folder + '/master.key', { mayCreate: true }),
      () => writeOperatorAddress(folder + '/operator.url', 'http://127.0.0.1:8081'),
    ]) try { make(); } catch (error) { console.log(error.message); }`;
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, ...program(tried), folder],
    { encoding: 'utf8' },
  );
  expect(stdout.split('\n')).toEqual([
    `The operator token file ${folder}/operator.token cannot be created (EFBIG).`,
    `The master key file ${folder}/master.key cannot be created (EFBIG).`,
    expect.stringMatching(/^EFBIG: /),
    '',
  ]);
  expect(readdirSync(folder)).toEqual([]);
});

describe.skipIf(!hasStrace)('as the kernel saw it (where strace is installed)', () => {
  /** The calls on the folder, in order: `write draft`, `fsync draft`, `name path`, `fsync folder`. */
  function calls(body: string, ...more: readonly string[]): readonly string[] {
    const log = join(folder, 'calls.log');
    const home = join(folder, 'home');
    mkdirSync(home);
    const traced = [
      '-f',
      '-y',
      '-o',
      log,
      '-e',
      'trace=write,pwrite64,fsync,fdatasync,link,linkat,rename,renameat,renameat2',
    ];
    const { status, stderr } = spawnSync('strace', [...traced, ...more, process.execPath, ...program(body), home], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    const lines = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(home));
    return lines.map((line) => {
      const [, call = ''] = /^\d+ +(\w+)\(/.exec(line) ?? [];
      if (/^(link|rename)/.test(call))
        return `${call.replace(/at2?$/, '')} ${/"[^"]*\/([^/"]+)"[^"]*$/.exec(line)?.[1]}`;
      const [, on = ''] = /<([^>]+)>/.exec(line) ?? [];
      return `${call.replace(/^pwrite64$/, 'write')} ${on === home ? 'folder' : on.endsWith('.tmp') ? 'draft' : on}`;
    });
  }

  test.each([
    ['operator.token', "openOperatorToken(folder + '/operator.token', { mayCreate: true })", 'link operator.token'],
    ['master.key', "openMasterKey(folder + '/master.key', { mayCreate: true })", 'link master.key'],
    ['operator.url', "writeOperatorAddress(folder + '/operator.url', 'http://127.0.0.1:1')", 'rename operator.url'],
  ])('%s is on the disk before it has its name, and the name before anybody goes on', (_name, body, named) => {
    expect(calls(body)).toEqual(['write draft', 'fsync draft', named, 'fsync folder']);
  });

  test('where the file system has no links, the file gets its name all the same', () => {
    const noLinks = ['-e', 'inject=link,linkat:error=EPERM'];
    const made = calls("openOperatorToken(folder + '/operator.token', { mayCreate: true })", ...noLinks);
    expect(made.slice(0, 2)).toEqual(['write draft', 'fsync draft']);
    expect(made.slice(-2)).toEqual(['rename operator.token', 'fsync folder']);
    expect(readdirSync(join(folder, 'home'))).toEqual(['operator.token']);
  });
});

test('what has the name already is kept, and a link there is not written through', () => {
  const token = join(folder, 'operator.token');
  const key = join(folder, 'master.key');
  const url = join(folder, 'operator.url');
  const target = join(folder, 'target');
  for (const path of [token, key, url]) symlinkSync(target, path);
  expect(() => openOperatorToken(token, { mayCreate: true })).toThrow(OperatorTokenUnusable);
  expect(() => openMasterKey(key, { mayCreate: true })).toThrow(/is a link to .*, where nothing is/);
  writeOperatorAddress(url, 'http://127.0.0.1:8081');
  expect(readOperatorAddress(url)).toBe('http://127.0.0.1:8081');
  expect(existsSync(target)).toBe(false);
});

test('a bearer that an earlier release left empty or half is refused in one sentence that says what to do', () => {
  const token = join(folder, 'operator.token');
  for (const content of ['', 'half']) {
    writeFileSync(token, content, { mode: 0o600 });
    expect(() => openOperatorToken(token, { mayCreate: true })).toThrow(
      `The operator token file ${token} does not hold a token; delete it, and the next start makes a new one.`,
    );
    expect(readFileSync(token, 'utf8')).toBe(content);
  }
  rmSync(token);
  expect(openOperatorToken(token, { mayCreate: true })).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test('a second name that a killed start left of a file, and half of one, are named and removed; nothing else is', () => {
  const token = join(folder, 'operator.token');
  const bearer = openOperatorToken(token, { mayCreate: true });
  const draft = (digit: string) => `${token}.${digit.repeat(16)}.tmp`;
  linkSync(token, draft('1'));
  for (const digit of ['2', '3']) writeFileSync(draft(digit), 'half');
  utimesSync(draft('2'), 1, 1);
  symlinkSync(token, draft('4'));
  writeFileSync(`${token}.tmp`, 'of somebody else');
  utimesSync(`${token}.tmp`, 1, 1);
  expect([...leftDrafts(token)].sort()).toEqual([draft('1'), draft('2')]);
  expect(openOperatorToken(token, { mayCreate: true })).toBe(bearer);
  // Somebody may be making this one now; a link and other names are not of ours.
  const kept = [token, draft('3'), draft('4'), `${token}.tmp`].filter((path) =>
    lstatSync(path, { throwIfNoEntry: false }),
  );
  expect(kept).toHaveLength(4);
  expect(leftDrafts(token)).toEqual([]);
});
