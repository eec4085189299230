// What is read out to whoever does not see the page: results as status messages, and countdowns at 60, 30 and 10 seconds alone.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { newDeviceKey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, send } from '../support/console/adding.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const READ_ONLY = '/console/keys/read-only';
const SUBKEYS = '/console/keys/subkeys';

/** Before the page is opened: whatever changes in a status, or among the toasts, that stands there already is heard, unless it is silent or hidden. */
const hear = (page: Page): Promise<unknown> =>
  page.addInitScript(`{
    globalThis.heard = [];
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        if (element === null || element.closest('[aria-live=off], [aria-hidden=true], [inert]') !== null) continue;
        const text = element.closest('[role=status], [aria-live=polite]')?.textContent.trim() ?? '';
        if (text !== '' && heard.at(-1) !== text) heard.push(text);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  }`);
const heard = (page: Page, pattern: RegExp): Promise<readonly string[]> =>
  page.evaluate<string[]>('heard').then((all) => all.flatMap((text) => pattern.exec(text)?.[1] ?? []));

describe.skipIf(chromiumFile === undefined)(`what is read out${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'console.url': 'https://keys.venue.example' } });
  });
  afterAll(() => opened?.close());

  const prepare = async (page: Page) => {
    await page.clock.install({ time: Date.now() });
    await hear(page);
  };

  test('of the seconds until the idle limit 60, 30 and 10 are read out, and the steps between them are only seen', async () => {
    const { page } = await opened.visit({ prepare, path: READ_ONLY });
    await page.getByText('No read-only keys yet.').waitFor();
    await page.clock.fastForward(14 * 60_000 + 5000);
    for (const seconds of [60, 50, 40, 30, 20, 10]) {
      await page.getByText(`Still there? You will be signed out in ${seconds} s.`).waitFor();
      if (seconds > 10) await page.clock.fastForward(10_000);
    }
    expect(await heard(page, /^Still there\? You will be signed out in (\d+) s\./)).toEqual(['60', '30', '10']);
  });

  test('that the session is about to end is read out over an open dialog, too', async () => {
    const { page } = await opened.visit({ prepare, path: READ_ONLY });
    await page.getByText('No read-only keys yet.').waitFor();
    await page.keyboard.press('n');
    await page.getByRole('dialog', { name: 'Add a read-only key' }).waitFor();
    await page.clock.fastForward(14 * 60_000 + 5000);
    await page.getByText('Still there? You will be signed out in 60 s.').waitFor();
    await expect.poll(() => heard(page, /^Still there\? You will be signed out in (\d+) s\./)).toEqual(['60']);
  });

  test('of the seconds that a code is good 60, 30 and 10 are read out', async () => {
    const visit = await opened.visit({ prepare, path: SUBKEYS });
    const { page } = visit;
    await send(await filledForm(visit, 'subkey', { name: 'phone bot', place: 'On my phone' }));
    await page.getByText(/^[12]:\d\d left$/).waitFor();
    expect(await heard(page, /^(\d+) seconds left$/)).toEqual([]);
    for (const [ms, told] of [
      [62_000, ['60']],
      [30_000, ['60', '30']],
      [20_000, ['60', '30', '10']],
    ] as const) {
      await page.clock.fastForward(ms);
      await expect.poll(() => heard(page, /^(\d+) seconds left$/)).toEqual(told);
    }
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  test('how many keys a search finds is read out, and that an id is copied', async () => {
    const { page, owner, goTo } = await opened.visit({
      prepare: hear,
      path: undefined,
      context: { permissions: ['clipboard-read', 'clipboard-write'] },
    });
    for (const name of ['first', 'second']) await owner.client.tokens.create({ name });
    await goTo(READ_ONLY);
    await page.getByText('second').waitFor();
    await page.getByRole('searchbox').fill('first');
    await expect.poll(() => heard(page, /^(\d of \d) keys found$/)).toEqual(['1 of 2']);
    await page
      .getByRole('main')
      .getByRole('button', { name: /^Copy / })
      .first()
      .click();
    await expect.poll(() => heard(page, /^(Copied)/)).toEqual(['Copied']);
  });

  test('that a name and addresses are saved, that a device is signed out and that a key is deleted is read out', async () => {
    const { page, owner, goTo } = await opened.visit({ prepare: hear, path: undefined });
    const { value } = await owner.client.tokens.create({ name: 'before' });
    const { public_key } = await newDeviceKey();
    await owner.client.devices.add({ name: 'laptop', public_key });
    await goTo(`${READ_ONLY}/${value.api_token.lookup_id}`);
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await button('Rename before').click();
    await page.getByRole('textbox', { name: 'Name' }).fill('after');
    await button('Save').click();
    await expect.poll(() => heard(page, /^(Saved)$/)).toEqual(['Saved']);
    await button('Change addresses').click();
    await page.getByRole('radio', { name: 'Only these addresses' }).check();
    await page.getByLabel('One address or range a line').fill('203.0.113.7');
    await button('Save').click();
    await expect.poll(() => heard(page, /(Saved\. It holds from the next request\.)/)).not.toEqual([]);
    await button('Delete after').click();
    await button('Delete key').click();
    await expect.poll(() => heard(page, /(Deleted\. Refused everywhere since)/)).not.toEqual([]);
    await goTo('/console/devices');
    await button('Sign out laptop').click();
    await expect.poll(() => heard(page, /(Signed out\. Refused everywhere since)/)).not.toEqual([]);
  });
});
