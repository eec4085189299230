// Texts of other people in the page: names of keys, and whatever a server, or somebody between, answers. They are shown as the text that they
// are, each in a direction of its own, and an answer that makes no sense takes no page away.
import { readdirSync, readFileSync } from 'node:fs';
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { addedKey, secretDialog } from '../support/console/adding.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';
import { isViolation } from '../support/console/problems.ts';
import { makeSomeKeys } from '../support/console/some-keys.ts';

const GIVEN = 240_000;

/** From right to left, with markup, a quote and an end of everything that could be around it. */
const NAME = `\u05d0"'</bdi><img src=x onerror=wasRun=1>\u05d1`;
const MARKUP = `</bdi></title><img src=x onerror="globalThis.wasRun=1"><script>globalThis.wasRun=1</script>\u202e{{7*7}}`;

/** Texts with `part` that stand in no element of their own direction, nor between isolates. */
const notIsolated = (page: Page, part: string) =>
  page.evaluate<string[]>(`(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const at = node.data.indexOf(${JSON.stringify(part)});
      if (at === -1 || node.parentElement.closest('bdi, [dir="auto"], input, textarea, code, pre, script, style') !== null) continue;
      const before = node.data.slice(0, at);
      if (before.lastIndexOf('\\u2068') <= before.lastIndexOf('\\u2069')) found.push(node.parentElement.tagName + ': ' + node.data);
    }
    return found;
  })()`);

/** Nothing of a text became anything else than text. */
async function isOnlyText(page: Page): Promise<void> {
  expect(await page.evaluate('globalThis.wasRun')).toBeUndefined();
  expect(await page.evaluate(`document.querySelectorAll('img[src="x"], body script, iframe').length`)).toBe(0);
  expect(await page.evaluate(`Object.keys(Object.prototype).concat('isForged' in {} ? ['isForged'] : [])`)).toEqual([]);
}

