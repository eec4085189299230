// The files of the owner's commands: profiles, and the file that a secret is written to.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
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
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { changeProfiles, profilesPath, readProfiles, requireProfileName } from '../../../src/owner/profiles.ts';
import { type Profile, profilesIn } from '../../../src/owner/profiles-text.ts';
import { requireFree, reserve } from '../../../src/owner/secret-file.ts';
import { WrongUse } from '../../../src/owner/stops.ts';
import { exampleDeviceKey as key } from '../../support/example-device-key.ts';
import { removeFolders, temporaryFolder } from '../../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('owner');
});
afterAll(removeFolders);

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('profiles', () => {
  const env = () => ({ XDG_CONFIG_HOME: folder });
  const one: Profile = {
    url: 'https://keys.venue.example',
    account: '0x1',
    device: {
      id: 'dev_1',
      expires_at: '2026-11-28T20:00:00.000Z',
      key,
    },
  };
  const add = (name: string, profile = one) =>
    changeProfiles(env(), ({ byName }) => ({ current: name, byName: new Map([...byName, [name, profile]]) }));

  test('profiles are kept in a file of mode 0600 in a folder of mode 0700, and are read as they were written', async () => {
    expect(readProfiles(env())).toEqual({ current: undefined, byName: new Map() });
    await add('a');
    const { device: _, ...signedOut } = one;
    await add('b', signedOut);
    const path = join(folder, 'countersign', 'profiles.json');
    expect(profilesPath(env())).toBe(path);
    expect([modeOf(path), modeOf(join(folder, 'countersign'))]).toEqual([0o600, 0o700]);
    expect(readProfiles(env())).toEqual({
      current: 'b',
      byName: new Map([
        ['a', one],
        ['b', signedOut],
      ]),
    });
    expect(readdirSync(join(folder, 'countersign'))).toEqual(['profiles.json']);
  });

  test('profiles are under XDG_CONFIG_HOME, or ~/.config where that is missing or no absolute path', () => {
    for (const XDG_CONFIG_HOME of [undefined, '', 'here'])
      expect(profilesPath({ HOME: '/home/a', XDG_CONFIG_HOME })).toBe('/home/a/.config/countersign/profiles.json');
  });

  test('a HOME that is empty, or no absolute path, is no place: profiles never go to the folder one stands in', () => {
    for (const HOME of [undefined, '', 'here'])
      expect(profilesPath({ HOME })).toBe(join(userInfo().homedir, '.config', 'countersign', 'profiles.json'));
  });

  test.each([0o644, 0o640, 0o620, 0o604])(
    'profiles that others may read or write are refused with the chmod to type: mode %o',
    async (mode) => {
      await add('a');
      const path = profilesPath(env());
      chmodSync(path, mode);
      expect(() => readProfiles(env())).toThrow(`run: chmod 600 ${path}`);
      await expect(add('b')).rejects.toThrow(WrongUse);
      chmodSync(path, 0o600);
      expect([...readProfiles(env()).byName.keys()]).toEqual(['a']);
    },
  );

  test('profiles in a folder that others may look into are refused with the chmod to type', async () => {
    await add('a');
    chmodSync(join(folder, 'countersign'), 0o755);
    expect(() => readProfiles(env())).toThrow(`run: chmod 700 ${join(folder, 'countersign')}`);
    await expect(add('b')).rejects.toThrow('chmod 700');
  });

  test('profiles behind a symbolic link are not read, and the link is not followed by a write', async () => {
    mkdirSync(join(folder, 'countersign'), { mode: 0o700 });
    const target = join(folder, 'target');
    writeFileSync(target, '{"version":1,"current":null,"profiles":{}}', { mode: 0o600 });
    symlinkSync(target, profilesPath(env()));
    expect(() => readProfiles(env())).toThrow('is a link, which is not followed');
    await expect(add('a')).rejects.toThrow(WrongUse);
    expect(readFileSync(target, 'utf8')).not.toContain('dev_1');
  });

  test('two commands that write profiles at once both keep what they wrote', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `p${at}`);
    await Promise.all(names.map((name) => add(name)));
    expect([...readProfiles(env()).byName.keys()].sort()).toEqual(names.sort());
  });

  test('the lock of a command that was killed holds nobody up for ever', async () => {
    await add('a');
    const lock = `${profilesPath(env())}.lock`;
    writeFileSync(lock, '');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    await add('b');
    expect(existsSync(lock)).toBe(false);
  });

  test('a lock that another command holds for too long is told with what to remove', async () => {
    await add('a');
    const lock = `${profilesPath(env())}.lock`;
    writeFileSync(lock, '');
    let now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => {
      now += 3_000;
      return now;
    });
    const later = new Date(now + 3_600_000);
    utimesSync(lock, later, later);
    try {
      await expect(add('b')).rejects.toThrow(`another command has been writing for 5 s; if none runs, remove ${lock}`);
    } finally {
      clock.mockRestore();
    }
    rmSync(lock);
    await add('b');
  });

  test('profiles that have no place are told so: a file stands where a folder would be, or a folder where the lock would be', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const env = { XDG_CONFIG_HOME: file };
    await expect(changeProfiles(env, (same) => same)).rejects.toThrow(
      new WrongUse(`${profilesPath(env)} cannot be used (ENOTDIR)`),
    );
    await add('a');
    const lock = `${profilesPath({ XDG_CONFIG_HOME: folder })}.lock`;
    mkdirSync(lock);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    await expect(add('b')).rejects.toThrow(new WrongUse(`${lock} cannot be removed (ERR_FS_EISDIR)`));
  });

  const device = one.device;
  const listed = (profile: unknown, name = 'a') => ({ version: 1, current: name, profiles: { [name]: profile } });
  const signedIn = (more: object) => listed({ ...one, device: { ...device, ...more } });
  const keyed = (more: object) => signedIn({ key: { ...key, ...more } });
  test.each([
    ['nothing', ''],
    ['half of it', JSON.stringify(listed(one)).slice(0, 90)],
    ['bytes', '\u0000\u0001\ufffd'],
    ['a list', '[]'],
    ['null', 'null'],
    ['another version', { version: 2, profiles: {} }],
    ['a version that is a text', { version: '1', profiles: {} }],
    ['no profiles', { version: 1 }],
    ['a list of profiles', { version: 1, profiles: [one] }],
    ['a profile that is null', listed(null)],
    ['a profile that is a text', listed('x')],
    ['a profile that is a list', listed([])],
    ['a name with a control character', listed(one, 'a\u001b[2J')],
    ['a name that is empty', listed(one, '')],
    ['no url', listed({ account: '0x1' })],
    ['a url that is a number', listed({ ...one, url: 1 })],
    ['a url that is none', listed({ ...one, url: 'keys' })],
    ['a url of another scheme', listed({ ...one, url: 'file:///etc' })],
    ['a url with a path', listed({ ...one, url: 'https://keys.venue.example/v1' })],
    ['a url with a slash', listed({ ...one, url: 'https://keys.venue.example/' })],
    ['no account', listed({ url: one.url })],
    ['an account that is a number', listed({ ...one, account: 1 })],
    ['an account that is none', listed({ ...one, account: 'y' })],
    ['an account past the field', listed({ ...one, account: `0x${'f'.repeat(64)}` })],
    ['a device that is null', listed({ ...one, device: null })],
    ['a device that is empty', listed({ ...one, device: {} })],
    ['a device that is a list', listed({ ...one, device: [] })],
    ['no id', signedIn({ id: undefined })],
    ['an id that is a number', signedIn({ id: 7 })],
    ['an id that is a path', signedIn({ id: 'dev_1/../..' })],
    ['an id of another kind', signedIn({ id: 'tok_1' })],
    ['no end', signedIn({ expires_at: undefined })],
    ['an end that is a number', signedIn({ expires_at: 1 })],
    ['an end that is no time', signedIn({ expires_at: 'tomorrow' })],
    ['no key', signedIn({ key: undefined })],
    ['a key that is null', signedIn({ key: null })],
    ['a key that is a list', signedIn({ key: [] })],
    ...(['x', 'y', 'd'] as const).flatMap((name): [string, object][] => [
      [`a key without ${name}`, keyed({ [name]: undefined })],
      [`a key whose ${name} is a number`, keyed({ [name]: 1 })],
      [`a key whose ${name} is cut short`, keyed({ [name]: key[name].slice(0, 40) })],
      [`a key whose ${name} has other letters`, keyed({ [name]: key[name].replace(/^./, '=') })],
    ]),
    ['a key that is no point of its curve', keyed({ x: key.y })],
    ['a key whose private half is 0', keyed({ d: 'A'.repeat(43) })],
    ['a key whose private half has a blank behind it', keyed({ d: `${key.d} ` })],
    ['a key whose private half is of another', keyed({ d: `A${key.d.slice(1)}` })],
  ])('profiles that are damaged are refused in one sentence, whatever is damaged: %s', async (_, damaged) => {
    await add('a');
    const text = typeof damaged === 'string' ? damaged : JSON.stringify(damaged);
    writeFileSync(profilesPath(env()), text);
    expect(() => readProfiles(env())).toThrow(WrongUse);
    expect(() => readProfiles(env())).toThrow(/; remove it and log in again$/);
    expect(profilesIn(JSON.stringify(listed(one)))).toMatchObject({ current: 'a' });
  });

  test('a current profile that is none, or no name, is none', () => {
    for (const current of [7, null, undefined, {}])
      expect(profilesIn(JSON.stringify({ ...listed(one), current }))).toMatchObject({ current: undefined });
  });

  test('what is no file of profiles is refused in one sentence: too much, a folder, a pipe', async () => {
    await add('a');
    const path = profilesPath(env());
    writeFileSync(path, ' '.repeat(1024 * 1024 + 1));
    expect(() => readProfiles(env())).toThrow('is larger than a list of profiles; remove it');
    for (const [make, said] of [
      [() => mkdirSync(path, { mode: 0o700 }), 'is not a regular file'],
      [() => expect(spawnSync('mkfifo', ['-m', '600', path]).status).toBe(0), 'is not a regular file'],
    ] as const) {
      rmSync(path, { recursive: true });
      make();
      expect(() => readProfiles(env())).toThrow(WrongUse);
      expect(() => readProfiles(env())).toThrow(said);
      await expect(add('b')).rejects.toThrow(said);
    }
  });

  test('a profile has a name that a terminal and a shell take as it is', () => {
    for (const name of ['keys.venue.example:8443', 'a', 'me@work'])
      expect(() => requireProfileName(name)).not.toThrow();
    for (const name of ['', '-x', 'a b', 'a\u001b', '$(x)', 'a/b', 'x'.repeat(65)])
      expect(() => requireProfileName(name)).toThrow(WrongUse);
  });
});

