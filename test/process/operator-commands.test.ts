// The operator's commands as they are typed: against the running server, on the data when none runs, and used wrongly.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProgram, leavesOf, optionsOf, pathOf } from '../../src/cli/program.ts';
import { closedPort } from '../support/closed-port.ts';
import { isLate } from '../support/operator.ts';
import { type Home, homeIn, MAIN, type Server, spawnServer, startServer } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, createToken, mainSession, onboard, type StarkTrader, starkTrader } from '../support/trader.ts';

let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('operator'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(line: string, env: Record<string, string> = {}): Promise<Said> {
  const settings = /^(version|help|--help)/.test(line) ? [] : ['--data', home.data, '--master_key.file', home.key];
  const running = start(process.execPath, [MAIN, ...line.split(' '), ...settings], { cwd: home.tmp, env });
  const { code } = await running.ended;
  return { code, out: running.stdout(), err: running.stderr() };
}

async function done(line: string): Promise<string> {
  const { code, out, err } = await run(line);
  expect({ code, err }, line).toEqual({ code: 0, err: '' });
  return out;
}

async function stop(server: Server): Promise<void> {
  server.signal('SIGTERM');
  await server.ended;
}

const statusOf = async ({ url }: Server, bearer: string): Promise<number> =>
  (await call(url, 'GET', '/countersign/v1/self', { bearer })).status;

async function ownerAt(server: Server): Promise<StarkTrader & { session: string }> {
  const trader = starkTrader();
  await onboard(server.url, trader);
  return { ...trader, session: await mainSession(server.url, trader) };
}

test('an account is locked, shown and unlocked while the server runs, and while it does not', async () => {
  const first = await startServer(home);
  const owner = await ownerAt(first);
  const { token, lookupId } = await createToken(first.url, owner.session, { name: 'reader' });
  expect(await done('accounts list')).toMatch(new RegExp(`^ACCOUNT .*\\n${owner.account} +starknet +open `));
  expect(await done(`accounts lock ${owner.account}`)).toMatch(/^state +locked since 20/m);
  expect([await statusOf(first, owner.session), await statusOf(first, token)]).toEqual([403, 403]);
  expect(JSON.parse(await done(`accounts unlock ${owner.account} --json`))).toMatchObject({
    locked: false,
    receipt: { nodes: 1 },
  });
  expect([await statusOf(first, owner.session), await statusOf(first, token)]).toEqual([200, 200]);
  await stop(first);

  expect(await done(`accounts lock ${owner.account}`)).toContain('locked since');
  const second = await startServer(home);
  expect(await statusOf(second, token)).toBe(403);
  await stop(second);
  const shown = await done(`accounts show ${owner.account}`);
  expect(shown).toMatch(new RegExp(`^token +${lookupId} +reader +issued `, 'm'));
  await done(`accounts unlock ${owner.account}`);
  const third = await startServer(home);
  expect(await statusOf(third, token)).toBe(200);
  const { code, out, err } = await run(`audit export --account=${owner.account}`);
  const lines = out.trimEnd().split('\n');
  expect({ code, err }).toEqual({ code: 0, err: `countersign audit: ${lines.length} rows\n` });
  const actions = lines.map((line) => JSON.parse(line)).filter((row) => row.actor === 'operator' && !isLate(row));
  expect(actions.map(({ action }) => action)).toEqual([
    'account.locked',
    'account.unlocked',
    'account.locked',
    'account.unlocked',
  ]);
});

test('a bearer is found and ended from standard input, where no list of processes and no history shows it', async () => {
  const server = await startServer(home);
  const owner = await ownerAt(server);
  const { token } = await createToken(server.url, owner.session);
  const piped = (verb: string, input: string) => {
    const command = [MAIN, 'credentials', verb, '-', '--data', home.data, '--master_key.file', home.key];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { input, encoding: 'utf8', cwd: home.tmp });
    return { status, stdout, stderr };
  };
  const found = piped('find', `Bearer ${token}\n`);
  expect(found).toMatchObject({ status: 0, stderr: '' });
  expect(found.stdout).toMatch(/^jwt +signed by our key \S{43}; it works$/m);
  expect(await statusOf(server, token)).toBe(200);
  expect(piped('revoke', token)).toMatchObject({ status: 0, stdout: expect.stringMatching(/is revoked; receipt \{/) });
  expect(await statusOf(server, token)).toBe(401);
  expect(piped('find', token).stdout).toContain('it is refused: credential_revoked');
  expect(piped('find', ' \n')).toMatchObject({ status: 2, stderr: expect.stringContaining('holds nothing') });
  expect(piped('find', 'x'.repeat(9_000))).toMatchObject({ status: 2, stderr: expect.stringContaining('more than') });
});

test('signing keys are listed, rotated and retired, with every digit for programs', async () => {
  const server = await startServer(home, ['--signing_keys.publish_delay=0', '--terminal_token.enabled=true']);
  const owner = await ownerAt(server);
  const listed = await done('signing-keys list --json');
  expect(listed).toMatch(/"created_at":\d{19},/);
  const [old] = JSON.parse(listed).results.filter(({ use }: { use: string }) => use === 'session');
  expect(await done('signing-keys rotate session')).toMatch(/ session +active /);
  expect(await done('signing-keys list')).toMatch(new RegExp(`^${old.kid} +session +verifying `, 'm'));
  expect(await statusOf(server, owner.session)).toBe(200);
  expect(await done('signing-keys rotate terminal')).toMatch(/ terminal +active /);
  expect(await done(`signing-keys retire ${old.kid} --yes`)).toMatch(/ session +retired /);
  expect(await statusOf(server, owner.session)).toBe(401);
});

test('a key is retired only once yes was said, to what dies with it', async () => {
  const server = await startServer(home);
  const owner = await ownerAt(server);
  const { token } = await createToken(server.url, owner.session);
  const { results } = JSON.parse(await done('signing-keys list --json'));
  const { kid } = results.find(({ use }: { use: string }) => use === 'token');
  const dies = 'Every token it signed dies at once and for good: 1 of them.';

  // Nobody is there to answer.
  const unanswered = await run(`signing-keys retire ${kid}`);
  expect(unanswered).toMatchObject({ code: 1, out: '', err: expect.stringContaining(dies) });
  expect(unanswered.err).toMatch(
    /\ncountersign signing-keys: not confirmed, so nothing was done; answer yes, or give --yes\n$/,
  );
  const answering = (input: string) =>
    spawnSync(
      process.execPath,
      [MAIN, 'signing-keys', 'retire', kid, '--data', home.data, '--master_key.file', home.key],
      {
        input,
        encoding: 'utf8',
        cwd: home.tmp,
      },
    );
  for (const no of ['no\n', 'y\n', 'yes please\n', '']) expect(answering(no)).toMatchObject({ status: 1, stdout: '' });
  expect(await statusOf(server, token)).toBe(200);

  const answered = answering('yes\n');
  expect(answered).toMatchObject({ status: 0, stderr: expect.stringContaining(dies) });
  expect(answered.stdout).toMatch(/ token +retired .*\n\ntokens revoked: 1\n$/);
  expect(await statusOf(server, token)).toBe(401);
  // What is over needs no second yes.
  expect((await run(`signing-keys retire ${kid}`)).code).toBe(0);
});

describe('nothing is done, and one sentence says why', () => {
  test.each([
    ['accounts lock', /accounts lock: missing required argument 'account'; see countersign help accounts lock$/m],
    ['accounts lock 0x1/../x', /lock: <account> "0x1\/\.\.\/x" is not accepted: it must be 0x and 1 to 64 hex digits/],
    [
      'signing-keys rotate console',
      /'console' is invalid for argument 'use'. Allowed choices are session, token, terminal;/,
    ],
    ['signing-keys retire 0x1', /retire: <kid> "0x1" is not accepted/],
    ['audit export --acount=0x1', /"--acount" is not .*; did you mean --account\?/],
    ['audit', /a verb is missing: export; see countersign help audit$/m],
    ['audit export --form=2026-01-01', /--form/],
    ['config check --server.prot=1', /server\.prot.*server\.port/],
    ['acounts list', /unknown command 'acounts' \(Did you mean accounts\?\); see countersign help$/m],
    ['accounts lokc 0x1', /unknown command 'lokc' \(Did you mean lock\?\); see countersign help accounts$/m],
  ])('%s: used wrongly, exit code 2', async (line, sentence) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(sentence);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(home.data)).toBe(false);
  });

  test('where there is no data: exit code 1, and none is made', async () => {
    for (const line of ['accounts list', 'signing-keys rotate session', 'audit export']) {
      const { code, err } = await run(line);
      expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/there is no database in .*--data\n$/) });
    }
    expect([existsSync(home.data), existsSync(home.key)]).toEqual([false, false]);
  });

  test('what the server refuses: exit code 1, in its own words', async () => {
    await startServer(home);
    expect(await run('accounts lock 0x1')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(
        /^countersign accounts: no such account: 0x1\. If it is .* credentials find 0x1 says of which\n$/,
      ),
    });
    expect((await run(`signing-keys retire ${'x'.repeat(43)} --yes`)).err).toContain('no such signing key');
    const wrong = await run('accounts list', { CSIGN_OPERATOR_TOKEN: 'x'.repeat(40) });
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('operator token is missing or wrong') });
  });

  test('a server that holds the data but is not found: exit code 3', async () => {
    const server = await startServer(home, ['--operator.socket=off']);
    const file = join(home.data, 'operator.url');
    rmSync(file);
    expect(await run('accounts list')).toMatchObject({ code: 3, err: expect.stringContaining('has not said where') });
    writeFileSync(file, `http://127.0.0.1:${await closedPort()}\n`);
    expect(await run('accounts list')).toMatchObject({ code: 3, err: expect.stringContaining('does not answer at') });
    await stop(server);
  });
});

