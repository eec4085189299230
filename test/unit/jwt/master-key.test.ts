import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MasterKeyUnusable, openMasterKey } from '../../../src/jwt/master-key.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-master-key-'));
  path = join(folder, 'master.key');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (mayCreate = false) => openMasterKey(path, { mayCreate });

function put(content: string, mode = 0o600): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

const HEX = 'a1'.repeat(32);

test('a missing master key file is created with mode 0600, and the next start reads the same key', () => {
  const created = open(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(created.symmetricKeySize).toBe(32);
  expect(created.export().toString('hex')).toBe(readFileSync(path, 'utf8').slice(0, 64));
  expect(open().equals(created)).toBe(true);
});

test('the creation of a master key leaves nothing but its file behind', () => {
  open(true);
  expect(readdirSync(folder)).toEqual(['master.key']);
});

test('a narrow umask does not make the new master key file unreadable for its owner', () => {
  const before = process.umask(0o777);
  try {
    open(true);
  } finally {
    process.umask(before);
  }
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('two new master key files hold different keys', () => {
  const other = openMasterKey(join(folder, 'other.key'), { mayCreate: true });
  expect(open(true).equals(other)).toBe(false);
});

test('a missing master key file is refused, and not created, once something is sealed under it', () => {
  expect(() => open(false)).toThrow(/is missing/);
  expect(readdirSync(folder)).toEqual([]);
});

test('an existing master key file is never replaced', () => {
  put(`${HEX}\n`);
  expect(open(true).export().toString('hex')).toBe(HEX);
  expect(readFileSync(path, 'utf8')).toBe(`${HEX}\n`);
});

test('a dangling link in the place of the master key is refused and nothing is written through it', () => {
  symlinkSync(join(folder, 'nowhere'), path);
  expect(() => open(true)).toThrow(MasterKeyUnusable);
  expect(readdirSync(folder)).toEqual(['master.key']);
});

test('a master key file that cannot be created says so in one sentence', () => {
  path = join(folder, 'no-such-folder', 'master.key');
  expect(() => open(true)).toThrow(/cannot be created \(ENOENT\)\.$/);
});

test.each([`${HEX}\n`, HEX])('a master key with or without its final newline is read', (content) => {
  put(content);
  expect(open().export().toString('hex')).toBe(HEX);
});

test('a master key file narrower than 0600 is read', () => {
  put(`${HEX}\n`, 0o400);
  expect(open().export().toString('hex')).toBe(HEX);
});

test('a master key file of mode 0440, as a secret mount gives it to a service that is not root, is read', () => {
  put(`${HEX}\n`, 0o440);
  expect(open().export().toString('hex')).toBe(HEX);
});

test('a master key that a secret mount projects through links of its own is read, and never made where they lead', () => {
  mkdirSync(join(folder, '..2026_01'));
  symlinkSync('..2026_01', join(folder, '..data'));
  symlinkSync('..data/master.key', path);
  expect(() => open(true)).toThrow(/is a link to .*, where nothing is$/);
  put(`${HEX}\n`, 0o440);
  expect(open().export().toString('hex')).toBe(HEX);
  expect(readdirSync(folder)).toEqual(['..2026_01', '..data', 'master.key']);
});

// Windows has no such mode bits.
describe.skipIf(process.platform === 'win32')('a wider mode', () => {
  test.each([0o640, 0o604, 0o404, 0o444, 0o460, 0o441, 0o620, 0o602, 0o610, 0o601, 0o644, 0o660, 0o666, 0o777])(
    'a master key file of mode %o is refused',
    (mode) => {
      put(`${HEX}\n`, mode);
      expect(() => open(true)).toThrow(MasterKeyUnusable);
      expect(() => open()).toThrow(`has mode 0${mode.toString(8)}`);
    },
  );

  test('a master key file behind a link is refused when its mode is wider than 0600', () => {
    const target = join(folder, 'target');
    writeFileSync(target, `${HEX}\n`);
    chmodSync(target, 0o644);
    symlinkSync(target, path);
    expect(() => open()).toThrow(/has mode 0644/);
  });

  test('a named pipe in the place of the master key is refused without waiting for a writer', () => {
    execFileSync('mkfifo', ['-m', '600', path]);
    expect(() => open(true)).toThrow(/not a regular file/);
  });
});

test('a folder in the place of the master key is refused', () => {
  mkdirSync(path, { mode: 0o700 });
  expect(() => open(true)).toThrow(/not a regular file/);
});

test.each([
  ['an empty file', ''],
  ['a short key', `${HEX.slice(2)}\n`],
  ['a long key', `${HEX}a1\n`],
  ['upper case', `${HEX.toUpperCase()}\n`],
  ['two newlines', `${HEX}\n\n`],
  ['a carriage return', `${HEX}\r\n`],
  ['a leading space', ` ${HEX.slice(1)}\n`],
  ['something that is not hex', `${HEX.slice(1)}g\n`],
  ['another line first', `x\n${HEX}\n`],
  ['a huge file', `${HEX}\n`.repeat(10_000)],
])('a master key file with %s is refused and left as it is, and its content is not told', (_, content) => {
  put(content);
  const sentence = `The master key file ${path} does not hold a master key (64 lower-case hex digits and a newline).`;
  expect(() => open(true)).toThrow(new MasterKeyUnusable(sentence));
  expect(readFileSync(path, 'utf8')).toBe(content);
});
