// Signing in while answers get lost, the server is busy, or a wallet signs too late or changes its mind: what the page says is so, a second try
// works, and nothing is left alive that nobody has.
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, keysPath, secretDialog, send } from '../support/console/adding.ts';
import { type AnnouncedWallet, announceWallet, type WalletInPage } from '../support/console/announce-wallet.ts';
import { cut, setOffline } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit, type VisitOptions } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';

const GIVEN = 120_000;
const MINUTE_MS = 60_000;
const newKey = (): string => `0x0${randomBytes(32).toString('hex').slice(1)}`;
const SILENT = 'The wallet did not answer. Try again, or reload the page.';

describe.skipIf(chromiumFile === undefined)(`signing in in trouble${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, GIVEN);
  afterAll(() => opened?.close());

  const isIn = (page: Page) => page.waitForURL(`${opened.url}/console/keys/read-only`);
  const field = (page: Page) => page.getByLabel('Private key', { exact: true });
  const signInButton = (page: Page) => page.getByRole('button', { name: 'Sign in', exact: true });
  const liveDevices = async ({ client }: ConsoleOwner) => (await client.devices.list().page()).results;

  async function withWallet(
    wallet: Partial<AnnouncedWallet>,
    { prepare, ...options }: VisitOptions = {},
  ): Promise<{ readonly visit: Visit; readonly page: Page; readonly wallet: WalletInPage }> {
    let announced: WalletInPage | undefined;
    const visit = await opened.visit({
      as: 'stranger',
      path: '/console/sign-in?with=wallet',
      ...options,
      async prepare(page) {
        await prepare?.(page);
        announced = await announceWallet(page, { key: newKey(), ...wallet });
      },
    });
    if (announced === undefined) throw new Error('no wallet');
    return { visit, page: visit.page, wallet: announced };
  }
  /** To the step before the wallet signs. */
  async function untilSigning(page: Page): Promise<void> {
    await page.getByRole('button', { name: /^MetaMask/ }).click();
    await page.getByRole('button', { name: /^Wallet account/ }).click();
  }

  test.each([
    { what: 'login', path: /\/v1\/auth/, said: 'No connection. Nothing was sent.' },
    { what: 'new account', path: /\/v1\/onboarding/, said: 'No connection. We do not know whether it arrived.' },
    { what: 'device', path: /\/v1\/devices$/, said: 'No connection. We do not know whether it arrived.' },
  ])(
    'a $what whose answer gets lost is said to be, and a second try signs in with the same pasted key, as one device alone',
    async ({ path, said }) => {
      const { page, owner } = await opened.visit({ as: 'stranger', path: '/console/sign-in?with=key' });
      await field(page).fill(owner.privateKey);
      await page.getByText('not known here yet: it will be made').waitFor();
      const lost = await cut(page, { method: 'POST', path, at: 'answer' });
      await signInButton(page).click();
      await page.getByRole('alert').getByText(said).waitFor();
      expect(lost.hits()).toBe(1);
      expect(await field(page).inputValue()).toBe('');
      await signInButton(page).click();
      await isIn(page);
      await expect.poll(async () => (await liveDevices(owner)).length).toBe(1);
    },
  );

  test('a device of a wallet whose answer gets lost is ended by the next sign-in, and that of another browser is not', async () => {
    const owner = await createOwner(opened.url, 'wallet');
    await opened.visit({ owner, as: 'wallet', path: undefined });
    const { page, wallet } = await withWallet({ key: owner.privateKey }, { owner });
    await untilSigning(page);
    await cut(page, { method: 'POST', path: /\/v1\/devices$/, at: 'answer' });
    await signInButton(page).click();
    await page.getByRole('alert').getByText('No connection. We do not know whether it arrived.').waitFor();
    expect(await liveDevices(owner)).toHaveLength(2);
    await signInButton(page).click();
    await isIn(page);
    await expect.poll(async () => (await liveDevices(owner)).length).toBe(2);
    expect(wallet.asked.filter((method) => method === 'personal_sign')).toHaveLength(2);
  });

  test('a key that was pasted at sign-in before the network failed stays for the next try', async () => {
    const visit = await opened.visit({ as: 'main', path: undefined });
    const stranger = await opened.visit({ as: 'stranger', owner: visit.owner, path: '/console/sign-in?with=key' });
    const { page, owner } = stranger;
    await field(page).waitFor();
    await page.waitForLoadState('networkidle');
    await setOffline(page, true);
    await field(page).fill(owner.privateKey);
    await signInButton(page).click();
    await page
      .getByRole('alert')
      .getByText(/^No connection\./)
      .first()
      .waitFor();
    await setOffline(page, false);
    await signInButton(page).click();
    await isIn(page);
    stranger.expectProblems(/ERR_INTERNET_DISCONNECTED/);
  });

  test('too many requests at sign-in: it says so, waits and goes on by itself, once', async () => {
    const { owner } = await opened.visit({ path: undefined });
    const { page } = await opened.visit({ as: 'stranger', owner, path: '/console/sign-in?with=key' });
    let asked = 0;
    await page.route(/\/v1\/auth/, async (route) => {
      asked += 1;
      if (asked > 1) return route.fallback();
      const json = { error: 'RATE_LIMITED', message: 'too many requests', data: null };
      await route.fulfill({ status: 429, headers: { 'Retry-After': '3' }, json });
    });
    await field(page).fill(owner.privateKey);
    await signInButton(page).click();
    await page
      .getByText(/^Too many requests\. Going on in [123] s\.$/)
      .first()
      .waitFor();
    await isIn(page);
    expect(asked).toBe(2);
  });

  test('a wallet that signs six minutes late signs nothing in: it was given up, and the next signature counts', async () => {
    const { page, wallet } = await withWallet({ behaviour: 'late' }, { prepare: (it) => it.clock.install() });
    await untilSigning(page);
    const sent: string[] = [];
    page.on('request', (request) => void (request.method() === 'POST' && sent.push(request.url())));
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('Waiting for MetaMask…').waitFor();
    // Its time begins when the wallet is asked, which is a moment after the page says so.
    const silent = async () => {
      await page.clock.fastForward(6 * MINUTE_MS);
      return page.getByText(SILENT).count();
    };
    await expect.poll(silent).toBe(1);
    await wallet.signLate();
    expect(sent).toEqual([]);
    await page.getByText(SILENT).waitFor();
    wallet.behave('signs');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await isIn(page);
  });

  test('a wallet that signs after Cancel signs nothing in', async () => {
    const { page, wallet } = await withWallet({ behaviour: 'late' });
    await untilSigning(page);
    const sent: string[] = [];
    page.on('request', (request) => void (request.method() === 'POST' && sent.push(request.url())));
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('Waiting for MetaMask…').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await wallet.signLate();
    expect(sent).toEqual([]);
    wallet.behave('signs');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await isIn(page);
  });

  describe('a new key', () => {
    async function waiting() {
      const owner = await createOwner(opened.url, 'wallet');
      const found = await withWallet(
        { key: owner.privateKey, behaviour: 'late' },
        { as: 'wallet', owner, path: keysPath('token'), prepare: (page) => page.clock.install() },
      );
      const form = await filledForm(found.visit, 'token', { name: 'by a wallet' });
      await form.getByRole('button', { name: /^MetaMask/ }).click();
      await form.getByText('Your wallet will ask you to sign in again. That proves it is you.').waitFor();
      await send(form);
      await form.getByText('Waiting for MetaMask…').waitFor();
      // The button says so a moment before the wallet is asked.
      await expect.poll(() => found.wallet.asked).toContain('personal_sign');
      const made = async () => (await owner.client.tokens.list().page()).results.map(({ name }) => name);
      return { ...found, form, made };
    }

    test('that a wallet signs six minutes late is not made, and the form makes it by the next signature, once', async () => {
      const { page, wallet, form, made } = await waiting();
      await page.clock.fastForward(2 * MINUTE_MS);
      await form.getByText(SILENT).waitFor();
      await page.clock.fastForward(4 * MINUTE_MS);
      await wallet.signLate();
      expect(await made()).toEqual([]);
      expect(await form.getByLabel('Name').inputValue()).toBe('by a wallet');
      wallet.behave('signs');
      await send(form);
      await secretDialog(page, 'token').waitFor();
      expect(await made()).toEqual(['by a wallet']);
    });

    test('that a wallet signs after Cancel is not made', async () => {
      const { wallet, form, made } = await waiting();
      await form.getByRole('button', { name: 'Cancel' }).click();
      await wallet.signLate();
      expect(await made()).toEqual([]);
    });

    test('that a wallet refuses is not made, and the form says so and stays', async () => {
      const { page, wallet, form, made } = await waiting();
      await form.getByRole('button', { name: 'Cancel' }).click();
      wallet.behave('refuses');
      await send(form);
      await form.getByText('You said no in the wallet. Nothing happened.').waitFor();
      expect(await made()).toEqual([]);
      wallet.behave('signs');
      await send(form);
      await secretDialog(page, 'token').waitFor();
      expect(await made()).toEqual(['by a wallet']);
    });
  });

  test('a wallet whose person chooses another account half-way says so, and signs in with the one that is chosen then', async () => {
    const { page, wallet } = await withWallet({ behaviour: 'two accounts' });
    await page.getByRole('button', { name: /^MetaMask/ }).click();
    await page.getByRole('button', { name: new RegExp(`^${wallet.address.slice(0, 6)}`, 'i') }).click();
    await page.getByRole('button', { name: /^Wallet account/ }).click();
    await page.getByRole('button', { name: 'Make the account' }).waitFor();
    await wallet.changeAccounts([wallet.otherAddress]);
    await page.getByText('The wallet shows another account now. Choose again.').waitFor();
    expect(await page.getByRole('button', { name: 'Make the account' }).count()).toBe(0);
    await page.getByRole('button', { name: new RegExp(`^${wallet.otherAddress.slice(0, 6)}`, 'i') }).click();
    await page.getByRole('button', { name: /^Wallet account/ }).click();
    await page.getByRole('button', { name: 'Make the account' }).click();
    await isIn(page);
    await page.goto(`${opened.url}/console/wallet`);
    await page.getByText(wallet.otherAddress, { exact: false }).first().waitFor();
  });
});