test('the token is not sent to whoever listens where a killed server did', async () => {
  const server = await startServer(home);
  const file = join(home.data, 'operator.url');
  server.signal('SIGKILL');
  await server.ended;
  expect(readFileSync(file, 'utf8')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
  let requests = 0;
  const thief = createServer((_request, response) => {
    requests += 1;
    response.end('{"results":[]}');
  }).listen(0, '127.0.0.1');
  await once(thief, 'listening');
  const address = thief.address();
  // As if it had got the very port, which by now may be anybody's.
  writeFileSync(file, `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}\n`);
  try {
    expect(await done('signing-keys list')).toContain('session');
    expect(requests).toBe(0);
  } finally {
    thief.close();
  }
});

describe('config', () => {
  test('show says every value and where it comes from, and no secret', async () => {
    const secrets = { CSIGN_OPERATOR_TOKEN: `${'operator'.repeat(5)}`, CSIGN_UPSTREAM_SECRET: 'upstream'.repeat(5) };
    const env = { ...secrets, CSIGN_UPSTREAM_PROOF: 'secret', CSIGN_LOGIN_MAX_AGE: '600' };
    const shown = await run('config show --port 9000', env);
    expect(shown.code, shown.err).toBe(0);
    expect(shown.out).toMatch(/^server\.port +9000 +flag --port$/m);
    expect(shown.out).toMatch(/^login\.max_age +600 +environment variable CSIGN_LOGIN_MAX_AGE$/m);
    expect(shown.out).toMatch(/^operator\.port +auto +default$/m);
    expect(shown.out).toMatch(/^operator\.token +\(secret\) +environment/m);
    const json = await run('config show --json', env);
    for (const secret of Object.values(secrets)) expect(shown.out + json.out).not.toContain(secret);
    expect(JSON.parse(json.out)).toContainEqual({
      name: 'login.max_age',
      value: '600',
      source: { kind: 'environment', variable: 'CSIGN_LOGIN_MAX_AGE' },
    });
  });

  test('check says what is wrong to programs, too, with the same exit code', async () => {
    const { code, out } = await run('config check --json --server.prot=1 --login.max_age=0');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({
      accepted: false,
      problems: [expect.stringContaining('server.port'), expect.stringContaining('login.max_age')],
    });
    expect(JSON.parse(await done('config check --json'))).toEqual({ accepted: true, warnings: [] });
  });

  test('check accepts good settings and starts nothing', async () => {
    expect(await done('config check')).toBe('all settings are accepted\n');
    expect(existsSync(home.data)).toBe(false);
  });
});

test('a second server whose operator port is taken says which setting to change', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? address?.port : 0;
  try {
    const said = await run(`serve --port=0 --operator.port=${port}`);
    expect(said.code).toBe(1);
    expect(said.err).toBe(
      `countersign: the port ${port} of the operator API is in use by another program; choose another with --operator.port\n`,
    );
  } finally {
    taken.close();
  }
});

