// The recipes of docs/first-five-minutes.md in the words that stand there, with the clients that they name, against a whole service. The
// Python ones are left out, with the reason printed, where there is no Python or no package index.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { type Service, startService } from '../support/harness.ts';
import { pythonEnvironment } from '../support/python/environment.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  call,
  createToken,
  mainSession,
  onboard,
  registerSubkey,
  type StarkTrader,
  starkTrader,
} from '../support/trader.ts';
import { blocksOf, ownersFolder, run } from '../support/typed-commands.ts';

const ROOT = join(import.meta.dirname, '../..');

const recipe = (number: number) => blocksOf('docs/first-five-minutes.md', `${number}. `);

function codeOf(number: number, block: number, language: string): string {
  const found = recipe(number)[block];
  expect(found?.language).toBe(language);
  return found?.code ?? '';
}

let service: Service;
let owner: StarkTrader;
let session: string;
/** What the files of `countersign tokens create` and `subkeys create` hold. */
let variables: Record<string, string>;
beforeAll(async () => {
  service = await startService();
  owner = starkTrader();
  await onboard(service.url, owner);
  session = await mainSession(service.url, owner);
  const { token } = await createToken(service.url, session);
  const privateKey = randomStarkPrivateKey();
  await registerSubkey(service.url, owner, session, { subkey: createStarkKey(privateKey) });
  variables = {
    COUNTERSIGN_URL: service.url,
    COUNTERSIGN_TOKEN: token,
    COUNTERSIGN_ACCOUNT: owner.account,
    COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey,
  };
});
afterAll(() => service.stop());

async function printedBy(command: string, args: readonly string[], more: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, ...variables, ...more };
  const { stdout } = await run(command, args, { cwd: import.meta.dirname, env, timeout: 50_000 });
  return stdout;
}

const shell = (code: string, more: Record<string, string> = {}) =>
  printedBy('bash', ['-euo', 'pipefail', '-c', code], more);
const node = (code: string) => printedBy(process.execPath, ['--input-type=module', '-e', code]);

/** The order of the recipe reached the venue, in the name of the subkey, and was cancelled. */
function expectTraded(printed: string): void {
  const [, id] = /placed and cancelled ([0-9]+)\s*$/.exec(printed) ?? [];
  expect(id, printed).toBeDefined();
  const cancelled = service.venue.requests().at(-1);
  expect(cancelled).toMatchObject({
    method: 'DELETE',
    target: `/v1/orders/${id}`,
    headers: { 'countersign-account': owner.account, 'countersign-credential-kind': 'subkey' },
  });
}

test('each of the seven recipes of the first five minutes has code to run', () => {
  for (const number of [1, 2, 3, 4, 5, 6, 7]) expect(recipe(number).length).toBeGreaterThan(0);
});

describe('1. curl', () => {
  test('with curl a token reads a balance and what it is, and is refused an order', async () => {
    const printed = await shell(codeOf(1, 0, 'sh'));
    expect(printed).toContain('"USDC"');
    expect(printed).toContain('"permissions":["account:read","self:read"]');
    expect(printed).toMatch(/HTTP\/1.1 403[\s\S]*INVALID_TOKEN_SCOPE/);
    const [, requestId = ''] = /^countersign-request-id: (\S+)$/im.exec(printed) ?? [];
    const explained = () => shell(codeOf(1, 1, 'sh'), { SESSION: session, REQUEST_ID: requestId });
    await expect.poll(explained, { timeout: 10_000 }).toContain('"reason":"permission_missing"');
  });
});

describe('2. ccxt, JavaScript', () => {
  test('with ccxt for JavaScript a token reads a balance', async () => {
    expect(await node(codeOf(2, 0, 'js'))).toContain('total:');
  });

  test('with ccxt for JavaScript a subkey places an order and cancels it', async () => {
    expectTraded(await node(codeOf(2, 1, 'js')));
  });
});

const ccxtPython = await pythonEnvironment('ccxt');
describe.skipIf(ccxtPython.missing !== undefined)('3. ccxt, Python', () => {
  const python = (code: string) => printedBy(String(ccxtPython.python), ['-c', code]);

  test('with ccxt for Python a token reads a balance', async () => {
    expect(await python(codeOf(3, 0, 'python'))).toContain("'total':");
  });

  test('with ccxt for Python a subkey places an order and cancels it', async () => {
    expectTraded(await python(codeOf(3, 1, 'python')));
  });
});

const paradexPy = await pythonEnvironment('paradex');
describe.skipIf(paradexPy.missing !== undefined)('4. paradex-py', () => {
  test('with paradex-py a subkey places an order and cancels it', async () => {
    expectTraded(await printedBy(String(paradexPy.python), ['-c', codeOf(4, 0, 'python')]));
  });
});

