// GET /countersign/v1/about: what a page or a command must know before anybody is signed in.
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { builtConsole, builtFiles } from '../support/built-console.ts';
import { call } from '../support/trader.ts';
import { expectSuccess, newWalletOwner, postWallet, siweOf, startWorld, type World } from '../support/world.ts';

const PATH = '/countersign/v1/about';

let world: World;
beforeAll(async () => {
  world = await startWorld({ consoleFolder: builtConsole() });
});
afterAll(() => world.stop());

/** The answer to a request with these Host lines. */
function aboutAt(where: World, host: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: where.port, path: PATH, headers: { host } }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (part) => {
          text += part;
        })
        .on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end();
  });
}

test('about answers anybody, with the settings in force and nothing else', async () => {
  const answer = await call(world.url, 'GET', PATH);
  expectSuccess(answer, 200);
  expect(answer.json).toEqual({
    version: manifest.version,
    siwe_domain: `127.0.0.1:${world.port}`,
    starknet_chain_id: 'PRIVATE_SN_POTC_MOCK_SEPOLIA',
    l1_chain_id: '11155111',
    limits: {
      tokens: 20,
      subkeys: 20,
      pending_subkeys: 5,
      pending_seconds: 900,
      devices: 20,
      device_seconds: 28_800,
      allowlist_entries: 50,
    },
    onboarding: 'anyone',
    terminal_tokens: false,
    usage: true,
    wallet_derivation: true,
    console: true,
    console_url: null,
    api_url: null,
    hand_off: { on: true, why_not: null },
  });
  const withBearer = await call(world.url, 'GET', PATH, { bearer: 'stale' });
  expect(withBearer.text).toBe(answer.text);
});

test('about names the domain of the request alone, and only where a wallet may sign in by it', async () => {
  const local = `localhost:${world.port}`;
  expect((await aboutAt(world, local)).siwe_domain).toBe(local);
  for (const host of ['evil.example', 'localhost', `LOCALHOST:${world.port}`, `${local}.evil.example`]) {
    expect((await aboutAt(world, host)).siwe_domain, host).toBeNull();
  }
  const owner = await newWalletOwner(world);
  const login = await postWallet(
    world,
    '/v2/auth',
    owner,
    siweOf(world, owner, 'Paradex Auth', { domain: local, uri: `http://${local}` }),
  );
  expect(login.status, login.text).toBe(200);
});

test('about says what other settings switch off and limit', async () => {
  const other = await startWorld({
    settings: {
      'siwe.domains': 'keys.example',
      'wire.l1_chain_id': '1',
      'wire.allow_mainnet': 'true',
      'onboarding.allowlist': '0x1',
      'terminal_token.enabled': 'true',
      'usage.keep_days': '0',
      'tokens.max_live': '3',
      'subkeys.max_live': '4',
      'subkeys.max_pending': '2',
      'subkeys.pending_life': '60',
      'devices.max_live': '5',
      'devices.max_life': '600',
    },
  });
  try {
    expect(await aboutAt(other, 'keys.example')).toMatchObject({
      siwe_domain: 'keys.example',
      l1_chain_id: '1',
      limits: {
        ...{ tokens: 3, subkeys: 4, pending_subkeys: 2, pending_seconds: 60 },
        ...{ devices: 5, device_seconds: 600, allowlist_entries: 50 },
      },
      ...{ onboarding: 'listed', terminal_tokens: true, usage: false, wallet_derivation: false },
    });
    // The loopback names are added only where no domains are set.
    expect((await aboutAt(other, `127.0.0.1:${other.port}`)).siwe_domain).toBeNull();
  } finally {
    await other.stop();
  }
});

test('about says that nobody may make an account where the list is empty', async () => {
  const closed = await startWorld({ settings: { 'onboarding.allowlist': '' } });
  try {
    expect((await aboutAt(closed, 'x')).onboarding).toBe('nobody');
  } finally {
    await closed.stop();
  }
});

test.each<[string, Readonly<Record<string, string>>, string, object]>([
  [
    'is built and has an address',
    { 'console.url': 'https://keys.example.com' },
    'built',
    { console: true, console_url: 'https://keys.example.com', hand_off: { on: true, why_not: null } },
  ],
  [
    'is built and nobody said at which address',
    {},
    'built',
    { console: true, console_url: null, hand_off: { on: true, why_not: null } },
  ],
  [
    'is switched off',
    { 'console.enabled': 'false', 'console.url': 'https://keys.example.com' },
    'built',
    { console: false, console_url: null, hand_off: { on: false, why_not: 'console.enabled is off' } },
  ],
  [
    'was not built',
    { 'console.url': 'https://keys.example.com' },
    'nothing',
    { console: false, console_url: null, hand_off: { on: false, why_not: 'the console was not built' } },
  ],
  [
    'may hand over no key, as none may wait',
    { 'subkeys.max_pending': '0' },
    'built',
    { console: true, hand_off: { on: false, why_not: 'subkeys.max_pending is 0' } },
  ],
  [
    'may hand over no key, as none may live',
    { 'subkeys.max_live': '0' },
    'built',
    { console: true, hand_off: { on: false, why_not: 'subkeys.max_live is 0' } },
  ],
  [
    'makes keys from wallets on a main network, as it was told',
    { 'wire.l1_chain_id': '1', 'wire.allow_mainnet': 'true', 'console.wallet_derivation': 'on' },
    'built',
    { wallet_derivation: true },
  ],
  [
    'makes no keys from wallets on a test network, as it was told',
    { 'console.wallet_derivation': 'off' },
    'built',
    { wallet_derivation: false },
  ],
  [
    'has a host of its own, and bots another',
    {
      'console.url': 'https://keys.example.com',
      'console.own_host': 'true',
      'console.api_url': 'https://api.example.com',
    },
    'built',
    { console_url: 'https://keys.example.com', api_url: 'https://api.example.com' },
  ],
])('about tells of a console that %s', async (_which, settings, files, told) => {
  const one = await startWorld({ settings, consoleFolder: builtConsole(files === 'built' ? builtFiles : {}) });
  expect(await aboutAt(one, 'x')).toMatchObject(told);
  await one.stop();
});

test('wallets may sign in at the host of console.url, unless siwe.domains says where they may', async () => {
  const url = { 'console.url': 'https://keys.example.com:8443' };
  const one = await startWorld({ settings: url });
  expect((await aboutAt(one, 'keys.example.com:8443')).siwe_domain).toBe('keys.example.com:8443');
  expect((await aboutAt(one, 'keys.example.com')).siwe_domain).toBeNull();
  expect((await aboutAt(one, `localhost:${one.port}`)).siwe_domain).toBe(`localhost:${one.port}`);
  await one.stop();
  const other = await startWorld({ settings: { ...url, 'siwe.domains': 'other.example.com' } });
  expect((await aboutAt(other, 'keys.example.com:8443')).siwe_domain).toBeNull();
  await other.stop();
});