describe.skipIf(chromiumFile === undefined)(
  `texts of others in the console${chromiumNeeded}`,
  { timeout: GIVEN },
  () => {
    let opened: OpenConsole;
    beforeAll(async () => {
      opened = await openConsole();
    }, GIVEN);
    afterAll(() => opened?.close());

    test('a name of markup that runs from right to left is that name, in lists, pages, questions, forms, the activity and after its key is gone', async () => {
      const owner = await createOwner(opened.url, 'main');
      const { value } = await owner.client.tokens.create({ name: NAME, allowed_cidrs: ['203.0.113.9'] });
      await owner.client.subkeys.create({ name: NAME });
      const visit = await opened.visit({ owner, path: '/console/keys/read-only' });
      const { page } = visit;
      const looks = async (where: string) => {
        await isOnlyText(page);
        expect([where, await notIsolated(page, NAME)]).toEqual([where, []]);
      };
      const named = () => page.getByText(NAME, { exact: true }).first().waitFor();
      await named();
      await looks('the list');
      await page.goto(`${opened.url}/console/keys/read-only/${value.api_token.lookup_id}`);
      await named();
      expect(await page.title()).toBe(`${NAME} · Countersign`);
      await looks('its page');
      for (const dialog of ['Change addresses', 'Replace']) {
        await page.getByRole('button', { name: dialog }).first().click();
        await page.getByRole('dialog').waitFor();
        await looks(dialog);
        await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      await page.getByRole('button', { name: `Delete ${NAME}` }).click();
      await page.getByRole('alertdialog').waitFor();
      await looks('Delete');
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete key' }).click();
      await page.getByRole('alertdialog').waitFor({ state: 'detached' });
      await page.getByText('Revoked').first().waitFor();
      await looks('after Delete');
      await visit.goTo('/console/activity');
      await named();
      await looks('the activity');
      await visit.goTo('/console/keys/subkeys');
      await named();
      await addedKey(visit, 'subkey', { name: NAME });
      await secretDialog(page, 'subkey').waitFor();
      await looks('saving it');
      await page.getByRole('dialog').getByLabel('I have saved it where my bot can read it').check();
      await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await visit.goTo('/console/devices');
      await looks('the devices');
    });

    /** Every answer of ours, changed before the page has it. What the device signs in with stays, or nothing else would ever be asked for. */
    async function answersChanged(page: Page, change: (body: unknown, path: string) => unknown): Promise<void> {
      await page.route(/\/(?:countersign\/)?v1\//, async (route: Route) => {
        const { pathname } = new URL(route.request().url());
        if (/\/session$|\/system\/(?:time|config)$/.test(pathname)) return route.fallback();
        const response = await route.fetch();
        const body: unknown = JSON.parse(await response.text());
        const text = JSON.stringify(change(body, pathname));
        await route.fulfill({ response, body: text.replaceAll('"__forged__":', '"__proto__":') });
      });
    }

    /** The pages, with keys of all kinds. */
    async function livedIn() {
      const owner = await createOwner(opened.url, 'main');
      const { bot, dashboard } = await makeSomeKeys(opened.url, owner);
      const pages = [
        '/console/keys/read-only',
        '/console/keys/subkeys',
        `/console/keys/read-only/${dashboard.api_token.lookup_id}`,
        `/console/keys/subkeys/${bot.publicKey}`,
        '/console/activity',
        '/console/devices',
        '/console/wallet',
      ];
      return { owner, pages };
    }

    /** Something to read, and the ways to go on from there. */
    async function isStillThere({ page }: Visit, where: string): Promise<void> {
      await expect.poll(() => page.locator('h1').count(), { message: where }).toBeGreaterThan(0);
      await page.waitForLoadState('networkidle');
      expect([where, await page.locator('h1').allTextContents()]).toEqual([where, [expect.any(String)]]);
      expect([where, await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).count()]).toEqual([
        where,
        1,
      ]);
      await isOnlyText(page);
    }

    /** What a page writes on its console when it broke; no violation of the policy is among it. */
    function expectTrouble(visit: Visit): void {
      expect(visit.problems().filter(isViolation)).toEqual([]);
      visit.expectProblems(/./);
    }

    const mapped = (value: unknown, text: (one: string) => unknown): unknown => {
      if (typeof value === 'string') return text(value);
      if (Array.isArray(value)) return value.map((one) => mapped(one, text));
      if (typeof value !== 'object' || value === null) return value;
      const members = Object.entries(value).map(([name, member]) => [name, mapped(member, text)]);
      return { ...Object.fromEntries(members), __forged__: { isForged: true } };
    };

    test('a page whose file is gone, as after an update of the server, says so, and the others are still reached', async () => {
      const visit = await opened.visit({ path: undefined });
      const { page } = visit;
      const assets = new URL('../../dist/console/assets/', import.meta.url);
      const ofDevices = readdirSync(assets).find(
        (name) => name.startsWith('page-') && /sign out everywhere/i.test(readFileSync(new URL(name, assets), 'utf8')),
      );
      await page.route(`**/${ofDevices}`, (route) => route.fulfill({ status: 404, body: '' }));
      await visit.goTo('/console/devices');
      await page.getByRole('heading', { level: 1, name: 'This page broke' }).waitFor();
      await page.getByRole('button', { name: 'Reload the page' }).waitFor();
      await page.getByRole('link', { name: 'Key Management' }).first().click();
      await page.getByRole('heading', { level: 1, name: 'Key Management' }).waitFor();
      expectTrouble(visit);
    });

    test.each([
      ['every text', () => true],
      [
        'every text but those that a page is found by',
        (text: string, pages: readonly string[]) => !pages.some((path) => path.endsWith(`/${text}`)),
      ],
    ] as const)('markup in %s of every answer is text, and forged prototypes are none', async (_what, isChanged) => {
      const { owner, pages } = await livedIn();
      const visit = await opened.visit({ owner, path: undefined });
      await answersChanged(visit.page, (body) =>
        mapped(body, (text) => (isChanged(text, pages) ? text + MARKUP : text)),
      );
      const shows = visit.page.getByText(MARKUP);
      for (const path of pages) {
        await visit.goTo(path);
        await isStillThere(visit, path);
        // The wallet's page is of the account alone, which no answer is asked for.
        if (path !== '/console/wallet') await expect.poll(() => shows.count(), { message: path }).toBeGreaterThan(0);
      }
    });

    test.each([
      ['nothing', () => null],
      ['a list', () => []],
      ['a list of nothing', () => ({ results: [null], next: null })],
      ['a list of objects that have nothing', () => ({ results: [{}], next: null })],
      ['texts where there are numbers, and numbers where there are texts', (body: unknown) => swapped(body)],
      ['numbers of a hundred digits', (body: unknown) => hugeNumbers(body)],
      ['nothing in each member', (body: unknown) => emptied(body)],
    ] as const)('answers that are %s leave a page with its heading, its places and Sign out', async (_what, change) => {
      const { owner, pages } = await livedIn();
      const visit = await opened.visit({ owner, path: undefined });
      await answersChanged(visit.page, change);
      for (const path of pages) {
        await visit.goTo(path);
        await isStillThere(visit, path);
      }
      expectTrouble(visit);
    });
  },
);

const swapped = (value: unknown): unknown => {
  if (typeof value === 'string') return 7;
  if (typeof value === 'number') return 'seven';
  if (typeof value === 'boolean') return 'perhaps';
  if (Array.isArray(value)) return value.map(swapped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'results' && Array.isArray(member) ? member.map(swapped) : swapped(member),
    ]),
  );
};

const HUGE = 1e99;
const hugeNumbers = (value: unknown): unknown => {
  if (typeof value === 'number') return HUGE;
  if (Array.isArray(value)) return value.map(hugeNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hugeNumbers(member)]));
};

const emptied = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(emptied);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === 'results' ? emptied(member) : null]),
  );
};
