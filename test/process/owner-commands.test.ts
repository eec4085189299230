// Every form of the owner's commands against a real server, with pipes and in a terminal; and where its secrets are found afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { createClient } from '../../src/client/create-client.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { forms } from '../../src/owner/forms.ts';
import { noTerminal, type Person, personIn, type Said, type Step } from '../support/owner-commands.ts';
import { homeIn, MAIN, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted } from '../support/started.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, type StarkTrader, starkTrader, subkeySession } from '../support/trader.ts';

// Processes start slowly on a machine that others use. Nothing is asserted by it.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: Server;
let owner: Person;
let trader: StarkTrader;
let keyPath: string;
beforeAll(async () => {
  const folder = temporaryFolder('owner');
  server = await startServer(homeIn(folder));
  owner = personIn(folder);
  trader = starkTrader();
  keyPath = join(folder, 'main.key');
  writeFileSync(keyPath, trader.privateKey, { mode: 0o600 });
});
afterAll(async () => {
  endEverythingStarted();
  await removeFolders();
});

/** Everything that was printed by a command that was not told to print a secret. */
const printed: string[] = [];
/** Command lines and environments, as other users could read them. */
const seen: string[] = [];
/** Forms that were run. */
const ran = new Set<string>();
const secrets = new Map<string, string>();

const formOf = (argv: readonly string[]): string =>
  forms.find(({ words }) => argv.slice(0, words.split(' ').length).join(' ') === words)?.words ?? '';

type Options = { input?: string; env?: Record<string, string>; shows?: boolean };

async function run(line: string, { shows = false, ...options }: Options = {}): Promise<Said> {
  const argv = line.split(' ').map((word) => word.replace('KEY', keyPath));
  ran.add(formOf(argv));
  const said = await owner.run(argv, options);
  printed.push(shows ? said.err : said.out + said.err);
  return said;
}

async function done(line: string, options?: Options): Promise<string> {
  const said = await run(line, options);
  expect({ line, code: said.code, err: said.code === 0 ? '' : said.err }).toEqual({ line, code: 0, err: '' });
  return said.out;
}

async function type(line: string, steps: readonly Step[]) {
  const shown = await owner.type(line.split(' '), steps);
  printed.push(shown.screen);
  seen.push(...shown.seen);
  expect({ line, missed: shown.missed, screen: shown.missed.length === 0 ? '' : shown.screen }).toEqual({
    line,
    missed: [],
    screen: '',
  });
  return shown;
}

const linesOf = (file: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(join(owner.desk, file), 'utf8')
      .split('\n')
      .filter((line) => /^[A-Z_]+=/.test(line))
      .map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]),
  );

const statusOf = async (bearer: string): Promise<number> =>
  (await call(server.url, 'GET', '/countersign/v1/self', { bearer })).status;

