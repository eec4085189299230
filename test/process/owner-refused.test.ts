// The owner's commands where something is wrong: on this machine, with the line, or with the server. Nothing is made then, and no secret shown.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { widthOf } from '../../src/owner/printable.ts';
import { closedPort } from '../support/closed-port.ts';
import { exampleDeviceKey } from '../support/example-device-key.ts';
import { signingConfig } from '../support/lying-server.ts';
import { compileCache, inPairs, noTerminal, type Person, personIn, type Said } from '../support/owner-commands.ts';
import { MAIN } from '../support/server-process.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { type ToldServer, toldServer } from '../support/told-server.ts';

const OWNER = join(import.meta.dirname, '../../src/owner/main.ts');
const KEY = `0x0${'5eacf00d'.repeat(7)}1234567`;
const TOKEN = 'eyJhbGciOiJub25lIn0.canarytoken.c2ln';

// Processes start slowly on a machine that others use. Nothing is asserted by it.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: ToldServer;
let other: ToldServer;
let silent: ToldServer;
let owner: Person;
/** Of a command that waits for a server that says nothing, while the other tests run. */
let waited: Promise<Said & { readonly seconds: number }>;
beforeAll(async () => {
  [server, other, silent] = [await toldServer(), await toldServer(), await toldServer()];
  silent.answer(() => undefined);
  const started = performance.now();
  const env = { COUNTERSIGN_URL: silent.url, COUNTERSIGN_TOKEN: TOKEN };
  waited = personIn(temporaryFolder('owner'))
    .run(['whoami'], { env })
    .then((said) => ({ ...said, seconds: (performance.now() - started) / 1000 }));
});
beforeEach(() => {
  owner = personIn(temporaryFolder('owner'));
  server.answer((_, response) => void response.writeHead(500).end());
  other.answer((_, response) => void response.writeHead(500).end());
});
afterAll(async () => {
  await Promise.all([server, other, silent].map((one) => one.close()));
  await removeFolders();
});

/** Its folder is made as `login` makes it. */
function writeProfiles(mode = 0o600, url = server.url): void {
  mkdirSync(join(owner.profiles, '..'), { recursive: true, mode: 0o700 });
  const device = { id: 'dev_1', expires_at: new Date(Date.now() + 3_600_000).toISOString(), key: exampleDeviceKey };
  writeFileSync(
    owner.profiles,
    JSON.stringify({ version: 1, current: 'p', profiles: { p: { url, account: '0x1', device } } }),
  );
  chmodSync(owner.profiles, mode);
}

