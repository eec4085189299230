// What each of the owner's commands looks at before it acts, and what it says where that is not so.
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { complete } from '../../../src/owner/commands/complete.ts';
import { watchPipe } from '../../../src/owner/pipe-reader.ts';
import { profilesPath } from '../../../src/owner/profiles.ts';
import { exampleDeviceKey as key } from '../../support/example-device-key.ts';
import { answering, ownerTypes, type Typing } from '../../support/owner-in-process.ts';
import { removeFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { type ToldServer, toldServer } from '../../support/told-server.ts';

let server: ToldServer;
let folder: string;
let keyFile: string;
let env: Record<string, string>;
beforeAll(async () => {
  server = await toldServer();
});
beforeEach(() => {
  folder = temporaryFolder('owner');
  keyFile = join(folder, 'main.key');
  writeFileSync(keyFile, `0x${'5'.repeat(60)}`, { mode: 0o600 });
  env = { XDG_CONFIG_HOME: folder };
});
afterAll(async () => {
  await server.close();
  await removeFolders();
});

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

function profiles(byName: Record<string, { url?: string; account?: string; device?: object }> = { p: {} }): void {
  const device = { id: 'dev_1', expires_at: inAnHour(), key };
  const all = Object.entries(byName).map(([name, one]) => [name, { url: server.url, account: '0x1', device, ...one }]);
  mkdirSync(join(folder, 'countersign'), { mode: 0o700 });
  const text = JSON.stringify({ version: 1, current: Object.keys(byName)[0], profiles: Object.fromEntries(all) });
  writeFileSync(profilesPath(env), text, { mode: 0o600 });
}
const kept = () => JSON.parse(readFileSync(profilesPath(env), 'utf8'));

const type = (line: string, typing: Typing = {}) =>
  ownerTypes(
    line.split(' ').map((word) => word.replace('URL', server.url).replace('KEY', keyFile)),
    { ...typing, env: { ...env, ...typing.env } },
  );
const bearer = () => ({ COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: 'a.b.c' });
const asked = (method: string) => server.asked.filter((one) => one.method === method).map(({ path }) => path);

const device = {
  id: 'dev_2',
  name: 'x',
  state: 'active',
  expires_at: 4e18,
  ended_at: 0,
  last_used_at: 0,
  last_used_ip: '',
};
const session = { 'POST /countersign/v1/devices/dev_1/session': { jwt_token: 'a.b.c' } };
const token = (at: number, more: object = {}) => ({
  token_id: `tok_${at}`,
  lookup_id: `6f1c8b0e-0000-4000-8000-00000000000${at}`,
  name: `bot${at}`,
  kind: 'readonly',
  created_at: 1,
  expiry_at: 4e18,
  revoked_at: 0,
  allowed_cidrs: [],
  replaced_by: null,
  replaces: null,
  last_used_at: 0,
  last_used_ip: '',
  ...more,
});
const subkey = {
  id: 7,
  public_key: '0x7',
  account_id: '0x1',
  name: 'mm',
  state: 'active',
  allowed_cidrs: [],
  expires_at: 0,
  revoked_at: 0,
  last_used_at: 0,
  last_used_ip: '',
};
const TOKENS = '/v1/account/tokens';
const SUBKEYS = '/v1/account/keys/subkeys';
const listOf = (...results: object[]) => ({ results, next: null });

describe('login', () => {
  const login = { ...session, 'POST /countersign/v1/devices': device, 'DELETE /countersign/v1/devices/dev_1': {} };

  test('login without an address uses that of the current profile, and where there is none asks for one', async () => {
    expect(await type('login --key-file KEY')).toMatchObject({
      code: 2,
      said: expect.stringContaining('--url is missing'),
    });
    profiles();
    server.answer(answering(login));
    expect(await type('login --key-file KEY')).toMatchObject({ code: 0, out: expect.stringMatching(/^profile +p$/m) });
    expect(asked('DELETE')).toEqual(['/countersign/v1/devices/dev_1']);
    expect(kept().profiles.p.device.id).toBe('dev_2');
    expect(JSON.parse((await type('login --key-file KEY --json')).out)).toMatchObject({ id: 'dev_2' });
  });

  test('a profile of another server or account is not written over', async () => {
    profiles({ p: { url: 'https://other.example' }, q: { account: '0x2' } });
    server.answer(answering(login));
    expect(await type('login --url URL --profile p --key-file KEY')).toMatchObject({
      code: 2,
      said: expect.stringContaining('is of https://other.example'),
    });
    expect(server.asked).toEqual([]);
    expect(await type('login --url URL --profile q --key-file KEY')).toMatchObject({
      code: 2,
      said: expect.stringContaining('the profile q is of another account'),
    });
    expect(kept().profiles.q).toMatchObject({ account: '0x2', device: { id: 'dev_1' } });
    expect(asked('POST').filter((path) => path === '/countersign/v1/devices')).toEqual([]);
  });

  test('a profile that another login made for another account meanwhile is kept, and the key that was made for this one is ended', async () => {
    server.answer(
      answering({
        ...login,
        'DELETE /countersign/v1/devices/dev_2': {},
        'POST /countersign/v1/devices': (_, response) => {
          const other = { url: server.url, account: '0x2' };
          const text = JSON.stringify({ version: 1, current: 'p', profiles: { p: other } });
          writeFileSync(profilesPath(env), text, { mode: 0o600 });
          response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(device));
        },
      }),
    );
    expect(await type('login --url URL --profile p --key-file KEY')).toMatchObject({
      code: 2,
      said: expect.stringContaining('is of another account'),
    });
    expect(asked('DELETE')).toEqual(['/countersign/v1/devices/dev_2']);
    expect(kept().profiles.p).toEqual({ url: server.url, account: '0x2' });
  });

  test('an account that is not known there is made only when somebody types yes', async () => {
    const unknown = { status: 404, error: 'NOT_ONBOARDED', message: 'x', data: null };
    for (const [answer, code] of [
      ['no', 1],
      ['yes', 1],
    ] as const) {
      server.answer(
        answering({
          ...login,
          'POST /v1/auth': unknown,
          'POST /v1/onboarding': { status: 400, error: 'BINDING_ERROR', message: 'stop', data: null },
        }),
      );
      expect(await type('login --url URL --key-file KEY', { answers: [answer] })).toMatchObject({ code });
      expect(asked('POST').filter((path) => path.startsWith('/v1/onboarding'))).toHaveLength(answer === 'yes' ? 1 : 0);
    }
  });

  test('a login over a connection that is not encrypted says so, and one to this machine does not', async () => {
    server.answer(answering(login));
    const open = server.url.replace('127.0.0.1', '0.0.0.0');
    const warned = ({ notes }: { notes: readonly string[] }) => notes.some((note) => note.includes('not encrypted'));
    expect(warned(await type(`login --url ${open} --profile o --key-file KEY`))).toBe(true);
    expect(warned(await type('login --url URL --profile p --key-file KEY'))).toBe(false);
  });
});