test('where nobody chose the operator port and it is taken, a free one answers, and every command finds it', async () => {
  const { taken, below } = await takenPort();
  const running = spawnServer(home, ['--operator.socket=off'], below);
  try {
    await running.printed(/^listening on (\S+)$/m);
    const { port } = new URL(readFileSync(join(home.data, 'operator.url'), 'utf8').trim());
    expect([below, below + 1]).not.toContain(Number(port));
    expect(running.stdout()).toMatch(new RegExp(`"event":"operator_port_taken","port":${below + 1},"instead":${port}`));
    expect(running.stdout()).toMatch(new RegExp(`^operator +http://127\\.0\\.0\\.1:${port}`, 'm'));
    expect(await done('signing-keys list')).toContain('active');
  } finally {
    taken.close();
  }
});

/** A port that is taken, and that the one below it is free. */
async function takenPort() {
  for (;;) {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const below = (typeof address === 'object' ? (address?.port ?? 0) : 0) - 1;
    const probe = createServer().listen(below, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    probe.close();
    if (isFree) return { taken, below };
    taken.close();
  }
}

describe('help', () => {
  test.each(['serve', 'audit', 'version'] as const)(
    'the help of %s goes to stdout, and nothing is started',
    async (name) => {
      const asked = await run(`${name} --help`);
      expect(asked).toMatchObject({ code: 0, err: '' });
      expect(asked.out).toMatch(new RegExp(`^Usage: countersign ${name}( |$)`, 'm'));
      const command = createProgram().commands.find((one) => one.name() === name);
      for (const { flags, description } of command === undefined ? [] : optionsOf(command)) {
        expect(asked.out).toContain(flags);
        expect(asked.out.replace(/\s+/g, ' ')).toContain(description);
      }
      expect(existsSync(home.data)).toBe(false);
    },
  );

  test('fits a screen: 60 lines of 100 columns', async () => {
    const lines = (await done('help')).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.join('\n')).toContain('countersign help <command> [verb]');
  });

  test('the help of one verb of a command says what that verb takes, and no more', async () => {
    const asked = await done('help accounts lock');
    expect(asked).toMatch(/^Usage: countersign accounts lock <account> \[options\] \[settings\]\n/);
    expect(asked).not.toContain('unlock');
    expect(await done('accounts lock --help')).toBe(asked);
    expect(await done('accounts lock 0x1 --help')).toBe(asked);
    expect(await run('help accounts lokc')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/unknown command 'lokc' \(Did you mean lock\?\)/),
    });
    expect(await run('help sreve')).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean serve?') });
  });

  test('names every command, and those of one command are the same when they are asked for by name', async () => {
    const all = await done('help');
    for (const command of leavesOf(createProgram())) expect(all).toMatch(new RegExp(`^  ${pathOf(command)}( |$)`, 'm'));
    expect(await done('help restore')).toBe(await done('restore --help'));
    expect(await done('help serve')).toContain('--login.max_age=<value>');
    expect(await run('help sreve')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining("unknown command 'sreve'"),
    });
  });
});

test('the version is the same for people and for programs', async () => {
  const { version } = JSON.parse(await done('version --json'));
  expect(await done('version')).toContain(`countersign ${version} `);
});
