// Send to a phone: the code in the picture is taken once, by whoever is first, and the computer says from where.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, isCode, subkey as subkeyAuth } from '../../src/client/main.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, keysPath, send, shownSecret } from '../support/console/adding.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { readPicture } from '../support/console/qr-reader.ts';

const GIVEN = 120_000;

describe.skipIf(chromiumFile === undefined)(`handing a subkey to a phone${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'console.url': 'https://keys.venue.example' } });
  }, GIVEN);
  afterAll(() => opened?.close());

  async function ordersWith(privateKey: string, account: string): Promise<string> {
    const client = createClient({ url: opened.url, auth: subkeyAuth(privateKey, account) });
    const terms = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.01', price: '100' } as const;
    const body = { ...(await client.signOrder(terms)), instruction: 'GTC' };
    return (await client.request<{ id: string }>({ method: 'POST', path: '/v1/orders', body })).body.id;
  }

  /** The computer, with the code on its screen. */
  async function offering(options: { readonly width?: 1440 | 390; readonly theme?: 'light' | 'dark' } = {}) {
    const computer = await opened.visit({ ...options, path: keysPath('subkey') });
    await send(await filledForm(computer, 'subkey', { name: 'phone bot', place: 'On my phone' }));
    const dialog = computer.page.getByRole('dialog', { name: 'Scan this with your phone.' });
    await dialog.locator('svg path[d^="M"]').first().waitFor();
    return { computer, dialog, link: await scanned(computer.page) };
  }

  /** What a camera reads: the pixels of the picture, decoded in an empty page. */
  async function scanned(page: Page): Promise<string> {
    const picture = await page.getByRole('img', { name: /camera of your phone/ }).screenshot();
    const reader = await opened.browser.newPage();
    const { width, height, dark } = await reader.evaluate<{
      width: number;
      height: number;
      dark: string;
    }>(`(async () => {
      const bytes = Uint8Array.from(atob('${picture.toString('base64')}'), (one) => one.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const { width, height } = bitmap;
      const context = new OffscreenCanvas(width, height).getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      let dark = '';
      for (let at = 0; at < data.length; at += 4) dark += data[at] < 128 ? '1' : '0';
      return { width, height, dark };
    })()`);
    await reader.close();
    return readPicture(width, height, (x, y) => dark[y * width + x] === '1');
  }

  /** As the phone's camera opens it, but at the address of the test. */
  const here = (link: string): string => link.replace('https://keys.venue.example', '');

  const phoneWith = (path: string, prepare: (page: Page) => Promise<unknown> = async () => undefined) =>
    opened.visit({ as: 'stranger', width: 320, path, prepare });

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
      expect(await ordersWith(privateKey, account)).toMatch(/^[0-9]+$/);
      const taken = computer.page.getByRole('dialog', { name: 'Your phone has the key' });
      await taken.getByText(/^Taken from 127\.0\.0\.1 at \d\d:\d\d:\d\d\.$/).waitFor();
      await taken.getByRole('button', { name: 'That was not me: delete it now' }).click();
      await taken.waitFor({ state: 'hidden' });
      await expect(ordersWith(privateKey, account)).rejects.toSatisfy((error) => isCode(error, 'INVALID_SUBKEY'));
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
    for (const path of ['/console/hand-off', '/console/hand-off#nonsense', `/console/hand-off#${'A'.repeat(130)}`]) {
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
});