describe('from login to logout, with pipes', () => {
  test('login says what it writes and where, makes an account only when told to, and keeps a key that can look and end', async () => {
    expect(await run(`login --url ${server.url} --key-file KEY`)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(
        /not known here yet\. .* countersign login --onboard makes it\. \(NOT_ONBOARDED, request /,
      ),
    });
    const said = await run(`login --url ${server.url} --stdin --onboard`, { input: `${trader.privateKey}\n` });
    expect(said.code).toBe(0);
    expect(said.err).toContain(`writes ${owner.profiles}`);
    expect(said.err).toContain('a key of this machine that can look and end, for 8 hours');
    expect(statSync(owner.profiles).mode & 0o777).toBe(0o600);
    const self = JSON.parse(await done('whoami --json'));
    expect(self).toMatchObject({ account: trader.account, kind: 'device' });
    expect(self.permissions.sort()).toEqual(['audit:read', 'keys:narrow', 'keys:read', 'self:read']);
    expect(await done('whoami')).toMatch(/^until +.* \(in 8 h\)$/m);
  });

  test('profiles are listed without their keys, chosen and removed', async () => {
    await done(`login --url ${server.url} --profile second --key-file KEY --for 1h`);
    const listed = JSON.parse(await done('profiles list --json'));
    expect(listed.results.map(({ name, current }: { name: string; current: boolean }) => [name, current])).toEqual([
      [new URL(server.url).host, false],
      ['second', true],
    ]);
    expect(await done('profiles list')).toContain('second (current)');
    await done(`profiles use ${new URL(server.url).host}`);
    expect(JSON.parse(await done('whoami --json')).id).toBe(listed.results[0].device.id);
    await done('profiles remove second');
    expect((await run('whoami --profile second')).code).toBe(2);
    expect((await run('profiles use second')).code).toBe(2);
  });

  test('a token is made into a file of mode 0600 that holds what a program needs, and is shown nowhere', async () => {
    const out = await done('tokens create reader --for 30d --from 127.0.0.1,10.0.0.0/8 --key-file KEY --out .env');
    expect(out).toMatch(/^secret in +\.env$/m);
    expect(statSync(join(owner.desk, '.env')).mode & 0o777).toBe(0o600);
    const { COUNTERSIGN_URL: url, COUNTERSIGN_TOKEN: token = '' } = linesOf('.env');
    expect(url).toBe(server.url);
    secrets.set('token', token);
    expect(await statusOf(token)).toBe(200);
    const asToken = await done('whoami', { env: { COUNTERSIGN_TOKEN: token } });
    expect(asToken).toMatch(/^you are +token /m);
    expect(asToken).toMatch(/^until +.* [0-9]{4}, [0-9:]{5}$/m); // Its own end, a month away, not that of this machine's key.
    expect((await run('session', { env: { COUNTERSIGN_TOKEN: token } })).code).toBe(2);
  });

  test('--show prints the secret alone on stdout, and --json has it only with --show', async () => {
    const { out: token, code } = await run('tokens create shown --for 1h --from anywhere --key-file KEY --show', {
      shows: true,
    });
    expect(code).toBe(0);
    expect(token).toMatch(/^eyJ[\w.-]+\n$/);
    expect(await statusOf(token.trim())).toBe(200);
    const both = await run('tokens create json --for 1h --from anywhere --key-file KEY --show --json', { shows: true });
    expect(JSON.parse(both.out)).toMatchObject({ api_token: { name: 'json' }, token: expect.stringMatching(/^eyJ/) });
    const filed = JSON.parse(
      await done('tokens create filed --for 1h --from anywhere --key-file KEY --out filed.env --json'),
    );
    expect(filed).toEqual({ api_token: expect.objectContaining({ name: 'filed' }) });
  });

  test('tokens are listed, renamed, narrowed without and widened with the main key, and rotated', async () => {
    expect(await done('tokens list')).toMatch(/^[0-9a-f-]{36} +reader +active +127\.0\.0\.1\/32, 10\.0\.0\.0\/8 +/m);
    await done('tokens rename reader dashboard');
    const { err } = await run('tokens restrict dashboard --from 127.0.0.1');
    expect(err).toContain('may be used from 127.0.0.1/32; in force on 1 node');
    expect(await run('tokens restrict dashboard --from anywhere')).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /That needs your main key\. Give it with --key-file, or that of a wallet with --wallet-key-file\. \(INVALID_TOKEN_SCOPE, request [0-9a-f-]+\)/,
      ),
    });
    await done('tokens restrict dashboard --from anywhere --key-file KEY');
    const { err: rotated } = await run('tokens rotate dashboard --overlap 1h --key-file KEY --out next.env');
    expect(rotated).toContain('works until');
    const next = linesOf('next.env').COUNTERSIGN_TOKEN ?? '';
    secrets.set('rotated token', next);
    expect([await statusOf(secrets.get('token') ?? ''), await statusOf(next)]).toEqual([200, 200]);
    expect(await run('tokens revoke dashboard --yes')).toMatchObject({
      code: 2,
      err: expect.stringContaining('more than one token'),
    });
  });

  test('a subkey is made into a file with which a bot signs in, and one that was made elsewhere is imported', async () => {
    const out = await done('subkeys create maker --for 90d --from 127.0.0.1 --key-file KEY --out bot.env');
    expect(out).toMatch(/^key +subkey:\d+$/m);
    const env = linesOf('bot.env');
    expect(env).toMatchObject({ COUNTERSIGN_URL: server.url, COUNTERSIGN_ACCOUNT: trader.account });
    const privateKey = env.COUNTERSIGN_SUBKEY_PRIVATE_KEY ?? '';
    expect(privateKey).toMatch(/^0x[0-9a-f]{64}$/);
    secrets.set('subkey', privateKey.slice(2));
    expect(await statusOf(await subkeySession(server.url, trader.account, createStarkKey(privateKey)))).toBe(200);
    const elsewhere = createStarkKey(`0x${'5'.repeat(60)}`);
    const imported = JSON.parse(
      await done(`subkeys import elsewhere ${elsewhere.publicKey} --from anywhere --key-file KEY --json`),
    );
    expect(imported).toMatchObject({ name: 'elsewhere', public_key: elsewhere.publicKey });
    const shown = await run('subkeys create shown --from anywhere --key-file KEY --show', { shows: true });
    expect(shown).toMatchObject({ code: 0, out: expect.stringMatching(/^0x[0-9a-f]{64}\n$/) });
    await done('subkeys rename maker mm');
    await done('subkeys restrict mm --from 127.0.0.1');
    expect((await run('subkeys restrict mm --from 127.0.0.0/8')).code).toBe(1);
    expect(await done('subkeys list')).toMatch(/^subkey:\d+ +mm +active +0x[0-9a-f]+ +127\.0\.0\.1\/32 +/m);
  });

  test('revoke names what it ends and when it was last used, tries all, prints the receipts, and the worst exit code wins', async () => {
    const said = await run('subkeys revoke elsewhere nobody shown --yes');
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/^subkey "elsewhere" \(subkey:\d+\): never used$/m);
    expect(said.err).toContain('there is no subkey "nobody"');
    expect(said.out.match(/; in force on 1 node after \d+ ms/g)).toHaveLength(2);
    const ended = JSON.parse(await done('subkeys list --ended --json')).results;
    expect(ended.filter(({ state }: { state: string }) => state === 'revoked')).toHaveLength(2);
    expect(await done('subkeys list')).not.toContain('elsewhere');
    expect(await done('tokens list --ended')).toContain('dashboard');
    expect(await done('tokens revoke shown json --yes --json')).toContain('"receipt":{"nodes":1');
  });

  test('activity, usage and explain say what was done, how often, and why something was refused', async () => {
    await done('subkeys restrict mm --from 192.0.2.1 --key-file KEY');
    const { COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey = '' } = linesOf('bot.env');
    const refusal = await subkeySession(server.url, trader.account, createStarkKey(privateKey)).catch(String);
    expect(refusal).toContain('IP_NOT_ALLOWED');
    const token = linesOf('next.env').COUNTERSIGN_TOKEN ?? '';
    const refused = await call(server.url, 'POST', '/v1/orders', { bearer: token, body: {} });
    expect(refused.status).toBe(403);
    const id = refused.headers.get('Countersign-Request-Id') ?? '';

    const rows = (await done('activity --json'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['subkey.revoked', 'token.created', 'device.added']),
    );
    expect(await done('activity --what changes --since 1h')).toMatch(/ subkey\.revoked {2}"elsewhere" subkey:\d+ by /);
    expect(rows.find(({ action }) => action === 'device.added')).toBeDefined();

    // A refusal is told at once; its client may have its answer a moment before it is kept.
    const explainedRequest = async (of: string) => {
      let said = await run(`explain ${of}`);
      for (let left = 50; said.code !== 0 && left > 0; left -= 1) said = await run(`explain ${of}`);
      expect(said.code).toBe(0);
      return said.out;
    };
    const explained = await explainedRequest(id);
    expect(explained).toMatch(/^(?:Not allowed for this kind of key|A read-only key can only read)\n/);
    expect(explained).toContain(`request     ${id}`);
    expect(explained).toContain('countersign subkeys create');
    expect(JSON.parse(await done(`explain ${id} --json`))).toMatchObject({ request_id: id, status: 403 });
    expect(await run('explain 00000000-0000-4000-8000-000000000000')).toMatchObject({
      code: 1,
      err: expect.stringContaining('(NOT_FOUND, request '),
    });
    await done('tokens create brief --for 1h --from anywhere --key-file KEY --out brief.env');
    await done('tokens revoke brief --yes');
    const late = await call(server.url, 'GET', '/v1/balance', { bearer: linesOf('brief.env').COUNTERSIGN_TOKEN ?? '' });
    expect(late.status).toBe(401);
    const ended = await explainedRequest(late.headers.get('Countersign-Request-Id') ?? '');
    expect(ended).toMatch(/^The key was deleted\n/);
    expect(ended).toMatch(/\nended +\d+ \w+ \d{4}, \d\d:\d\d.* by ".*" device:dev_\w+\n/);

    expect((await run('usage --days 2')).code).toBe(0);
    expect(JSON.parse(await done('usage --json'))).toHaveProperty('results');
    const [mm] = JSON.parse(await done('subkeys list --json')).results.filter(
      ({ name }: { name: string }) => name === 'mm',
    );
    expect((await run(`usage --addresses --key subkey:${mm.id}`)).code).toBe(0);
    expect(await run('usage --addresses')).toMatchObject({ code: 2 });
    const [{ token_id, lookup_id }] = JSON.parse(await done('tokens list --json')).results;
    await done(`tokens rename token:${token_id} board`);
    const ofToken = await done(`activity --key token:${token_id}`);
    expect(ofToken).toContain(`"board" token:${token_id}`);
    for (const word of ['board', lookup_id, `token:${lookup_id}`, 'token:board'])
      expect({ word, shown: await done(`activity --key ${word}`) }).toEqual({ word, shown: ofToken });
    expect(await run('activity --key nobody')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no key of that'),
    });
    expect(await done('usage')).toMatch(/device:dev_\w+ +countersign on /);
  });

  test('activity --follow prints what happens, and ^C ends it', async () => {
    const child = owner.start(['activity', '--follow', '--json', '--what', 'changes', '--since', '1s']);
    ran.add('activity');
    let out = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const heard = (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        const look = () => pattern.test(out) && resolve();
        child.stdout?.on('data', look);
        look();
      });
    // Renamed again and again: the command may not have asked yet.
    let isHeard = false;
    const hearing = heard(/"subkey\.renamed"/).then(() => {
      isHeard = true;
    });
    for (let at = 0; !isHeard && at < 50; at += 1) await run(`subkeys rename mm${at === 0 ? '' : at - 1} mm${at}`);
    await hearing;
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    for (const line of out.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('action');
  });

  test('session prints a bearer of the device, or with the main key one that can do all', async () => {
    const bearer = await done('session', { shows: true });
    const self = await call(server.url, 'GET', '/countersign/v1/self', { bearer: bearer.trim() });
    expect(self.json).toMatchObject({ kind: 'device' });
    const main = JSON.parse(await done('session --key-file KEY --json', { shows: true }));
    expect((await call(server.url, 'GET', '/countersign/v1/self', { bearer: main.jwt_token })).json.kind).toBe('main');
  });

  test('a token that was found is ended by whoever found it, and is read from standard input', async () => {
    const token = linesOf('next.env').COUNTERSIGN_TOKEN ?? '';
    // Its answer would be the same for what ends nothing.
    for (const input of [`COUNTERSIGN_TOKEN=${token}\n`, `${token}\n${token}\n`, trader.privateKey]) {
      const said = await run(`report-leak --stdin --url ${server.url}`, { input });
      expect(said).toMatchObject({ code: 2, err: expect.stringMatching(/nothing was sent|is sent nowhere/) });
    }
    expect(await statusOf(token)).toBe(200);
    await done(`report-leak --stdin --url ${server.url}`, { input: `Bearer ${token}\n` });
    expect(await statusOf(token)).toBe(401);
  });

  test('a secret that was made and cannot be handed over is ended again, and the command says so', async () => {
    const live = async () => JSON.parse(await done('tokens list --json')).results.length;
    const before = await live();
    const bash = async (script: string, line: string) => {
      const child = spawn('bash', ['-c', script, 'bash', process.execPath, MAIN, ...line.split(' ')], {
        cwd: owner.desk,
        env: { ...process.env, HOME: owner.home },
      });
      let err = '';
      child.stderr.on('data', (text) => {
        err += text;
      });
      const [code] = await once(child, 'close');
      printed.push(err);
      return { code, err };
    };
    const create = `tokens create lost --for 1h --from anywhere --key-file ${keyPath}`;
    const full = await bash('"$@" >/dev/full', `${create} --show`);
    expect(full).toMatchObject({ code: 1, err: expect.stringContaining('so it was ended again') });
    const cut = await bash('ulimit -f 0; "$@"', `${create} --out lost.env`);
    expect(cut).toMatchObject({ code: 1, err: expect.stringContaining('so it was ended again') });
    expect(existsSync(join(owner.desk, 'lost.env'))).toBe(false);
    expect(await live()).toBe(before);
  });

  test('two logins at once both keep their profile', async () => {
    const names = ['left', 'right'];
    await Promise.all(
      names.map((name) => done(`login --url ${server.url} --profile ${name} --key-file KEY --for 10m`)),
    );
    const listed = JSON.parse(await done('profiles list --json')).results.map(({ name }: { name: string }) => name);
    expect(listed).toEqual(expect.arrayContaining(names));
    expect(await done('devices list')).toContain('(this one)');
    const { device } = JSON.parse(await done('profiles list --json')).results.find(
      ({ name }: { name: string }) => name === 'left',
    );
    await done(`devices end ${device.id} --yes --profile right`);
    expect((await run('whoami --profile left')).code).toBe(4);
    expect(
      JSON.parse(await done('devices list --ended --json --profile right')).results.some(
        ({ id }: { id: string }) => id === device.id,
      ),
    ).toBe(true);
    expect(await run('logout --profile right')).toMatchObject({
      code: 0,
      err: expect.stringContaining('signed out of'),
    });
    await done(`profiles use ${new URL(server.url).host}`);
  });

  test('a hand-off prints a link that works once, waits until it is taken, and says from where; ^C deletes the key', async () => {
    const argv = [
      'subkeys',
      'hand-off',
      'phone',
      '--from',
      'anywhere',
      '--console-url',
      'https://keys.example',
      '--key-file',
      keyPath,
    ];
    ran.add('subkeys hand-off');
    const start = async () => {
      const child = owner.start([...argv, '--profile', new URL(server.url).host]);
      let err = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        err += text;
      });
      const link = await new Promise<string>((resolve) => child.stdout?.setEncoding('utf8').once('data', resolve));
      expect(link).toMatch(/^https:\/\/keys\.example\/console\/hand-off#[\w-]{130}\n$/);
      return { child, link: link.trim(), said: () => err };
    };
    const taken = await start();
    const { private_key } = await createClient({ url: server.url }).subkeys.takeHandOff(taken.link);
    expect(await statusOf(await subkeySession(server.url, trader.account, createStarkKey(private_key)))).toBe(200);
    expect((await once(taken.child, 'close'))[0]).toBe(0);
    expect(taken.said()).toContain('was taken from 127.0.0.1');
    printed.push(taken.said());

    const dropped = await start();
    dropped.child.kill('SIGINT');
    expect((await once(dropped.child, 'close'))[0]).toBe(130);
    expect(dropped.said()).toContain('is deleted');
    await expect(createClient({ url: server.url }).subkeys.takeHandOff(dropped.link)).rejects.toThrow();
  });

  test('the completion of bash offers commands, options and names of keys, and of zsh is a script', async () => {
    const script = await done('completion bash');
    expect(await done('completion zsh')).toContain('compdef');
    expect((await run('completion fish')).code).toBe(2);
    const words = async (...typed: string[]) =>
      (await owner.run(['__complete', '--', ...typed])).out.trimEnd().split('\n');
    expect(await words('to')).toEqual(['tokens']);
    expect(await words('tokens', 're')).toEqual(
      ['rotate', 'rename', 'restrict', 'revoke'].filter((verb) => verb.startsWith('re')),
    );
    expect(await words('tokens', 'create', '--o')).toEqual(['--out']);
    expect(await words('activity', '--what', '')).toEqual(['changes', 'logins', 'refused']);
    expect(await words('subkeys', 'revoke', 'phon')).toEqual(['phone']);
    expect(await words('acc')).toEqual(['accounts']);
    const child = spawn(
      'bash',
      [
        '-c',
        `countersign() { "${process.execPath}" "${MAIN}" "$@"; }\n${script}\nCOMP_WORDS=(countersign); COMP_LINE='countersign subkeys revoke pho'; COMP_POINT=30; _countersign; printf '%s\\n' "$` +
          '{COMPREPLY[@]}"',
      ],
      { cwd: owner.desk, env: { ...process.env, HOME: owner.home } },
    );
    let out = '';
    child.stdout.on('data', (text) => {
      out += text;
    });
    await once(child, 'close');
    expect(out).toBe('phone\n');
  });
});