describe('logout', () => {
  const end = 'DELETE /countersign/v1/devices/dev_1';

  test('logout does not end a token of the environment', async () => {
    profiles();
    server.answer(answering({}));
    expect(await type('logout', { env: bearer() })).toMatchObject({
      code: 2,
      said: expect.stringContaining('no logout ends'),
    });
    expect(server.asked).toEqual([]);
  });

  test('logout forgets the key where it is ended, had ended, or nobody answers; where it is refused it keeps it', async () => {
    const cases = [
      [{ [end]: { id: 'dev_1' } }, 0, false],
      [{ [end]: { status: 401, error: 'UNAUTHORIZED_ERROR', message: 'x', data: null } }, 0, false],
      [{ [end]: (_: unknown, response: { destroy(): void }) => response.destroy() }, 3, false],
      [{ [end]: { status: 403, error: 'REQUEST_NOT_ALLOWED', message: 'locked', data: null } }, 1, true],
    ] as const;
    profiles();
    const whole = readFileSync(profilesPath(env), 'utf8');
    for (const [routes, code, isKept] of cases) {
      writeFileSync(profilesPath(env), whole);
      server.answer(answering({ ...session, ...routes }));
      const said = await type('logout --json');
      expect({ code: said.code, isKept: 'device' in kept().profiles.p }).toEqual({ code, isKept });
      expect(said.notes.join()).toContain(code === 3 ? 'the server ends it by itself' : '');
    }
  });

  test('logout everywhere that is not carried out forgets nothing', async () => {
    profiles();
    server.answer(answering(session));
    expect((await type('logout --everywhere --yes')).code).toBe(1);
    expect(kept().profiles.p).toHaveProperty('device');
  });
});

