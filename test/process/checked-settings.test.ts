// What `config check` and the doctor say of settings is what a start does with them, for they ask the same function.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import example from '../../src/access/routes/example.json' with { type: 'json' };
import { certFile } from '../support/self-signed.ts';
import { type Home, homeIn, MAIN, startServer } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('checked'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

async function run(command: string, settings: readonly string[], env: Record<string, string> = {}) {
  const given = ['--data', home.data, '--master_key.file', home.key, ...settings];
  const running = start(process.execPath, [MAIN, ...command.split(' '), ...given], { cwd: home.tmp, env });
  const { code } = await running.ended;
  return { code, out: running.stdout(), err: running.stderr() };
}

function routeFile(table: unknown): string {
  const file = join(home.tmp, 'routes.json');
  writeFileSync(file, typeof table === 'string' ? table : JSON.stringify(table));
  chmodSync(file, 0o644);
  return file;
}

const tableWith = (row: object) => ({ name: 'x', routes: [{ method: 'POST', served_by: 'us', ...row }] });

describe('what a start refuses', () => {
  const cases: readonly (readonly [string, () => readonly string[], RegExp])[] = [
    ['a route table that is missing', () => ['--routes.file=/nowhere/r.json'], /routes\.file: .*ENOENT/],
    [
      'one that is no JSON',
      () => [`--routes.file=${routeFile('{')}`],
      /routes\.file: the route table .* cannot be read/,
    ],
    [
      'one with a route of ours that nobody serves',
      () => [`--routes.file=${routeFile(tableWith({ path: '/v1/nothing', access: 'public' }))}`],
      /routes\.file: POST \/v1\/nothing is served by us, but has no handler/,
    ],
    [
      'one that opens a route of ours',
      () => [`--routes.file=${routeFile(tableWith({ path: '/countersign/v1/revoke-all', access: 'trade' }))}`],
      /routes\.file: POST \/countersign\/v1\/revoke-all is ours/,
    ],
    [
      'a switch for a route that the table does not have',
      () => [`--routes.file=${routeFile(example)}`, '--subkeys.may_set_leverage'],
      /routes\.file: subkeys\.may_set_leverage is on, but the route table "example" has no/,
    ],
    [
      'a certificate that is missing',
      () => ['--tls.cert=/nowhere/c.pem', '--tls.key=/nowhere/k.pem'],
      /tls\.cert: .*ENOENT/,
    ],
    ['a pair that is none', () => [`--tls.cert=${certFile}`, `--tls.key=${certFile}`], /tls\.key: /],
    [
      'a master key that others may read',
      () => {
        writeFileSync(home.key, `${'ab'.repeat(32)}\n`);
        chmodSync(home.key, 0o644);
        return [];
      },
      /^countersign: The master key file .* has mode 0644/,
    ],
    [
      'one that is none',
      () => {
        writeFileSync(home.key, 'short\n', { mode: 0o600 });
        return [];
      },
      /^countersign: The master key file .* does not hold a master key/,
    ],
    [
      'a socket alone, where there can be none',
      () => [`--data=${join(home.tmp, 'd'.repeat(120))}`, '--operator.socket=only'],
      /operator\.socket: only/,
    ],
    ['more connections than there can be', () => ['--http.max_connections=1000000'], /http\.max_connections: /],
  ];

  test.each(cases)('%s: config check and the doctor refuse it in the same words', async (_what, settings, sentence) => {
    const given = settings();
    const data = given.find((setting) => setting.startsWith('--data='));
    if (data !== undefined) home = { ...home, data: data.slice('--data='.length) };
    const others = given.filter((setting) => setting !== data);
    const refused = await run('serve --port=0', others);
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(sentence) });
    const problem = refused.err.replace(/^countersign: /, '').trimEnd();

    const checked = await run('config check', others);
    expect(checked).toEqual({ code: 2, out: '', err: `countersign config: ${problem}\n` });
    const told = JSON.parse((await run('config check --json', others)).out);
    expect(told).toEqual({ accepted: false, problems: [problem] });
    const doctor = await run('doctor', others);
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(/^WRONG /m);
    expect(doctor.out).toContain(problem.replace(/^http\.max_connections: .*/s, 'WRONG  descriptors'));
    expect(existsSync(home.data)).toBe(false);
  });
});

test('emergency routes that the table leaves out are warned about by their names, by each of them', async () => {
  const [name, other] = ['POST /countersign/v1/revoke-all', 'POST /countersign/v1/leaked'];
  const routes = example.routes.filter(({ method, path }) => ![name, other].includes(`${method} ${path}`));
  const setting = `--routes.file=${routeFile({ ...example, routes })}`;
  const checked = await run('config check', [setting]);
  expect(checked).toMatchObject({ code: 0, err: '' });
  expect(checked.out).toMatch(
    /^warning: the route table leaves out POST \/countersign\/v1\/revoke-all, POST \/countersign\/v1\/leaked: .*\nall settings are accepted\n$/,
  );
  expect(JSON.parse((await run('config check --json', [setting])).out)).toEqual({
    accepted: true,
    warnings: [expect.stringContaining(`leaves out ${name}, ${other}:`)],
  });
  expect((await run('doctor', [setting])).out).toMatch(
    /^note +route table +the route table leaves out POST \/countersign\/v1\/revoke-all, POST \/countersign\/v1\/leaked:/m,
  );
  const server = await startServer(home, [setting]);
  await expect
    .poll(() =>
      server
        .stdout()
        .split('\n')
        .filter((line) => line.includes('emergency_routes_left_out')),
    )
    .toEqual([expect.stringContaining(`"routes":["${name}","${other}"]`)]);
});

describe('of a server that runs, the doctor says', () => {
  const settings = ['--login.max_age=600', '--operator.port=0'];

  test('the doctor says of a server that runs that it has the settings that were looked at', async () => {
    await startServer(home, settings);
    const { out } = await run('doctor', ['--port=0', '--rate-limit=off', ...settings]);
    expect(out).toMatch(/^ok +running with +the settings that are looked at here$/m);
  });

  test('the doctor says of a server that runs in which settings it differs, and shows no secret', async () => {
    await startServer(home, settings);
    const secret = 'hidden'.repeat(8);
    writeFileSync(
      join(home.data, 'countersign.json'),
      JSON.stringify({ 'login.max_age': 300, 'metrics.token': secret }),
      { mode: 0o600 },
    );
    const { out } = await run('doctor', ['--port=0', '--rate-limit=off', '--operator.port=0']);
    const line = /^note +running with +(.*)$/m.exec(out)?.[1] ?? '';
    expect(line).toContain('login.max_age is 600 there, 300 here (settings file ');
    expect(line).toContain('metrics.token is empty there, (secret) here');
    expect(line).not.toContain('server.port');
    expect(out).not.toContain(secret);
    expect(readFileSync(join(home.data, 'countersign.json'), 'utf8')).toContain(secret);
  });
});
