// Back, in a browser that keeps pages for it. Chromium keeps none that was not to be stored and has asked the server something; other browsers
// may, so what must not be in such a page is looked for without that header, too.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wholeChromiumFile } from '../support/chromium.ts';
import { keysPath } from '../support/console/adding.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';

const GIVEN = 120_000;

const needed = wholeChromiumFile === undefined ? ' (skipped: no whole chromium on the PATH, nor in CHROMIUM)' : '';

describe.skipIf(wholeChromiumFile === undefined)(`the page cache of a browser${needed}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ pageCache: true });
  }, GIVEN);
  afterAll(() => opened?.close());

  /** As a browser has it that keeps what was not to be stored. */
  const mayBeKept = (page: Page) =>
    page.route('**/*', async (route) => {
      const response = await route.fetch().catch(() => undefined);
      if (response === undefined) return route.abort();
      const { 'cache-control': _, ...headers } = response.headers();
      await route.fulfill({ response, headers });
    });

  async function leave({ page }: Visit): Promise<void> {
    await page.evaluate(`addEventListener('pageshow', ({ persisted }) => {
      window.cameBack = { persisted, inert: document.body.inert };
    })`);
    await page.goto(`${opened.url}/docs`);
  }
  /** What the page was like as it came; undefined where it was loaded anew. */
  async function back({ page }: Visit): Promise<unknown> {
    const at = page.url();
    await page.evaluate('void setTimeout(() => history.back())');
    await expect.poll(() => page.evaluate('location.href').catch(() => at)).not.toBe(at);
    await page.locator('h1').first().waitFor();
    return page.evaluate(
      'window.cameBack ?? performance.getEntriesByType("navigation")[0].notRestoredReasons?.reasons.map(({ reason }) => reason)',
    );
  }
  const pressable = ({ page }: Visit) => expect.poll(() => page.evaluate('document.body.inert')).toBe(false);

  test('a page of somebody who is signed in, as it is served, is kept in none: Back loads it anew', async () => {
    const visit = await opened.visit({ path: keysPath('token') });
    await visit.page.getByText('No read-only keys yet.').waitFor();
    await leave(visit);
    await visit.owner.client.tokens.create({ name: 'made meanwhile', allowed_cidrs: [] });
    expect(await back(visit)).toContain('response-cache-control-no-store-with-js-network-request');
    await visit.page.getByRole('link', { name: 'Open made meanwhile' }).waitFor();
  });

  test('whoever signed out in another tab meanwhile is out when Back brings the page', async () => {
    const visit = await opened.visit({ path: undefined, prepare: mayBeKept });
    await visit.goTo(keysPath('token'));
    await visit.page.getByText('No read-only keys yet.').waitFor();
    await leave(visit);
    const other = await opened.anotherTab(visit, keysPath('token'));
    await other.page.getByRole('button', { name: 'Sign out' }).click();
    await other.page.waitForURL(/\/console\/sign-in/);
    await visit.page.bringToFront();
    await back(visit);
    await visit.page.waitForFunction('location.pathname.endsWith("/sign-in")');
    expect(await visit.page.getByRole('heading', { name: 'Key Management' }).count()).toBe(0);
  });

  test('a main key that was kept in the tab is not in the page that Back brings: a new key asks for it', async () => {
    const visit = await opened.visit({ as: 'stranger', path: undefined, prepare: mayBeKept });
    const { page, owner } = visit;
    await owner.client.account.onboard();
    await visit.goTo('/console/sign-in?with=key');
    await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('No read-only keys yet.').waitFor();
    await leave(visit);
    await back(visit);
    await pressable(visit);
    await page.getByRole('button', { name: '+ Add New Key' }).first().click();
    await page.getByRole('dialog', { name: 'Add a read-only key' }).getByLabel('Main private key').waitFor();
  });
});