describe('5. TypeScript', () => {
  /** The recipe beside a package of that name, as npm would install it. */
  function recipeFile(): string {
    const folder = temporaryFolder('first-five-minutes');
    const installed = join(folder, 'node_modules', 'countersign-client');
    mkdirSync(installed, { recursive: true });
    const entry = `export * from '${join(ROOT, 'src/client/main.ts')}';\n`;
    writeFileSync(join(installed, 'package.json'), '{"type":"module","exports":"./main.js"}');
    for (const file of ['main.js', 'main.d.ts']) writeFileSync(join(installed, file), entry);
    writeFileSync(join(folder, 'bot.mts'), codeOf(5, 0, 'ts'));
    return join(folder, 'bot.mts');
  }

  const printedByRecipe = (more: Record<string, string> = {}) => printedBy(process.execPath, [recipeFile()], more);

  test('the bot of the client library compiles under strict TypeScript', async () => {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const strict = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext'];
    const types = ['--allowImportingTsExtensions', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const file = recipeFile();
    const { stdout } = await run(process.execPath, [compiler, ...strict, ...types, file], { cwd: dirname(file) });
    expect(stdout).toBe('');
  });

  test('with the client library a subkey reads a balance, places an order and cancels it', async () => {
    const printed = await printedByRecipe();
    expect(printed).toContain('"USDC"');
    expectTraded(printed);
  });

  test('with the client library a bot tells that its key may not be used from its address', async () => {
    const privateKey = randomStarkPrivateKey();
    const subkey = createStarkKey(privateKey);
    await registerSubkey(service.url, owner, session, { subkey, allowedCidrs: ['203.0.113.7'] });
    expect(await printedByRecipe({ COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey })).toContain(
      'the list of this key does not have this address:',
    );
  });
});

test('6. with the commands an owner signs in, makes keys that the other recipes take, looks, and ends one', async () => {
  const trader = starkTrader();
  await onboard(service.url, trader);
  const { write, typed, variablesIn } = ownersFolder();
  write('main.key', trader.privateKey);
  const there = { COUNTERSIGN_URL: service.url };
  await typed(codeOf(6, 0, 'sh'), there);
  const bot = variablesIn('bot.env');
  expect(bot).toMatchObject({ COUNTERSIGN_URL: service.url, COUNTERSIGN_ACCOUNT: trader.account });
  await printedBy(process.execPath, ['--input-type=module', '-e', codeOf(2, 1, 'js')], bot);
  expect(service.venue.requests().at(-1)?.headers).toMatchObject({ 'countersign-account': trader.account });
  const reader = await call(service.url, 'GET', '/v1/balance', {
    bearer: variablesIn('dashboard.env').COUNTERSIGN_TOKEN ?? '',
  });
  expect(reader.status).toBe(200);

  const printed = await typed(codeOf(6, 1, 'sh'), there);
  expect(printed).toContain(trader.account);
  expect(printed).toContain('subkey.registered');
  const ended = printedBy(process.execPath, ['--input-type=module', '-e', codeOf(2, 1, 'js')], bot);
  await expect(ended).rejects.toThrow(/INVALID_SUBKEY/);
});

test('7. with the commands a found token is dead, everything of the account ends, and its activity says so', async () => {
  const trader = starkTrader();
  // Half a minute less to wait.
  const patient = await startService({ settings: { 'login.future_tolerance': '0' } });
  onTestFinished(() => patient.stop());
  await onboard(patient.url, trader);
  const bearer = await mainSession(patient.url, trader);
  const { token } = await createToken(patient.url, bearer);
  const [made] = (await call(patient.url, 'GET', '/v1/account/tokens', { bearer })).json.results;
  const other = await createToken(patient.url, await mainSession(patient.url, trader));
  const { write, typed } = ownersFolder();
  write('main.key', trader.privateKey);
  const there = { COUNTERSIGN_URL: patient.url };
  const statusOf = async (bearer: string) => (await call(patient.url, 'GET', '/v1/balance', { bearer })).status;
  expect([await statusOf(token), await statusOf(other.token)]).toEqual([200, 200]);

  write('found.txt', token);
  await typed(codeOf(7, 0, 'sh'), there);
  expect([await statusOf(token), await statusOf(other.token)]).toEqual([401, 200]);
  await typed(codeOf(7, 1, 'sh'), there);
  expect(await statusOf(other.token)).toBe(401);
  // No sign-in is accepted within the second of the revocation.
  const looked = () => typed(codeOf(7, 2, 'sh'), { ...there, KEY: `token:${made.token_id}` }).catch(() => '');
  const told = expect.poll(looked, { interval: 1_000, timeout: 40_000 });
  await told.toMatch(/account\.revoked_all[\s\S]*credential\.reported_leaked[\s\S]*127\.0\.0\.1/);
});