describe('the file of a secret', () => {
  test('a secret is written to a new file of mode 0600, whatever the umask', () => {
    const before = process.umask(0o777);
    try {
      const file = reserve(join(folder, 'bot.env'));
      file.write('A=1\n');
      file.discard();
    } finally {
      process.umask(before);
    }
    expect(modeOf(join(folder, 'bot.env'))).toBe(0o600);
    expect(readFileSync(join(folder, 'bot.env'), 'utf8')).toBe('A=1\n');
  });

  test('a secret never replaces a file, and follows no link, dangling or not', () => {
    const path = join(folder, 'there');
    writeFileSync(path, 'mine');
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'dangling'));
    symlinkSync(path, join(folder, 'link'));
    for (const name of ['there', 'dangling', 'link']) {
      expect(() => requireFree(join(folder, name)), name).toThrow('is there already');
      expect(() => reserve(join(folder, name)), name).toThrow('is there already');
    }
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
  });

  test('a file that no secret was written to is gone afterwards', () => {
    const path = join(folder, 'x');
    const file = reserve(path);
    expect(lstatSync(path).size).toBe(0);
    file.discard();
    expect(existsSync(path)).toBe(false);
  });

  test('a folder that is missing, or takes no file, is found before a secret is made', () => {
    expect(() => requireFree(join(folder, 'none', 'x'))).toThrow('nothing was done');
    if (process.geteuid?.() === 0) return; // Root may write everywhere.
    mkdirSync(join(folder, 'closed'), { mode: 0o500 });
    expect(() => requireFree(join(folder, 'closed', 'x'))).toThrow(WrongUse);
    rmSync(join(folder, 'closed'), { recursive: true });
  });
});
