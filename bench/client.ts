// What the client library costs: bytes to load, a login and a GET beside the same made by hand with fetch, and a command from its start to
// its output. It prints and asserts nothing.
// Usage: node bench/client.ts [--rounds=5] [--logins=40] [--reads=400] [--seconds=60]
//
// Bytes are those of one file, minified, as a page would load it, made by the bundler that comes with vitest. A login by hand hashes and signs
// with the same functions and knows everything that a client has to ask first. Commands run in the sources, and as they are packed where
// `npm run build` was run before.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { createClient, starkKey } from '../src/client/main.ts';
import { loginHeaders, windowFrom } from '../src/client/sign-in.ts';
import { scureCurve } from '../src/starknet/curve.ts';
import { createMessageHasher } from '../src/starknet/message.ts';
import { onboard, starkTrader } from '../test/support/trader.ts';
import { median, percentile, ratio, rounded, spread } from './support/measure.ts';
import { pinned, startRole, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, roundsInTime, say, table } from './support/report.ts';

onlyFlags('rounds', 'logins', 'reads', 'seconds');
const rounds = count('rounds', 5, 100);
const logins = count('logins', 40, 10_000);
const reads = count('reads', 400, 100_000);
const COMMANDS = 5;
const root = join(import.meta.dirname, '..');

heading('The client library');

const ENTRY = 'entry.js';
const from = (file: string): string => JSON.stringify(join(root, 'src', 'client', file));
const imports: readonly (readonly [string, string])[] = [
  ['createClient and subkey', `export { createClient, subkey } from ${from('main.ts')};`],
  [
    'of it, signing: sign, getStarkKey and pedersen of @scure/starknet',
    "export { sign, getStarkKey, pedersen } from '@scure/starknet';",
  ],
  ['everything', `export * from ${from('main.ts')};`],
];

async function bundled(code: string): Promise<string> {
  const bundle = await rolldown({
    input: ENTRY,
    cwd: root,
    platform: 'browser',
    // As the package says of itself.
    treeshake: { moduleSideEffects: false },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? join(root, ENTRY) : undefined),
        load: (id) => (id === join(root, ENTRY) ? code : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  return output[0].code;
}

const sizes: string[][] = [];
for (const [name, code] of imports) {
  const text = await bundled(code);
  const zipped = gzipSync(text, { level: 9 }).length;
  sizes.push([name, rounded(text.length / 1000), rounded(zipped / 1000)]);
}
table('Bytes of one minified file, in thousands', ['import', 'plain', 'gzipped'], sizes);

const folder = temporaryFolder();
const server = await startRole(
  '../src/main.ts',
  [
    'serve',
    '--port=0',
    `--data=${join(folder, 'data')}`,
    `--master_key.file=${join(folder, 'master.key')}`,
    '--rate-limit=off',
    '--log.level=error',
  ],
  'server',
);
const url = `http://127.0.0.1:${server.port}`;
const owner = starkTrader();
await onboard(url, owner);
const auth = () => starkKey(owner.privateKey, { account: owner.account });

/** Milliseconds of each of `times` calls, one after the other. */
async function each(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    await work();
    took.push(performance.now() - began);
  }
  return took;
}

const SELF = { method: 'GET', path: '/countersign/v1/self' } as const;
const config = await createClient({ url }).account.config();
const hasher = createMessageHasher(scureCurve, { domainName: 'Paradex', chainId: config.starknet_chain_id });
let behind = 0;

async function loginByHand(): Promise<string> {
  // Another second each time, as a login signature may be taken once.
  behind = (behind + 1) % 250;
  const window = windowFrom(Date.now() - behind * 1000, 300);
  const headers = loginHeaders(hasher, owner.key, owner.account, window);
  const response = await fetch(`${url}/v1/auth/${owner.key.publicKey}`, { method: 'POST', headers });
  const { jwt_token: jwt } = (await response.json()) as { jwt_token: string };
  return jwt;
}

const bearer = await loginByHand();
const signedIn = createClient({ url, auth: auth() });
await signedIn.request(SELF);
const getByHand = async () => {
  const response = await fetch(`${url}${SELF.path}`, { headers: { Authorization: `Bearer ${bearer}` } });
  return response.json();
};

const measured = {
  'login by hand': [] as number[],
  'a new client, up to its session: configuration, time, login': [] as number[],
  'GET by hand, with fetch': [] as number[],
  'GET by the client': [] as number[],
};
for (const _ of roundsInTime(rounds)) {
  const login = await each(logins, loginByHand);
  const client = await each(logins, () => createClient({ url, auth: auth() }).account.session());
  const bare = await each(reads, getByHand);
  const get = await each(reads, () => signedIn.request(SELF));
  measured['login by hand'].push(median(login));
  measured['a new client, up to its session: configuration, time, login'].push(median(client));
  measured['GET by hand, with fetch'].push(median(bare));
  measured['GET by the client'].push(median(get));
}
const [loginHand, newClient, getHand, getClient] = Object.values(measured);
table(
  `Milliseconds, medians of ${logins} logins and ${reads} reads, one after the other${pinned ? '; the server on a core of its own' : ''}`,
  ['what', 'ms', 'beside by hand'],
  [
    ['login by hand', spread(loginHand ?? []), '1'],
    [
      'a new client, up to its session: configuration, time, login',
      spread(newClient ?? []),
      ratio(newClient ?? [], loginHand ?? []),
    ],
    ['GET by hand, with fetch', spread(getHand ?? []), '1'],
    ['GET by the client', spread(getClient ?? []), ratio(getClient ?? [], getHand ?? [])],
  ],
);

const keyFile = join(folder, 'main.key');
writeFileSync(keyFile, `${owner.privateKey}\n`, { mode: 0o600 });
const env = { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), COUNTERSIGN_URL: url };
const run = (main: string, args: readonly string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, main), ...args], {
    env,
    encoding: 'utf8',
  });

const rows: string[][] = [];
for (const main of ['src/main.ts', 'dist/main.js']) {
  if (!existsSync(join(root, main))) {
    say(`${main} is not there: npm run build makes it`);
    continue;
  }
  const login = run(main, ['login', '--url', url, '--key-file', keyFile]);
  if (login.status !== 0) {
    say(`${main}: countersign login ended with ${login.status}: ${login.stderr.split('\n')[0]}`);
    continue;
  }
  const took: number[] = [];
  for (let i = 0; i < COMMANDS; i += 1) {
    const began = performance.now();
    const { status } = run(main, ['whoami']);
    if (status === 0) took.push(performance.now() - began);
  }
  rows.push([`countersign whoami, ${main}`, spread(took), rounded(percentile(took, 1))]);
}
table('A command, from its start to its end, in milliseconds', ['command', 'ms', 'longest'], rows);
await server.stop();