describe('which server, and as whom', () => {
  test('a sign-in that ran out is told without asking the server', async () => {
    profiles({ p: { device: { id: 'dev_1', expires_at: new Date(Date.now() - 1).toISOString(), key } } });
    server.answer(answering({}));
    expect(await type('whoami')).toMatchObject({
      code: 4,
      said: expect.stringContaining('the sign-in of the profile p ran out'),
    });
    expect(server.asked).toEqual([]);
  });

  test('an address with two profiles needs the name of one', async () => {
    profiles({ o: { url: 'https://other.example' }, p: {}, q: {} });
    expect(await type('whoami --url URL')).toMatchObject({
      code: 2,
      said: expect.stringMatching(/more than one profile .*: p, q$/),
    });
  });

  test('a main key in a file that is missing or too large is refused', async () => {
    const line = 'revoke-all --yes --url URL --key-file';
    expect(await type(`${line} ${join(folder, 'none')}`)).toMatchObject({
      code: 2,
      said: expect.stringContaining('cannot be read (ENOENT)'),
    });
    writeFileSync(join(folder, 'large'), 'f'.repeat(5_000), { mode: 0o600 });
    expect(await type(`${line} ${join(folder, 'large')}`)).toMatchObject({
      code: 2,
      said: expect.stringContaining('too large'),
    });
  });

  test('where a secret goes is one place', async () => {
    expect(
      await type('tokens create x --for 1h --from anywhere --url URL --key-file KEY --show --out x'),
    ).toMatchObject({
      code: 2,
      said: '--out and --show exclude each other',
    });
  });

  test('profiles that there are none of are told where they would be', async () => {
    expect(await type('profiles list')).toEqual({
      code: 0,
      out: '',
      notes: [`there is none in ${profilesPath(env)}`],
      said: '',
    });
  });
});

