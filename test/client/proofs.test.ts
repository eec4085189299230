// The proofs of a person: a wallet that is asked, and a device that the owner signed in.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Auth } from '../../src/client/auth.ts';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import { device } from '../../src/client/device-auth.ts';
import { exportedDeviceKey, newDeviceKey } from '../../src/client/device-key.ts';
import type { Eip1193Provider } from '../../src/client/eip1193.ts';
import { WalletRefused } from '../../src/client/errors.ts';
import { starkKey } from '../../src/client/stark-auth.ts';
import { createWallet, type Wallet } from '../../src/client/wallet.ts';
import { wallet } from '../../src/client/wallet-auth.ts';
import { type Service, startService } from '../support/harness.ts';
import { L1_CHAIN_ID, onboard, starkTrader, walletTrader } from '../support/trader.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const SELF = { method: 'GET', path: '/countersign/v1/self' } as const;
const clientOf = (auth: Auth, options: Partial<ClientOptions> = {}) =>
  createClient({ url: service.url, auth, ...options });

interface Browser extends Eip1193Provider {
  /** Methods, in order. */
  readonly asked: string[];
  readonly messages: string[];
}

const textOf = (hex: unknown): string => Buffer.from(String(hex).slice(2), 'hex').toString();

/** A wallet of a browser that holds these, is on this chain, and answers a method as it is told instead. */
function browserWallet(
  wallets: readonly Wallet[],
  {
    chainId = L1_CHAIN_ID,
    canSwitch = true,
    instead = {},
  }: { chainId?: number; canSwitch?: boolean; instead?: Record<string, (params: readonly unknown[]) => unknown> } = {},
): Browser {
  let chain = chainId;
  const asked: string[] = [];
  const messages: string[] = [];
  const answers: Record<string, (params: readonly unknown[]) => unknown> = {
    eth_requestAccounts: () => wallets.map(({ address }) => address.toUpperCase().replace('0X', '0x')),
    eth_chainId: () => `0x${chain.toString(16)}`,
    wallet_switchEthereumChain: ([to]) => {
      if (!canSwitch) throw Object.assign(new Error('unknown chain'), { code: 4902 });
      chain = Number((to as { chainId: string }).chainId);
      return null;
    },
    personal_sign: ([hex, address]) => {
      const message = textOf(hex);
      messages.push(message);
      return wallets.find((one) => one.address === address)?.personalSign(message);
    },
  };
  return {
    asked,
    messages,
    async request({ method, params = [] }) {
      asked.push(method);
      return (instead[method] ?? answers[method] ?? (() => undefined))(params);
    },
  };
}

const OTHER = walletTrader().wallet;
const newWallet = () => walletTrader().wallet;
const said = (code: number) => () => {
  throw Object.assign(new Error('secret words of a wallet'), { code });
};