function keyFile(mode = 0o600, text = KEY): string {
  const path = join(owner.home, `main-${mode.toString(8)}.key`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const create = (...more: string[]) => [
  'tokens',
  'create',
  'bot',
  '--for',
  '30d',
  '--from',
  'anywhere',
  '--url',
  server.url,
  ...more,
];

describe('before anything is asked of a server', () => {
  test('a secret that has nowhere to go is not made: without a terminal, --out or --show is needed', async () => {
    const said = await owner.run(create('--key-file', keyFile()));
    expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('needs --out <file> or --show') });
    const sub = await owner.run([
      'subkeys',
      'create',
      'bot',
      '--from',
      'anywhere',
      '--url',
      server.url,
      '--key-file',
      keyFile(),
    ]);
    expect(sub).toMatchObject({ code: 2, out: '' });
    expect(server.asked).toEqual([]);
  });

  test('a secret is not made where its file is there already, is a link, or its folder is missing', async () => {
    writeFileSync(join(owner.desk, 'there'), 'mine');
    symlinkSync('nowhere', join(owner.desk, 'link'));
    await inPairs(['there', 'link', 'none/x'], async (path) => {
      const said = await owner.run(create('--key-file', keyFile(), '--out', path));
      expect(said, path).toMatchObject({ code: 2, out: '' });
      expect(said.err).toContain(path);
    });
    expect(readFileSync(join(owner.desk, 'there'), 'utf8')).toBe('mine');
    expect(server.asked).toEqual([]);
  });

  test.each([0o644, 0o640, 0o604])(
    'a main key in a file that others may read is refused with the chmod to type: mode %o',
    async (mode) => {
      const path = keyFile(mode);
      const said = await owner.run(create('--key-file', path, '--show'));
      expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`chmod 600 ${path}`) });
      expect(server.asked).toEqual([]);
    },
  );

  test.each(['', '0x', 'not a key', `${KEY}00`, '0x0', `0x${'f'.repeat(64)}`])(
    'what is no private key is refused and not repeated: %j',
    async (text) => {
      const piped = await owner.run(create('--stdin', '--show'), { input: text });
      expect(piped).toMatchObject({ code: 2, out: '' });
      if (text.length > 6) expect(piped.err).not.toContain(text.slice(0, 12));
      expect(server.asked).toEqual([]);
    },
  );

  test('more than a key on standard input is refused and not repeated', async () => {
    const said = await owner.run(create('--stdin', '--show'), { input: '5eacf00d'.repeat(600) });
    expect(said).toMatchObject({ code: 2, out: '', err: 'countersign: standard input holds more than 4096 bytes\n' });
    expect(server.asked).toEqual([]);
  });

  test('without a terminal and without a source for the main key, the command stops and says which there are', async () => {
    await inPairs([create('--show'), ['login', '--url', server.url]], async (argv) => {
      expect(await owner.run(argv)).toMatchObject({
        code: 2,
        err: expect.stringContaining('--key-file, --wallet-key-file or --stdin'),
      });
    });
    expect(await owner.run(create('--show', '--stdin', '--key-file', keyFile()))).toMatchObject({ code: 2 });
    expect(server.asked).toEqual([]);
    expect(existsSync(owner.profiles)).toBe(false);
  });

  test('a main key as an argument or in the environment is refused with the reason, and not repeated', async () => {
    await inPairs(
      [
        ['login', '--url', server.url, '--key', KEY],
        ['login', KEY],
        ['login', `--private-key=${KEY}`],
      ],
      async (argv) => {
        const said = await owner.run(argv);
        expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('never given as an argument') });
        expect(said.err).not.toContain('5eacf00d');
      },
    );
    await inPairs(
      ['COUNTERSIGN_KEY', 'COUNTERSIGN_MAIN_KEY', 'COUNTERSIGN_PRIVATE_KEY', 'COUNTERSIGN_WALLET_PRIVATE_KEY'],
      async (name) => {
        const said = await owner.run(create('--show', '--key-file', keyFile()), { env: { [name]: KEY } });
        expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`${name} is set`) });
        expect(said.err).not.toContain('5eacf00d');
      },
    );
    expect(server.asked).toEqual([]);
  });

  test('from where and for how long a new key works must be said', async () => {
    const line = ['tokens', 'create', 'bot', '--url', server.url, '--key-file', keyFile(), '--show'];
    expect(await owner.run([...line, '--for', '30d'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--from anywhere'),
    });
    expect(await owner.run([...line, '--from', 'anywhere'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--for is missing: how long it lives'),
    });
    expect(await owner.run([...line, '--from', 'anywhere', '--for', '1w'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('90s, 15m, 24h or 30d'),
    });
    expect(server.asked).toEqual([]);
  });

  test('a profile file of mode 0644 is refused with the chmod to type, and its key is not used', async () => {
    writeProfiles(0o644);
    await inPairs([['whoami'], ['profiles', 'list'], ['login', '--key-file', keyFile()], ['logout']], async (argv) => {
      expect(await owner.run(argv)).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringContaining(`chmod 600 ${owner.profiles}`),
      });
    });
    expect(server.asked).toEqual([]);
    expect(statSync(owner.profiles).mode & 0o777).toBe(0o644);
  });

  test('a device key goes to no server but its own', async () => {
    writeProfiles(0o600, other.url);
    await inPairs(
      [
        ['whoami', '--url', server.url],
        ['whoami', '--url', server.url, '--profile', 'p'],
      ],
      async (argv) => {
        const { code } = await owner.run(argv);
        expect([2, 4]).toContain(code);
      },
    );
    expect(await owner.run(['whoami'], { env: { COUNTERSIGN_URL: server.url } })).toMatchObject({ code: 4 });
    expect([server.asked, other.asked]).toEqual([[], []]);
  });

  test('what ends for good is asked about: without a terminal --yes is needed', async () => {
    writeProfiles();
    await inPairs([['revoke-all'], ['sign-out-everywhere'], ['logout', '--everywhere']], async (argv) => {
      expect(await owner.run(argv, { input: 'yes\n' })).toMatchObject({
        code: 2,
        err: expect.stringContaining('give --yes'),
      });
    });
    expect(server.asked).toEqual([]);
  });

  test('revoke-all of one kind ends every session and device too: it says so first, and forgets the key of this machine', async () => {
    writeProfiles();
    expect((await owner.run(['revoke-all', '--only', 'tokens'])).err).toContain('and every session and device of it');
    server.answer((_, response) => json(response, { valid_after: 1, tokens: [], subkeys: [], devices: [] }));
    const env = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: TOKEN };
    const said = await owner.run(['revoke-all', '--only', 'tokens', '--yes'], { env });
    expect(said).toMatchObject({ code: 0, err: expect.stringContaining('this machine is signed out, too') });
    expect(readFileSync(owner.profiles, 'utf8')).not.toContain('"d"');
  });

  test('a hand-off makes nothing where the server names no console, and says why', async () => {
    server.answer((_, response) => json(response, { version: '0.4.0', siwe_domain: null }));
    const said = await owner.run([
      'subkeys',
      'hand-off',
      'phone',
      '--from',
      'anywhere',
      '--url',
      server.url,
      '--key-file',
      keyFile(),
    ]);
    expect(said).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('nothing was made: the link opens a page of the console'),
    });
    expect(server.asked.map(({ path }) => path)).toEqual(['/countersign/v1/about']);
  });

  test('whoever is not signed in is told to log in, with exit code 4', async () => {
    await inPairs([['whoami'], ['tokens', 'list'], ['activity'], ['session'], ['logout']], async (argv) => {
      expect(await owner.run(argv), argv.join(' ')).toMatchObject({ code: 4, out: '' });
    });
    expect(await owner.run(['whoami', '--url', server.url])).toMatchObject({
      code: 4,
      err: expect.stringContaining(`login --url ${server.url}`),
    });
  });

  test('the address of a server is one, and nothing more', async () => {
    await inPairs(['keys.venue.example', 'ftp://x', 'https://u:p@x', 'https://x/v1', 'https://x?a=1'], async (url) => {
      expect(await owner.run(['whoami', '--url', url], { env: { COUNTERSIGN_TOKEN: TOKEN } }), url).toMatchObject({
        code: 2,
        out: '',
      });
    });
  });
});