describe('keys by name', () => {
  test('a name that nobody has is refused, and one that keys of two kinds have needs the kind', async () => {
    const both = { ...subkey, name: 'bot1' };
    server.answer(
      answering({
        [`GET ${TOKENS}`]: listOf(token(1)),
        [`GET ${SUBKEYS}`]: listOf(both),
        'GET /countersign/v1/devices': listOf(),
        'GET /countersign/v1/audit': listOf(),
      }),
    );
    expect(await type('tokens rename nobody x', { env: bearer() })).toMatchObject({
      code: 1,
      said: expect.stringMatching(/no token of that name/),
    });
    expect(asked('PUT')).toEqual([]);
    expect(await type('activity --key bot1', { env: bearer() })).toMatchObject({
      code: 2,
      said: expect.stringContaining('more than one key is called that: token:tok_1, subkey:7'),
    });
    expect(await type('activity --key token:bot1', { env: bearer() })).toMatchObject({
      code: 0,
      notes: [expect.stringContaining('nothing in that time')],
    });
    expect(await type('usage --days 0', { env: bearer() })).toMatchObject({ code: 2 });
    expect(await type('devices list', { env: bearer() })).toMatchObject({
      code: 0,
      out: '',
      notes: ['there are no devices'],
    });
  });

  test('what was renamed or narrowed is a document with --json', async () => {
    const one = token(1);
    server.answer(
      answering({
        [`GET ${TOKENS}`]: listOf(one),
        [`GET ${SUBKEYS}`]: listOf(subkey),
        [`PUT /countersign/v1/tokens/${one.lookup_id}`]: one,
        [`PUT ${TOKENS}/${one.lookup_id}/allowed-cidrs`]: one,
        [`PUT ${SUBKEYS}/0x7`]: subkey,
        [`PUT ${SUBKEYS}/0x7/allowed-cidrs`]: subkey,
      }),
    );
    for (const line of [
      'tokens rename bot1 x',
      'tokens restrict bot1 --from 10.0.0.1',
      'subkeys rename mm x',
      'subkeys restrict mm --from 10.0.0.1',
    ]) {
      const [plain, json] = [await type(line, { env: bearer() }), await type(`${line} --json`, { env: bearer() })];
      expect({ line, code: plain.code, out: plain.out, notes: plain.notes.length }).toEqual({
        line,
        code: 0,
        out: '',
        notes: 1,
      });
      expect(JSON.parse(json.out)).toHaveProperty('name');
    }
  });

  test('of several that are ended the worst exit code counts, whichever comes last, and an interrupted command goes no further', async () => {
    const [a, b] = [token(1), token(2)];
    const controller = new AbortController();
    const lost = (_: unknown, response: { destroy(): void }) => response.destroy();
    const refused = { status: 403, error: 'REQUEST_NOT_ALLOWED', message: 'x', data: null };
    const routes = (of1: object, of2: object) =>
      answering({
        [`GET ${TOKENS}`]: listOf(a, b),
        [`DELETE ${TOKENS}/${a.lookup_id}`]: of1,
        [`DELETE ${TOKENS}/${b.lookup_id}`]: of2,
      });
    for (const [first, second] of [
      [lost, refused],
      [refused, lost],
    ] as const) {
      server.answer(routes(first, second));
      expect((await type('tokens revoke bot1 bot2 --yes', { env: bearer() })).code).toBe(3);
    }
    server.answer(routes(() => controller.abort(), {}));
    const stopped = await type('tokens revoke bot1 bot2 --yes', { env: bearer(), signal: controller.signal });
    expect(stopped).toMatchObject({ code: 1, said: expect.stringContaining('It was stopped') });
    expect(asked('DELETE')).toEqual([`${TOKENS}/${a.lookup_id}`]);
  });
});

describe('what is typed when a key is out', () => {
  test('a leak is asked for, hidden, or read with --stdin; nothing at all is refused', async () => {
    server.answer(answering({ 'POST /countersign/v1/leaked': {} }));
    expect(await type('report-leak --url URL')).toMatchObject({
      code: 2,
      said: expect.stringContaining('give --stdin'),
    });
    expect(await type('report-leak --url URL', { answers: ['  '] })).toMatchObject({
      code: 2,
      said: 'nothing was typed',
    });
    expect(server.asked).toEqual([]);
  });

  test('a private key, or what can be no token or session, is reported to nobody and not repeated', async () => {
    server.answer(answering({ 'POST /countersign/v1/leaked': {} }));
    for (const [found, said] of [
      [`0x${'5eacf00d'.repeat(8)}`, 'that is a private key, which is sent nowhere'],
      ['5eacf00d'.repeat(8), 'that is a private key, which is sent nowhere'],
      ['5eacf00d', 'that is no token or session, and nothing was sent'],
      ['a.b', 'that is no token or session, and nothing was sent'],
    ] as const) {
      const told = await type('report-leak --url URL', { answers: [found] });
      expect(told).toMatchObject({ code: 2, out: '', said: expect.stringContaining(said) });
      expect(told.said).not.toContain('5eacf00d');
    }
    expect(server.asked).toEqual([]);
  });

  test('what revoke-all ended is counted by kind, and a document with --json', async () => {
    const ended = { valid_after: 5, note: 'x', subkeys: ['0x1'], tokens: [], other: { a: 1 } };
    server.answer(answering({ 'POST /countersign/v1/revoke-all': ended }));
    const said = await type('revoke-all --yes', { env: bearer() });
    expect(said).toMatchObject({ code: 0, out: 'note: x\nsubkeys: 1\ntokens: 0\n' });
    expect(JSON.parse((await type('revoke-all --yes --json', { env: bearer() })).out)).toMatchObject({
      subkeys: ['0x1'],
    });
  });
});

