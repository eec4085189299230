import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  readOperatorAddress,
  removeOperatorAddress,
  writeOperatorAddress,
} from '../../../src/operator/address-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('the operator address file is read as written, readable by its owner alone, until it is removed', () => {
  const file = join(temporaryFolder(), 'operator.url');
  for (const url of ['http://127.0.0.1:8081', 'http://[::1]:9']) {
    writeOperatorAddress(file, url);
    expect(readOperatorAddress(file)).toBe(url);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  removeOperatorAddress(file, () => expect.unreachable());
  removeOperatorAddress(file, () => expect.unreachable());
  expect(readOperatorAddress(file)).toBeUndefined();
});

test('an operator address file that cannot be removed is told, and nothing is thrown: the stop goes on', () => {
  const file = join(temporaryFolder(), 'operator.url');
  mkdirSync(file);
  const left: unknown[] = [];
  removeOperatorAddress(file, (error) => left.push(error));
  expect(left).toEqual([expect.objectContaining({ path: file })]);
});

test('a link in the place of the operator address file is replaced, not followed', () => {
  const folder = temporaryFolder();
  const [file, victim] = [join(folder, 'operator.url'), join(folder, 'victim')];
  writeFileSync(victim, 'precious');
  symlinkSync(victim, file);
  writeOperatorAddress(file, 'http://127.0.0.1:8081');
  expect(readOperatorAddress(victim)).toBeUndefined();
  expect(readOperatorAddress(file)).toBe('http://127.0.0.1:8081');
});

test.each([
  'http://192.0.2.1:80',
  'http://operator.example:80',
  'http://localhost:8081',
  'https://127.0.0.1:8081',
  'http://127.0.0.1:8081@evil.example',
  'http://127.0.0.1.evil.example:80',
  'http://127.0.0.1:8081/path',
  'http://127.0.0.1:8081\nx',
  '',
])('%j is no operator address of ours: a token is never sent there', (text) => {
  const file = join(temporaryFolder(), 'operator.url');
  writeFileSync(file, text);
  expect(readOperatorAddress(file)).toBeUndefined();
});