test('a file of profiles that is damaged stops every command in one sentence with what to do: exit code 2', async () => {
  writeProfiles();
  const whole = readFileSync(owner.profiles, 'utf8');
  const commands = [['whoami'], ['profiles', 'list'], ['tokens', 'revoke', 'x'], ['logout']];
  const damages = [
    whole.slice(0, 80),
    whole.replace('"id":"dev_1"', '"id":7'),
    whole.replace(/"expires_at":"[^"]*"/, '"expires_at":"soon"'),
    whole.replace(exampleDeviceKey.d, exampleDeviceKey.x),
    whole.replace('"account":"0x1"', '"account":"x"'),
    whole.replace(/"url":"[^"]*"/, '"url":"x"'),
  ];
  for (const [at, damaged] of damages.entries()) {
    writeFileSync(owner.profiles, damaged);
    await inPairs(at === 0 ? commands : [['whoami']], async (argv) => {
      const said = await owner.run(argv);
      expect({ ...said, damaged }).toMatchObject({ code: 2, out: '' });
      expect(said.err).toMatch(/^countersign: [^\n]+profiles\.json is [^\n]+; remove it and log in again\n$/);
    });
  }
  expect(server.asked).toEqual([]);
});

test('a COUNTERSIGN_TOKEN with characters that no token has is sent nowhere and not repeated', async () => {
  await inPairs([`${TOKEN} `, `${TOKEN}\nX: y`, 'é'], async (token) => {
    const said = await owner.run(['whoami'], { env: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token } });
    expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('COUNTERSIGN_TOKEN is no token') });
    expect(said.err).not.toContain('canary');
  });
  expect(server.asked).toEqual([]);
});

