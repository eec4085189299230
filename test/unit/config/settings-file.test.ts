// The settings file as it lies on the disk: whose it must be, and who else may read it. What is in it: load.test.ts.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../../src/config/load.ts';
import { settingNames, settingOf } from '../../../src/config/schema.ts';
import { readSettingsText } from '../../../src/config/settings-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const WINDOWS = process.platform === 'win32';
const ROOT = process.geteuid?.() === 0;

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, 'countersign.json');
});

function put(settings: object, mode: number): void {
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify(settings));
  chmodSync(file, mode);
}

/** The problems with it, `none` when it is accepted. */
function problem(): string {
  try {
    loadConfig({ argv: [`--data=${folder}`], env: {}, cwd: '/', readFile: readSettingsText });
    return 'none';
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
}

const SECRET = 's3cr3t'.repeat(8);

test.skipIf(WINDOWS)('others may read a settings file without a secret, and none with one, whichever it is', () => {
  const secrets = settingNames.filter((name) => settingOf[name].secret);
  expect(secrets).toEqual(expect.arrayContaining(['operator.token', 'metrics.token', 'upstream.secret']));
  put({ login: { max_age: 600 }, ...Object.fromEntries(secrets.map((name) => [name, ''])) }, 0o644);
  expect(problem()).toBe('none');
  for (const name of secrets) {
    const [group = '', member = ''] = name.split('.');
    for (const settings of [{ [name]: SECRET }, { [group]: { [member]: SECRET } }]) {
      for (const mode of [0o644, 0o640, 0o604, 0o440]) {
        put(settings, mode);
        expect(problem()).toBe(
          `settings file "${file}" has mode 0${mode.toString(8)}, so others may read it; run: chmod 600 ${file}`,
        );
      }
      put(settings, 0o600);
      expect(problem()).not.toContain('others may read it');
    }
  }
});

test.skipIf(WINDOWS)('a settings file that others may write is refused: it says where the venue is', () => {
  for (const mode of [0o664, 0o646, 0o620, 0o602]) {
    put({}, mode);
    expect(problem()).toBe(
      `settings file "${file}" has mode 0${mode.toString(8)}, so others may change it; run: chmod go-w ${file}`,
    );
  }
});

test.skipIf(!ROOT)("another user's settings file is refused (only root can give a file away)", () => {
  put({}, 0o600);
  chownSync(file, 4711, 4711);
  expect(problem()).toMatch(
    /^settings file ".*" belongs to user 4711, who is not us; run this as that user: sudo -u '#4711' /,
  );
});

test.skipIf(WINDOWS)(
  'a settings file may be a link to one of ours; a pipe is not waited for, and a huge file not read',
  () => {
    const target = join(folder, 'target');
    writeFileSync(target, '{"login": {"max_age": 0}}', { mode: 0o600 });
    symlinkSync(target, file);
    expect(problem()).toMatch(/^login\.max_age: 0 from settings file/);
    rmSync(file);
    execFileSync('mkfifo', ['-m', '600', file]);
    expect(problem()).toBe(`settings file "${file}" is not a regular file`);
    rmSync(file);
    writeFileSync(file, ' '.repeat(4 * 1024 * 1024 + 1), { mode: 0o600 });
    expect(problem()).toBe(`settings file "${file}" is larger than 4194304 bytes`);
  },
);
