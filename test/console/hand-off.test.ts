// Send to a phone: the code in the picture is taken once, by whoever is first, and the computer says from where.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openedKey, readHandOff } from '../../src/client/hand-off.ts';
import { isCode } from '../../src/client/main.ts';
import type { Subkey } from '../../src/client/shapes.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, keysPath, send, shownSecret, typedAgain } from '../support/console/adding.ts';
import { cut, setOffline } from '../support/console/cut.ts';
import { askedOnReload, leaveForCache } from '../support/console/leave-page.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { ordersWith } from '../support/console/orders.ts';
import { heapTexts } from '../support/console/reachable-texts.ts';
import { scannedCode } from '../support/console/scanned-code.ts';

const GIVEN = 120_000;

describe.skipIf(chromiumFile === undefined)(`handing a subkey to a phone${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  /** Of the server's clock, nanoseconds. */
  let ahead = 0n;
  beforeAll(async () => {
    opened = await openConsole({
      settings: { 'console.url': 'https://keys.venue.example' },
      time: {
        wall: () => BigInt(Date.now()) * 1_000_000n + ahead,
        monotonic: () => performance.now() + Number(ahead) / 1e6,
      },
    });
  }, GIVEN);
  afterAll(() => opened?.close());

  const orders = (privateKey: string, account: string) => ordersWith(opened.url, privateKey, account);

  /** The computer, with the code on its screen. */
  async function offering(options: { readonly width?: 1440 | 390; readonly theme?: 'light' | 'dark' } = {}) {
    const computer = await opened.visit({ ...options, path: keysPath('subkey') });
    await send(await filledForm(computer, 'subkey', { name: 'phone bot', place: 'On my phone' }));
    const dialog = computer.page.getByRole('dialog', { name: 'Scan this with your phone.' });
    await dialog.locator('svg path[d^="M"]').first().waitFor();
    return { computer, dialog, link: await scannedCode(opened.browser, computer.page) };
  }

  /** As the phone's camera opens it, but at the address of the test. */
  const here = (link: string): string => link.replace('https://keys.venue.example', '');

  const phoneWith = (path: string, prepare: (page: Page) => Promise<unknown> = async () => undefined) =>
    opened.visit({ as: 'stranger', width: 320, path, prepare });

  /** A key that nobody took in time may be forgotten altogether. */
  const stateOf = (asked: Promise<Subkey>): Promise<string> =>
    asked.then(
      ({ state }) => state,
      (error: unknown) => (isCode(error, 'NOT_FOUND') ? 'gone' : Promise.reject(error)),
    );

  const take = ({ page }: Visit) => page.getByRole('button', { name: 'Take the key' }).click();

  test.each([
    { width: 1440, theme: 'light' },
    { width: 390, theme: 'dark' },
  ] as const)(
    'at $width px: the code in the picture is taken by a phone, which trades, and "That was not me" ends it',
    async (look) => {
      const { computer, dialog, link } = await offering(look);
      expect(link).toMatch(/^https:\/\/keys\.venue\.example\/console\/hand-off#[\w-]{130}$/);
      await dialog.getByText(/^[12]:\d\d left$/).waitFor();
      const { account } = computer.owner;
      const phone = await phoneWith(here(link));
      await phone.page.getByText(`Take a subkey of ${account.slice(0, 6)}`).waitFor();
      await take(phone);
      await phone.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
      const privateKey = await shownSecret(phone.page.getByRole('main'));
      expect(await orders(privateKey, account)).toMatch(/^[0-9]+$/);
      const taken = computer.page.getByRole('dialog', { name: 'Your phone has the key' });
      await taken.getByText(/^Taken from 127\.0\.0\.1 at \d\d:\d\d:\d\d\.$/).waitFor();
      await taken.getByRole('button', { name: 'That was not me: delete it now' }).click();
      await taken.waitFor({ state: 'hidden' });
      await expect(orders(privateKey, account)).rejects.toSatisfy((error) => isCode(error, 'INVALID_SUBKEY'));
      await phone.page.getByLabel('I have saved it where my bot can read it').check();
      await phone.page.getByRole('button', { name: 'Done' }).click();
      await phone.page.getByRole('heading', { name: 'It is on this device now' }).waitFor();

      const late = await phoneWith(here(link));
      await take(late);
      await late.page.getByText(/This code (?:was used already|ran out|is no longer good)/).waitFor();
    },
  );

  test('nothing is sent before the tap, the address is without the code at once, and "No, do nothing" does nothing', async () => {
    const { computer, dialog, link } = await offering();
    const sent: string[] = [];
    const phone = await phoneWith(here(link), async (page) =>
      page.on('request', (request) => void (/\/v1\//.test(request.url()) && sent.push(request.url()))),
    );
    await phone.page.getByRole('button', { name: 'No, do nothing' }).waitFor();
    expect(new URL(phone.page.url()).hash).toBe('');
    const html = await phone.page.evaluate<string>('document.documentElement.outerHTML + document.title');
    expect(html).not.toContain(link.split('#')[1] ?? '?');
    await phone.page.getByRole('button', { name: 'No, do nothing' }).click();
    await phone.page.getByText('Nothing was done').waitFor();
    expect(sent).toEqual([]);
    expect(await phone.page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
    const [made] = (await computer.owner.client.subkeys.list().page()).results;
    expect(made?.state).toBe('pending');

    await computer.page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const late = await phoneWith(here(link));
    await take(late);
    await late.page
      .getByRole('alert')
      .getByText(/Make a new one on your computer/)
      .waitFor();
  });

  test('a code that is damaged is told before anything is sent', async () => {
    const ofAnotherVersion = `Ag${'A'.repeat(128)}`;
    const cutShort = `AQ${'B'.repeat(127)}`;
    for (const code of ['', '#nonsense', `#${'A'.repeat(130)}`, `#${ofAnotherVersion}`, `#${cutShort}`]) {
      const path = `/console/hand-off${code}`;
      const { page } = await phoneWith(path);
      await page.getByText('The code is damaged. Scan it again.').waitFor();
      expect(new URL(page.url()).hash).toBe('');
      expect(await page.getByRole('button').count()).toBe(0);
    }
  });

  test('without a connection the code is still good: the next tap takes the key', async () => {
    const { computer, link } = await offering();
    const phone = await phoneWith(here(link));
    await cut(phone.page, { method: 'POST', path: /activate$/, at: 'request' });
    await take(phone);
    await phone.page
      .getByRole('alert')
      .getByText(/^No connection\./)
      .waitFor();
    await take(phone);
    await phone.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
    const privateKey = await shownSecret(phone.page.getByRole('main'));
    const { publicKey } = createStarkKey(privateKey);
    expect((await computer.owner.client.subkeys.get(publicKey)).state).toBe('active');
    await computer.page.getByRole('button', { name: 'That was me' }).click();
  });

  test('a phone that is offline says that the code is still good, before anything is sent', async () => {
    const { link } = await offering();
    const phone = await phoneWith(here(link));
    await setOffline(phone.page, true);
    await take(phone);
    await phone.page.getByRole('alert').getByText('No connection. The code is still good: try again.').waitFor();
    await setOffline(phone.page, false);
    await take(phone);
    await phone.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
  });

  test('a key whose answer got lost on its way to the phone is told as lost, and not as taken by somebody else', async () => {
    const { computer, link } = await offering();
    const phone = await phoneWith(here(link));
    await cut(phone.page, { method: 'POST', path: /activate$/, at: 'answer' });
    await take(phone);
    await phone.page
      .getByRole('alert')
      .getByText(/^No connection\. We do not know whether it arrived\./)
      .waitFor();
    await take(phone);
    await phone.page.getByRole('heading', { name: 'The key got lost on the way' }).waitFor();
    await phone.page.getByText(/Delete it on your computer and make a new code\./).waitFor();
    expect(await phone.page.getByText(/If that was not you/).count()).toBe(0);
    const taken = computer.page.getByRole('dialog', { name: 'Your phone has the key' });
    await taken.getByRole('button', { name: 'That was not me: delete it now' }).click();
    await taken.waitFor({ state: 'hidden' });
  });

  test('a key that comes after another code was opened is in the memory of the page no longer, and the other code is good', async () => {
    const [first, second] = [await offering(), await offering()];
    const phone = await phoneWith(here(first.link));
    const { page } = phone;
    const held = await cut(page, { method: 'POST', path: /activate$/, at: 'held' });
    const asked = held.next();
    await take(phone);
    await asked;
    await page.evaluate(`location.hash = '${second.link.split('#')[1]}'`);
    await page.getByText(`Take a subkey of ${second.computer.owner.account.slice(0, 6)}`).waitFor();
    const answered = page.waitForResponse(/activate$/);
    await held.letGo();
    const { encrypted_key } = (await (await answered).json()) as { readonly encrypted_key: string };
    const privateKey = await openedKey(readHandOff(first.link), encrypted_key);
    // Long enough for the key to be opened in the page, too.
    await page.evaluate(
      `(async () => { for (let at = 0; at < 20; at += 1) await (await fetch('/countersign/v1/about')).text(); })()`,
    );
    await expect.poll(() => heapTexts(page, [privateKey.replace(/^0x0*/, '')]), { timeout: 20_000 }).toEqual([]);
    await take(phone);
    await page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
    const shown = await shownSecret(page.getByRole('main'));
    expect(createStarkKey(shown).publicKey).toBe(readHandOff(second.link).publicKey);
  });

  test('a phone that signs by a clock which is behind says how far, and the code is still good', async () => {
    const { link } = await offering();
    const phone = await phoneWith(here(link));
    await phone.page.route(/\/v1\/system\/time$/, (route) =>
      route.fulfill({ json: { server_time: String(Date.now() - 600_000) } }),
    );
    await take(phone);
    await phone.page
      .getByRole('alert')
      .getByText("This phone's clock is 10 min behind. Set it to automatic and scan again.")
      .waitFor();
    const right = await phoneWith(here(link));
    await take(right);
    await right.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
  });

  test('a code of another secret is damaged, which the tap tells, and uses the right one up for nobody', async () => {
    const { link } = await offering();
    const at = link.length - 3;
    const damaged = `${link.slice(0, at)}${link[at] === 'A' ? 'B' : 'A'}${link.slice(at + 1)}`;
    const other = await phoneWith(here(damaged));
    await take(other);
    await other.page.getByRole('alert').getByText('The code is damaged. Scan it again.').waitFor();
    const phone = await phoneWith(here(link));
    await take(phone);
    await phone.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
  });

  test('a code that nobody takes runs out, and "Make a new code" deletes its key before there is another', async () => {
    const { computer, dialog, link } = await offering();
    ahead += 125_000_000_000n;
    const over = computer.page.getByRole('dialog', { name: 'The code ran out' });
    await over.getByText('The code ran out. Nothing was handed over.').waitFor();
    expect(await computer.page.getByRole('img', { name: /camera of your phone/ }).count()).toBe(0);
    await over.getByRole('button', { name: 'Make a new code' }).click();
    const form = computer.page.getByRole('dialog', { name: 'Add a subkey' });
    await form.getByLabel('Main private key').fill(computer.owner.privateKey);
    expect(await form.getByLabel('Name').inputValue()).toBe('phone bot');
    await send(form);
    await dialog.locator('svg path[d^="M"]').first().waitFor();
    const next = await scannedCode(opened.browser, computer.page);
    const [old, made] = [readHandOff(link), readHandOff(next)];
    expect(made.publicKey).not.toBe(old.publicKey);
    const { subkeys } = computer.owner.client;
    expect((await subkeys.get(made.publicKey)).state).toBe('pending');
    expect(await stateOf(subkeys.get(old.publicKey))).not.toBe('pending');
    const late = await phoneWith(here(link));
    await take(late);
    await late.page
      .getByRole('alert')
      .getByText(/Make a new one on your computer/)
      .waitFor();
  });

  test.each([
    { button: 'Close', next: 'the list' },
    { button: 'Make a new code', next: 'the form' },
  ])(
    'a code that ran out, whose key the server has forgotten since, is left by "$button" all the same',
    async ({ button, next }) => {
      const { computer, dialog } = await offering();
      const { page } = computer;
      ahead += 125_000_000_000n;
      const over = page.getByRole('dialog', { name: 'The code ran out' });
      await over.waitFor();
      // As the server answers once it has cleared such keys away, which it does each minute.
      await page.route(/\/v1\/account\/keys\/subkeys\/0x/, async (route) => {
        if (route.request().method() !== 'DELETE') return route.fallback();
        await route.fulfill({ status: 404, json: { error: 'NOT_FOUND', message: 'no such subkey', data: null } });
      });
      await over.getByRole('button', { name: button }).click();
      await over.waitFor({ state: 'hidden' });
      await (next === 'the form'
        ? page.getByRole('dialog', { name: 'Add a subkey' }).getByLabel('Main private key')
        : page.getByRole('button', { name: '+ Add New Key' }).first()
      ).waitFor();
      expect(await dialog.count()).toBe(0);
    },
  );

  /** Keys that wait for a phone. */
  const waiting = async ({ owner }: Visit) =>
    (await owner.client.subkeys.list().page()).results.filter(({ state }) => state === 'pending');

  test('a code whose answer got lost is there all the same: the account says that its key waits', async () => {
    const computer = await opened.visit({ path: keysPath('subkey') });
    const lost = await cut(computer.page, { method: 'POST', path: /^\/countersign\/v1\/subkeys$/, at: 'answer' });
    await send(await filledForm(computer, 'subkey', { name: 'lost once', place: 'On my phone' }));
    await computer.page.getByRole('dialog', { name: 'Scan this with your phone.' }).waitFor();
    expect(lost.hits()).toBe(1);
    expect(await waiting(computer)).toHaveLength(1);
  });

  test('a code whose answers all got lost is deleted: nobody has it, and the next try makes another', async () => {
    const computer = await opened.visit({ path: keysPath('subkey') });
    const answers = [
      await cut(computer.page, { method: 'POST', path: /^\/countersign\/v1\/subkeys$/, at: 'answer', times: 99 }),
      await cut(computer.page, { path: /^\/v1\/account\/keys\/subkeys\/0x/, at: 'answer', times: 99 }),
    ];
    const form = await filledForm(computer, 'subkey', { name: 'lost code', place: 'On my phone' });
    await send(form);
    await form.getByText('No connection. We do not know whether it arrived. Checking…').waitFor();
    expect(await waiting(computer)).toHaveLength(1);
    for (const lost of answers) await lost.letGo();
    await form.getByText('It was not made. Try again.').waitFor();
    expect(await waiting(computer)).toEqual([]);
    await typedAgain(computer);
    await send(form);
    await computer.page.getByRole('dialog', { name: 'Scan this with your phone.' }).waitFor();
    expect(await waiting(computer)).toHaveLength(1);
  });

  test('a computer that left the page has the code no longer, and says that a phone which has it can still take the key', async () => {
    const { computer, link } = await offering();
    await leaveForCache(computer.page);
    const gone = computer.page.getByRole('dialog', { name: 'The code is no longer in this page' });
    await gone.getByText(/a phone that has scanned it can still take the key/).waitFor();
    const phone = await phoneWith(here(link));
    await take(phone);
    await computer.page.getByRole('dialog', { name: 'Your phone has the key' }).waitFor();
  });

  test('on the phone a reload asks while the key is shown, and a page that is left has it no longer', async () => {
    const { link } = await offering();
    const phone = await phoneWith(here(link));
    await take(phone);
    await phone.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
    expect(await askedOnReload(phone.page)).toBe('beforeunload');
    await phone.page.getByRole('button', { name: /^Show/ }).click();
    const privateKey = (await phone.page.locator('main code').first().textContent()) ?? '';
    expect(privateKey).toMatch(/^0x[0-9a-f]{64}$/);
    await leaveForCache(phone.page);
    await phone.page.getByRole('heading', { name: 'It is no longer in this page' }).waitFor();
    await phone.page.getByText(/delete it on your computer\.$/).waitFor();
    expect(await phone.page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(privateKey);

    const before = await phoneWith(here((await offering()).link));
    await before.page.getByRole('button', { name: 'Take the key' }).waitFor();
    await leaveForCache(before.page);
    await before.page.getByText('Nothing was taken: scan the code again.').waitFor();
  });
});