describe('a wallet', () => {
  test('a wallet is onboarded when asked to, signs in, and approves a subkey with one signature each', async () => {
    const browser = browserWallet([newWallet()]);
    const client = clientOf(wallet(browser));
    await expect(client.request(SELF)).rejects.toMatchObject({ code: 'NOT_ONBOARDED' });
    await client.account.onboard();
    expect((await client.account.self()).kind).toBe('evm');
    const { value } = await client.subkeys.create({ name: 'bot' });
    expect(value.subkey.state).toBe('active');
    const statements = browser.messages.map((message) => message.split('\n')[3]?.split(':')[0]);
    expect(statements).toEqual(['Paradex Auth', 'Paradex Onboarding', 'Paradex Auth', 'Paradex Subkey Registration']);
    expect(browser.asked.filter((method) => method === 'eth_requestAccounts')).toHaveLength(1);
  });

  test('a wallet signs for the host of the server, its chain, and with the address as EIP-55 writes it', async () => {
    const browser = browserWallet([createWallet(`0x${'11'.repeat(32)}`)]);
    await clientOf(wallet(browser)).account.onboard();
    const [message = ''] = browser.messages;
    const { host, origin } = new URL(service.url);
    expect(message.split('\n').slice(0, 8)).toEqual([
      `${host} wants you to sign in with your Ethereum account:`,
      '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A',
      '',
      'Paradex Onboarding',
      '',
      `URI: ${origin}`,
      'Version: 1',
      `Chain ID: ${L1_CHAIN_ID}`,
    ]);
  });

  test('of several accounts the first is taken, or the one that is asked for', async () => {
    const [first, second] = [walletTrader(), walletTrader()];
    const wallets = [first.wallet, second.wallet];
    for (const [options, { account }] of [
      [{}, first],
      [{ address: second.wallet.address }, second],
    ] as const) {
      const client = clientOf(wallet(browserWallet(wallets), options));
      await client.account.onboard();
      expect((await client.account.self()).account).toBe(account);
    }
  });

  test.each([
    [
      'that does not show the account that is asked for',
      {},
      { address: `0x${'1'.repeat(40)}` },
      'the wallet does not show the account',
    ],
    ['that shows none', { instead: { eth_requestAccounts: () => [] } }, {}, 'the wallet shows no account'],
    ['whose person says no', { instead: { personal_sign: said(4001) } }, {}, 'the person at the wallet said no'],
    [
      'that has a request open',
      { instead: { eth_requestAccounts: said(-32002) } },
      {},
      'the wallet has a request open already',
    ],
    ['that fails', { instead: { personal_sign: said(-32603) } }, {}, 'the wallet did not answer personal_sign'],
    [
      'that signs as a contract',
      { instead: { personal_sign: () => `0x${'1'.repeat(400)}` } },
      {},
      'the wallet signs in another form',
    ],
    [
      'that signs with another of its accounts',
      { instead: { personal_sign: ([hex]: readonly unknown[]) => OTHER.personalSign(textOf(hex)) } },
      {},
      `the wallet signed with another address than was chosen: ${OTHER.address}, and not 0x`,
    ],
    [
      'on another chain that cannot switch',
      { chainId: 8453, canSwitch: false },
      {},
      `the wallet is on another chain than ${L1_CHAIN_ID}`,
    ],
  ] as const)('a wallet %s refuses, and nothing is sent', async (_, how, options, message) => {
    const posts: unknown[] = [];
    const client = clientOf(wallet(browserWallet([newWallet()], how), options), {
      fetch: (url, init) => {
        if (init?.method === 'POST') posts.push(url);
        return globalThis.fetch(url, init);
      },
    });
    const error = await client.request(SELF).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(WalletRefused);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('secret words');
    expect(posts).toEqual([]);
  });

  test('the person’s no has the code of EIP-1193', async () => {
    const client = clientOf(wallet(browserWallet([newWallet()], { instead: { personal_sign: said(4001) } })));
    await expect(client.request(SELF)).rejects.toMatchObject({ name: 'WalletRefused', code: 4001 });
  });

  test('a wallet on another chain is asked to switch to the server’s', async () => {
    const browser = browserWallet([newWallet()], { chainId: 8453 });
    await clientOf(wallet(browser)).account.onboard();
    expect(browser.asked).toContain('wallet_switchEthereumChain');
  });
});

describe('a device', () => {
  async function newDevice(extractable: boolean) {
    const owner = starkTrader();
    await onboard(service.url, owner);
    const main = clientOf(starkKey(owner.privateKey));
    const key = await newDeviceKey({ extractable });
    const { value } = await main.devices.add({ name: 'laptop', public_key: key.public_key });
    return { main, key, id: value.id, account: owner.account };
  }

  test.each([true, false])(
    'a device whose key is extractable: %s signs in and tells its account',
    async (extractable) => {
      const { key, id, account } = await newDevice(extractable);
      const keys = extractable ? [key, await exportedDeviceKey(key)] : [key];
      for (const one of keys) {
        const client = clientOf(device({ id, key: one }));
        expect(await client.account.self()).toMatchObject({ kind: 'device', account });
        expect(await client.account.address()).toBe(account);
      }
    },
  );

  test('a device that does not know its account asks by one login for all who want to know', async () => {
    const { key, id, account } = await newDevice(false);
    let logins = 0;
    const client = clientOf(device({ id, key }), {
      fetch: (url, init) => {
        if (String(url).endsWith('/session')) logins += 1;
        return globalThis.fetch(url, init);
      },
    });
    const all = await Promise.all(Array.from({ length: 20 }, () => client.account.address()));
    expect(new Set(all)).toEqual(new Set([account]));
    expect(logins).toBe(1);
  });

  test.each([-600, 600])('a device whose clock is %i s off signs in', async (seconds) => {
    const { key, id } = await newDevice(false);
    const clock = { now: () => Date.now() + seconds * 1000 };
    expect((await clientOf(device({ id, key }), { clock }).account.self()).kind).toBe('device');
  });

  test('a device that was ended is not signed in, and its session is replaced by none', async () => {
    const { main, key, id } = await newDevice(false);
    const client = clientOf(device({ id, key }));
    await client.account.self();
    await main.devices.end(id);
    await expect(client.account.self()).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED_ERROR' });
  });

  test('an id that is none is refused before anything is sent', () => {
    expect(() => device({ id: '../x', key: { kty: 'EC', crv: 'P-256', x: '', y: '', d: '' } })).toThrow(TypeError);
  });
});