describe.skipIf(noTerminal !== undefined)(
  `in a terminal${noTerminal === undefined ? '' : `: left out, ${noTerminal}`}`,
  () => {
    const hidden = () => ({ await: 'Main key \\(hidden\\): ', type: `${trader.privateKey}\r` });

    test('login asks for the main key, which is shown neither by the terminal nor by the list of processes', async () => {
      const shown = await type(`login --url ${server.url} --profile terminal`, [hidden()]);
      expect(shown).toMatchObject({ code: 0, echo: [false, true] });
      expect(shown.screen).toContain('Signs this machine in at');
    });

    test('create asks where the secret goes, then for the main key, and Enter alone shows the secret', async () => {
      const filed = await type('tokens create typed --for 1h --from anywhere', [
        { await: 'which new file', type: 'typed.env\r' },
        hidden(),
      ]);
      expect(filed.code).toBe(0);
      expect(linesOf('typed.env').COUNTERSIGN_TOKEN).toMatch(/^eyJ/);
      secrets.set('typed token', linesOf('typed.env').COUNTERSIGN_TOKEN ?? '');
      const shown = await owner.type(
        ['tokens', 'create', 'enter', '--for', '1h', '--from', 'anywhere'],
        [{ await: 'which new file', type: '\r' }, hidden()],
      );
      expect(shown.code).toBe(0);
      expect(shown.screen).toMatch(/\r\neyJ[\w.-]+\r\n/);
    });

    test('a narrower list asks for nothing, a wider one for the main key', async () => {
      expect((await type('tokens restrict typed --from 127.0.0.0/8', [])).code).toBe(0);
      const wider = await type('tokens restrict typed --from anywhere', [hidden()]);
      expect(wider.code).toBe(0);
      expect(wider.screen).toContain('That needs your main key.');
    });

    test('revoke asks for yes, and ends nothing without it', async () => {
      expect((await type('tokens revoke typed', [{ await: 'Type yes', type: 'no\r' }])).code).toBe(1);
      expect(await statusOf(secrets.get('typed token') ?? '')).toBe(200);
      expect((await type('tokens revoke typed', [{ await: 'Type yes', type: 'yes\r' }])).code).toBe(0);
      expect(await statusOf(secrets.get('typed token') ?? '')).toBe(401);
    });

    test('lists fit the width of the terminal', async () => {
      for (const line of ['tokens list --ended', 'subkeys list', 'devices list', 'usage', 'profiles list']) {
        const shown = await owner.type([...line.split(' '), '--no-color'], [], { columns: 90 });
        expect(shown.code).toBe(0);
        expect(Math.max(...shown.screen.split('\r\n').map((one) => one.length)), line).toBeLessThanOrEqual(90);
      }
    });
  },
);

