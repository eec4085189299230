// Signing in as people do: with a main key, with a wallet, with a new account; by pointer and by keys alone; and where it leads.
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { announceWallet, type WalletInPage } from '../support/console/announce-wallet.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit, type VisitOptions } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';
import { type Recording, recordEverything } from '../support/console/record-everything.ts';
import { onboardWallet, walletTrader } from '../support/trader.ts';

const newKey = (): string => `0x0${randomBytes(32).toString('hex').slice(1)}`;

/** Goes on by the keyboard alone, to what has this name. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    const has = await page.evaluate<string>(`(() => {
      const at = document.activeElement;
      const label = at?.id ? document.querySelector('label[for="' + at.id + '"]') : null;
      return !at.matches('a, button, input') ? '' : [at.getAttribute('aria-label'), label?.textContent, at.textContent].join(' ');
    })()`);
    if (name.test(has)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`nothing called ${name} has focus`);
}

describe.skipIf(chromiumFile === undefined)(`sign-in${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, 120_000);
  afterAll(() => opened?.close());

  const isIn = (page: Page, path = '/console/keys/read-only') => page.waitForURL(`${opened.url}${path}`);
  const field = (page: Page) => page.getByLabel('Private key', { exact: true });
  async function withWallet(options: VisitOptions, key: string): Promise<{ visit: Visit; wallet: WalletInPage }> {
    let wallet: WalletInPage | undefined;
    const visit = await opened.visit({
      as: 'stranger',
      path: '/console/sign-in?with=wallet',
      ...options,
      async prepare(page) {
        wallet = await announceWallet(page, { key });
      },
    });
    if (wallet === undefined) throw new Error('no wallet');
    return { visit, wallet };
  }

  describe.each([1440, 390] as const)('%i px wide', (width) => {
    const theme = width === 390 ? 'dark' : 'light';

    test('a main key of a known account signs in, is in the worker and in no other place, and a reload asks nothing', async () => {
      const owner = await createOwner(opened.url, 'main');
      let recording: Recording | undefined;
      const { page } = await opened.visit({
        as: 'stranger',
        owner,
        width,
        theme,
        async prepare(on) {
          recording = await recordEverything(on);
        },
      });
      await page.getByRole('link', { name: /^Starknet private key/ }).click();
      await recording?.step('pasting');
      await field(page).fill(owner.privateKey);
      await page.getByText(`Account ${owner.account.slice(0, 6)}…${owner.account.slice(-4)}, known here`).waitFor();
      await recording?.step('signing in');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await isIn(page);
      await recording?.step('signed in');
      await page.reload();
      await page.getByRole('heading', { level: 1 }).waitFor();
      await isIn(page);
      const digits = BigInt(owner.privateKey).toString(16);
      const places = (await recording?.where([digits])) ?? ['nothing was recorded'];
      expect(places.filter((place) => !/^(?:to a worker|field), at (?:pasting|signing in)$/.test(place))).toEqual([]);
      expect((await owner.client.devices.list().page()).results).toHaveLength(1);
    });

    test('a main key that no account has is said to have none, and makes one', async () => {
      const { page, owner } = await opened.visit({ as: 'stranger', width, theme, path: '/console/sign-in?with=key' });
      await field(page).fill(owner.privateKey);
      await page.getByText('not known here yet: it will be made').waitFor();
      await page.getByLabel('Keep it in this tab until I sign out or close it').uncheck();
      await page.getByRole('button', { name: 'Sign in' }).click();
      await isIn(page);
      expect((await owner.client.devices.list().page()).results).toHaveLength(1);
    });

    test('a wallet with an account is found by its address, shows where it signs in, and signs once', async () => {
      const owner = await createOwner(opened.url, 'wallet');
      const { visit, wallet } = await withWallet({ owner, width, theme }, owner.privateKey);
      const { page } = visit;
      await page.getByRole('button', { name: /^MetaMask/ }).click();
      await page.getByRole('button', { name: /^Wallet account 0x/ }).click();
      await page.getByText(`sign in to ${new URL(opened.url).host} with the words ‘Paradex Auth’`).waitFor();
      expect(wallet.asked).toEqual(['eth_requestAccounts']);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await isIn(page);
      expect(wallet.asked.filter((method) => method === 'personal_sign')).toHaveLength(1);
      expect((await owner.client.devices.list().page()).results).toHaveLength(1);
    });

    test('a wallet without an account makes one after it was told what that takes', async () => {
      const { visit, wallet } = await withWallet({ width, theme }, newKey());
      const { page } = visit;
      await page.getByRole('button', { name: /^MetaMask/ }).click();
      await page.getByRole('button', { name: /^Wallet account [(]recommended[)]/ }).click();
      await page
        .getByText('This wallet has no account here yet. Making one needs one more signature and costs nothing.')
        .waitFor();
      expect(wallet.asked).not.toContain('personal_sign');
      await page.getByRole('button', { name: 'Make the account' }).click();
      await isIn(page);
      expect(wallet.asked.filter((method) => method === 'personal_sign')).toHaveLength(2);
    });

    test('a new account exists only after its key was saved: the same key signs in elsewhere', async () => {
      const { page } = await opened.visit({ as: 'stranger', width, theme });
      await page.getByRole('link', { name: /^New account/ }).click();
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download' }).click();
      const file = await download;
      expect(file.suggestedFilename()).toBe('countersign-main-key.txt');
      const chunks: Buffer[] = [];
      for await (const chunk of await file.createReadStream()) chunks.push(chunk);
      const [privateKey = ''] = /0x[0-9a-f]{64}/.exec(Buffer.concat(chunks).toString()) ?? [];
      const make = page.getByRole('button', { name: 'Make the account' });
      await make.dispatchEvent('click');
      expect(await make.getAttribute('aria-disabled')).toBe('true');
      await page.getByLabel('I have saved it in two places').check();
      await page.getByLabel('Its last four characters').fill('0000');
      expect(await make.getAttribute('aria-disabled')).toBe('true');
      await page.getByLabel('Its last four characters').fill(privateKey.slice(-4));
      await make.click();
      await isIn(page);
      const other = await opened.visit({ as: 'stranger', width, theme, path: '/console/sign-in?with=key' });
      await field(other.page).fill(privateKey);
      await other.page.getByText('known here', { exact: false }).waitFor();
      expect(await other.page.getByText('not known here yet').count()).toBe(0);
    });
  });

  test('a key made from a wallet’s signature is an account of its own, found again by the same two signatures, and offered beside the wallet’s own', async () => {
    const key = newKey();
    const first = await withWallet({}, key);
    await first.visit.page.getByRole('button', { name: /^MetaMask/ }).click();
    await first.visit.page.getByRole('button', { name: /^Starknet account/ }).click();
    await first.visit.page.getByText('Your wallet will ask twice for the same signature, ‘STARK Key’.').waitFor();
    expect(first.wallet.asked).toEqual(['eth_requestAccounts']);
    await first.visit.page.getByRole('button', { name: 'Go on' }).click();
    await first.visit.page.getByRole('button', { name: 'Make the account' }).click();
    await isIn(first.visit.page);
    expect(first.wallet.asked.filter((method) => method === 'eth_signTypedData_v4')).toHaveLength(2);
    expect(first.wallet.asked).not.toContain('personal_sign');
    const again = await withWallet({}, key);
    await again.visit.page.getByRole('button', { name: /^MetaMask/ }).click();
    await again.visit.page.getByRole('button', { name: 'Look for a Starknet account of this wallet' }).click();
    await again.visit.page.getByRole('button', { name: 'Go on' }).click();
    await isIn(again.visit.page);
    await onboardWallet(opened.url, walletTrader(key));
    const both = (await withWallet({}, key)).visit.page;
    await both.getByRole('button', { name: /^MetaMask/ }).click();
    await both.getByRole('button', { name: /^Wallet account 0x/ }).waitFor();
    await both.getByRole('button', { name: 'Look for a Starknet account of this wallet' }).click();
    await both.getByRole('button', { name: 'Go on' }).click();
    const rows = both.getByRole('button', { name: /account 0x/ });
    await expect
      .poll(() => rows.allTextContents())
      .toEqual([expect.stringMatching(/^Wallet account/), expect.stringMatching(/^Starknet account/)]);
    await rows.nth(1).click();
    await isIn(both);
  });

  describe('by keys alone', () => {
    test('a main key', async () => {
      const owner = await createOwner(opened.url, 'main');
      const { page } = await opened.visit({ as: 'stranger', owner });
      await tabTo(page, /^\s*Starknet private key/);
      await page.keyboard.press('Enter');
      await field(page).waitFor();
      await tabTo(page, /^\s*Private key/);
      await page.keyboard.insertText(owner.privateKey);
      await page.keyboard.press('Enter');
      await isIn(page);
    });

    test('a wallet', async () => {
      const { visit } = await withWallet({ path: '/console/sign-in' }, newKey());
      const { page } = visit;
      const stops = [/Ethereum wallet/, /MetaMask/, /recommended/, /Make the account/];
      for (const stop of stops) {
        await page.getByText(stop).first().waitFor();
        await tabTo(page, stop);
        await page.keyboard.press('Enter');
      }
      await isIn(page);
    });

    test('a new account', async () => {
      const { page } = await opened.visit({ as: 'stranger' });
      await tabTo(page, /New account/);
      await page.keyboard.press('Enter');
      await page.getByText('This key is your account.').waitFor();
      await tabTo(page, /^Show Main private key/);
      await page.keyboard.press('Enter');
      const shown = await page.locator('code').first().textContent();
      await tabTo(page, /I have saved it/);
      await page.keyboard.press('Space');
      await tabTo(page, /last four/);
      await page.keyboard.insertText(shown?.slice(-4) ?? '');
      await page.keyboard.press('Enter');
      await isIn(page);
    });
  });

  test('after sign-in a person is where they were going, through a reload, and never anywhere but on a page of the console', async () => {
    const owner = await createOwner(opened.url, 'main');
    const signIn = async (path: string) => {
      const { page } = await opened.visit({ as: 'stranger', owner, path });
      await page.reload();
      await page.getByRole('link', { name: /^Starknet private key/ }).click();
      await field(page).fill(owner.privateKey);
      await page.getByRole('button', { name: 'Sign in' }).click();
      return page;
    };
    await isIn(await signIn('/console/activity?what=refused&days=7'), '/console/activity?what=refused&days=7');
    const evil = encodeURIComponent('//evil.example/console');
    await isIn(await signIn(`/console/sign-in?next=${evil}`));
  });

  test.each([
    ['0x12zz', 'That is not a Starknet private key.'],
    [`0x${'ff'.repeat(32)}`, 'That is an Ethereum key: use the wallet sign-in.'],
    [`0x${'ab'.repeat(20)}`, 'That is a public key or an address, not a private key.'],
  ])('the field says what %s is, and is emptied', async (text, words) => {
    const { page } = await opened.visit({ as: 'stranger', path: '/console/sign-in?with=key' });
    await field(page).fill(text);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(words).waitFor();
    expect(await field(page).inputValue()).toBe('');
    expect(await field(page).getAttribute('aria-invalid')).toBe('true');
  });

  test('a new key that was not saved is not left by accident: the way back, Back and Esc keep it, and leaving is asked', async () => {
    const { page } = await opened.visit({ as: 'stranger' });
    await page.getByRole('link', { name: /^New account/ }).click();
    await page.getByText('This key is your account.').waitFor();
    await page.goBack();
    await page.getByText('You have not saved the key. Leave anyway?').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('You have not saved the key. Leave anyway?').waitFor({ state: 'detached' });
    await page.getByText('This key is your account.').waitFor();
    await page.getByRole('button', { name: 'Back to the step before' }).click();
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByRole('link', { name: /^New account/ }).waitFor();
  });

  test('who leaves while the account is made is not signed in by it', async () => {
    const { page } = await opened.visit({ as: 'stranger' });
    await page.getByRole('link', { name: /^New account/ }).click();
    await page.getByRole('button', { name: /^Show/ }).click();
    const privateKey = (await page.getByText(/^0x[0-9a-f]{64}$/).textContent()) ?? '';
    await page.getByLabel('I have saved it in two places').check();
    await page.getByLabel('Its last four characters').fill(privateKey.slice(-4));
    const device = await cut(page, { method: 'POST', path: /\/v1\/devices$/, at: 'held' });
    const asked = device.next();
    await page.getByRole('button', { name: 'Make the account' }).click();
    await asked;
    await page.getByRole('button', { name: 'Back to the step before' }).click();
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByRole('link', { name: /^New account/ }).waitFor();
    await device.letGo();
    // Long enough for what is done with its answer.
    await page.evaluate(`(async () => {
      for (let asked = 0; asked < 20; asked += 1) await (await fetch('/countersign/v1/about')).text();
    })()`);
    expect(new URL(page.url()).pathname).toBe('/console/sign-in');
    await page.getByRole('link', { name: /^New account/ }).waitFor();
  });

  test('what a wallet has signed is not cancelled half-way: it signs in', async () => {
    const { visit } = await withWallet({}, newKey());
    const { page } = visit;
    await page.getByRole('button', { name: /^MetaMask/ }).click();
    await page.getByRole('button', { name: /^Wallet account/ }).click();
    const device = await cut(page, { method: 'POST', path: /\/v1\/devices$/, at: 'held' });
    const asked = device.next();
    await page.getByRole('button', { name: 'Make the account' }).click();
    await asked;
    const cancel = page.getByRole('button', { name: 'Cancel' });
    expect(await cancel.getAttribute('aria-disabled')).toBe('true');
    await cancel.click({ force: true });
    await device.letGo();
    await isIn(page);
  });
});
