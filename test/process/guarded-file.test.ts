// Which files are read that decide what is allowed here, by real files, links, pipes and, where this runs as root, real owners.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { UnsafeFile } from '../../src/errors.ts';
import { type Guard, readGuarded } from '../../src/files/guarded-file.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const POSIX = process.platform !== 'win32';
/** Only root can give a file to somebody else. */
const ROOT = process.geteuid?.() === 0;
const STRANGER = 4711;
const GUARDS: readonly Guard[] = ['secret', 'mounted_secret', 'group_secret', 'trusted', 'shown'];

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'file');
});

function put(mode: number, file = path): string {
  writeFileSync(file, 'content');
  chmodSync(file, mode);
  return file;
}

/** `content`, or the sentence of the refusal. */
function outcome(guard: Guard): string {
  try {
    return String(readGuarded(path, guard, 1000));
  } catch (error) {
    if (error instanceof UnsafeFile) return error.message;
    throw error;
  }
}

test('a file of its owner alone is read, and one that is not there is said to be so', () => {
  for (const guard of GUARDS) expect(() => outcome(guard)).toThrow(/ENOENT/);
  put(0o600);
  for (const guard of GUARDS) expect(outcome(guard)).toBe('content');
});

describe.skipIf(!POSIX)('what others may do with it', () => {
  const accepted = (guard: Guard): readonly string[] =>
    [0o400, 0o600, 0o700, 0o440, 0o640, 0o604, 0o444, 0o644, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777]
      .filter((mode) => outcomeOf(mode, guard) === 'content')
      .map((mode) => mode.toString(8));

  function outcomeOf(mode: number, guard: Guard): string {
    rmSync(path, { force: true });
    put(mode);
    return outcome(guard);
  }

  test('a secret: nothing; one of a mount: mode 0440; what is trusted: reading', () => {
    expect(accepted('secret')).toEqual(['400', '600', '700']);
    expect(accepted('mounted_secret')).toEqual(['400', '600', '700', '440']);
    expect(accepted('group_secret')).toEqual(['400', '600', '700', '440', '640']);
    expect(accepted('trusted')).toEqual(['400', '600', '700', '440', '640', '604', '444', '644', '610', '601']);
    expect(accepted('shown')).toHaveLength(14);
  });

  test('the sentence names the file and what to do', () => {
    put(0o640);
    expect(outcome('secret')).toBe(`${path} has mode 0640, so others may read it; run: chmod 600 ${path}`);
    chmodSync(path, 0o664);
    expect(outcome('trusted')).toBe(`${path} has mode 0664, so others may change it; run: chmod go-w ${path}`);
  });
});

describe.skipIf(!ROOT)('whose it is (only root can give files away)', () => {
  test('a guarded file of another user is refused, whatever its mode', () => {
    put(0o600);
    chownSync(path, STRANGER, STRANGER);
    const sentence = `${path} belongs to user ${STRANGER}, who is not us; run this as that user: sudo -u '#${STRANGER}' ...`;
    for (const guard of GUARDS) expect(outcome(guard)).toBe(guard === 'shown' ? 'content' : sentence);
  });

  test("root's is read by a user who is not root, and another user's not", () => {
    const program = `
      import { readGuarded } from ${JSON.stringify(join(import.meta.dirname, '../../src/files/guarded-file.ts'))};
      process.seteuid(${STRANGER});
      for (const file of process.argv.slice(1)) {
        try { console.log(String(readGuarded(file, 'trusted', 1000))); } catch (error) { console.log(error.because); }
      }`;
    chmodSync(folder, 0o755);
    const [roots, ours, another] = ['roots', 'ours', 'another'].map((name) => put(0o644, join(folder, name)));
    chownSync(String(ours), STRANGER, STRANGER);
    chownSync(String(another), STRANGER + 1, STRANGER + 1);
    const files = [roots, ours, another].map(String);
    // Nobody else may enter the folder of a test run.
    const shown = withFolderOpen(() =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program, ...files], { encoding: 'utf8' }),
    );
    expect(shown.split('\n').slice(0, 2)).toEqual(['content', 'content']);
    expect(shown).toContain(`belongs to user ${STRANGER + 1}, who is not us`);
  });

  function withFolderOpen(run: () => string): string {
    const above = join(folder, '..');
    chmodSync(above, 0o711);
    try {
      return run();
    } finally {
      chmodSync(above, 0o700);
    }
  }
});

