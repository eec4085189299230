import { describe, expect, test } from 'vitest';
import { defaultLoginAge } from '../../../src/config/derived.ts';
import { ConfigError, loadConfig } from '../../../src/config/load.ts';

function problemsOf(json: Readonly<Record<string, unknown>>, argv: readonly string[] = []): readonly string[] {
  try {
    loadConfig({ argv, env: {}, cwd: '/srv/cs', readFile: () => JSON.stringify(json) });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const secret = 'correct-horse-battery-staple-correct-horse';

describe('a venue on another machine', () => {
  test.each([
    'http://venue.example',
    'https://venue.example:8443/api',
    'http://10.0.0.7:80',
    'http://0.0.0.0:80',
    'http://[::ffff:127.0.0.1]:80',
    'http://localhost.venue.example',
    'http://127.venue.example',
    'http://128.0.0.1',
  ])('the venue %s is on another machine and needs upstream.proof', (url) => {
    expect(problemsOf({ 'upstream.url': url })).toEqual([
      expect.stringMatching(/^upstream\.url: names another machine/),
    ]);
    expect(problemsOf({ 'upstream.url': url, 'upstream.proof': 'secret', 'upstream.secret': secret })).toEqual([]);
  });

  test.each([
    '',
    'http://127.0.0.1:9000',
    'http://127.9.9.9',
    'http://localhost:9000',
    'https://[::1]:9000',
    'unix:/run/venue.sock',
  ])('the venue %j is on this machine and needs no upstream.proof', (url) => {
    expect(problemsOf({ 'upstream.url': url })).toEqual([]);
  });

  test('upstream.proof secret needs the secret, and a secret needs the proof', () => {
    expect(problemsOf({ 'upstream.proof': 'secret' })).toEqual([
      expect.stringMatching(/^upstream\.secret: .* must be set/),
    ]);
    expect(problemsOf({ 'upstream.proof': 'secret', 'upstream.secret': '' })).toHaveLength(1);
    expect(problemsOf({ 'upstream.secret': secret })).toEqual([expect.stringMatching(/^upstream\.proof: is none/)]);
  });

  test.each(['assertion', 'mtls'])('upstream.proof %s is reserved, and the refusal says so once', (proof) => {
    expect(problemsOf({ 'upstream.url': 'http://venue.example', 'upstream.proof': proof })).toEqual([
      expect.stringContaining(`${proof} is not yet available; it must be one of none, secret`),
    ]);
  });
});

describe('mainnet needs wire.allow_mainnet', () => {
  test.each([
    ['wire.starknet_chain_id', 'PRIVATE_SN_PARACLEAR_MAINNET'],
    ['wire.starknet_chain_id', 'private_sn_paraclear_mainnet'],
    ['wire.starknet_chain_id', 'SN_MAIN'],
    ['wire.l1_chain_id', 1],
    ['siwe.domains', ['app.testnet.paradex.trade', 'app.paradex.trade']],
    ['siwe.domains', ['paradex.trade']],
    ['siwe.domains', ['app.paradex.trade:8443']],
    ['siwe.domains', ['testnet.app.paradex.trade']],
    ['console.url', 'https://app.paradex.trade'],
  ])('the mainnet value of %s, %j, needs wire.allow_mainnet', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: .*allow_mainnet`))]);
    expect(problemsOf({ [name]: value, 'wire.allow_mainnet': true })).toEqual([]);
  });

  test.each([
    ['wire.starknet_chain_id', 'PRIVATE_SN_POTC_SEPOLIA'],
    ['wire.starknet_chain_id', 'PRIVATE_SN_PARACLEAR_TESTNET'],
    ['wire.l1_chain_id', 10],
    ['siwe.domains', ['app.nightly.paradex.trade', 'testnet.paradex.trade', 'notparadex.trade', 'localhost:8080']],
  ])('the testnet value of %s, %j, needs no wire.allow_mainnet', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([]);
  });
});

test('a login signature without an expiration lives 1800 s, or login.max_age where that is less', () => {
  const age = (argv: readonly string[]) =>
    defaultLoginAge(loadConfig({ argv, env: {}, cwd: '/srv/cs', readFile: () => '{}' }).config);
  expect(age(['--login.max_age=600'])).toBe(600);
  expect(age(['--login.max_age=5000'])).toBe(1800);
});

test('onboarding that is open and has a list of those who may is refused', () => {
  expect(problemsOf({ onboarding: { allowlist: ['0x1', '*'] } })).toHaveLength(1);
  for (const allowlist of [['*'], ['0x1'], []]) expect(problemsOf({ onboarding: { allowlist } })).toEqual([]);
});

test('the master key cannot be inside the data folder', () => {
  for (const file of [
    'data/master.key',
    '/srv/cs/data/keys/master.key',
    './other/../data/master.key',
    'data',
    'data/..key',
  ]) {
    expect(problemsOf({}, [`--master_key.file=${file}`])).toEqual([expect.stringMatching(/^master_key\.file: /)]);
  }
  for (const file of [
    '.',
    '..',
    'data.key',
    '../data/master.key',
    '/srv/cs/database/master.key',
    '/etc/cs/master.key',
  ]) {
    expect(problemsOf({}, [`--master_key.file=${file}`])).toEqual([]);
  }
  expect(problemsOf({}, ['--data=.'])).toHaveLength(1);
});

test('a TLS certificate and its key are given together or not at all', () => {
  expect(problemsOf({ tls: { cert: 'cert.pem' } })).toEqual([
    'tls.key: must be set, because tls.cert is; the two belong together',
  ]);
  expect(problemsOf({ tls: { key: 'key.pem' } })).toEqual([
    'tls.cert: must be set, because tls.key is; the two belong together',
  ]);
  expect(problemsOf({ tls: { cert: 'cert.pem', key: 'key.pem' } })).toEqual([]);
  expect(problemsOf({ tls: { cert: '', key: '' } })).toEqual([]);
});

test('upstream.request_headers takes names that may pass at all, or * alone', () => {
  const problems = (names: readonly string[]) => problemsOf({ 'upstream.request_headers': names });
  expect(problems(['X-Acme-Key', 'baggage'])).toEqual([]);
  expect(problems(['*'])).toEqual([]);
  expect(problems(['*', 'x-acme-key'])).toEqual([
    expect.stringMatching(/^upstream\.request_headers: \* is all of them/),
  ]);
  for (const name of [
    'Authorization',
    'X_Forwarded_User',
    'countersign-account',
    'paradex-siwe-message',
    'te',
    'x:y',
    '',
  ]) {
    expect(problems(['x-acme-key', name])).toEqual([
      expect.stringMatching(
        /^upstream\.request_headers: .*entry 2 is none of the names of headers that may pass at all/,
      ),
    ]);
  }
  expect(problems(['x-acme-key', 'X-Acme-Key'])).toEqual([expect.stringContaining('repeats an earlier one')]);
});

describe('a console with a host of its own', () => {
  const own = { 'console.own_host': true, 'console.url': 'https://keys.example.com' };

  test('console.own_host needs console.url, which says which host that is', () => {
    expect(problemsOf({ 'console.own_host': true, 'console.api_url': 'https://api.example.com' })).toEqual([
      expect.stringMatching(/^console\.url: must be set/),
    ]);
    expect(problemsOf({ ...own, 'console.api_url': 'https://api.example.com' })).toEqual([]);
  });

  test('console.own_host needs another address for bots, as on that host there is no venue', () => {
    for (const address of ['', 'https://keys.example.com', 'https://keys.example.com:8443', 'http://keys.example.com'])
      expect(problemsOf({ ...own, 'console.api_url': address })).toEqual([
        expect.stringMatching(/^console\.api_url: must be set to another host/),
      ]);
  });
});