test('a subkey that went into a file is told without its secret with --json', async () => {
  server.answer(
    answering({
      'POST /countersign/v1/subkeys': (_, response) => {
        const [, public_key] = /"public_key":"(0x[0-9a-f]+)"/.exec(server.asked.at(-1)?.whole ?? '') ?? [];
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ...subkey, public_key }));
      },
    }),
  );
  const out = join(folder, 'bot.env');
  const said = await type(`subkeys create mm --from anywhere --url URL --key-file KEY --json --out ${out}`);
  expect(said).toMatchObject({ code: 0, notes: [] });
  expect(Object.keys(JSON.parse(said.out))).toEqual(['subkey']);
  const [, secret = ''] = /PRIVATE_KEY=(0x[0-9a-f]{64})\n/.exec(readFileSync(out, 'utf8')) ?? [];
  expect(secret).not.toBe('');
  expect(said.out).not.toContain(secret);
});

test('a wallet of another account than that of the profile makes nothing', async () => {
  profiles();
  writeFileSync(join(folder, 'wallet.key'), `0x${'7'.repeat(64)}`, { mode: 0o600 });
  // By look-up: it needs no sign-in, which nobody has right after a sign-out.
  server.answer(answering({ 'GET /v1/onboarding': { address: '0x2', exists: true } }));
  const said = await type(`subkeys import x 0x7 --from anywhere --wallet-key-file ${join(folder, 'wallet.key')}`);
  expect(said).toMatchObject({ code: 2, said: 'that wallet is of another account than the profile p' });
  expect(asked('POST').filter((path) => path.startsWith('/countersign/v1/subkeys'))).toEqual([]);
});

