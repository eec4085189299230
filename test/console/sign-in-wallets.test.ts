// Wallets that do what hostile, broken and hesitant ones do, each in a real page with a real key.
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type AnnouncedWallet, announceWallet, type WalletInPage } from '../support/console/announce-wallet.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';

const newKey = (): string => `0x0${randomBytes(32).toString('hex').slice(1)}`;
const AT = '/console/sign-in?with=wallet';

describe.skipIf(chromiumFile === undefined)(`sign-in with a wallet${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, 120_000);
  afterAll(() => opened?.close());

  const isIn = (page: Page) => page.waitForURL(`${opened.url}/console/keys/read-only`);
  async function withWallets(
    wallets: readonly Partial<AnnouncedWallet>[],
    prepare: (page: Page) => Promise<unknown> = async () => undefined,
  ): Promise<Visit & { readonly wallets: readonly WalletInPage[] }> {
    const inPage: WalletInPage[] = [];
    const visit = await opened.visit({
      as: 'stranger',
      path: AT,
      async prepare(page) {
        await prepare(page);
        for (const wallet of wallets) inPage.push(await announceWallet(page, { key: newKey(), ...wallet }));
      },
    });
    return { ...visit, wallets: inPage };
  }
  const choose = (page: Page, name: string | RegExp = /^MetaMask/) =>
    page.getByRole('button', { name }).first().click();
  /** To the step before the wallet signs. */
  async function untilSigning(page: Page): Promise<void> {
    await choose(page);
    await page.getByRole('button', { name: /^Wallet account/ }).click();
    await page.getByRole('button', { name: /^(?:Make the account|Sign in)$/ }).click();
  }

  test('each that announces itself is listed with the domain it claims, and two of one name are pointed out', async () => {
    const { page } = await withWallets([
      {},
      { name: 'MetaMask', rdns: 'evil.example' },
      { name: 'Rabby', rdns: 'io.rabby' },
    ]);
    await page.getByText('Two wallets call themselves MetaMask. Check which one you installed.').waitFor();
    const rows = await page.getByRole('button', { name: /[.]/ }).allTextContents();
    expect(rows).toEqual(['MetaMaskio.metamask', 'MetaMaskevil.example', 'Rabbyio.rabby']);
  });

  test('names, icons and getters of a hostile one do no harm, and the others are still there', async () => {
    const script = encodeURIComponent(
      '<svg xmlns="http://www.w3.org/2000/svg"><script>window.parent.wasRun = true; window.wasRun = true</script></svg>',
    );
    const { page } = await withWallets(
      [
        { name: `<img src=x onerror="wasRun=1">\u202e${'x'.repeat(10_000)}`, rdns: 'long.example' },
        { name: 'Script', rdns: 'script.example', icon: `data:image/svg+xml,${script}` },
        { name: 'Page', rdns: 'page.example', icon: 'data:text/html,<script>wasRun=1</script>' },
        { name: 'Elsewhere', rdns: 'elsewhere.example', icon: 'https://elsewhere.example/icon.png' },
        { name: 'Huge', rdns: 'huge.example', icon: `data:image/png;base64,${'A'.repeat(70_000)}` },
        { name: 'Good', rdns: 'good.example' },
      ],
      (on) =>
        on.addInitScript(`{
          const bad = () => { throw new Error('a getter of a wallet'); };
          const announce = (detail) => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
          addEventListener('eip6963:requestProvider', () => {
            announce(undefined);
            announce('wallet');
            announce({ get info() { return bad(); }, get provider() { return bad(); } });
            announce({ info: { get uuid() { return bad(); } }, provider: { request: bad } });
            announce(new Proxy({}, { get: bad, has: bad, getPrototypeOf: bad }));
          });
          Object.defineProperty(window, 'ethereum', { get: bad });
        }`),
    );
    await page.getByRole('button', { name: /good[.]example/ }).waitFor();
    expect(await page.getByRole('button', { name: /[.]example/ }).count()).toBe(6);
    expect(
      await page.evaluate(`Array.from(document.querySelectorAll('main img'), (one) => one.src.slice(0, 18))`),
    ).toEqual(['data:image/svg+xml', 'data:image/svg+xml', 'data:image/svg+xml']);
    expect(await page.evaluate('window.wasRun')).toBeUndefined();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('one that does not announce itself is the browser wallet, and signs in', async () => {
    const owner = await createOwner(opened.url, 'wallet');
    const { page } = await withWallets([{ key: owner.privateKey, unannounced: true }]);
    await choose(page, 'Browser wallet');
    await page.getByRole('button', { name: /^Wallet account 0x/ }).click();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await isIn(page);
  });

  test('where there is none it is said what to do, and one that comes later is found', async () => {
    const { page } = await withWallets([]);
    await page.getByText('No wallet found in this browser.').waitFor();
    await page.evaluate(`addEventListener('eip6963:requestProvider', () => dispatchEvent(new CustomEvent(
      'eip6963:announceProvider',
      { detail: { info: { uuid: 'late', name: 'Late', rdns: 'late.example', icon: '' }, provider: { request() {} } } },
    )))`);
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByRole('button', { name: /late[.]example/ }).waitFor();
  });

  test.each([
    ['refuses to connect', 'You said no in the wallet. Nothing happened.'],
    ['request already open', 'The wallet has a request open already. Finish it there.'],
  ] as const)('one that %s is chosen again at once', async (behaviour, words) => {
    const { page, wallets } = await withWallets([{ behaviour }]);
    await choose(page);
    await page.getByText(words).waitFor();
    wallets[0]?.behave('signs');
    await untilSigning(page);
    await isIn(page);
  });

  test('a silent one is spoken of after 30 s, given up after 120 s, and can be cancelled at any time', async () => {
    const { page } = await withWallets([{ behaviour: 'silent' }], (on) => on.clock.install());
    await choose(page);
    await page.getByText('Open it if nothing appeared.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await choose(page);
    await page.getByText('Waiting for MetaMask…').waitFor();
    await page.clock.fastForward(30_000);
    await page.getByText("Still waiting. A request may be hidden behind the wallet's icon.").waitFor();
    await page.clock.fastForward(90_000);
    await page.getByText('The wallet did not answer. Try again, or reload the page.').waitFor();
  });

  test('a signature that is never made can be cancelled, and one that was refused is asked for again', async () => {
    const { page, wallets } = await withWallets([{ behaviour: 'silent at signing' }]);
    await untilSigning(page);
    await page.getByText('Waiting for MetaMask…').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    wallets[0]?.behave('refuses');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('You said no in the wallet. Nothing happened.').waitFor();
    wallets[0]?.behave('signs');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await isIn(page);
  });

  test('one on another chain is switched on a press, and signs nothing before', async () => {
    const { page, wallets } = await withWallets([{ behaviour: 'wrong chain' }]);
    await untilSigning(page);
    await page.getByText('Your wallet is on Base. This venue uses Sepolia (11155111).').waitFor();
    expect(wallets[0]?.asked).not.toContain('personal_sign');
    await page.getByRole('button', { name: 'Switch network' }).click();
    await isIn(page);
  });

  test('one that cannot switch says what to do in it', async () => {
    const { page, wallets } = await withWallets([{ behaviour: 'wrong chain for good' }]);
    await untilSigning(page);
    await page.getByRole('button', { name: 'Switch network' }).click();
    await page.getByText('Choose Sepolia in your wallet, then go on.').waitFor();
    wallets[0]?.behave('signs');
    await page.getByRole('button', { name: 'Go on' }).click();
    await isIn(page);
  });

  test('of two accounts the chosen one signs in', async () => {
    const owner = await createOwner(opened.url, 'wallet');
    const { page, wallets } = await withWallets([{ key: owner.privateKey, behaviour: 'two accounts' }]);
    await choose(page);
    await page.getByText('Which account?').waitFor();
    await page.getByRole('button', { name: new RegExp(wallets[0]?.address ?? '-', 'i') }).click();
    await page.getByRole('button', { name: /^Wallet account 0x/ }).click();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await isIn(page);
    expect((await owner.client.devices.list().page()).results).toHaveLength(1);
  });

  test.each([
    ['changes account', /^You signed with another address than you chose: 0x[0-9a-f]{4}…[0-9a-f]{4}[.]$/],
    ['200 bytes', /^This is a smart-contract wallet[.] Only wallets with a key of their own can sign in[.]$/],
  ] as const)('one that signs so is not signed in with, and no account is made: %s', async (behaviour, words) => {
    const { page } = await withWallets([{ behaviour }]);
    const made: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && made.push(request.url()));
    await untilSigning(page);
    await page.getByText(words).waitFor();
    expect(made).toEqual([]);
  });

  test('one that signs at random makes no key, and signs in as itself', async () => {
    const { page } = await withWallets([{ behaviour: 'random' }]);
    await choose(page);
    await page.getByRole('button', { name: /^Starknet account/ }).click();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page
      .getByText('Your wallet signs differently each time, so no key can be made from it. Use a wallet account.')
      .waitFor();
    await page.getByRole('button', { name: 'Back to the step before' }).click();
    await page.getByRole('button', { name: /^Wallet account/ }).click();
    await page.getByRole('button', { name: 'Make the account' }).click();
    await isIn(page);
  });

  test('where the venue has not set up wallets for the address of the page, the row says so and does nothing', async () => {
    const visit = await opened.visit({ as: 'stranger', path: undefined });
    const { port } = new URL(opened.url);
    // Names under localhost are this machine, and none of them is a domain of wallets here.
    await visit.page.goto(`http://venue.localhost:${port}/console/sign-in`);
    const row = visit.page.getByRole('button', { name: /^Ethereum wallet/ });
    await row.getByText('Your venue has not set up wallets for this address (siwe.domains).').waitFor();
    await row.dispatchEvent('click');
    expect(new URL(visit.page.url()).search).toBe('');
    await visit.page.goto(`http://venue.localhost:${port}${AT}`);
    await row.waitFor();
    visit.expectProblems(/^asked another origin: http:\/\/venue[.]localhost:/);
  });
});

describe.skipIf(chromiumFile === undefined)(`sign-in at a venue that is closed${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'onboarding.allowlist': '', 'console.wallet_derivation': 'off' } });
  }, 120_000);
  afterAll(() => opened?.close());

  test('makes no new account, derives no key, and refuses a wallet that has none in words', async () => {
    const { page } = await opened.visit({
      as: 'stranger',
      prepare: (on) => announceWallet(on, { key: newKey() }),
    });
    const closed = page.getByRole('button', { name: /^New account/ });
    await closed.getByText('This venue admits only accounts it has listed.').waitFor();
    await page.getByRole('link', { name: /^Ethereum wallet/ }).click();
    await page.getByRole('button', { name: /^MetaMask/ }).click();
    await page
      .getByRole('button', { name: /^Starknet account/ })
      .getByText('Your venue has switched this off.')
      .waitFor();
    const look = page.getByRole('button', { name: 'Look for a Starknet account of this wallet' });
    expect(await look.getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('button', { name: /^Wallet account/ }).click();
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByRole('alert').getByText('This venue admits only accounts it has listed.').waitFor();
  });
});
