// Each program of docs/client.md as a reader would run it, in a folder of its own, against a server with real keys.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/create-client.ts';
import { randomPrivateKey } from '../../src/client/private-key.ts';
import { starkKey } from '../../src/client/stark-auth.ts';
import { blocksOf, clientPage } from '../support/client-page.ts';
import { type Service, startService } from '../support/harness.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const main = pathToFileURL(join(import.meta.dirname, '../../src/client/main.ts'));
const wallets = pathToFileURL(join(import.meta.dirname, '../support/announced-wallet.ts'));
const blocks = blocksOf(clientPage);

let service: Service;
let env: Record<string, string>;
const mainKey = randomPrivateKey();
beforeAll(async () => {
  service = await startService({ settings: { 'siwe.domains': 'localhost,app.testnet.paradex.trade' } });
  const owner = createClient({ url: service.url, auth: starkKey(mainKey) });
  await owner.account.onboard();
  const { value: token } = await owner.tokens.create({ name: 'reader' });
  const { value: bot } = await owner.subkeys.create({ name: 'bot' });
  env = {
    COUNTERSIGN_URL: service.url,
    COUNTERSIGN_TOKEN: token.token,
    COUNTERSIGN_ACCOUNT: await owner.account.address(),
    COUNTERSIGN_SUBKEY_PRIVATE_KEY: bot.private_key,
  };
});
afterAll(() => service.stop());

/** What each prints, by the heading above it. */
const prints: Readonly<Record<string, RegExp>> = {
  'Read, and trade': /^[0-9.]+\nplaced and cancelled [0-9]+\n$/,
  'When the answer is no': /^403 INVALID_TOKEN_SCOPE That needs your main key\. \S+\n$/,
  'Stop a call': /^signed true\nstopped\n$/,
  'The account and its keys': /^(?:.* active\n)*market maker active\n(?:.* active\n)*refused everywhere since \d+ ms/,
  'A device: see and end, without the main key': /device\.added 127\.0\.0\.1\n/,
  'Why was it refused?':
    /^Not allowed for this kind of key: Making or widening keys needs the main key; this is a subkey\.\n$/,
  'From which addresses a key works': /^\{[^}]*'203\.0\.113\.0\/24'[^}]*\}\nundefined undefined\ntrue\ntrue false\n$/s,
  'A key for a phone':
    /^subkey\nThis code was used already\. If that was not you, delete the key on your computer now\. It was taken from 127\.0\.0\.1\.\n$/,
  'A wallet, in a browser': /^this browser active\n$/,
  'A signer of your own': /^CountersignError: .+\n$/,
};

test('each program of docs/client.md has a heading of its own, and is run', () => {
  expect(blocks.map(({ heading }) => heading)).toEqual(Object.keys(prints));
});

describe.each(blocks)('$heading', ({ heading, code }) => {
  test(`the program of docs/client.md under "${heading}" runs and prints what it says`, async () => {
    const folder = temporaryFolder('page');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'main.key'), `${mainKey}\n`);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const file = join(folder, 'program.ts');
    writeFileSync(file, code.replaceAll("'countersign-client'", `'${main}'`));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', wallets.href, file], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', ...env },
      timeout: 50_000,
    });
    expect(stdout).toMatch(prints[heading] ?? /(?!)/);
  });
});