describe('a hand-off', () => {
  const line = 'subkeys hand-off phone --from anywhere --key-file KEY --url URL --console-url https://x.example';
  /** Each look at the key gets the next answer; the last one stays. */
  const looks = (...states: object[]) => {
    let at = 0;
    let made = {};
    server.answer((request, response) =>
      answering({
        'POST /countersign/v1/subkeys': (_, answer) => {
          const [, publicKey = ''] = /"public_key":"(0x[0-9a-f]+)"/.exec(server.asked.at(-1)?.whole ?? '') ?? [];
          made = { ...subkey, name: 'phone', state: 'pending', public_key: publicKey };
          answer.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(made));
        },
        ...(request.method === 'GET' && request.url?.startsWith(`${SUBKEYS}/`)
          ? { [`GET ${request.url}`]: typeof states[at] === 'function' ? states[at++] : { ...made, ...states[at++] } }
          : {}),
        [`DELETE ${request.url}`]: {},
        'GET /countersign/v1/audit': listOf(),
      })(request, response),
    );
  };
  const refused = { status: 404, error: 'NOT_FOUND', message: 'no such subkey', data: null };

  test('a hand-off waits while the key is pending and while a look has no answer, and says when it was taken', async () => {
    looks(
      { state: 'pending' },
      (_: unknown, response: { destroy(): void }) => response.destroy(),
      (_: unknown, response: { destroy(): void }) => response.destroy(),
      (_: unknown, response: { destroy(): void }) => response.destroy(),
      { state: 'active' },
    );
    const said = await type(line);
    expect(said).toMatchObject({ code: 0, said: '' });
    expect(said.notes.at(-1)).toContain('"phone" (subkey:7) was taken.');
    expect(asked('DELETE')).toEqual([]);
  });

  test.each([
    ['ran out', { state: 'expired' }],
    ['is gone', refused],
  ])(
    'a hand-off whose key %s was not taken: it says so with exit code 1, and deletes nothing twice',
    async (_, last) => {
      looks(last);
      expect(await type(line)).toMatchObject({ code: 1, said: 'it was not taken in time, and is deleted' });
      expect(asked('DELETE')).toEqual([]);
    },
  );

  test('a hand-off that is refused a look deletes the key, and without --console-url the server says where the page is', async () => {
    looks({ status: 403, error: 'REQUEST_NOT_ALLOWED', message: 'locked', data: null });
    expect(await type(line)).toMatchObject({ code: 1, notes: expect.arrayContaining(['the key subkey:7 is deleted']) });
    server.answer(answering({ 'GET /countersign/v1/about': { console_url: 'https://told.example' } }));
    expect((await type(line.replace(/ --console-url .*/, ''))).said).not.toContain('nothing was made');
    server.answer(answering({ 'GET /countersign/v1/about': { console_url: 'nowhere' } }));
    expect(await type(line.replace(/ --console-url .*/, ''))).toMatchObject({ code: 2 });
    expect(asked('POST')).toEqual([]);
  });

  test('a hand-off whose server has a console but does not say where leads to the server itself, and says so', async () => {
    server.answer(
      answering({
        'GET /countersign/v1/about': { console: true, console_url: null, hand_off: { on: true, why_not: null } },
      }),
    );
    const said = await type(line.replace(/ --console-url .*/, ''));
    expect(said.said).not.toContain('nothing was made');
    expect(said.notes.join()).toContain(`(console.url): the link is to ${server.url}`);
  });

  test('a hand-off makes nothing where the server says why it has none, though it says where its console is', async () => {
    const hand_off = { on: false, why_not: 'subkeys.max_pending is 0' };
    server.answer(
      answering({ 'GET /countersign/v1/about': { console: true, console_url: 'https://told.example', hand_off } }),
    );
    const said = await type(line.replace(/ --console-url .*/, ''));
    expect(said).toMatchObject({ code: 2, said: expect.stringContaining('subkeys.max_pending is 0') });
    expect(asked('POST')).toEqual([]);
  });
});

describe('activity that is followed', () => {
  test('each look reaches a minute behind the newest row, prints no row twice, and stops when nobody reads', async () => {
    const now = BigInt(Date.now()) * 1_000_000n;
    const row = (id: number, at: bigint) => ({
      id,
      at,
      action: `a${id}`,
      actor: { kind: 'main', id: '', name: '' },
      subject: { kind: 'main', id: '', name: '' },
      request_id: 'r',
      client_ip: '',
      detail: {},
    });
    server.answer(answering({ 'GET /countersign/v1/audit': listOf(row(2, now), row(1, now - 1n)) }));
    let reads = 4;
    const said = await type('activity --follow', { env: bearer(), isRead: () => reads-- > 0 });
    expect(said).toMatchObject({ code: 141 });
    expect(said.out.match(/ a\d /g)).toEqual([' a1 ', ' a2 ']);
    const froms = asked('GET').map((path) => BigInt(new URL(path, server.url).searchParams.get('from') ?? 0));
    expect(froms.slice(1)).toEqual(froms.slice(1).map(() => now - 60_000_000_000n));
    expect(froms.length).toBeGreaterThan(1);
  });
});

test('activity that is followed prints nothing more once nobody reads', async () => {
  const row = (id: number) => ({
    id,
    at: BigInt(Date.now()) * 1_000_000n,
    action: `a${id}`,
    actor: { kind: 'main', id: '', name: '' },
    subject: { kind: 'main', id: '', name: '' },
    request_id: 'r',
    client_ip: '',
    detail: {},
  });
  server.answer(answering({ 'GET /countersign/v1/audit': listOf(row(2), row(1)) }));
  let reads = 1;
  const said = await type('activity --follow', { env: bearer(), isRead: () => reads-- > 0 });
  expect(said.out.match(/ a\d /g)).toEqual([' a1 ']);
});