describe('ending it all', () => {
  test('sign-out-everywhere ends the sessions and devices, and forgets their keys here', async () => {
    const bearer = (await done('session', { shows: true })).trim();
    const { err, code } = await run('sign-out-everywhere --yes');
    expect([code, err]).toEqual([0, expect.stringContaining('this machine is signed out, too')]);
    expect(await statusOf(bearer)).toBe(401);
    expect((await run('whoami')).code).toBe(4);
    expect(readFileSync(owner.profiles, 'utf8')).not.toContain('"d"');
  });

  test('revoke-all works with the main key where nobody is signed in, and right after a sign-out', async () => {
    const said = await run('revoke-all --yes --key-file KEY');
    expect({ code: said.code, err: said.err }).toMatchObject({ code: 0 });
    expect(said.out).toMatch(/^subkeys: [1-9]/m);
    expect(await run('revoke-all --only tokens')).toMatchObject({ code: 2 });
  });

  test('logout where nobody is signed in has nothing to end', async () => {
    expect((await run('logout')).code).toBe(4);
  });
});

test('a wallet whose private key is in a file signs in, makes a key, signs out everywhere and ends all', async () => {
  const walletKey = `0x${randomBytes(32).toString('hex')}`;
  secrets.set('wallet key', walletKey.slice(2));
  const path = join(owner.home, '..', 'wallet.key');
  writeFileSync(path, walletKey, { mode: 0o600 });
  await done(`login --url ${server.url} --profile wallet --wallet-key-file ${path} --onboard`);
  const self = JSON.parse(await done('whoami --json --profile wallet'));
  expect(self.kind).toBe('device');
  await done(`subkeys create walletbot --from anywhere --out wallet.env --profile wallet --wallet-key-file ${path}`);
  const { COUNTERSIGN_ACCOUNT: account, COUNTERSIGN_SUBKEY_PRIVATE_KEY: key = '' } = linesOf('wallet.env');
  expect(account).toBe(self.account);
  secrets.set('subkey of a wallet', key.replace(/^0x0*/, ''));
  // A wallet of another account is refused before anything is made.
  const other = join(owner.home, '..', 'other.key');
  writeFileSync(other, `0x${randomBytes(32).toString('hex')}`, { mode: 0o600 });
  const refused = await run(`subkeys create x --from anywhere --out x.env --profile wallet --wallet-key-file ${other}`);
  expect(refused.code).not.toBe(0);
  expect(existsSync(join(owner.desk, 'x.env'))).toBe(false);
  const bearer = (await done('session --profile wallet', { shows: true })).trim();
  const seen = async () => (await call(server.url, 'GET', '/countersign/v1/self', { bearer })).status;
  expect(await seen()).toBe(200);
  expect((await run('logout --everywhere --yes --profile wallet')).code).toBe(0);
  expect(await seen()).toBe(401);
  expect((await run('whoami --profile wallet')).code).toBe(4);
  const ended = await run(`revoke-all --yes --profile wallet --wallet-key-file ${path}`);
  expect({ code: ended.code, err: ended.err }).toMatchObject({ code: 0 });
  expect(ended.out).toMatch(/^subkeys: 1$/m);
});

