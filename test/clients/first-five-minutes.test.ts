// The recipes of docs/first-five-minutes.md in the words that stand there, with the clients that they name, against a whole service. The
// Python ones are left out, with the reason printed, where there is no Python or no package index.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { type Service, startService } from '../support/harness.ts';
import { pythonEnvironment } from '../support/python/environment.ts';
import { createToken, mainSession, onboard, registerSubkey, type StarkTrader, starkTrader } from '../support/trader.ts';

const run = promisify(execFile);
const page = readFileSync(join(import.meta.dirname, '../../docs/first-five-minutes.md'), 'utf8');

/** The blocks of code of one recipe, in its order. */
function blocksOf(recipe: number): readonly { readonly language: string; readonly code: string }[] {
  const [, section = ''] = new RegExp(`^## ${recipe}\\. .*?$(.*?)(?=^## |(?![\\s\\S]))`, 'ms').exec(page) ?? [];
  return [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language = '', code = '']) => ({ language, code }));
}

function codeOf(recipe: number, block: number, language: string): string {
  const found = blocksOf(recipe)[block];
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
  for (const recipe of [1, 2, 3, 4]) expect(blocksOf(recipe).length).toBeGreaterThan(0);
});

describe('1. curl', () => {
  test('with curl a token reads a balance and what it is, and is refused an order', async () => {
    const printed = await shell(codeOf(1, 0, 'sh'));
    expect(printed).toContain('"USDC"');
    expect(printed).toContain('"permissions":["account:read","self:read"]');
    expect(printed).toMatch(/HTTP\/1.1 403[\s\S]*INVALID_TOKEN_SCOPE/);
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