describe('what is asked of nobody', () => {
  test('a key, profile or session that there is none of ends in a sentence, and nothing is asked about', async () => {
    profiles();
    server.answer(
      answering({
        ...session,
        [`GET ${TOKENS}`]: listOf(),
        [`GET ${SUBKEYS}`]: listOf(),
        'GET /countersign/v1/devices': listOf(),
      }),
    );
    for (const [line, code, said] of [
      ['tokens revoke nobody', 1, ''],
      ['activity --key nobody', 1, 'there is no key of that name or id'],
      ['usage --addresses', 2, '--addresses is of one key'],
      ['profiles use nobody', 2, 'there is no profile of that name'],
      ['profiles remove nobody', 2, 'there is no profile of that name'],
      ['whoami --profile nobody', 2, 'there is no profile of that name, only p'],
      ['completion fish', 2, 'completion is for bash or zsh'],
      ['revoke-all --yes --key-file KEY --stdin', 2, 'exclude each other'],
    ] as const) {
      const told = await type(line);
      expect({ line, code: told.code }).toEqual({ line, code });
      expect(told.said).toContain(said);
    }
    expect(await type('session', { env: bearer() })).toMatchObject({
      code: 2,
      said: expect.stringContaining('is a bearer already'),
    });
    expect(server.asked.filter(({ method }) => method === 'DELETE')).toEqual([]);
    expect(kept().profiles.p).toHaveProperty('device');
  });

  test('logout where nobody is signed in has nothing to end, and an account is not made where nobody can say yes', async () => {
    expect(await type('logout --url URL')).toMatchObject({
      code: 4,
      said: 'not signed in, so there is nothing to end',
    });
    server.answer(answering({ 'POST /v1/auth': { status: 404, error: 'NOT_ONBOARDED', message: 'x', data: null } }));
    expect(await type('login --url URL --key-file KEY')).toMatchObject({
      code: 1,
      notes: expect.not.arrayContaining([expect.stringContaining('Type yes')]),
    });
    expect(asked('POST').filter((path) => path.startsWith('/v1/onboarding'))).toEqual([]);
    server.answer(
      answering({ 'POST /v1/auth': { status: 403, error: 'REQUEST_NOT_ALLOWED', message: 'x', data: null } }),
    );
    expect((await type('login --url URL --key-file KEY --onboard')).code).toBe(1);
    expect(asked('POST').filter((path) => path.startsWith('/v1/onboarding'))).toEqual([]);
  });
});

test('of two profiles at one address the current one is used, and the end of one device leaves the other signed in', async () => {
  const end = 'DELETE /countersign/v1/devices/dev_1';
  profiles({ q: {}, p: { device: { id: 'dev_9', expires_at: inAnHour(), key } } });
  server.answer(answering({ ...session, [end]: { id: 'dev_1' } }));
  expect(await type('whoami --url URL')).toMatchObject({ code: 0, out: expect.stringMatching(/^profile +q$/m) });
  expect((await type('logout')).code).toBe(0);
  const { q, p } = kept().profiles;
  expect([q, p]).toEqual([
    { url: server.url, account: '0x1' },
    expect.objectContaining({ device: expect.objectContaining({ id: 'dev_9' }) }),
  ]);
});

test('with --json every command prints one document', async () => {
  profiles();
  const one = token(1);
  server.answer(
    answering({
      ...session,
      [`GET ${TOKENS}`]: listOf(one),
      [`DELETE ${TOKENS}/${one.lookup_id}`]: { lookup_id: one.lookup_id },
      'GET /countersign/v1/explain': { request_id: 'r' },
      'POST /countersign/v1/leaked': {},
      'DELETE /countersign/v1/devices/dev_1': { id: 'dev_1' },
    }),
  );
  for (const line of [
    'version',
    'whoami',
    'tokens list',
    'profiles list',
    'session',
    'explain r',
    'tokens revoke bot1 --yes',
    'report-leak --url URL',
    'logout',
  ]) {
    const said = await type(`${line} --json`, { answers: ['a.b.c'] });
    expect({ line, said: said.said, document: typeof JSON.parse(said.out || 'null') }).toEqual({
      line,
      said: '',
      document: 'object',
    });
    expect(said.out, line).toMatch(/^\{.*\}\n$/);
  }
});

