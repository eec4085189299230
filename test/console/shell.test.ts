// What stands around every page of the console: places, focus, keys, themes, narrow windows, and the browsers that are turned away.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';

const focused = (page: Page): Promise<string> =>
  page.evaluate("document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''");
const path = (page: Page): string => new URL(page.url()).pathname;
/** How far the document can be scrolled sideways, px. */
const sideways = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
const styleOf = (page: Page, selector: string, property: string): Promise<string> =>
  page.evaluate(
    `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue('${property}')`,
  );

const places = [
  ['Key Management', '/console/keys/read-only', 'k'],
  ['Activity', '/console/activity', 'a'],
  ['Devices', '/console/devices', 'd'],
  ['Wallet', '/console/wallet', 'w'],
] as const;

describe.skipIf(chromiumFile === undefined)(`the console's shell${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, 240_000);
  afterAll(() => opened.close());

  test('a change of page moves focus to its heading and announces its title; the first page leaves focus alone', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
    expect(await page.title()).toBe('There is no such page. · Countersign');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor();
    await expect.poll(() => focused(page)).toBe('Activity');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    expect(await page.title()).toBe('Activity · Countersign');
    expect(await page.getByRole('status').allTextContents()).toContain('Activity');
  });

  test('every page of the navigation is reached by its link, which is the current one afterwards, and survives a reload', async () => {
    const { page } = await opened.visit();
    for (const [label, where] of places) {
      const link = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: label });
      await link.click();
      await expect.poll(() => path(page)).toBe(where);
      expect(await link.getAttribute('aria-current')).toBe('page');
      await page.reload();
      await page.locator('h1').waitFor();
      expect(path(page)).toBe(where);
    }
  });

  test('a place that was not gone to yet opens at once: its file came while nobody waited for it', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    const pages = () =>
      page.evaluate<readonly string[]>(
        "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /\\/page-[^/]+\\.js$/.test(name))",
      );
    // Its own, and every other that a person who is signed in can go to.
    await expect.poll(async () => (await pages()).length, { timeout: 30_000 }).toBe(places.length + 2);
    // What each of them imports is there too.
    for (const file of await pages()) await page.evaluate(`import(${JSON.stringify(file)}).then(() => undefined)`);
    const asked: string[] = [];
    page.on('request', (request) => void (request.resourceType() === 'script' && asked.push(request.url())));
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Wallet' }).click();
    await page.getByRole('heading', { level: 1, name: 'Wallet' }).waitFor();
    expect(asked).toEqual([]);
  });

  test('the first stop of Tab skips to the content', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to content');
    expect((await page.getByRole('link', { name: 'Skip to content' }).boundingBox())?.y).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.activeElement.closest('main') !== null")).toBe(true);
  });

  test('g and a letter go to each place, outside of fields and dialogs', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    for (const [, where, key] of places) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await expect.poll(() => path(page)).toBe(where);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('k');
    expect(path(page)).toBe('/console/wallet');
  });

  test('a letter typed into a field is a letter, a slash goes to the search, and n opens the form of a new key from any page', async () => {
    const { page } = await opened.visit({ path: '/console/keys/read-only' });
    const search = page.getByRole('searchbox');
    await search.waitFor();
    await page.keyboard.press('/');
    await expect.poll(() => page.evaluate('document.activeElement.type')).toBe('search');
    await page.keyboard.type('ga/n?');
    expect(await search.inputValue()).toBe('ga/n?');
    expect(path(page)).toBe('/console/keys/read-only');
    await page.goto(`${opened.url}/console/nowhere`);
    await page.locator('h1').waitFor();
    await page.keyboard.press('n');
    const form = page.getByRole('dialog', { name: 'Add a read-only key' });
    await form.waitFor();
    expect(path(page)).toBe('/console/keys/read-only');
    await page.keyboard.press('Escape');
    await form.waitFor({ state: 'hidden' });
    await expect.poll(() => focused(page)).toMatch(/Add New Key|Key Management/);
  });

  test('what somebody typed into a dialog is not lost by Esc, a click beside it, the cross or Back: each asks first', async () => {
    const { page } = await opened.visit({ path: '/console/keys/read-only' });
    await page.getByRole('button', { name: '+ Add New Key' }).first().click();
    const form = page.getByRole('dialog', { name: 'Add a read-only key' });
    const name = form.getByLabel('Name');
    await name.fill('dashboard');
    const question = page.getByRole('alertdialog', { name: 'Throw this away?' });
    const ways = [
      () => page.keyboard.press('Escape'),
      () => page.mouse.click(20, 450),
      () => form.getByRole('button', { name: 'Close' }).click(),
      () => page.evaluate('history.back()'),
    ];
    for (const way of ways) {
      await way();
      await question.waitFor();
      await expect.poll(() => focused(page)).toBe('Keep editing');
      await page.keyboard.press('Enter');
      await question.waitFor({ state: 'hidden' });
      expect(await name.inputValue()).toBe('dashboard');
    }
    await page.keyboard.press('Escape');
    await question.getByRole('button', { name: 'Throw away' }).click();
    await form.waitFor({ state: 'hidden' });
    expect(path(page)).toBe('/console/keys/read-only');
    await expect.poll(() => focused(page)).toBe('+ Add New Key');
  });

  test('a tooltip opens on hover and on focus, can be hovered itself, and closes on Esc', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    const id = page.getByRole('button', { name: /^Copy 0x/ });
    const tip = page.getByRole('tooltip');
    await id.hover();
    await tip.waitFor();
    expect(await tip.innerText()).toMatch(/^0x[0-9a-f]{60,64}$/);
    await tip.hover();
    await tip.waitFor();
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
    await page.mouse.move(700, 700);
    await id.focus();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Tab');
    await tip.waitFor();
    expect(await id.getAttribute('aria-describedby')).toBe(await tip.getAttribute('id'));
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
  });

  test('the question mark lists the keys, Esc closes the list, and focus goes back to where it was', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    const button = page.getByRole('button', { name: 'Keyboard' });
    await button.focus();
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keyboard' });
    await list.waitFor();
    expect(await list.locator('kbd').allTextContents()).toEqual(expect.arrayContaining(['/', 'g', 'k', 'n', '?']));
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
    expect(await focused(page)).toBe('Keyboard');
  });

  test('single letters that were switched off do nothing, on later visits too, and their list is still reached by its button', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: 'Single letters work' }).uncheck();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.reload();
    await page.locator('h1').waitFor();
    for (const key of ['g', 'a', '?', 'n']) await page.keyboard.press(key);
    expect(path(page)).toBe('/console/nowhere');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.getByRole('button', { name: 'Keyboard' }).click();
    await page.getByRole('checkbox', { name: 'Single letters work' }).check();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await expect.poll(() => path(page)).toBe('/console/activity');
  });

  test('Tab stays within an open dialog', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    await page.keyboard.press('?');
    const isInside = () => page.evaluate('document.activeElement.closest("[role=dialog]") !== null');
    await expect.poll(isInside).toBe(true);
    for (let press = 0; press < 6; press += 1) {
      await page.keyboard.press(press < 3 ? 'Tab' : 'Shift+Tab');
      // Behind the last element stands a guard, which sends focus back.
      await expect.poll(isInside).toBe(true);
    }
  });

  test('the chosen theme holds at once, is there before the first paint of the next visit, and gives way to the system again', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere', theme: 'light' });
    const ground = () => styleOf(page, 'body', 'background-color');
    expect(await ground()).toBe('rgb(245, 246, 248)');
    await page.getByLabel('Theme:').selectOption('dark');
    expect(await ground()).toBe('rgb(13, 16, 21)');
    // The script stands in the way of everything after it: when the body begins, the theme is set.
    await page.addInitScript(`new MutationObserver((_, watch) => {
      if (document.body === null) return;
      watch.disconnect();
      document.documentElement.dataset.before = document.documentElement.dataset.theme ?? 'none';
    }).observe(document, { childList: true, subtree: true })`);
    await page.reload();
    await page.locator('h1').waitFor();
    expect(await page.evaluate('document.documentElement.dataset.before')).toBe('dark');
    await page.getByLabel('Theme:').selectOption('system');
    expect(await ground()).toBe('rgb(245, 246, 248)');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).toBe('rgb(13, 16, 21)');
    expect(await page.evaluate("localStorage.getItem('theme')")).toBe(null);
  });

  test('nothing takes time for whoever wants no motion, and a dialog does for the others', async () => {
    const { page } = await opened.visit({ path: '/console/nowhere' });
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    const seconds = async () => {
      const durations = await styleOf(page, '[role=dialog]', 'transition-duration');
      return durations.split(',').map((each) => Number.parseFloat(each));
    };
    expect(Math.max(...(await seconds()))).toBe(0.14);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(Math.max(...(await seconds()))).toBe(0);
  });

  test('with forced colours a button keeps its border, and the current place is marked', async () => {
    const { page } = await opened.visit({ path: '/console/devices' });
    await page.emulateMedia({ forcedColors: 'active' });
    await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
    const button = 'header button';
    expect(await styleOf(page, button, 'border-top-style')).toBe('solid');
    expect(await styleOf(page, 'nav[aria-label=Main] a[aria-current=page]', 'outline-style')).toBe('solid');
  });

  test.each([
    ['of 320 px', { width: 320, height: 700 }],
    ['of 1440 px at 200 %', { width: 720, height: 450 }],
    ['of 900 px', { width: 900, height: 700 }],
  ])('no page scrolls sideways in a window %s, nor does a dialog', async (_, viewport) => {
    const { page } = await opened.visit();
    await page.setViewportSize(viewport);
    for (const where of [...places.map(([, each]) => each), '/console/keys/subkeys', '/console/nowhere']) {
      await page.goto(`${opened.url}${where}`);
      await page.locator('h1').waitFor();
      expect([where, await sideways(page)]).toEqual([where, 0]);
    }
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await sideways(page)).toBe(0);
    const box = await dialog.boundingBox();
    expect((box?.x ?? -1) + (box?.width ?? Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(viewport.width);
  });

  test('a phone has the four places at its bottom and the account in a sheet, which gives focus back', async () => {
    const { page } = await opened.visit({ width: 390, path: '/console/nowhere' });
    const nav = page.getByRole('navigation', { name: 'Main' });
    expect(await nav.getByRole('link').allInnerTexts()).toEqual(['Keys', 'Activity', 'Devices', 'Wallet']);
    expect((await nav.boundingBox())?.y).toBe(844 - 61);
    for (const link of await nav.getByRole('link').all())
      expect((await link.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    const account = page.getByRole('button', { name: /^Account 0x/ });
    await account.click();
    const sheet = page.getByRole('dialog', { name: 'Account' });
    await sheet.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
    expect(await focused(page)).toMatch(/^Account 0x/);
  });

  test('"Sign out" ends the device and leads to sign-in, and the pages are closed afterwards', async () => {
    const { page, owner, deviceId } = await opened.visit({ path: '/console/devices' });
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(`${opened.url}/console/sign-in*`);
    const states = new Map<string, string>();
    for await (const { id, state } of owner.client.devices.list({ ended: true })) states.set(id, state);
    expect(states.get(deviceId ?? '')).toBe('ended');
    await page.goto(`${opened.url}/console/devices`);
    await page.waitForURL(`${opened.url}/console/sign-in*`);
  });

  test.each(['light', 'dark'] as const)(
    'axe finds nothing in the shell and its dialogs in the %s theme',
    async (theme) => {
      for (const width of [1440, 390] as const) {
        const { page } = await opened.visit({ theme, width, path: '/console/nowhere' });
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
        if (width === 1440) await page.keyboard.press('?');
        else await page.getByRole('button', { name: /^Account 0x/ }).click();
        await page.getByRole('dialog').waitFor();
        await expect.poll(() => styleOf(page, '[role=dialog]', 'opacity')).toBe('1');
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      }
    },
  );

  describe('a browser that cannot hold keys', () => {
    /** A page at `origin` that is served by the console, and the scripts that it asked for but does not name. */
    async function turnedAway(origin: string, init: string, javaScriptEnabled = true) {
      const context = await opened.browser.newContext({ javaScriptEnabled });
      const scripts: string[] = [];
      let document = '';
      await context.route(`${origin}/**`, async (route) => {
        const { pathname } = new URL(route.request().url());
        const response = await route.fetch({ url: `${opened.url}${pathname}` });
        if (pathname.endsWith('.js')) scripts.push(pathname);
        else if (!pathname.startsWith('/console/assets/')) document = await response.text();
        await route.fulfill({ response });
      });
      const page = await context.newPage();
      if (init !== '') await page.addInitScript(init);
      await page.goto(`${origin}/console/keys/read-only`, { waitUntil: 'networkidle' });
      const words = await page.evaluate('document.body.innerText').catch(() => page.locator('body').innerText());
      await context.close();
      return { words: String(words), scripts, more: scripts.filter((script) => !document.includes(script)) };
    }

    test('is told so on plain http, and nothing of the console is loaded', async () => {
      const { words, more } = await turnedAway('http://keys.venue.example', '');
      expect(words).toMatch(
        /^This page needs a secure connection\.\n+Your key would travel over a network that others/,
      );
      expect(words).not.toContain('too old');
      expect(more).toEqual([]);
    });

    test.each([
      [
        'numbers lose digits',
        'const parse = JSON.parse; JSON.parse = (text, revive) => parse(text, revive && ((key, value) => revive(key, value)));',
      ],
      ['workers are missing', 'delete globalThis.Worker;'],
      [
        'P-256 is missing',
        "crypto.subtle.generateKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'));",
      ],
    ])('is told that it is too old where %s, and nothing of the console is loaded', async (_, init) => {
      const { words, more } = await turnedAway(opened.url, init);
      expect(words).toContain(
        'This browser is too old to hold keys safely. Use a Chrome, Edge or Firefox of the last two years, or Safari 18.4 or later.',
      );
      expect(words).not.toContain('secure connection');
      expect(more).toEqual([]);
    });

    test('is told so without script, with a link to the documentation', async () => {
      const { words, scripts } = await turnedAway(opened.url, '', false);
      expect(words).toContain('This browser is too old to hold keys safely.');
      expect(words).toContain('Documentation');
      expect(scripts).toEqual([]);
    });
  });
});
