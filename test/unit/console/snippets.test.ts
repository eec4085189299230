// The programs that the console shows beside a new key, and the file it offers.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { envFileName, envFileOf } from '../../../console/words/env-file.ts';
import { type Snippet, type SnippetKind, snippetsOf } from '../../../console/words/snippets.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { blocksOf } from '../../support/typed-commands.ts';

const server = 'https://keys.venue.example:8443';
const account = '0x4a1f00c92d';
const facts = { server, account, expiresAt: 1_798_465_380_000_000_000n };
const privateKey = `0x${'0'.repeat(60)}c92d`;

function codeOf(kind: SnippetKind, id: string): string {
  const snippet = snippetsOf(kind, facts).find((one) => one.id === id);
  if (snippet === undefined) throw new Error(`no snippet ${id}`);
  return snippet.code;
}

const recipe = (number: number, block = 0): string =>
  blocksOf('docs/first-five-minutes.md', `${number}. `)[block]?.code ?? '';

/** The recipe with what the console knows in the place of what it takes from the environment. Each must be in it. */
function filled(text: string, places: readonly (readonly [string, string])[]): string {
  return places.reduce((filledText, [from, to]) => {
    expect(filledText).toContain(from);
    return filledText.replaceAll(from, to);
  }, text);
}

describe('every snippet is the recipe of the first five minutes with server, account and end filled in', () => {
  test('curl, for a token', () => {
    const [auth, balance, self] = recipe(1).split('\n');
    expect(codeOf('token', 'curl')).toBe(filled(`${auth}\n${balance}\n${self}\n`, [['$COUNTERSIGN_URL', server]]));
  });

  test('ccxt for JavaScript, for a token', () => {
    expect(codeOf('token', 'ccxt-js')).toBe(
      filled(recipe(2), [
        ['const { COUNTERSIGN_URL: url, COUNTERSIGN_TOKEN', `const url = '${server}';\nconst { COUNTERSIGN_TOKEN`],
        ['Math.floor(Date.now() / 1000) + 86_400', '1798465380'],
      ]),
    );
  });

  test('ccxt for JavaScript, for a subkey', () => {
    const [names, values] = [
      'const { COUNTERSIGN_URL: url, COUNTERSIGN_ACCOUNT: address, COUNTERSIGN_SUBKEY',
      `const url = '${server}';\nconst address = '${account}';\nconst { COUNTERSIGN_SUBKEY`,
    ];
    expect(codeOf('subkey', 'ccxt-js')).toBe(filled(recipe(2, 1), [[names, values]]));
  });

  test('ccxt for Python, for a token', () => {
    expect(codeOf('token', 'ccxt-python')).toBe(
      filled(recipe(3), [
        ['os.environ["COUNTERSIGN_URL"]', `"${server}"`],
        ['int(time.time()) + 86400', '1798465380'],
        ['import time\n', ''],
      ]),
    );
  });

  test('ccxt for Python, for a subkey', () => {
    expect(codeOf('subkey', 'ccxt-python')).toBe(
      filled(recipe(3, 1), [
        ['os.environ["COUNTERSIGN_URL"]', `"${server}"`],
        ['os.environ["COUNTERSIGN_ACCOUNT"]', `"${account}"`],
      ]),
    );
  });

  test('paradex-py, for a subkey', () => {
    expect(codeOf('subkey', 'paradex-py')).toBe(
      filled(recipe(4), [
        ['os.environ["COUNTERSIGN_URL"] + "/v1"', `"${server}/v1"`],
        ['os.environ["COUNTERSIGN_ACCOUNT"]', `"${account}"`],
      ]),
    );
  });

  test('TypeScript, for a subkey', () => {
    expect(codeOf('subkey', 'typescript')).toBe(
      filled(recipe(5), [
        ["COUNTERSIGN_URL = '', COUNTERSIGN_ACCOUNT = '', ", ''],
        ['url: COUNTERSIGN_URL', `url: '${server}'`],
        [', COUNTERSIGN_ACCOUNT)', `, '${account}')`],
      ]),
    );
  });

  test('each says the release that the recipes were tried with', () => {
    const all: readonly Snippet[] = [...snippetsOf('token', facts), ...snippetsOf('subkey', facts)];
    const page = readFileSync(join(import.meta.dirname, '../../../docs/first-five-minutes.md'), 'utf8');
    for (const { install } of all) if (install !== undefined) expect(page).toContain(`\`${install}\``);
  });
});

