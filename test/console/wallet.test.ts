// The page of the wallet in a real browser: who one is, Copy Private Key, and the end of everything.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, CountersignError, createClient, starkKey, starkKeyOfWallet, subkey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, keysPath } from '../support/console/adding.ts';
import { announceWallet } from '../support/console/announce-wallet.ts';
import { cut } from '../support/console/cut.ts';
import { leaveForCache } from '../support/console/leave-page.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import { againDialog } from '../support/console/sign-in-again.ts';
import { use } from '../support/console/some-keys.ts';
import { answerOfWallet } from '../support/console/wallet-answers.ts';
import { type ToldServer, toldServer } from '../support/told-server.ts';

const WALLET = `0x${'5'.repeat(63)}1`;

describe.skipIf(chromiumFile === undefined)(`the wallet${chromiumNeeded}`, () => {
  let console: OpenConsole;
  /** Never answers. */
  let venue: ToldServer;
  beforeAll(async () => {
    venue = await toldServer();
    venue.answer(() => undefined);
    console = await openConsole({ upstream: venue.url });
  }, 120_000);
  afterAll(async () => {
    await console?.close();
    await venue?.close();
  });

  /** An owner whose main key is made from a signature of WALLET. */
  async function derivedOwner(): Promise<ConsoleOwner> {
    const answer = answerOfWallet({ key: WALLET });
    const provider = {
      request: ({ method, params = [] }: { readonly method: string; readonly params?: readonly unknown[] }) =>
        answer(method, params),
    };
    const { private_key, account } = await starkKeyOfWallet(provider, createClient({ url: console.url }).account);
    const client = createClient({ url: console.url, auth: starkKey(private_key, { account }) });
    await client.account.onboard();
    return { kind: 'main', privateKey: private_key, account, client };
  }

  test.each(['main', 'wallet'] as const)(
    'the account is shown in full with what it is, and what this page can do with its main key: %s',
    async (as) => {
      const visit = await console.visit({ as, path: '/console/wallet' });
      const { owner, page } = visit;
      await page.getByRole('button', { name: `Copy ${owner.account}` }).waitFor();
      const words =
        as === 'wallet' ? 'Your wallet is the main key. It never leaves the wallet.' : 'It is not in this tab.';
      await page.getByText(words).waitFor();
      await page.getByText('device only').waitFor();
      expect(await page.getByText('Ethereum address').count()).toBe(as === 'wallet' ? 1 : 0);
      expect(await page.getByRole('button', { name: 'Copy Private Key' }).count()).toBe(as === 'wallet' ? 0 : 1);
      await page.getByText('If your main key is out').click();
      await page.getByText('Withdraw to an address the thief does not have.').waitFor();
    },
    60_000,
  );

  test('a key that a wallet can make again is shown after its owner said what it can do, and is gone with the dialog', async () => {
    const owner = await derivedOwner();
    const visit = await console.visit({
      owner,
      path: undefined,
      prepare: (page) => announceWallet(page, { key: WALLET }),
    });
    const { page } = visit;
    await visit.goTo('/console/wallet');
    await page.getByRole('button', { name: 'Copy Private Key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Copy Private Key' });
    expect(await dialog.getByRole('button', { name: /MetaMask/ }).count()).toBe(0);
    await dialog.getByLabel('I know what this key can do').check();
    await dialog.getByRole('button', { name: /MetaMask/ }).click();
    await dialog.getByRole('button', { name: 'Show Main private key' }).waitFor();
    const inDocument = async () => (await page.content()).includes(owner.privateKey.replace(/^0x0*/, ''));
    expect(await inDocument()).toBe(false);
    await dialog.getByRole('button', { name: 'Show Main private key' }).click();
    expect(BigInt(await dialog.locator('code').innerText())).toBe(BigInt(owner.privateKey));
    await page.keyboard.press('Escape');
    expect(await dialog.count()).toBe(1);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await inDocument()).toBe(false);
  }, 60_000);

  test('a key that was removed from the page with its dialog open holds the idle limit no longer', async () => {
    const visit = await console.visit({
      owner: await derivedOwner(),
      path: undefined,
      prepare: async (page) => {
        await page.clock.install({ time: Date.now() });
        await announceWallet(page, { key: WALLET });
      },
    });
    const { page } = visit;
    await visit.goTo('/console/wallet');
    await page.getByRole('button', { name: 'Copy Private Key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Copy Private Key' });
    await dialog.getByLabel('I know what this key can do').check();
    await dialog.getByRole('button', { name: /MetaMask/ }).click();
    await dialog.getByRole('button', { name: 'Show Main private key' }).waitFor();
    await page.clock.fastForward(16 * 60_000);
    await page.clock.runFor(2000);
    expect(await againDialog(page).count()).toBe(0);
    await leaveForCache(page);
    await dialog.getByText('No longer in this page').waitFor();
    await page.clock.fastForward(16 * 60_000);
    await againDialog(page).waitFor();
  }, 60_000);

  test('a key made at sign-in from a signature of a wallet can be copied with the key in this tab, and after a reload', async () => {
    const key = `0x0${randomBytes(32).toString('hex').slice(1)}`;
    const visit = await console.visit({
      as: 'stranger',
      path: '/console/sign-in?with=wallet',
      prepare: (page) => announceWallet(page, { key }),
    });
    const { page } = visit;
    await page.getByRole('button', { name: /^MetaMask/ }).click();
    await page.getByRole('button', { name: /^Starknet account/ }).click();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.waitForURL(/\/console\/keys/);
    const copied = async () => {
      await page.getByRole('button', { name: 'Copy Private Key' }).click();
      const dialog = page.getByRole('dialog', { name: 'Copy Private Key' });
      await dialog.getByText('Nobody can revoke it. Give bots a subkey instead.').waitFor();
      await dialog.getByLabel('I know what this key can do').check();
      await dialog.getByText('Your wallet will ask for the signature it is made from.').waitFor();
      await dialog.getByRole('button', { name: /MetaMask/ }).click();
      await dialog.getByRole('button', { name: 'Show Main private key' }).click();
      const text = await dialog.locator('code').innerText();
      await dialog.getByRole('button', { name: 'Done' }).click();
      await dialog.waitFor({ state: 'detached' });
      return text;
    };
    await page.getByRole('link', { name: 'Wallet' }).click();
    await page.getByText('main key in this tab').waitFor();
    await page.getByText('It is made from a signature of your wallet, and can be made again.').waitFor();
    const inTab = await copied();
    await page.reload();
    await page.getByText('device only').waitFor();
    expect(await copied()).toBe(inTab);
    const label = await page
      .locator('main')
      .getByRole('button', { name: /^Copy 0x/ })
      .getAttribute('aria-label');
    const client = createClient({ url: console.url, auth: starkKey(inTab) });
    expect(`Copy ${(await client.account.self()).account}`).toBe(label);
  }, 60_000);

  test('a key that was pasted signs and is not shown, and is not in the tab any more after a reload', async () => {
    const visit = await console.visit({ as: 'stranger', path: '/console/sign-in?with=key' });
    const { page, owner } = visit;
    await page.getByLabel('Private key').fill(owner.privateKey);
    await page.getByText('not known here yet: it will be made').waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/\/console\/keys/);
    await page.getByRole('link', { name: 'Wallet' }).click();
    await page.getByText('This page can sign with the key you pasted but cannot show it.').waitFor();
    expect(await page.getByRole('button', { name: 'Copy Private Key' }).count()).toBe(0);
    await page.getByText('main key in this tab').waitFor();
    await page.reload();
    await page.getByText('device only').waitFor();
    expect(await page.getByText('the key you pasted').count()).toBe(0);
  }, 60_000);

  test("a wallet whose key is another account's, and one that says no, show no key", async () => {
    const visit = await console.visit({
      path: undefined,
      prepare: async (page) => {
        await announceWallet(page, { key: WALLET, name: 'Other' });
        await announceWallet(page, { key: WALLET, name: 'Refusing', behaviour: 'refuses' });
      },
    });
    const { page } = visit;
    await visit.goTo('/console/wallet');
    await page.getByRole('button', { name: 'Copy Private Key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Copy Private Key' });
    await dialog.getByLabel('I know what this key can do').check();
    await dialog.getByRole('button', { name: /Refusing/ }).click();
    await dialog.getByText('You said no in the wallet. Nothing happened.').waitFor();
    await dialog.getByRole('button', { name: /Other/ }).click();
    await dialog.getByText(/belongs to another account/).waitFor();
    expect(await dialog.getByRole('button', { name: /Show/ }).count()).toBe(0);
  }, 60_000);

  test('a main key that a wallet makes again after its page was left is held by nobody', async () => {
    const visit = await console.visit({
      owner: await derivedOwner(),
      path: undefined,
      prepare: (page) => announceWallet(page, { key: WALLET }),
    });
    const { page } = visit;
    await visit.goTo('/console/devices');
    await page.getByRole('link', { name: 'Wallet' }).click();
    await page.getByRole('button', { name: 'Copy Private Key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Copy Private Key' });
    await dialog.getByLabel('I know what this key can do').check();
    const lookUp = await cut(page, { path: /^\/v1\/onboarding\?/, at: 'held' });
    const asked = lookUp.next();
    await dialog.getByRole('button', { name: /MetaMask/ }).click();
    await asked;
    expect(page.workers()).toHaveLength(1);
    await page.goBack();
    await page.getByRole('heading', { name: 'Devices' }).waitFor();
    await lookUp.letGo();
    await expect.poll(() => page.workers().length).toBe(0);
  }, 60_000);

  test('a wallet that is found for an account after its owner has signed out does not sign for whoever signs in next', async () => {
    const holder = await createOwner(console.url, 'wallet');
    const next = await createOwner(console.url, 'main');
    const visit = await console.visit({
      as: 'wallet',
      owner: holder,
      path: keysPath('token'),
      prepare: (page) => announceWallet(page, { key: holder.privateKey }),
    });
    const { page } = visit;
    const form = await filledForm(visit, 'token', { name: 'by a wallet' });
    const lookUp = await cut(page, { path: /^\/v1\/onboarding\?/, at: 'held' });
    const asked = lookUp.next();
    await form.getByRole('button', { name: /^MetaMask/ }).click();
    await asked;
    // As another tab tells it.
    await page.evaluate(`new BroadcastChannel('countersign').postMessage('signed out')`);
    await page.getByRole('link', { name: /^Starknet private key/ }).click();
    await page.getByLabel('Private key', { exact: true }).fill(next.privateKey);
    await page.getByText(/, known here$/).waitFor();
    await page.getByLabel(/^Keep it in this tab/).uncheck();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Key Management' }).waitFor();
    await lookUp.letGo();
    // Long enough for what is done with its answer.
    await page.evaluate(`(async () => {
      for (let asked = 0; asked < 20; asked += 1) await (await fetch('/countersign/v1/about')).text();
    })()`);
    await page.getByRole('button', { name: '+ Add New Key' }).first().click();
    await page.getByRole('dialog').getByLabel('Main private key').waitFor();
  }, 60_000);

  test.each([1440, 390] as const)(
    'ending everything refuses every key from then on, and the page stays with what ended and a list to keep, %i px wide',
    async (width) => {
      const visit = await console.visit({ width, path: undefined });
      const { page, owner } = visit;
      const { url } = console;
      const token = (await owner.client.tokens.create({ name: '<i>tax</i>', expiry_duration: 86_400 })).value;
      const bot = (await owner.client.subkeys.create({ name: 'bot' })).value;
      const reader = createClient({ url, auth: bearer(token.token) });
      const trader = createClient({ url, auth: subkey(bot.private_key, owner.account) });
      await reader.account.self();
      await trader.account.self();
      await visit.goTo('/console/wallet');
      await page.getByRole('button', { name: 'End everything' }).click();
      const dialog = page.getByRole('alertdialog', { name: 'End everything?' });
      await dialog.getByText('2 keys (2 in use today), 1 device.').waitFor();
      const end = dialog.getByRole('button', { name: 'End everything' });
      await end.click({ force: true });
      expect(await end.getAttribute('aria-disabled')).toBe('true');
      await reader.account.self();
      await dialog.getByLabel('Type END').fill('END');
      await end.click();
      await page.getByRole('heading', { name: 'Everything is ended' }).waitFor();
      await page.getByText(/^Refused everywhere since \d\d:\d\d:\d\d; it took \d+ ms\./).waitFor();
      for (const name of ['<i>tax</i>', 'bot', 'Chrome on Linux']) {
        expect(await page.getByRole('listitem').getByText(name, { exact: true }).count()).toBe(1);
      }
      for (const client of [reader, trader]) {
        const refused = await client.account.self().catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(CountersignError);
      }
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download this list' }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(/^countersign-ended-\d{4}-\d\d-\d\d\.txt$/);
      const text = readFileSync(await download.path(), 'utf8');
      expect(text).toContain(`Account ${owner.account}`);
      expect(text).toContain(`Read-only key\t${token.api_token.lookup_id}\t<i>tax</i>`);
      expect(text).toContain(`Subkey\t${bot.subkey.public_key}\tbot`);
      expect(await page.getByRole('heading', { name: 'Everything is ended' }).count()).toBe(1);
      await page.reload();
      await page.waitForURL(/\/console\/sign-in/);
    },
    90_000,
  );

  test('ending everything cuts what is under way, and says that it had reached the venue, in the list to keep, too', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    const { token } = (await owner.client.tokens.create({ name: 'under way', expiry_duration: 86_400 })).value;
    await visit.goTo('/console/wallet');
    const answer = use(console.url, token);
    await expect.poll(() => venue.asked.filter(({ path }) => path === '/v1/balance').length).toBe(1);
    await page.getByRole('button', { name: 'End everything' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'End everything?' });
    await dialog.getByLabel('Type END').fill('END');
    await dialog.getByRole('button', { name: 'End everything' }).click();
    const words =
      /^Refused everywhere since \d\d:\d\d:\d\d; it took [\d,]+ ms\. 1 request had already reached the venue: look there\.$/m;
    await page.getByText(words).waitFor();
    expect(await answer).toBe(401);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download this list' }).click(),
    ]);
    expect(readFileSync(await download.path(), 'utf8')).toMatch(words);
  }, 60_000);

  test('what is not chosen goes on when everything else is ended', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    const token = (await owner.client.tokens.create({ name: 'stays', expiry_duration: 86_400 })).value;
    await owner.client.subkeys.create({ name: 'goes' });
    await visit.goTo('/console/wallet');
    await page.getByRole('button', { name: 'End everything' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'End everything?' });
    await dialog.getByLabel('Read-only keys').uncheck();
    await dialog.getByLabel('Type END').fill('END');
    await dialog.getByRole('button', { name: 'End everything' }).click();
    await page.getByRole('listitem').getByText('goes', { exact: true }).waitFor();
    expect(await page.getByRole('listitem').getByText('stays', { exact: true }).count()).toBe(0);
    await createClient({ url: console.url, auth: bearer(token.token) }).account.self();
  }, 60_000);
});
