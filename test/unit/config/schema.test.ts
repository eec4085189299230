import { describe, expect, test } from 'vitest';
import { figureNames, figuresText } from '../../../src/access/figures.ts';
import { builtInFigures } from '../../../src/access/own-routes.ts';
import { isSettingName, type SettingName, settingNames, settingOf, settings } from '../../../src/config/schema.ts';
import { parseFelt } from '../../../src/domain/felt.ts';

/** Whether a flag or variable with this text would be accepted. */
const accepts = (name: SettingName, text: string): boolean => settingOf[name].read(settingOf[name].fromText(text)).ok;

test('names of settings are dotted snake_case, and no setting is also a group', () => {
  for (const name of settingNames) {
    expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)?$/);
    expect(settingNames.filter((other) => other.startsWith(`${name}.`))).toEqual([]);
  }
  expect(settingNames).toEqual(Object.keys(settings));
});

test('short forms of flags are port, host, data, upstream and rate-limit, each for one setting', () => {
  const short = settingNames.flatMap((name) => settingOf[name].short ?? []);
  expect(short.toSorted()).toEqual(['data', 'host', 'port', 'rate-limit', 'upstream']);
  for (const name of short) expect(isSettingName(name)).toBe(false);
});

test('every setting is described in one line of at most 160 characters that ends with a full stop', () => {
  for (const name of settingNames) expect(settingOf[name].description).toMatch(/^[^\n]{10,159}\.$/);
});

test('by default a dangerous switch is off, and a strict one is on', () => {
  const value = (name: SettingName) => settings[name].default;
  const off: readonly SettingName[] = [
    'wire.allow_mainnet',
    'subkeys.reregister_revoked',
    'subkeys.may_set_leverage',
    'tokens.may_read_keys',
    'terminal_token.enabled',
  ];
  for (const name of off) expect([name, value(name)]).toEqual([name, false]);
  for (const name of ['subkeys.require_signature', 'rate_limit.enabled'] as const) expect(value(name)).toBe(true);
  expect(value('server.host')).toBe('127.0.0.1');
  expect(value('proxy.trusted')).toEqual([]);
  expect(value('cors.origins')).toEqual([]);
  expect(value('cors.headers')).toEqual([]);
});

test('the default wire names are those that public clients sign', () => {
  expect(settings['wire.domain_name'].default).toBe('Paradex');
  expect(settings['wire.starknet_chain_id'].default).toBe('PRIVATE_SN_POTC_MOCK_SEPOLIA');
  expect(settings['wire.l1_chain_id'].default).toBe(11_155_111);
  expect(settings['siwe.domains'].default).toEqual(['app.testnet.paradex.trade']);
  const felts = {
    'wire.paraclear_account_hash': '0x41cb0280ebadaa75f996d8d92c6f265f6d040bb3ba442e5f86a554f1765244e',
    'wire.paraclear_account_proxy_hash': '0x3530cc4759d78042f1b543bf797f5f3d647cde0388c33734cf91b7f7b9314a9',
    'wire.paraclear_evm_account_hash': '0x073414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2',
  } as const;
  for (const [name, text] of Object.entries(felts)) {
    expect(isSettingName(name) && settings[name].default).toBe(parseFelt(text));
  }
  const { paraclear_address, bridged_tokens } = settings['wire.published'].default;
  expect(paraclear_address).toBe('0x286003f7c7bfc3f94e8f0af48b48302e7aee2fb13c23b141479ba00832ef2c6');
  expect(Object.keys(bridged_tokens[0] ?? {})).toEqual([
    'name',
    'symbol',
    'decimals',
    'l1_token_address',
    'l1_bridge_address',
    'l2_token_address',
    'l2_bridge_address',
  ]);
});

test('the default rate limits are those of Paradex, and ours for logins and emergencies', () => {
  expect(Object.fromEntries(figureNames.map((name) => [name, figuresText(builtInFigures[name])]))).toEqual({
    public: ['1500/min'],
    onboarding: ['600/min'],
    login: ['600/min'],
    private: ['1500/min'],
    activate: ['30/min'],
    orders: ['800/s', '17250/min', '90%'],
    'interactive-orders': ['3/s', '30/min', '300/h', '1000/day', '90%'],
    'private-read': ['120/s', '600/min', '90%'],
    keys: ['60/min', '90%'],
    // Of our own.
    handshakes: ['1500/min'],
    sessions: ['120/s', '600/min', '90%'],
    emergency: ['30/min', '90%'],
    owner: ['240/min', '90%'],
  });
});