test('a file, or what is no pipe, is read for ever', () => {
  const file = openSync(keyFile, 'r');
  expect([watchPipe(file)(), watchPipe(99_999)()]).toEqual([true, true]);
  closeSync(file);
});

test('what can stand next on a line is offered: words, options, values, profiles and the names of living keys, and nothing on an error', async () => {
  profiles();
  const ended = token(2, { name: 'gone', revoked_at: 1 });
  const results = [token(1), ended, token(3, { name: 'twice' }), token(4, { name: 'twice' })];
  server.answer(
    answering({ ...session, [`GET ${TOKENS}`]: { results, next: null }, [`GET ${SUBKEYS}`]: listOf(subkey) }),
  );
  const offered = async (...words: string[]) => {
    let text = '';
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(((piece: string, done?: () => void) => {
      text += piece;
      done?.();
      return true;
    }) as typeof process.stdout.write);
    vi.stubEnv('XDG_CONFIG_HOME', folder);
    try {
      await complete(['--', ...words], 'countersign', ['serve']);
    } finally {
      write.mockRestore();
      vi.unstubAllEnvs();
    }
    return text.split('\n').filter((line) => line !== '');
  };
  for (const [words, expected] of [
    [['s'], ['subkeys', 'sign-out-everywhere', 'session', 'serve']],
    [['help', 'tok'], ['tokens']],
    [['tokens', 'help', ''], []],
    [
      ['tokens', 're'],
      ['rename', 'restrict', 'revoke'],
    ],
    [['tokens', 'list', '--en'], ['--ended']],
    [['activity', '--what', 'c'], ['changes']],
    [['whoami', '--profile', ''], ['p']],
    [['tokens', 'restrict', 'bot1', '--from', ''], ['anywhere']],
    [['tokens', 'create', 'x', '--for', ''], []],
    [
      ['activity', '--key', ''],
      ['subkey:7', 'token:tok_1', 'token:tok_3', 'token:tok_4'],
    ],
    [['whoami', 'x'], []],
    [
      ['completion', ''],
      ['bash', 'zsh'],
    ],
    [['profiles', 'use', ''], ['p']],
    [['tokens', 'create', ''], []],
    [
      ['tokens', 'revoke', ''],
      ['bot1', token(3).lookup_id, token(4).lookup_id],
    ],
    [['tokens', 'revoke', 'bot1', 'bot'], []],
    [['nothing', ''], []],
  ] as const)
    expect({ words, found: await offered(...words) }).toEqual({ words, found: expected });
  server.answer(answering({}));
  expect(await offered('tokens', 'revoke', '')).toEqual([]);
});

test('what is revoked is named, and asked about where --yes is not given: without a terminal, or another answer than yes, nothing ends', async () => {
  server.answer(answering({ [`GET ${TOKENS}`]: listOf(token(1)), [`DELETE ${TOKENS}/${token(1).lookup_id}`]: {} }));
  const piped = await type('tokens revoke bot1', { env: bearer() });
  expect(piped).toMatchObject({ code: 2, notes: ['token "bot1" (token:tok_1): never used', 'This ends it for good.'] });
  const no = await type('tokens revoke bot1', { env: bearer(), answers: ['no'] });
  expect(no).toMatchObject({ code: 1, said: 'not confirmed, so nothing was done' });
  expect(asked('DELETE')).toEqual([]);
  expect((await type('tokens revoke bot1', { env: bearer(), answers: ['yes'] })).code).toBe(0);
  expect(asked('DELETE')).toHaveLength(1);
});
