import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Published, publishedNames } from '../../../src/config/published.ts';
import { settingOf } from '../../../src/config/schema.ts';

const setting = settingOf['wire.published'];
const read = (json: unknown) => setting.read(json);
const accepts = (json: unknown): boolean => read(json).ok;

test('members of wire.published that are left out have their defaults, and only the others are shown', () => {
  const reading = read({ environment: 'prod' });
  expect(reading).toEqual({ ok: true, value: { ...setting.default, environment: 'prod' } });
  expect(reading.ok && setting.show(reading.value)).toBe('{"environment":"prod"}');
  expect(setting.show(setting.default)).toBe('{}');
});

test('an unknown member of wire.published is refused with the ones there are, and no value is repeated', () => {
  expect(read({ enviroment: 'hunter2' })).toEqual({
    ok: false,
    because: `it has a member that is none of ${publishedNames.join(', ')}`,
  });
  for (const json of [null, [], 'x', 1, true]) expect(accepts(json)).toBe(false);
});

test.each<[keyof Published, readonly unknown[], readonly unknown[]]>([
  ['environment', ['testnet', 'my-venue-1'], ['', 'Test', 'a b', 1, null]],
  ['paraclear_address', ['0x0', '0x00Ab'], ['', '0', '0x', '0xg', '12', `0x${'f'.repeat(64)}`, null]],
  ['paraclear_decimals', [0, 36], [-1, 37, 1.5, '8', null]],
  [
    'starknet_fullnode_rpc_url',
    ['http://a', 'https://rpc.example/rpc/v0_10?key=1'],
    [
      '',
      'ftp://a',
      'a',
      'https://',
      'https://u:p@a',
      'https://a/#f',
      'https://a b',
      'javascript:alert(1)',
      'http://a\\b',
    ],
  ],
  ['starknet_fullnode_rpc_base_url', ['', 'http://a'], ['a']],
  ['block_explorer_url', ['', 'https://a.example'], ['a', null]],
  ['oracle_address', ['0x0', '0xAb'], ['', '0', '0x', 'ab']],
  ['l1_core_contract_address', ['0x0'], ['0']],
  ['l1_operator_address', ['0x0'], ['0']],
  ['liquidation_fee', ['0', '0.25', '12'], ['', '.5', '01', '1e3', '-1', '1.', 0]],
])('the member %s of wire.published takes its form and no other', (name, good, bad) => {
  for (const value of good) expect([value, accepts({ [name]: value })]).toEqual([value, true]);
  for (const value of bad)
    expect([value, read({ [name]: value })]).toEqual([
      value,
      expect.objectContaining({ because: expect.stringContaining(`its member ${name} must be `) }),
    ]);
});

describe('bridged_tokens', () => {
  const token = { ...setting.default.bridged_tokens[0] };
  const accepted = (json: unknown): boolean => accepts({ bridged_tokens: json });

  test('bridged_tokens of wire.published takes entries with exactly the seven members', () => {
    expect(accepted([])).toBe(true);
    expect(accepted([token, { ...token, symbol: 'USDT', decimals: 0 }])).toBe(true);
    for (const member of Object.keys(token)) {
      const rest = Object.fromEntries(Object.entries(token).filter(([name]) => name !== member));
      expect([member, accepted([rest])]).toEqual([member, false]);
      expect([member, accepted([{ ...token, [member]: null }])]).toEqual([member, false]);
      expect([member, accepted([{ ...token, [member]: '' }])]).toEqual([member, false]);
    }
    expect(accepted([{ ...token, extra: 1 }])).toBe(false);
  });

  test('bridged_tokens of wire.published takes nothing that paradex-py could not read', () => {
    for (const decimals of ['6', 6.5, -1, 37]) expect(accepted([{ ...token, decimals }])).toBe(false);
    for (const json of [null, {}, token, 'USDC', [null], [[]], ['USDC'], Array.from({ length: 65 }, () => token)]) {
      expect(accepted(json)).toBe(false);
    }
  });
});

test('wire.published in flags and variables is JSON, or @ and the path of a file that holds it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-published-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'published.json');
  const readText = (text: string) => read(setting.fromText(text));
  writeFileSync(file, '{"environment": "prod"}');
  expect(readText('{"environment":"prod"}')).toMatchObject({ ok: true, value: { environment: 'prod' } });
  expect(readText(`@${file}`)).toMatchObject({ ok: true, value: { environment: 'prod' } });
  expect(readText(`@${file}.none`)).toEqual({ ok: false, because: 'the file it names cannot be read (ENOENT)' });
  writeFileSync(file, 'environment=prod');
  expect(readText(`@${file}`)).toEqual({ ok: false, because: 'the file it names is not JSON' });
  for (const text of ['', 'prod', '[', '[]']) expect(readText(text).ok).toBe(false);
});

test('a file of wire.published that others may change, that is no regular file or too large is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-published-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'published.json');
  const because = (path: string) => {
    const reading = read(setting.fromText(`@${path}`));
    return reading.ok ? undefined : reading.because;
  };
  writeFileSync(file, '{}');
  chmodSync(file, 0o666);
  expect(because(file)).toMatch(/^the file it names has mode 0666, so others may change it/);
  chmodSync(file, 0o644);
  expect(because(file)).toBeUndefined();
  expect(because(folder)).toBe('the file it names is not a regular file');
  writeFileSync(file, ' '.repeat(256 * 1024 + 1));
  expect(because(file)).toBe('the file it names is larger than 262144 bytes');
});