describe('how long a machine may be signed in', () => {
  const limited = (device_seconds: unknown) =>
    server.answer((_, response) => json(response, { version: '0.4.0', limits: { device_seconds } }));
  const login = (...more: string[]) => owner.run(['login', '--url', server.url, '--key-file', keyFile(), ...more]);

  test('a login for longer than the server allows says so before it asks for the main key, and writes nothing', async () => {
    limited(28_800);
    for (const life of ['9h', '8h'])
      expect(await owner.run(['login', '--url', server.url, '--stdin', '--for', life])).toMatchObject({
        code: 2,
        out: '',
        err:
          life === '9h'
            ? `countersign: login: ${server.url} signs a machine in for 8 hours at most; give --for 8h or less\n`
            : expect.stringMatching(/for 8 hours\. Never .*\ncountersign: standard input holds nothing\n$/),
      });
    expect(new Set(server.asked.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set(['GET /countersign/v1/about']),
    );
  });

  test('a login for less than any server allows is refused at once', async () => {
    limited(28_800);
    expect(await login('--for', '299s')).toMatchObject({
      code: 2,
      err: 'countersign: login: a machine is signed in for 5 minutes at least\n',
    });
    expect(server.asked).toEqual([]);
  });

  test('without --for it is 8 hours, or what the server allows where that is less', async () => {
    for (const [seconds, said] of [
      [3_600, '1 hour'],
      [86_400, '8 hours'],
      [-1, '8 hours'],
      ['x', '8 hours'],
    ] as const) {
      limited(seconds);
      expect((await login()).err).toContain(`can look and end, for ${said}. Never`);
    }
  });
});

describe('precedence', () => {
  const whoami = async (argv: readonly string[], env: Record<string, string> = {}) => {
    server.answer((_, response) => json(response, { error: 'NOT_FOUND', message: 'x', data: null }, 404));
    other.answer((_, response) => json(response, { error: 'NOT_FOUND', message: 'x', data: null }, 404));
    await owner.run(['whoami', ...argv], { env });
    return [server, other].map(({ asked }) => asked.map(({ authorization }) => authorization));
  };

  test('COUNTERSIGN_TOKEN is sent as bearer to COUNTERSIGN_URL, a flag names another server, and a named profile stands before both', async () => {
    writeProfiles();
    const env = { COUNTERSIGN_TOKEN: TOKEN, COUNTERSIGN_URL: server.url };
    expect(await whoami([], env)).toEqual([[`Bearer ${TOKEN}`], []]);
    expect(await whoami(['--url', other.url], env)).toEqual([[], [`Bearer ${TOKEN}`]]);
    expect(await whoami([], { COUNTERSIGN_TOKEN: TOKEN })).toEqual([[`Bearer ${TOKEN}`], []]);
    const [asked] = await whoami(['--profile', 'p'], env);
    expect(asked).not.toContain(`Bearer ${TOKEN}`);
  });

  test('COUNTERSIGN_PROFILE names the profile in place of the current one, and a flag another', async () => {
    writeProfiles();
    const kept = JSON.parse(readFileSync(owner.profiles, 'utf8'));
    kept.profiles.q = { ...kept.profiles.p, url: other.url };
    writeFileSync(owner.profiles, JSON.stringify(kept));
    const isAsked = async (...given: Parameters<typeof whoami>) =>
      (await whoami(...given)).map((asked) => asked.length > 0);
    expect(await isAsked([])).toEqual([true, false]);
    expect(await isAsked([], { COUNTERSIGN_PROFILE: 'q' })).toEqual([false, true]);
    expect(await isAsked(['--profile', 'p'], { COUNTERSIGN_PROFILE: 'q' })).toEqual([true, false]);
  });
});

const json = (response: ServerResponse, body: unknown, status = 200): void =>
  void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

describe('a server that lies', () => {
  const env = () => ({ COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: TOKEN });
  /** A sentence on stderr, and neither a stack nor the bearer. */
  const told = ({ out, err }: { out: string; err: string }) => {
    expect(err).toMatch(/^countersign [a-z ]+: [^\n]+\n$/);
    expect(err + out).not.toMatch(/\n\s+at |canarytoken/);
  };

  test.each([301, 302, 307, 308])(
    'a redirect is not followed, and the bearer reaches no other server: %i',
    async (status) => {
      server.answer((_, response) => void response.writeHead(status, { Location: `${other.url}/x` }).end());
      const said = await owner.run(['whoami'], { env: env() });
      expect(said).toMatchObject({ code: 1, out: '', err: expect.stringContaining('not a Countersign') });
      told(said);
      expect(other.asked).toEqual([]);
    },
  );

  test.each([
    ['a page', 'text/html', '<html>it works</html>'],
    ['half of JSON', 'application/json', '{"account":'],
    ['nothing', 'application/json', ''],
    ['a list', 'application/json', '[1,2]'],
    ['null', 'application/json', 'null'],
    ['other members', 'application/json', '{"results":"x","permissions":3,"kind":{}}'],
    ['a member that all objects have', 'application/json', '{"__proto__":{"account":"x"},"constructor":1}'],
  ])('an answer that is no answer of ours ends in one sentence and no stack: %s', async (_, type, body) => {
    server.answer((_request, response) => void response.writeHead(200, { 'Content-Type': type }).end(body));
    await inPairs([['whoami'], ['tokens', 'list'], ['explain', 'x']], async (argv) => {
      const said = await owner.run(argv, { env: env() });
      expect([1, 3], said.err).toContain(said.code);
      expect(said.out).toBe('');
      told(said);
    });
  });

  test('an answer without end is cut', async () => {
    server.answer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const piece = `"${'x'.repeat(1024 * 1024)}",`;
      response.write('[');
      const more = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    const said = await owner.run(['tokens', 'list'], { env: env() });
    expect([1, 3]).toContain(said.code);
    told(said);
  });

  test('whoever is refused because COUNTERSIGN_TOKEN stands before the key of this machine is told to unset it', async () => {
    server.answer((_, response) => json(response, { error: 'INVALID_TOKEN_SCOPE', message: 'no', data: null }, 403));
    const { code, err } = await owner.run(['usage'], { env: env() });
    expect(code).toBe(1);
    expect(err).toContain(
      'That needs your main key. COUNTERSIGN_TOKEN is set, and is used before the key of this machine',
    );
  });

  test('a server that is not there is exit code 3, and nothing was sent', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const said = await owner.run(['whoami', '--url', url], { env: { COUNTERSIGN_TOKEN: TOKEN } });
    expect(said).toMatchObject({
      code: 3,
      out: '',
      err: 'countersign whoami: No connection. Nothing was sent. (ECONNREFUSED)\n',
    });
  });

  const evil = 'a\u001b[2J\u001b]0;owned\u0007b\u202ec\r\nd';
  const token = {
    token_id: 't',
    lookup_id: '6f1c8b0e-0000-4000-8000-000000000001',
    name: evil,
    kind: 'readonly',
    created_at: 1,
    expiry_at: 4_000_000_000_000_000_000,
    last_updated_at: 1,
    revoked_at: 0,
    allowed_cidrs: [evil],
    replaced_by: null,
    replaces: null,
    last_used_at: 0,
    last_used_ip: '',
  };

  test('names and messages of others move no cursor, set no title and add no line', async () => {
    server.answer((_, response) => json(response, { results: [token], next: null }));
    const listed = await owner.run(['tokens', 'list'], { env: env() });
    expect(listed.code).toBe(0);
    expect(listed.out.split('\n')).toHaveLength(3);
    expect(listed.out).toContain('a\\u{1b}[2J\\u{1b}]0;owned\\u{7}b\\u{202e}c');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is what is asserted.
    expect(listed.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    server.answer((_, response) => json(response, { error: 'BINDING_ERROR', message: evil, data: null }, 400));
    const refused = await owner.run(['tokens', 'list'], { env: env() });
    expect(refused.code).toBe(1);
    expect(refused.err.split('\n')).toHaveLength(2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the same.
    expect(refused.err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  const newSubkey = (body: string) => ({
    account_id: '0x1',
    name: 'bot',
    id: 7,
    allowed_cidrs: [],
    expires_at: 0,
    public_key: /"public_key":"(0x[0-9a-f]+)"/.exec(body)?.[1],
  });

  /** Answers what a create asks, and the create itself with this. */
  const creates = (made: (body: string) => object) => (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url?.split('?')[0] ?? '';
    if (path === '/v1/system/time') return json(response, { server_time: String(Date.now()) });
    if (path === '/v1/system/config') return json(response, signingConfig);
    if (path === '/v1/onboarding') return json(response, { address: '0x1' });
    if (path.startsWith('/v1/auth')) return json(response, { jwt_token: 'a.b.c' });
    if (request.method === 'DELETE') return json(response, {});
    return json(response, made(server.asked.at(-1)?.whole ?? ''));
  };

  test.each([
    ['tokens', { token: 'a.b.c', api_token: { ...token, allowed_cidrs: ['x\nPATH=/tmp'] } }],
    ['tokens', { token: 'a.b.c', api_token: { ...token, lookup_id: 'x\nPATH=/tmp' } }],
    ['tokens', { token: 'a.b.c\nPATH=/tmp', api_token: token }],
    ['tokens', { token: 'a.b.c$(id)', api_token: token }],
    ['subkeys', { account_id: '0x1\nPATH=/tmp' }],
    ['subkeys', { account_id: '$(id)' }],
    ['subkeys', { id: '7\nPATH=/tmp' }],
  ] as const)(
    'nothing that a server answers becomes a line or a command of the file of a secret: %s %j',
    async (kind, answer) => {
      server.answer(creates((body) => ({ ...newSubkey(body), ...answer })));
      const [, , ...rest] = create('--key-file', keyFile(), '--out', 'bot.env');
      const said = await owner.run([kind, 'create', ...rest]);
      expect([1, 3], said.err).toContain(said.code);
      expect(existsSync(join(owner.desk, 'bot.env'))).toBe(false);
      expect(said.out).toBe('');
      told(said);
    },
  );

  test('a name that a rotated token shares with its successor names both, which is the replaced one, and until when', async () => {
    const [a, b] = ['6f1c8b0e-0000-4000-8000-000000000001', '6f1c8b0e-0000-4000-8000-000000000002'];
    const until = BigInt(Date.UTC(2040, 0, 2, 3, 4)) * 1_000_000n;
    const pair = [
      { ...token, name: 'bot', token_id: 'tok_a', lookup_id: a, replaced_by: b, expiry_at: Number(until) },
      { ...token, name: 'bot', token_id: 'tok_b', lookup_id: b, replaces: a },
    ];
    server.answer((_, response) => json(response, { results: pair, next: null }));
    await inPairs(
      [
        ['revoke', 'bot', '--yes'],
        ['rename', 'bot', 'x'],
        ['restrict', 'bot', '--from', '10.0.0.1'],
      ],
      async (argv) => {
        expect(await owner.run(['tokens', ...argv], { env: { ...env(), TZ: 'UTC' } })).toEqual({
          code: 2,
          out: '',
          err: 'countersign: more than one token is called "bot": token:tok_a (the replaced one, which lives until 2 Jan 2040, 03:04), token:tok_b; name it by its id; nothing was done\n',
        });
      },
    );
    expect(server.asked.every(({ method }) => method === 'GET')).toBe(true);
  });

  test('ids of others move no cursor when a key is ended', async () => {
    server.answer((request, response) =>
      request.method === 'GET'
        ? json(response, { results: [{ ...token, lookup_id: evil, name: 'bot' }], next: null })
        : json(response, { lookup_id: evil }),
    );
    const said = await owner.run(['tokens', 'revoke', 'bot', '--yes'], { env: env() });
    expect(said).toMatchObject({ code: 0, out: expect.stringContaining('a\\u{1b}[2J') });
    expect(said.out.split('\n')).toHaveLength(2);
  });

  test('a command that is proposed holds nothing that a shell would run', async () => {
    const refused = {
      request_id: 'r',
      at: 1,
      credential: { kind: 'token', id: 'x', name: 'bot' },
      route: 'GET /v1/x',
      method: 'GET',
      reason: 'ip_not_allowed',
      code: 'IP_NOT_ALLOWED',
      status: 403,
      message: 'x',
      client_ip: '192.0.2.7',
      hops: [],
      permission_needed: null,
      permissions_held: null,
      allowed_cidrs: ['10.0.0.0/8'],
      limit: null,
      signed_at: null,
      server_time: null,
      expired_seconds: null,
      order_index: null,
      ended_at: null,
      ended_by: null,
      others_in_minute: 0,
    };
    server.answer((_, response) => json(response, refused));
    expect((await owner.run(['explain', 'r'], { env: env() })).out).toContain('--from 10.0.0.0/8,192.0.2.7');
    server.answer((_, response) => json(response, { ...refused, client_ip: '192.0.2.7;id' }));
    const said = await owner.run(['explain', 'r'], { env: env() });
    expect(said.code).toBe(0);
    expect(said.out).not.toContain('to mend it');
  });

  test('a list whose pages never end is ended', async () => {
    let page = 0;
    server.answer((_, response) => json(response, { results: [], next: page++ % 2 === 0 ? 'a' : 'a' }));
    const said = await owner.run(['tokens', 'list'], { env: env() });
    expect(said.code).toBe(1);
    told(said);
  });

  test('every digit of a time reaches a program, and what the server adds does, too', async () => {
    const text =
      '{"results":[{"lookup_id":"x","name":"n","created_at":1800000000123456789,"new_member":[1.5,"y"]}],"next":null}';
    server.answer((_, response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).end(text));
    const said = await owner.run(['tokens', 'list', '--json'], { env: env() });
    expect(said).toEqual({ code: 0, out: `${text}\n`, err: '' });
  });

  test('a reader that goes away ends a list: exit code 141, and no sentence', async () => {
    const row = {
      id: 1,
      at: 1_800_000_000_123_456_789n.toString(),
      action: 'x',
      actor: { kind: 'main', id: '', name: '' },
      subject: { kind: 'main', id: '', name: '' },
      request_id: 'r',
      client_ip: '',
      detail: {},
    };
    let id = 0;
    server.answer((_, response) =>
      json(response, { results: Array.from({ length: 500 }, () => ({ ...row, id: ++id })), next: `c${id}` }),
    );
    expect(await intoHead(['activity', '--json'], env())).toEqual({ status: '141 0', err: '' });
  });

  test.skipIf(process.platform !== 'linux')(
    'activity --follow ends by itself when its reader has gone, though nothing more happens: exit code 141, and no sentence',
    async () => {
      const row = {
        id: 1,
        at: Date.now() * 1e6,
        action: 'x',
        actor: { kind: 'main', id: '', name: '' },
        subject: { kind: 'main', id: '', name: '' },
        request_id: 'r',
        client_ip: '',
        detail: {},
      };
      server.answer((_, response) => json(response, { results: [row], next: null }));
      await inPairs([MAIN, OWNER], async (program) => {
        expect(await intoHead(['activity', '--follow'], env(), program)).toEqual({ status: '141 0', err: '' });
      });
    },
  );

  test('a command whose reader has gone ends with 141 and no sentence, whatever it prints', async () => {
    writeProfiles();
    server.answer((request, response) =>
      json(response, request.url?.includes('/self') ? self : { results: [token], next: null, ...self }),
    );
    const self = {
      account: '0x1',
      kind: 'token',
      id: 'x',
      permissions: [],
      expires_at: 1,
      allowed_cidrs: [],
      client_ip: '',
    };
    const lines = [
      ['help'],
      ['tokens', '--help'],
      ['version'],
      ['completion', 'bash'],
      ['profiles', 'list'],
      ['whoami'],
      ['whoami', '--json'],
      ['tokens', 'list'],
      ['tokens', 'list', '--json'],
      ['tokens', 'revoke', token.lookup_id, '--yes'],
    ];
    for (const program of [MAIN, OWNER])
      await inPairs(lines, async (argv) => {
        const { status, err } = await intoNobody(argv, env(), program);
        expect({ argv, status, err: argv[1] === 'revoke' ? '' : err }).toEqual({ argv, status: '141', err: '' });
      });
  });

  test('a link of a hand-off that nobody reads is deleted with its key, and a token that nobody reads is ended', async () => {
    server.answer(creates((body) => ({ ...newSubkey(body), token: 'a.b.c', api_token: { ...token, name: 'bot' } })));
    const more = ['--from', 'anywhere', '--key-file', keyFile()];
    const link = await intoNobody(['subkeys', 'hand-off', 'bot', '--console-url', 'https://x.example', ...more], env());
    expect(link.status).toBe('1');
    expect(link.err).toMatch(
      /^the key subkey:7 is deleted\ncountersign subkeys hand-off: the link could not be shown: stdout takes nothing\.?\n$/,
    );
    expect(server.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    const shown = await intoNobody(['tokens', 'create', 'bot', '--for', '1h', '--show', ...more], env());
    expect(shown).toMatchObject({
      status: '1',
      err: expect.stringContaining('(stdout takes nothing), so it was ended again'),
    });
    expect(server.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
  });
});

test('^C while the key is waited for on standard input ends the command', async () => {
  const argv = ['login', '--url', server.url, '--stdin'];
  const child = spawn(process.execPath, [MAIN, ...argv], { env: { ...process.env, HOME: owner.home } });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (!err.includes('Never a main key') && (err + text).includes('Never a main key')) child.kill('SIGINT');
    err += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, err }).toMatchObject({ code: 130, err: expect.stringMatching(/Never a main key[^\n]*\n$/) });
});

const intoHead = (argv: readonly string[], env: Record<string, string>, program = MAIN) =>
  inScript('"$@" | head -1 >/dev/null; echo "$' + '{PIPESTATUS[*]}"', argv, env, program);

/** The reader is gone before the command begins. */
const intoNobody = (argv: readonly string[], env: Record<string, string>, program = MAIN) =>
  inScript('exec 3> >(:); wait $!; "$@" >&3 3>&-; echo $?', argv, env, program);

/** Without blocking the server of this process. */
async function inScript(
  script: string,
  argv: readonly string[],
  env: Record<string, string>,
  program: string,
): Promise<{ status: string; err: string }> {
  const child = spawn('bash', ['-c', script, 'bash', process.execPath, program, ...argv], {
    env: { ...process.env, HOME: owner.home, NODE_COMPILE_CACHE: compileCache(), ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return { status: out.trim(), err };
}

describe.skipIf(noTerminal !== undefined)(
  `in a terminal${noTerminal === undefined ? '' : `: left out, ${noTerminal}`}`,
  () => {
    test('^C at the hidden prompt ends the command with 130, shows nothing, sends nothing and gives the terminal back', async () => {
      const shown = await owner.type(create('--out', 'x.env'), [{ await: 'Main key', type: '0x5eacf00d\u0003' }]);
      expect(shown).toMatchObject({ code: 130, missed: [], echo: [false, true] });
      expect(shown.screen).not.toContain('5eacf00d');
      expect(server.asked).toEqual([]);
      expect(existsSync(join(owner.desk, 'x.env'))).toBe(false);
    });

    test('what is typed at the hidden prompt is not shown, and a wrong key is refused with the terminal given back', async () => {
      const shown = await owner.type(create('--out', 'x.env'), [{ await: 'Main key', type: 'canary-no-key\r' }]);
      expect(shown).toMatchObject({ code: 2, missed: [], echo: [false, true] });
      expect(shown.screen).toContain('what was typed is no private key');
      expect(shown.screen).not.toContain('canary');
      expect(server.asked).toEqual([]);
    });

    test('a key is not read from a terminal that would show it', async () => {
      const shown = await owner.type(create('--out', 'x.env', '--stdin'), []);
      expect(shown).toMatchObject({ code: 2, missed: [] });
      expect(shown.screen).toContain('standard input is a terminal, which shows what is typed');
      expect(existsSync(join(owner.desk, 'x.env'))).toBe(false);
    });

    test('an answer other than yes ends nothing', async () => {
      writeProfiles();
      const shown = await owner.type(['revoke-all'], [{ await: 'Type yes', type: 'y\r' }]);
      expect(shown).toMatchObject({ code: 1, missed: [] });
      expect(shown.screen).toContain('not confirmed, so nothing was done');
      expect(server.asked).toEqual([]);
    });

    test('a table fits the terminal and has no colours where NO_COLOR or --no-color says so; a file that is there already is refused before the key is asked for', async () => {
      const cidrs = Array.from({ length: 20 }, (_, at) => `10.0.${at}.0/24`);
      const one = {
        lookup_id: '6f1c8b0e-0000-4000-8000-000000000001',
        name: '漢字 '.repeat(20).trim(),
        kind: 'readonly',
        created_at: 1,
        expiry_at: 1,
        last_updated_at: 1,
        revoked_at: 0,
        allowed_cidrs: cidrs,
        last_used_at: 0,
        last_used_ip: '',
      };
      server.answer((_, response) => json(response, { results: [one], next: null }));
      const env = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: TOKEN };
      for (const columns of [100, 60]) {
        const shown = await owner.type(['tokens', 'list', '--no-color'], [], { columns, env });
        expect(shown.code).toBe(0);
        expect(Math.max(...shown.screen.split('\r\n').map(widthOf))).toBeLessThanOrEqual(columns);
        expect(shown.screen).not.toContain('\u001b');
      }
      const coloured = (more: Record<string, string>) =>
        owner.type(['tokens', 'list'], [], { env: { ...env, TERM: 'xterm', ...more } });
      expect((await coloured({})).screen).toContain('\u001b[1m');
      expect((await coloured({ NO_COLOR: '1' })).screen).not.toContain('\u001b');
      writeFileSync(join(owner.desk, 'there'), 'mine');
      const shown = await owner.type(create(), [{ await: 'which new file', type: 'there\r' }]);
      expect(shown).toMatchObject({ code: 2, missed: [] });
      expect(shown.screen).not.toContain('Main key');
    });
  },
);

test('help of the owner is printed by both programs, and by the word help', () => {
  const run = (...argv: string[]) => spawnSync(process.execPath, argv, { encoding: 'utf8', cwd: owner.desk });
  const [asked, flagged] = [run(MAIN, 'help', 'tokens'), run(MAIN, 'tokens', '--help')];
  expect([asked.status, asked.stderr]).toEqual([0, '']);
  expect(asked.stdout).toBe(flagged.stdout);
  expect(asked.stdout).toContain('countersign tokens rotate <token>');
  expect(run(MAIN, 'tokens', 'frobnicate').status).toBe(2);
});

test('a Node.js that is too old for the client is named, with the one that is needed', () => {
  const old = join(owner.desk, 'old.mjs');
  writeFileSync(old, "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } });");
  const said = spawnSync(process.execPath, ['--import', pathToFileURL(old).href, OWNER, 'whoami'], {
    encoding: 'utf8',
    cwd: owner.desk,
  });
  expect([said.status, said.stdout]).toEqual([1, '']);
  expect(said.stderr).toContain('Node.js 22 or newer is needed, and this is v20.1.0;');
});

test('a server that says nothing is waited for 10 s, not for ever: exit code 3', async () => {
  const { seconds, ...said } = await waited;
  expect(said).toEqual({
    code: 3,
    out: '',
    err: 'countersign whoami: No connection. We do not know whether it arrived. (no answer in time)\n',
  });
  expect(seconds).toBeGreaterThan(9.9);
});
