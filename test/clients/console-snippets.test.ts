// The programs that the console shows beside a new key, as they are copied from there, against a whole service. Those in Python are the recipes of
// first-five-minutes.test.ts, as test/unit/console/snippets.test.ts holds.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SnippetKind, snippetsOf } from '../../console/words/snippets.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { type Service, startService } from '../support/harness.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToken, mainSession, onboard, registerSubkey, type StarkTrader, starkTrader } from '../support/trader.ts';
import { run } from '../support/typed-commands.ts';

/** Clients of the wire cut the last 64 characters of a private key: one that begins with zeros must have them. */
const privateKey = `0x${'0'.repeat(24)}${'5c1'.repeat(13)}7`;

let service: Service;
let owner: StarkTrader;
let secrets: Record<string, string>;
beforeAll(async () => {
  service = await startService();
  owner = starkTrader();
  await onboard(service.url, owner);
  const session = await mainSession(service.url, owner);
  const { token } = await createToken(service.url, session);
  await registerSubkey(service.url, owner, session, { subkey: createStarkKey(privateKey) });
  secrets = { COUNTERSIGN_TOKEN: token, COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey };
});
afterAll(() => service.stop());

function codeOf(kind: SnippetKind, id: string): string {
  const expiresAt = BigInt(Date.now() + 86_400_000) * 1_000_000n;
  const snippets = snippetsOf(kind, { server: service.url, account: owner.account, expiresAt });
  return snippets.find((one) => one.id === id)?.code ?? '';
}

async function printedBy(command: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, ...secrets };
  return (await run(command, args, { cwd: import.meta.dirname, env, timeout: 50_000 })).stdout;
}

const node = (code: string) => printedBy(process.execPath, ['--input-type=module', '-e', code]);

function expectTraded(printed: string): void {
  const [, id] = /placed and cancelled ([0-9]+)\s*$/.exec(printed) ?? [];
  expect(id, printed).toBeDefined();
  expect(service.venue.requests().at(-1)).toMatchObject({
    method: 'DELETE',
    target: `/v1/orders/${id}`,
    headers: { 'countersign-account': owner.account, 'countersign-credential-kind': 'subkey' },
  });
}

test('the program for curl reads a balance and what the token is', async () => {
  const printed = await printedBy('bash', ['-euo', 'pipefail', '-c', codeOf('token', 'curl')]);
  expect(printed).toContain('"USDC"');
  expect(printed).toContain('"permissions":["account:read","self:read"]');
});

test('the program for ccxt in JavaScript reads a balance with a token', async () => {
  expect(await node(codeOf('token', 'ccxt-js'))).toContain('total:');
});

test('the program for ccxt in JavaScript places an order and cancels it, by a private key with zeros in front', async () => {
  expectTraded(await node(codeOf('subkey', 'ccxt-js')));
});

test.each(['token', 'subkey'] as const)('the program in TypeScript for a %s runs', async (kind) => {
  const file = join(temporaryFolder('snippet'), 'bot.mts');
  const library = join(import.meta.dirname, '../../src/client/main.ts');
  writeFileSync(file, codeOf(kind, 'typescript').replace("'countersign-client'", `'${library}'`));
  const printed = await printedBy(process.execPath, [file]);
  expect(printed).toContain('"USDC"');
  if (kind === 'subkey') expectTraded(printed);
});