test('no snippet holds a secret, or a name that people gave: none is told to it', () => {
  for (const kind of ['token', 'subkey'] as const)
    for (const { code } of snippetsOf(kind, facts))
      expect(code).toMatch(kind === 'token' ? /COUNTERSIGN_TOKEN/ : /COUNTERSIGN_SUBKEY_PRIVATE_KEY/);
});

test('a server or account that would leave its quotes makes no snippet and no file', () => {
  for (const bad of [`${server}'`, `${server}"`, `${server}/v1`, `${server}$(id)`, `${server}\n`, 'file://x', '']) {
    expect(() => snippetsOf('token', { ...facts, server: bad })).toThrow(RangeError);
    expect(() => envFileOf({ kind: 'token', server: bad, account, secret: 'a.b.c' })).toThrow(RangeError);
  }
  for (const bad of ["0x1'", '0x', '1', '0x1 ', '0xG', '0x1\n'])
    expect(() => snippetsOf('subkey', { ...facts, account: bad })).toThrow(RangeError);
});

describe('the .env file', () => {
  test('a subkey is in it whole, zeros in front kept, as a shell and Node.js read it', () => {
    const text = envFileOf({ kind: 'subkey', server, account, publicKey: '0x4c1', secret: privateKey });
    const expected = {
      COUNTERSIGN_URL: server,
      COUNTERSIGN_ACCOUNT: account,
      COUNTERSIGN_SUBKEY_PUBLIC_KEY: '0x4c1',
      COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey,
    };
    expect(parseEnv(text)).toEqual(expected);
    const file = join(temporaryFolder('env'), 'bot.env');
    writeFileSync(file, text);
    const shown = execFileSync('sh', ['-c', `set -a; . '${file}'; env | grep ^COUNTERSIGN_`], {
      env: { PATH: process.env.PATH },
    });
    expect(parseEnv(String(shown))).toEqual(expected);
  });

  test('a token is in it under its own name', () => {
    const text = envFileOf({ kind: 'token', server: 'http://[::1]:8080', account, secret: 'eyJ.e-y_J.x' });
    expect(text).toBe(
      `COUNTERSIGN_URL=http://[::1]:8080\nCOUNTERSIGN_ACCOUNT=${account}\nCOUNTERSIGN_TOKEN=eyJ.e-y_J.x\n`,
    );
  });

  test('a secret that is no word is refused in an error that does not say it', () => {
    for (const secret of ['a b', 'a\nEVIL=1', '$(id)', '`id`', 'a"b', '']) {
      const write = () => envFileOf({ kind: 'token', server, account, secret });
      expect(write).toThrow(new RangeError('the secret is no word'));
    }
    expect(() => envFileOf({ kind: 'subkey', server, account, publicKey: '0x1;id', secret: privateKey })).toThrow(
      RangeError,
    );
  });

  test('its name has ASCII letters, digits and - alone, whatever the key is called', () => {
    const names: readonly (readonly [string, string])[] = [
      ['market maker 1', 'market-maker-1.env'],
      ['../../etc/passwd', 'etc-passwd.env'],
      ['Größe №1', 'gro-e-no1.env'],
      ['dashboard.env', 'dashboard-env.env'],
      ['--', 'subkey.env'],
      ['交易', 'subkey.env'],
      ['\u202ernv.exe', 'rnv-exe.env'],
      ['CON', 'subkey-con.env'],
      ['lpt1', 'subkey-lpt1.env'],
      ['a\u0000b', 'a-b.env'],
    ];
    for (const [name, file] of names) expect(envFileName('subkey', name)).toBe(file);
    expect(envFileName('token', '!')).toBe('read-only-key.env');
  });
});
