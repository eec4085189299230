import { describe, expect, test } from 'vitest';
import {
  BROWSER_WALLET,
  type FoundWallet,
  loneWallet,
  MOST_WALLETS,
  sameNames,
  withAnnounced,
} from '../../../console/app/wallets/announced.ts';
import { addressesIn, chainIn, waitedFor, watchAccounts } from '../../../console/app/wallets/ask.ts';
import { chainName, chainWithId } from '../../../console/pages/sign-in/wallets/chains.ts';

const provider = () => ({ request: async () => null });
const ICON = 'data:image/svg+xml,<svg/>';
const detail = (info: Record<string, unknown> = {}, by: unknown = provider()) => ({
  info: { uuid: crypto.randomUUID(), name: 'MetaMask', rdns: 'io.metamask', icon: ICON, ...info },
  provider: by,
});
const found = (...details: readonly unknown[]): readonly FoundWallet[] =>
  details.reduce<readonly FoundWallet[]>((list, one) => withAnnounced(list, one), []);
const throwing = (): never => {
  throw new Error('a getter of a wallet');
};

describe('wallets that announce themselves', () => {
  test('each is listed once, in the order of their announcements', () => {
    const [one, other] = [detail(), detail({ name: 'Rabby', rdns: 'io.rabby' })];
    expect(found(one, other, one).map(({ name, rdns, icon }) => [name, rdns, icon])).toEqual([
      ['MetaMask', 'io.metamask', ICON],
      ['Rabby', 'io.rabby', ICON],
    ]);
  });

  test('one provider that announces itself again, under another name and id, is listed as it was first', () => {
    const same = provider();
    expect(found(detail({}, same), detail({ name: 'Other' }, same)).map(({ name }) => name)).toEqual(['MetaMask']);
  });

  test('what a wallet changes in its announcement afterwards is not seen', () => {
    const one = detail();
    const list = found(one);
    one.info.name = 'Rabby';
    one.info.icon = 'data:image/png;base64,AAAA';
    expect(list[0]).toMatchObject({ name: 'MetaMask', icon: ICON });
  });

  test.each([
    ['nothing', undefined],
    ['a text', 'a wallet'],
    ['no provider', { info: detail().info }],
    ['a provider that cannot be asked', detail({}, { request: 'yes' })],
    ['no id', detail({ uuid: '' })],
    [
      'an info that throws',
      {
        get info() {
          return throwing();
        },
        provider: provider(),
      },
    ],
    ['an id that throws', { info: Object.defineProperty({}, 'uuid', { get: throwing }), provider: provider() }],
    [
      'a provider that throws',
      {
        info: detail().info,
        get provider() {
          return throwing();
        },
      },
    ],
    ['a provider whose request throws', detail({}, Object.defineProperty({}, 'request', { get: throwing }))],
  ])('an announcement of %s adds nothing and stops nobody else’s', (_, hostile) => {
    const list = found(detail(), hostile, detail({ name: 'Rabby' }));
    expect(list.map(({ name }) => name)).toEqual(['MetaMask', 'Rabby']);
  });

  test.each([
    ['without controls and direction marks', 'Meta\u0000\u202eMa\u200bsk\n', 'Meta Ma sk'],
    ['cut to 48 signs', 'x'.repeat(10_000), 'x'.repeat(48)],
    ['cut between signs, not inside one', '😀'.repeat(100), '😀'.repeat(48)],
    ['as text, whatever it says', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['with words of ours where it shows nothing', '\u200b\u2800 \u3164', 'Wallet without a name'],
    ['with words of ours where it is no text', { toString: throwing }, 'Wallet without a name'],
  ])('a name is shown %s', (_, name, shown) => {
    expect(found(detail({ name }))[0]?.name).toBe(shown);
  });

  test('a name that throws costs the wallet its name alone', () => {
    const info = Object.defineProperty({ uuid: 'a', icon: ICON, rdns: 'io.metamask' }, 'name', { get: throwing });
    expect(found({ info, provider: provider() })[0]).toMatchObject({ name: 'Wallet without a name', icon: ICON });
  });

  test.each(['javascript:alert(1)', 'https://wallet.example/icon.png', 'data:text/html,<script>', 'data:image', '', 7])(
    'an icon that is no picture of a data: URL is left out: %s',
    (icon) => {
      expect(found(detail({ icon }))[0]?.icon).toBeUndefined();
    },
  );

  test('an icon is at most 64 KiB', () => {
    const of = (length: number) => found(detail({ icon: ICON.padEnd(length, ' ') }))[0]?.icon;
    expect(of(65_536)).toHaveLength(65_536);
    expect(of(65_537)).toBeUndefined();
  });

  test.each(['<b>', `${'io.'.repeat(30)}metamask`, 'nodots', 'io.meta\u202emask', 7])(
    'a domain that is none is left out: %s',
    (rdns) => {
      expect(found(detail({ rdns }))[0]?.rdns).toBe('');
    },
  );

  test('no more are listed than anybody has', () => {
    expect(found(...Array.from({ length: 1000 }, () => detail()))).toHaveLength(MOST_WALLETS);
  });

  test('two that look alike are named, and three only once', () => {
    expect(sameNames(found(detail(), detail({ name: 'Rabby' })))).toEqual([]);
    const alike = found(
      detail(),
      detail({ name: 'metamask ' }),
      detail({ name: 'Ｍeta Mask' }),
      detail({ name: 'Rabby' }),
    );
    expect(sameNames(alike)).toEqual(['MetaMask']);
  });
});

describe('a wallet that does not announce itself', () => {
  test('is the browser wallet', () => {
    const ethereum = provider();
    expect(loneWallet(ethereum)).toMatchObject({ name: BROWSER_WALLET, provider: ethereum });
  });

  test.each([undefined, null, {}, 'ethereum', Object.defineProperty({}, 'request', { get: throwing })])(
    'is none when it cannot be asked',
    (ethereum) => {
      expect(loneWallet(ethereum)).toBeUndefined();
    },
  );
});

describe('a wallet that is waited for', () => {
  test('when it is given up, what it was asked is refused at once and it is asked nothing more', async () => {
    const asked: string[] = [];
    const never = new Promise<never>(() => undefined);
    const waited = waitedFor({
      request({ method }) {
        asked.push(method);
        return never;
      },
    });
    const first = waited.request({ method: 'eth_requestAccounts' });
    await Promise.resolve();
    expect(waited.isAsked).toBe(true);
    waited.giveUp();
    await expect(first).rejects.toThrow();
    await expect(waited.request({ method: 'personal_sign' })).rejects.toThrow();
    expect(waited.isAsked).toBe(false);
    expect(asked).toEqual(['eth_requestAccounts']);
  });

  test('one that throws or answers at once is as good as a promise', async () => {
    await expect(waitedFor({ request: throwing }).request({ method: 'eth_chainId' })).rejects.toThrow('a getter');
    const hasty = { request: () => '0x1' as unknown as Promise<unknown> };
    expect(await waitedFor(hasty).request({ method: 'eth_chainId' })).toBe('0x1');
  });

  test('accounts are heard of until nobody listens, and from a wallet that cannot tell, never', () => {
    const heard: unknown[] = [];
    const listeners = new Set<(accounts: unknown) => void>();
    const telling = {
      ...provider(),
      on: (_: string, listener: (accounts: unknown) => void) => listeners.add(listener),
      removeListener: (_: string, listener: (accounts: unknown) => void) => listeners.delete(listener),
    };
    const stop = watchAccounts(telling, (now) => heard.push(now));
    for (const listener of listeners) listener([`0x${'AB'.repeat(20)}`, 7]);
    expect(heard).toEqual([[`0x${'ab'.repeat(20)}`]]);
    stop();
    expect(listeners.size).toBe(0);
    const deaf = Object.defineProperty(provider(), 'on', { get: throwing });
    expect(watchAccounts(deaf, () => undefined)).not.toThrow();
  });

  test('addresses are Ethereum addresses, each once', () => {
    const address = `0x${'ab'.repeat(20)}`;
    expect(addressesIn([address.toUpperCase().replace('X', 'x'), address, '0x12', null, {}])).toEqual([address]);
    expect(addressesIn('0x')).toEqual([]);
  });

  test.each([
    ['0x2105', '8453'],
    ['8453', '8453'],
    [8453, '8453'],
    ['0x', undefined],
    ['Base', undefined],
    [-1, undefined],
    [null, undefined],
  ])('the chain of %s is %s', (answer, chain) => {
    expect(chainIn(answer)).toBe(chain);
  });
});

test('chains are named as people know them, others by their number', () => {
  expect([chainName('8453'), chainName('31337')]).toEqual(['Base', 'chain 31337']);
  expect([chainWithId('11155111'), chainWithId('31337')]).toEqual(['Sepolia (11155111)', 'chain 31337']);
});
