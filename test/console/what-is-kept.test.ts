// Where a secret is in the memory of the page: in a closure while it is on the screen, and nowhere once it is not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { addedKey, keysPath, secretDialog } from '../support/console/adding.ts';
import { leaveForCache } from '../support/console/leave-page.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';
import { heapTexts, reachableTexts } from '../support/console/reachable-texts.ts';

const GIVEN = 180_000;
/** Of a few pages there are thousands. */
const MANY = 200;

describe.skipIf(chromiumFile === undefined)(
  `secrets in the memory of the console${chromiumNeeded}`,
  { timeout: GIVEN },
  () => {
    let opened: OpenConsole;
    beforeAll(async () => {
      opened = await openConsole();
    }, GIVEN);
    afterAll(() => opened?.close());

    /** A page that has made a key, whose text the test knows though nobody pressed Show. */
    async function made(kind: 'token' | 'subkey') {
      const visit = await opened.visit({
        path: undefined,
        context: { permissions: ['clipboard-write', 'clipboard-read'] },
      });
      const { page } = visit;
      await visit.goTo(keysPath(kind));
      const dialog = await addedKey(visit, kind, { name: 'canary' });
      await dialog.getByRole('button', { name: /^Copy (?:Read-only key|Private key)/ }).click();
      await dialog.getByText(/^Copied at /).waitFor();
      // The page itself may not read the clipboard: another one of the browser can.
      const reader = await visit.context.newPage();
      await reader.route('http://localhost/reader', (route) =>
        route.fulfill({ contentType: 'text/html', body: '<textarea></textarea>' }),
      );
      await reader.goto('http://localhost/reader');
      await reader.locator('textarea').focus();
      await reader.keyboard.press('Control+V');
      const text = await reader.locator('textarea').inputValue();
      await reader.close();
      await page.bringToFront();
      expect(text.length).toBeGreaterThan(40);
      return { visit, page, dialog, text: text.trim() };
    }

    /** Of a token its signature: what stands before says who it is for. */
    const parts = (text: string): readonly string[] => [text.split('.').at(-1)?.replace(/^0x0*/, '') ?? text];

    test.each(['token', 'subkey'] as const)(
      'the text of a new %s is in no state, property or query of React while it waits to be shown, and not in the heap after Done',
      async (kind) => {
        const { page, dialog, text } = await made(kind);
        const before = await reachableTexts(page, parts(text));
        expect(before.fibers).toBeGreaterThan(MANY);
        expect(before.found).toEqual([]);
        // It is there: in the closure alone.
        expect((await heapTexts(page, parts(text))).length).toBeGreaterThan(0);
        await dialog.getByRole('button', { name: /^Show/ }).click();
        await dialog.locator('code').first().waitFor();
        const shown = await reachableTexts(page, parts(text));
        expect(shown.found.filter((path) => !path.includes('>'))).toEqual([]);
        await dialog.getByLabel('I have saved it where my bot can read it').check();
        await dialog.getByRole('button', { name: 'Done' }).click();
        await dialog.waitFor({ state: 'detached' });
        expect((await reachableTexts(page, parts(text))).found).toEqual([]);
        await expect.poll(() => heapTexts(page, parts(text)), { timeout: 20_000 }).toEqual([]);
      },
    );

    test.each(['pagehide', 'a sign-out in another tab'] as const)(
      '%s takes the text of a new key out of the heap',
      async (how) => {
        const { visit, page, text } = await made('subkey');
        expect((await heapTexts(page, parts(text))).length).toBeGreaterThan(0);
        if (how === 'pagehide') await leaveForCache(page);
        else {
          const other = await opened.anotherTab(visit);
          await other.page.getByRole('button', { name: 'Sign out' }).first().click();
          await page.waitForURL(/\/console\/sign-in/);
        }
        await expect.poll(() => heapTexts(page, parts(text)), { timeout: 20_000 }).toEqual([]);
        if (how === 'pagehide') {
          await secretDialog(page, 'subkey').getByRole('button', { name: 'Close without saving' }).click();
          await page.getByRole('button', { name: 'Close and delete' }).click();
          await secretDialog(page, 'subkey').waitFor({ state: 'detached' });
        }
      },
    );

    test('a main key that was typed is in the heap of its worker, and no longer in that of the page', async () => {
      const owner = await createOwner(opened.url, 'main');
      const { page } = await opened.visit({ as: 'stranger', owner, path: '/console/sign-in?with=key' });
      await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
      await page.getByText(/known here/).waitFor();
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL(/\/console\/keys\/read-only/);
      expect(page.workers()).toHaveLength(1);
      const digits = [owner.privateKey.replace(/^0x0*/, ''), BigInt(owner.privateKey).toString()];
      expect((await reachableTexts(page, digits)).found).toEqual([]);
      await expect.poll(() => heapTexts(page, digits), { timeout: 20_000 }).toEqual([]);
    });

    test('a main key that was pasted is in no field, worker or heap of a page that was left before it was used', async () => {
      const owner = await createOwner(opened.url, 'main');
      const digits = [owner.privateKey.replace(/^0x0*/, ''), BigInt(owner.privateKey).toString()];
      const visit = await opened.visit({ as: 'stranger', owner, path: '/console/sign-in?with=key' });
      const { page } = visit;
      const field = page.getByLabel('Private key', { exact: true });
      await field.fill(owner.privateKey);
      await page.getByText(/known here/).waitFor();
      await leaveForCache(page);
      expect(await field.inputValue()).toBe('');
      await expect.poll(() => page.getByText(/known here/).count()).toBe(0);
      await expect.poll(() => heapTexts(page, digits), { timeout: 20_000 }).toEqual([]);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByText('Paste your private key.').waitFor();
      await field.fill(owner.privateKey);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL(/\/console\/keys\/read-only/);
    });

    test('what is looked for in the memory of a page is found there: in state, in a query, in a variable', async () => {
      const { page } = await opened.visit();
      await page.evaluate(`globalThis.held = { list: [new Map([['a', { text: 'c4n4ry' + '-in-a-map' }]])] }`);
      await page.evaluate(
        `{ const text = ['c4n4ry', 'in', 'a', 'closure', Math.random()].join('-'); globalThis.reads = () => text; }`,
      );
      const { found, fibers } = await reachableTexts(page, ['c4n4ry-in-a']);
      expect(fibers).toBeGreaterThan(MANY);
      expect(found).toEqual(['window.held.list.0.get(a).text']);
      // As the page has it of an answer: the account, by way of the query cache or of a property.
      const account = await page.evaluate<string>(`document.querySelector('header').innerText`);
      expect(account).toContain('0x');
      const heap = await heapTexts(page, ['c4n4ry-in-a-closure']);
      expect(heap.length).toBeGreaterThan(0);
    });
  },
);
