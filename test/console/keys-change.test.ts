// Renaming, binding to addresses and replacing a key in a real browser, and what the server refuses a device that tries by itself.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountersignError } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { announceWallet, type WalletInPage } from '../support/console/announce-wallet.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import { use } from '../support/console/some-keys.ts';

const READ_ONLY = '/console/keys/read-only';

describe.skipIf(chromiumFile === undefined)(`changing a key in the console${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  let owner: ConsoleOwner;
  beforeAll(async () => {
    opened = await openConsole();
    owner = await createOwner(opened.url, 'main');
  }, 180_000);
  afterAll(() => opened.close());

  /** A read-only key, and its page. */
  async function pageOf(name: string, allowed_cidrs: string[] = [], width: 1440 | 390 = 1440) {
    const made = (await owner.client.tokens.create({ name, expiry_duration: 30 * 86_400, allowed_cidrs })).value;
    const id = made.api_token.lookup_id;
    const visit = await opened.visit({ owner, width, path: `${READ_ONLY}/${id}` });
    await visit.page.getByRole('button', { name: 'Change addresses' }).waitFor();
    return { ...visit, visit, id, token: made.token, now: () => owner.client.tokens.get(id) };
  }

  const dialogOf = (page: Page) => page.getByRole('dialog');
  const press = (page: Page, name: string) => dialogOf(page).getByRole('button', { name, exact: true }).click();
  const mainKey = (page: Page) => dialogOf(page).getByLabel('Main private key');

  test('a key is renamed in its place: Enter saves, Esc leaves, and a name that the server refuses is told before', async () => {
    const { page, now } = await pageOf('first name');
    await page.getByRole('button', { name: 'Rename first name' }).press('Enter');
    const field = page.getByRole('textbox', { name: 'Name' });
    await page.keyboard.type('thrown away');
    await page.keyboard.press('Escape');
    expect(await page.locator(':focus').innerText()).toBe('Rename');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('first name');
    await page.keyboard.press('Enter');
    await field.fill('  ');
    await field.press('Enter');
    await page.getByText('Give it a name.').waitFor();
    await field.fill('hid\u200bden');
    expect((await now()).name).toBe('first name');
    await field.fill('second ‮name');
    await field.press('Enter');
    await page.getByText('Letters, numbers and signs only: this name has a hidden character.').waitFor();
    await field.fill('<i>second</i> name');
    await field.press('Enter');
    await page.getByRole('heading', { level: 1, name: /<i>second<\/i> name/ }).waitFor();
    expect((await now()).name).toBe('<i>second</i> name');
    expect(await page.title()).toBe('<i>second</i> name · Countersign');
  });

  test('a key is bound to fewer addresses by the device alone, without the main key, at once', async () => {
    const { page, token, now } = await pageOf('narrower', ['127.0.0.0/8', '203.0.113.0/24']);
    await page.getByRole('button', { name: 'Change addresses' }).click();
    const box = dialogOf(page).getByRole('textbox', { name: 'One address or range a line' });
    await expect.poll(() => box.inputValue()).toBe('127.0.0.0/8\n203.0.113.0/24');
    await box.fill('203.0.113.7, 203.0.113.8 # two\n');
    const change = dialogOf(page).getByRole('region', { name: 'What will change' });
    expect(await change.innerText()).toMatch(
      /\+ 203\.0\.113\.7\s+\+ 203\.0\.113\.8\s+− 127\.0\.0\.0\/8\s+− 203\.0\.113\.0\/24/,
    );
    await dialogOf(page).getByText('Your current address is not in the list.').waitFor();
    expect(await mainKey(page).count()).toBe(0);
    await press(page, 'Save');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect((await now()).allowed_cidrs).toEqual(['203.0.113.7/32', '203.0.113.8/32']);
    expect(await use(opened.url, token)).toBe(403);
    await page.getByRole('listitem').filter({ hasText: '203.0.113.8' }).first().waitFor();
  });

  test('a key that was ended or narrowed elsewhere meanwhile is read again: it is gone, or the main key is asked for', async () => {
    const { page, id, now } = await pageOf('narrowed elsewhere', ['127.0.0.0/8', '203.0.113.0/24']);
    const box = dialogOf(page).getByRole('textbox', { name: 'One address or range a line' });
    await page.getByRole('button', { name: 'Change addresses' }).click();
    await owner.client.tokens.restrict(id, ['203.0.113.7']);
    await box.fill('203.0.113.0/24');
    await press(page, 'Save');
    await dialogOf(page).getByText('That needs your main key.').waitFor();
    await mainKey(page).fill(owner.privateKey);
    await press(page, 'Sign and save');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect((await now()).allowed_cidrs).toEqual(['203.0.113.0/24']);
    await page.getByRole('button', { name: 'Change addresses' }).click();
    await owner.client.tokens.revoke(id);
    await box.fill('203.0.113.9');
    await press(page, 'Save');
    await dialogOf(page).getByText('This key is gone: it was ended meanwhile.').waitFor();
    await page.getByText('Revoked', { exact: true }).waitFor();
  });

  test('a key is opened to more addresses only with the main key, and the server refuses the device that tries alone', async () => {
    const { page, visit, id, now } = await pageOf('wider', ['203.0.113.7']);
    await page.getByRole('button', { name: 'Change addresses' }).click();
    await press(page, 'Add my current address');
    await dialogOf(page).getByText('It lets in somebody who was not before').waitFor();
    await press(page, 'Sign and save');
    await dialogOf(page).getByText('Paste your main private key.').waitFor();
    expect((await now()).allowed_cidrs).toEqual(['203.0.113.7/32']);
    await mainKey(page).fill(owner.privateKey);
    await press(page, 'Sign and save');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect((await now()).allowed_cidrs).toEqual(['203.0.113.7/32', '127.0.0.1/32']);
    expect(await refusedToDevice(visit, id, [])).toBe(403);
    expect(await refusedToDevice(visit, id, ['203.0.113.0/24'])).toBe(403);
    expect(await refusedToDevice(visit, id, ['203.0.113.7'])).toBe(200);
  });

  /** With the session that the page itself got for its device. */
  async function refusedToDevice({ page }: Visit, id: string, allowed_cidrs: string[]): Promise<number> {
    const asked = page.waitForRequest((request) => request.headers().authorization !== undefined);
    await page.reload();
    const authorization = (await asked).headers().authorization ?? '';
    const answer = await fetch(`${opened.url}/v1/account/tokens/${id}/allowed-cidrs`, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ allowed_cidrs }),
    });
    return answer.status;
  }

  /** A wallet, and its form that opens a key to everybody: it is not sent yet. */
  async function openedByWallet() {
    const holder = await createOwner(opened.url, 'wallet');
    const asked = { name: 'of a wallet', allowed_cidrs: ['203.0.113.7'] };
    const id = (await holder.client.tokens.create(asked)).value.api_token.lookup_id;
    const listed = async () => (await holder.client.tokens.get(id)).allowed_cidrs;
    let wallet: WalletInPage | undefined;
    const visit = await opened.visit({
      as: 'wallet',
      owner: holder,
      path: `${READ_ONLY}/${id}`,
      prepare: async (on) => {
        wallet = await announceWallet(on, { key: holder.privateKey });
      },
    });
    if (wallet === undefined) throw new Error('no wallet');
    const { page } = visit;
    await page.getByRole('button', { name: 'Change addresses' }).click();
    await dialogOf(page).getByText('Anywhere', { exact: true }).locator('..').click();
    await dialogOf(page)
      .getByRole('button', { name: /^MetaMask/ })
      .click();
    await dialogOf(page).getByText('Your wallet will ask you to sign in again. That proves it is you.').waitFor();
    return { visit, page, wallet, listed };
  }

  test('a wallet is asked for one signature to open a key to more addresses, and nothing is saved when the person says no', async () => {
    const { page, wallet, listed } = await openedByWallet();
    const signatures = () => wallet.asked.filter((method) => method === 'personal_sign').length;
    wallet.behave('refuses');
    await press(page, 'Sign and save');
    await dialogOf(page).getByRole('alert').waitFor();
    expect(await listed()).toEqual(['203.0.113.7/32']);
    wallet.behave('signs');
    const before = signatures();
    await press(page, 'Sign and save');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect(await listed()).toEqual([]);
    expect(signatures()).toBe(before + 1);
  });

  test('a wallet that says no to repeating a change whose answer was lost does not say that nothing happened', async () => {
    const holder = await createOwner(opened.url, 'wallet');
    const asked = { name: 'of a wallet', allowed_cidrs: ['203.0.113.7'] };
    const id = (await holder.client.tokens.create(asked)).value.api_token.lookup_id;
    let wallet: WalletInPage | undefined;
    const { page } = await opened.visit({
      as: 'wallet',
      owner: holder,
      path: `${READ_ONLY}/${id}`,
      prepare: async (on) => {
        wallet = await announceWallet(on, {
          key: holder.privateKey,
          onAsked: (method) => method === 'personal_sign' && lost.hits() > 0 && wallet?.behave('refuses'),
        });
      },
    });
    const lost = await cut(page, { method: 'PUT', path: /\/allowed-cidrs$/, at: 'answer' });
    await page.getByRole('button', { name: 'Change addresses' }).click();
    await dialogOf(page).getByText('Anywhere', { exact: true }).locator('..').click();
    await dialogOf(page)
      .getByRole('button', { name: /^MetaMask/ })
      .click();
    await press(page, 'Sign and save');
    await dialogOf(page)
      .getByRole('alert')
      .getByText(/We do not know whether it arrived/)
      .waitFor();
    expect(
      await dialogOf(page)
        .getByText(/Nothing happened/)
        .count(),
    ).toBe(0);
    expect((await holder.client.tokens.get(id)).allowed_cidrs).toEqual([]);
  });

  /** The wallet signs what it was asked, and whatever the page would send for that has been sent. */
  async function signLate(page: Page, wallet: WalletInPage): Promise<void> {
    await wallet.signLate();
    await page.evaluate(`(async () => {
      for (let asked = 0; asked < 20; asked += 1) await (await fetch('/countersign/v1/about')).text();
    })()`);
  }

  test('a wallet that signs after its owner has signed out in another tab opens no key to more addresses', async () => {
    const { visit, page, wallet, listed } = await openedByWallet();
    wallet.behave('late');
    await press(page, 'Sign and save');
    await expect.poll(() => wallet.asked).toContain('personal_sign');
    const other = await opened.anotherTab(visit);
    await other.page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/\/console\/sign-in/);
    await signLate(page, wallet);
    expect(await listed()).toEqual(['203.0.113.7/32']);
  });

  test('a wallet that is waited for to open a key to more addresses can be given up: what it signs later saves nothing', async () => {
    const { page, wallet, listed } = await openedByWallet();
    wallet.behave('late');
    await press(page, 'Sign and save');
    await dialogOf(page).getByText('Waiting for MetaMask…').waitFor();
    await expect.poll(() => wallet.asked).toContain('personal_sign');
    await press(page, 'Cancel');
    await dialogOf(page).getByRole('button', { name: 'Sign and save', exact: true }).waitFor();
    expect(await dialogOf(page).getByRole('alert').count()).toBe(0);
    await signLate(page, wallet);
    expect(await listed()).toEqual(['203.0.113.7/32']);
    wallet.behave('signs');
    await press(page, 'Sign and save');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect(await listed()).toEqual([]);
  });

  test('Change addresses refuses an empty list, tells every line that is none, and asks before what was typed is thrown away', async () => {
    const { page, now } = await pageOf('emptied', ['203.0.113.7'], 390);
    await page.getByRole('button', { name: 'Change addresses' }).click();
    const box = dialogOf(page).getByRole('textbox', { name: 'One address or range a line' });
    await box.fill('');
    await dialogOf(page).getByText('An empty list would let nobody in. Choose Anywhere if you mean that.').waitFor();
    await press(page, 'Save');
    expect((await now()).allowed_cidrs).toEqual(['203.0.113.7/32']);
    await box.fill('203.0.113.300\n10.0.0.1/33 1.2.3');
    await press(page, 'Save');
    for (const words of [
      'Line 1: 203.0.113.300 is not an address. Each part goes up to 255.',
      'Line 2: 10.0.0.1/33: the number after the slash goes up to 32.',
      'Line 2: 1.2.3 is not an address. It has four parts, as in 203.0.113.7.',
    ]) {
      await dialogOf(page).getByText(words).waitFor();
    }
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').getByText('Throw this away?').waitFor();
    await page.getByRole('button', { name: 'Keep editing' }).click();
    expect(await box.inputValue()).toContain('203.0.113.300');
    await dialogOf(page).getByText('Anywhere', { exact: true }).locator('..').click();
    await dialogOf(page).getByText('Whoever finds this key can use it from anywhere.').waitFor();
    expect(await mainKey(page).count()).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  test('a read-only key is replaced: both work for a while, the text of the new one is shown once, and it is not replaced meanwhile', async () => {
    const { page, token, id, now } = await pageOf('grafana');
    await page.getByRole('button', { name: 'Replace' }).click();
    await dialogOf(page).getByText('1 hour').locator('..').click();
    await mainKey(page).fill(owner.privateKey);
    await press(page, 'Sign and replace');
    await page.getByRole('dialog', { name: 'Save your read-only key now' }).waitFor();
    await dialogOf(page)
      .getByRole('button', { name: /^Show / })
      .click();
    const successor = (await now()).replaced_by ?? '';
    const text = (await dialogOf(page).getByText(/^eyJ/).first().innerText()).replaceAll(/\s/g, '');
    expect(await use(opened.url, token)).toBe(200);
    expect(await use(opened.url, text)).toBe(200);
    const left = Number((await now()).expiry_at / 1_000_000_000n) - Date.now() / 1000;
    expect(left).toBeGreaterThan(3500);
    expect(left).toBeLessThan(3700);
    await dialogOf(page).getByRole('checkbox').check();
    await press(page, 'Done');
    await page.getByRole('heading', { level: 1, name: /grafana\s*Replaced/ }).waitFor();

    await page.goto(`${opened.url}${READ_ONLY}/${successor}`);
    await page.getByRole('button', { name: 'Replace' }).click();
    await dialogOf(page)
      .getByText(/^Its old key still works until (?:\d+ \w+, )?\d\d:\d\d\. End that first\./)
      .waitFor();
    await press(page, 'End the old key now');
    await dialogOf(page).getByText('Its old key still works').waitFor({ state: 'detached' });
    expect(await use(opened.url, token)).toBe(401);
    expect(await use(opened.url, text)).toBe(200);
    expect(id).not.toBe(successor);
  });

  test('the new key of a replacement works until the exact time that was chosen, and is not made without one', async () => {
    const { page, now } = await pageOf('until then');
    await page.getByRole('button', { name: 'Replace' }).click();
    await dialogOf(page)
      .getByText(/^Until .*\. You can end it any time before\.$/)
      .waitFor();
    await dialogOf(page).getByRole('radio', { name: 'Exact date…' }).check();
    await mainKey(page).fill(owner.privateKey);
    await press(page, 'Sign and replace');
    await dialogOf(page).getByText('Choose a day and a time.').waitFor();
    await expect.poll(() => page.evaluate('document.activeElement?.type')).toBe('datetime-local');
    expect((await now()).replaced_by).toBeNull();
    const field = dialogOf(page).getByLabel('Date and time');
    // The last minute that it may take, in the zone of the page.
    const last = (await field.getAttribute('max')) ?? '';
    await field.fill(last);
    await press(page, 'Sign and replace');
    await page.getByRole('dialog', { name: 'Save your read-only key now' }).waitFor();
    const successor = await owner.client.tokens.get((await now()).replaced_by ?? '');
    const ends = await page.evaluate<number>(`new Date('${last}').getTime()`);
    expect(Math.abs(Number(successor.expiry_at / 1_000_000n) - ends)).toBeLessThan(2000);
  });

  test('a replacement whose answer was lost is found: its text is gone, so it is deleted before another is made', async () => {
    const { page, now } = await pageOf('lost on the way');
    await page.getByRole('button', { name: 'Replace' }).click();
    await cut(page, { method: 'POST', path: /\/rotate$/, at: 'answer' });
    await mainKey(page).fill(owner.privateKey);
    await press(page, 'Sign and replace');
    await dialogOf(page)
      .getByText(/‘lost on the way’ was made at \d\d:\d\d:\d\d, but its text got lost on the way\. Nobody has it\./)
      .waitFor();
    const first = (await now()).replaced_by ?? '';
    await press(page, 'Delete it and make another');
    await dialogOf(page).getByRole('button', { name: 'Sign and replace' }).waitFor();
    await expect(owner.client.tokens.get(first)).resolves.not.toMatchObject({ revoked_at: 0n });
  });

  test('the page of a key that the account does not have says so', async () => {
    const { page } = await opened.visit({ owner, path: `${READ_ONLY}/00000000-0000-4000-8000-000000000000` });
    await page.getByRole('heading', { level: 1, name: 'There is no such key.' }).waitFor();
    await expect(owner.client.tokens.get('00000000-0000-4000-8000-000000000000')).rejects.toBeInstanceOf(
      CountersignError,
    );
  });
});