test('both programs print the version of their package: version and --version, with --json for programs', async () => {
  const node = process.versions.node;
  ran.add('version');
  for (const [path, program] of [
    [MAIN, 'countersign'],
    [join(import.meta.dirname, '../../src/owner/main.ts'), 'countersign-client'],
  ] as const) {
    const said = (...argv: string[]) => spawnSync(process.execPath, [path, ...argv], { encoding: 'utf8' });
    for (const word of ['version', '--version'])
      expect(said(word)).toMatchObject({
        status: 0,
        stdout: `${program} ${manifest.version} (node ${node})\n`,
        stderr: '',
      });
    expect(JSON.parse(said('--version', '--json').stdout)).toEqual({ version: manifest.version, node });
    expect(said('-V').status).toBe(2);
    expect(said('help', 'version').stdout).toContain('rint the version');
    expect(said('help').stdout).toMatch(/^ {2}version +print the version$/m);
    expect(said('__complete', '--', 'vers').stdout).toBe('version\n');
  }
});

test('every form of the table was run as a process', () => {
  expect(forms.map(({ words }) => words).filter((words) => !ran.has(words))).toEqual([]);
});

test('no main key, subkey or token is in what was printed, in a list of processes, in the profile, or in a file that was not named for it', () => {
  const canaries = new Map([['main key', trader.privateKey.replace(/^0x0*/, '')], ...secrets]);
  expect([...canaries.keys()]).toEqual(expect.arrayContaining(['main key', 'token', 'subkey']));
  const files = owner.files();
  const named = ['.env', 'next.env', 'bot.env', 'filed.env', 'typed.env', 'wallet.env'].map((name) =>
    join(owner.desk, name),
  );
  const places = new Map([
    ...printed.map((text, at) => [`output ${at}`, text] as const),
    ...seen.map((text, at) => [`process ${at}`, text] as const),
    // A token that the owner puts into the environment is there.
    ...[...owner.seen].map(
      (text, at) => [`piped process ${at}`, text.replace(/\0COUNTERSIGN_TOKEN=[^\0]*/, '')] as const,
    ),
    ...[...files].filter(([path]) => !named.includes(path)),
  ]);
  expect([...places.keys()]).toContain(owner.profiles);
  if (process.platform === 'linux') expect([...owner.seen].join()).toContain('tokens\0create\0');
  const found = [...canaries].flatMap(([name, secret]) =>
    [...places].filter(([, text]) => text.includes(secret)).map(([place]) => `${name} in ${place}`),
  );
  expect(found).toEqual([]);
  // The search finds what is there.
  expect([...files].some(([, text]) => text.includes(secrets.get('token') ?? 'none'))).toBe(true);
  rmSync(join(owner.desk, '.env'));
});