describe.skipIf(!POSIX)('a link', () => {
  /** As Kubernetes projects a secret: `file -> ..data/file`, `..data -> ..2026_01`, in a folder that everybody may write in. */
  function mount(mode: number): { readonly data: string; readonly target: string } {
    const version = join(folder, '..2026_01');
    mkdirSync(version);
    symlinkSync('..2026_01', join(folder, '..data'));
    symlinkSync('..data/file', path);
    chmodSync(folder, 0o1777);
    return { data: join(folder, '..data'), target: put(mode, join(version, 'file')) };
  }

  test('a link that a secret mount makes is followed, and the file it leads to is judged', () => {
    const { target } = mount(0o400);
    for (const guard of GUARDS) expect(outcome(guard)).toBe('content');
    chmodSync(target, 0o440);
    expect(outcome('mounted_secret')).toBe('content');
    expect(outcome('secret')).toMatch(/has mode 0440, so others may read it/);
    chmodSync(target, 0o644);
    expect(outcome('mounted_secret')).toMatch(/has mode 0644, so others may read it/);
  });

  test.skipIf(!ROOT)(
    "a link to another user's file is refused, and so is another user's link to a file of ours",
    () => {
      const { data, target } = mount(0o400);
      chownSync(target, STRANGER, STRANGER);
      expect(outcome('secret')).toMatch(`belongs to user ${STRANGER}, who is not us`);
      chownSync(target, 0, 0);
      for (const link of [path, data]) {
        lchownSync(link, STRANGER, STRANGER);
        for (const guard of ['secret', 'mounted_secret', 'group_secret', 'trusted'] as const) {
          expect(outcome(guard)).toBe(`${path} is reached by a link of user ${STRANGER}, who is not us: ${link}`);
        }
        lchownSync(link, 0, 0);
      }
      expect(outcome('secret')).toBe('content');
    },
  );

  test('a guarded file that is a link to nowhere, or to itself, is not taken for a missing one', () => {
    symlinkSync('nowhere', path);
    expect(outcome('shown')).toBe(`${path} is a link to ${join(folder, 'nowhere')}, where nothing is`);
    rmSync(path);
    symlinkSync('file', path);
    expect(outcome('secret')).toBe(`${path} is a link without an end`);
  });

  test('above the file is followed, too, by `..` as the system does it', () => {
    const [real, beside] = [join(folder, 'a', 'b'), join(folder, 'beside')];
    mkdirSync(real, { recursive: true });
    put(0o600, join(folder, 'a', 'file'));
    symlinkSync(real, beside);
    path = `${beside}/../file`;
    // As a path it was completed first, which takes `beside/..` away: then there is no file.
    expect(() => outcome('secret')).toThrow(/ENOENT/);
    symlinkSync('beside/../file', join(folder, 'link'));
    path = join(folder, 'link');
    expect(outcome('secret')).toBe('content');
  });
});

describe('what is no regular file', () => {
  test('a folder in the place of a guarded file is refused', () => {
    mkdirSync(path, { mode: 0o700 });
    expect(outcome('secret')).toBe(`${path} is not a regular file`);
  });

  test.skipIf(!POSIX)('a named pipe is refused and not waited for, also behind a link', () => {
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
    symlinkSync('pipe', path);
    for (const guard of GUARDS) expect(outcome(guard)).toBe(`${path} is not a regular file`);
  });

  test.skipIf(process.platform !== 'linux')('a device in the place of a guarded file is refused', () => {
    path = '/dev/null';
    expect(outcome('trusted')).toBe('/dev/null is not a regular file');
  });
});

test('a file of more bytes than it may have is not read, and one of as many is', () => {
  put(0o600);
  truncateSync(path, 1000);
  expect(readGuarded(path, 'secret', 1000)).toHaveLength(1000);
  expect(readGuarded(path, 'secret', 999)).toBe('too_large');
  // Sparse: nobody waits for a terabyte.
  truncateSync(path, 2 ** 40);
  expect(readGuarded(path, 'secret', 1000)).toBe('too_large');
});

test.skipIf(process.platform !== 'linux')('a file that tells no size is read as far as it may be', () => {
  path = '/proc/self/cmdline';
  expect(readGuarded(path, 'shown', 100_000).length).toBeGreaterThan(0);
  expect(readGuarded(path, 'shown', 3)).toBe('too_large');
});

test.skipIf(!POSIX)(
  'what is asked is asked of the open file: one that changes places all the time is never read with another',
  async () => {
    const [ours, theirs] = [put(0o600, join(folder, 'ours')), join(folder, 'theirs')];
    writeFileSync(theirs, 'planted', { mode: 0o644 });
    chmodSync(theirs, 0o644);
    renameSync(ours, path);
    // Another process turns the name between our file and a link to the planted one, as fast as it can.
    const program = `
    import { linkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
    const [path, theirs, draft] = process.argv.slice(1);
    linkSync(path, draft + '.ours');
    console.log('turning');
    for (;;) {
      rmSync(draft, { force: true }); symlinkSync(theirs, draft); renameSync(draft, path);
      linkSync(draft + '.ours', draft); renameSync(draft, path);
    }`;
    const args = ['--input-type=module', '-e', program, path, theirs, join(folder, 'draft')];
    const turning = start(process.execPath, args, { cwd: folder });
    const seen = new Set<string>();
    try {
      await turning.printed(/turning/);
      while (!seen.has('content') || !seen.has('refused')) seen.add(tried());
      for (let round = 0; round < 10_000; round += 1) seen.add(tried());
    } finally {
      endEverythingStarted();
    }
    expect(seen).not.toContain('planted');

    function tried(): string {
      try {
        return String(readGuarded(path, 'secret', 1000));
      } catch (error) {
        if (error instanceof UnsafeFile) return 'refused';
        return error instanceof Error && 'code' in error ? String(error.code) : String(error);
      }
    }
  },
);