test('there are at most 83 settings, each with a line that says when to change it', () => {
  expect(settingNames.length).toBeLessThanOrEqual(83);
  for (const name of settingNames)
    expect(settingOf[name].when).toMatch(/^(when|while|for|to|before|together|where) [^\n]{3,119}[^.\s]$/);
});

test('every name of a setting has a group', () => {
  for (const name of settingNames) expect(name).toContain('.');
});

test('login.max_age is at most seven days, inclusive', () => {
  expect(accepts('login.max_age', '604800')).toBe(true);
  expect(accepts('login.max_age', '604801')).toBe(false);
  expect(accepts('login.max_age', '0')).toBe(false);
});

describe('what each kind refuses', () => {
  const cases: readonly (readonly [SettingName, readonly string[], readonly string[]])[] = [
    ['server.port', ['0', '65535'], ['65536', '-1', '-0', '08', '1e3', '0x10', ' 1', '1.0', '', 'NaN', '９']],
    ['rate_limit.enabled', ['true', 'false', 'on', 'off', '1', '0'], ['TRUE', 'yes', '', '2', ' on']],
    [
      'server.host',
      ['127.0.0.1', '::', '::1', '0.0.0.0', 'gate.internal', 'a'],
      ['', '*', '[::1]', 'a b', 'a/b', 'a:80', '0', '1.2', '256.1.1.1', '.', '-a'],
    ],
    [
      'wire.starknet_chain_id',
      ['PRIVATE_SN_POTC_SEPOLIA', 'a', 'x'.repeat(31), '0xzz', '1a'],
      ['', 'x'.repeat(32), 'a b', 'é', '123', '0x', '0x1f', '0X1F', 'a\n', '\0'],
    ],
    ['data.folder', ['/d', 'd', './d e'], ['', 'a\0b']],
    ['routes.file', ['', 'r.json'], ['a\0b']],
    [
      'upstream.secret',
      ['', 'x'.repeat(32), '~'.repeat(256)],
      ['x'.repeat(31), 'x'.repeat(257), `${'x'.repeat(32)} `, `${'x'.repeat(32)}\r\nA: b`, `${'x'.repeat(32)}é`],
    ],
    [
      'cors.origins',
      ['', 'https://app.example', 'http://localhost:3000,https://app.example'],
      [
        '*',
        'null',
        'app.example',
        'https://app.example/',
        'https://APP.example',
        'https://*.example',
        'https://a:443',
        'https://a,https://a',
        'https://a,',
      ],
    ],
    [
      'cors.headers',
      ['', 'X-Request-Id', 'x-request-id,sentry-trace,baggage'],
      [
        '*',
        'x y',
        'x:y',
        'é',
        'x-request-id\r\nAccess-Control-Allow-Credentials',
        // What a browser sets itself, a credential among it, and what no client may say here.
        'Cookie',
        'origin',
        'sec-fetch-site',
        'access-control-request-headers',
        'x-forwarded-for',
        'x_forwarded_for',
        'countersign-account',
        'x-http-method-override',
        'x,X',
      ],
    ],
    [
      'siwe.domains',
      ['', 'a.example', 'localhost:8080,127.0.0.1:8080'],
      [
        'A.example',
        'a.example.',
        'https://a.example',
        'a.example/',
        'a example',
        '*.a.example',
        'a.example:0',
        'a..b',
        '-a',
        'a.example:',
        'é.example',
      ],
    ],
    ['onboarding.allowlist', ['', '*', '0x1,0x2'], ['**', '*,*', '1', '0x1,0x01', '0x1;0x2', `0x${'f'.repeat(64)}`]],
    [
      'proxy.trusted',
      [
        '',
        'unix',
        '10.0.0.1',
        '10.0.0.0/8',
        '::1',
        'fd00::/8',
        '::ffff:10.0.0.0/104',
        '::ffff:10.0.0.1',
        'unix,10.0.0.1/32',
        // As many as a content network publishes.
        Array.from({ length: 2_000 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`).join(','),
      ],
      [
        '0.0.0.0/0',
        '::/0',
        '10.0.0.0/33',
        '::1/129',
        '10.0.0.0/08',
        '10.0.0.0/',
        '10.0.0.0/-1',
        '10.0.0',
        '010.0.0.1',
        '0x7f.1',
        'fe80::1%eth0',
        'fe80::1%25eth0/64',
        '::ffff:0:0/96',
        '::ffff:10.0.0.0/95',
        '::FFFF:a00:0/8',
        '0:0:0:0:0:ffff:0:0/90',
        '*',
        'loopback',
        'UNIX',
        'proxy.internal',
        '10.0.0.1 10.0.0.2',
        '10.0.0.1,10.0.0.1',
      ],
    ],
    [
      'rate_limit.override',
      ['', 'orders=1/s', 'orders=1600/s,orders=17250/min,keys=100%', 'handshakes=10000000/min'],
      [
        'orders',
        'orders=',
        'orders=0/s',
        'orders=01/s',
        'orders=10000001/s',
        'orders=1/m',
        'orders=1',
        'orders=0%',
        'orders=101%',
        'order=1/s',
        'orders=1/s=2',
        'orders=1e3/s',
        'orders = 1/s',
      ],
    ],
    [
      'console.url',
      [
        '',
        'https://keys.example.com',
        'https://keys.example.com:8443',
        'https://10.0.0.7',
        'http://localhost:8080',
        'http://keys.localhost',
        'http://127.0.0.1:8080',
      ],
      [
        'keys.example.com',
        'https://keys.example.com/',
        'https://keys.example.com/console',
        'https://Keys.example.com',
        'https://keys.example.com:443',
        'https://keys.example.com.',
        'https://user@keys.example.com',
        'https://keys.example.com?x',
        'https://[::1]:8080',
        'https://*.example.com',
        'https://a_b.example.com',
        'http://keys.example.com',
        'http://localhost.example.com',
        'http://notlocalhost',
        'http://127.0.0.2',
        'http://10.0.0.7:8080',
        'javascript:alert(1)',
        'null',
      ],
    ],
    [
      'console.api_url',
      ['', 'https://api.example.com', 'http://api.internal:8080'],
      [
        'api.example.com',
        'https://api.example.com/',
        'https://api.example.com/v1',
        'https://*.example.com',
        'ftp://a.example',
      ],
    ],
    ['jwt.issuer', ['countersign', 'https://id.example'], ['', 'a b', 'é', 'x'.repeat(129)]],
  ];

  test.each(cases)('the setting %s takes its good values and refuses the bad ones', (name, good, bad) => {
    for (const value of good) expect([value, accepts(name, value)]).toEqual([value, true]);
    for (const value of bad) expect([value, accepts(name, value)]).toEqual([value, false]);
  });

  test('a list in a setting has a bounded length', () => {
    const hosts = (count: number) => Array.from({ length: count }, (_, index) => `h${index}.example`).join();
    expect(accepts('siwe.domains', hosts(100))).toBe(true);
    expect(accepts('siwe.domains', hosts(101))).toBe(false);
  });

  test('trusted proxies are kept in canonical form, so that two spellings are one entry', () => {
    const { read } = settingOf['proxy.trusted'];
    expect(read(['unix', '10.1.2.3/8', '::FFFF:192.0.2.1', 'FD00:0::1'])).toEqual({
      ok: true,
      value: ['unix', '10.0.0.0/8', '192.0.2.1/32', 'fd00::1/128'],
    });
    expect(read(['10.0.0.0/8', '::ffff:10.0.0.0/104']).ok).toBe(false);
  });

  test('two spellings of one number are one entry of the onboarding list', () => {
    expect(settingOf['onboarding.allowlist'].read(['0x00AB'])).toEqual({ ok: true, value: ['0xab'] });
    expect(settingOf['onboarding.allowlist'].read(['0x00AB', '0xab']).ok).toBe(false);
  });
});
