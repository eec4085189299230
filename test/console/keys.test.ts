// Key Management in a real browser: what a person sees of their keys, and finds among them.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import { makeSomeKeys, type SomeKeys } from '../support/console/some-keys.ts';

const READ_ONLY = '/console/keys/read-only';

describe.skipIf(chromiumFile === undefined)(`Key Management${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  let owner: ConsoleOwner;
  let keys: SomeKeys;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'tokens.max_live': '150' } });
    owner = await createOwner(opened.url, 'main');
    keys = await makeSomeKeys(opened.url, owner);
    const { value } = await owner.client.tokens.create({ name: 'ended before' });
    await owner.client.tokens.revoke(value.api_token.lookup_id);
  }, 180_000);
  afterAll(() => opened.close());

  const names = (page: Page): Promise<string[]> => page.locator('tbody th a').allTextContents();
  const rowOf = (page: Page, name: string) =>
    page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });

  test('the list of keys says of each its state, where it works from, when it ends and when and from where it was last used', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    const dashboard = rowOf(page, 'dashboard');
    await dashboard.waitFor();
    for (const words of ['Active', '127.0.0.0/8', 'in 24 days', 'just now', '127.0.0.1']) {
      expect(await dashboard.innerText()).toContain(words);
    }
    expect(await rowOf(page, 'tax export').innerText()).toMatch(/Ends soon\s+Anywhere\s+in 3 days\s+never/);
    expect(await page.getByRole('row').filter({ hasText: 'Replaced' }).innerText()).toMatch(
      /grafana[\s\S]*2 ranges[\s\S]*tomorrow/,
    );
    await page.getByText('2 ranges').first().focus();
    await page.getByRole('tooltip').getByText('198.51.100.4').waitFor();
    expect(
      await page.getByText('5 of 150 read-only keys. A read-only key can look, and can do nothing else.').count(),
    ).toBe(1);
    expect(await page.title()).toBe('Read-only keys · Countersign');
    expect(await page.getByRole('link', { name: 'Subkeys 2' }).count()).toBe(1);
  });

  test('the list of keys stands sorted by the last use, and turns by the heads of its columns, which say so', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await rowOf(page, 'dashboard').waitFor();
    const head = (name: string) => page.getByRole('columnheader', { name });
    expect((await names(page))[0]).toBe('dashboard');
    expect(await head('Last used').getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'Name' }).click();
    expect(await names(page)).toEqual(['dashboard', 'grafana', 'grafana', 'old laptop', 'tax export']);
    expect(await head('Name').getAttribute('aria-sort')).toBe('ascending');
    expect(await head('Last used').getAttribute('aria-sort')).toBeNull();
    await page.getByRole('button', { name: 'Name' }).press('Enter');
    expect((await names(page))[0]).toBe('tax export');
    await page.getByRole('button', { name: 'Expires' }).click();
    expect((await names(page)).slice(0, 2)).toEqual(['grafana', 'tax export']);
  });

  test('the list of keys is searched by name, id and address, from the slash key on, and says when nothing matches', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await rowOf(page, 'dashboard').waitFor();
    await page.keyboard.press('/');
    const search = page.getByRole('searchbox', { name: 'Search name, id or address' });
    expect(await page.locator(':focus').getAttribute('type')).toBe('search');
    expect(await search.count()).toBe(1);
    await page.keyboard.type('203.0.113.99');
    await expect.poll(() => names(page)).toEqual(['grafana', 'grafana']);
    await search.fill(keys.dashboard.api_token.lookup_id.slice(0, 8));
    await expect.poll(() => names(page)).toEqual(['dashboard']);
    await search.fill('<b>xyz');
    await page.getByText('No key matches ‘<b>xyz’.').waitFor();
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await expect.poll(() => names(page)).toHaveLength(5);
  });

  test('the list of keys shows ended ones when they are asked for, without anything to press but Open', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await rowOf(page, 'dashboard').waitFor();
    expect(await rowOf(page, 'ended before').count()).toBe(0);
    await page.getByRole('checkbox', { name: 'Show ended keys' }).check();
    const ended = rowOf(page, 'ended before');
    await ended.waitFor();
    expect((await names(page)).at(-1)).toBe('ended before');
    expect(await ended.innerText()).toMatch(/Revoked[\s\S]*revoked \d+ \w{3}/);
    expect(await ended.getByRole('button', { name: /^Delete/ }).count()).toBe(0);
    await ended.getByRole('link', { name: 'Open ended before' }).click();
    await page.getByText(/^Revoked \d+ \w{3} \d{4}, \d\d:\d\d by you, from 127\.0\.0\.1\./).waitFor();
    expect(await page.getByRole('button', { name: /Delete|Change|Replace|Rename/ }).count()).toBe(0);
  });

  test('the keys are a list on a phone, of which a whole entry opens its key', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY, width: 390 });
    const entry = page.getByRole('listitem').filter({ hasText: 'dashboard' });
    await entry.waitFor();
    expect(await entry.innerText()).toMatch(
      /Works from\s+127\.0\.0\.0\/8\s+Last used\s+(?:just now|\d+ min ago) · 127\.0\.0\.1/,
    );
    expect(await page.getByRole('table').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await entry.click({ position: { x: 60, y: 60 } });
    await page.waitForURL(`${opened.url}${READ_ONLY}/${keys.dashboard.api_token.lookup_id}`);
    await page.getByRole('button', { name: 'Delete dashboard' }).waitFor();
  });

  test('who has no keys is told so, and offered to make one', async () => {
    const { page } = await opened.visit({ path: READ_ONLY });
    await page.getByText('No read-only keys yet.').waitFor();
    await page.getByText('Make one for a dashboard, a tax tool or a script that only looks.').waitFor();
    await page.getByRole('link', { name: /^Subkeys/ }).click();
    await page.getByText('Make one for each bot. It trades; it can never withdraw.').waitFor();
    expect(await page.title()).toBe('Subkeys · Countersign');
    await page.locator('main').getByRole('button', { name: '+ Add New Key' }).last().click();
    await page.getByRole('dialog', { name: 'Add a subkey' }).waitFor();
  });

  describe('of an account that has more than 100', () => {
    let many: ConsoleOwner;
    beforeAll(async () => {
      many = await createOwner(opened.url, 'main');
      const next = Array.from({ length: 103 }, (_, at) => () => many.client.tokens.create({ name: `key ${at}` }));
      const make = async () => {
        for (let one = next.shift(); one !== undefined; one = next.shift()) await one();
      };
      await Promise.all([make(), make(), make(), make()]);
      await many.client.tokens.create({ name: 'the last one' });
    }, 60_000);

    test('the list of keys is read 100 at a time, and says that there are more', async () => {
      const { page } = await opened.visit({ owner: many, path: READ_ONLY });
      await expect.poll(() => names(page)).toHaveLength(100);
      await page.getByRole('link', { name: 'Read-only 100+' }).waitFor();
      await page.getByText('100 and more of 150 read-only keys.').waitFor();
      await page.getByRole('button', { name: 'Show 100 more' }).click();
      await expect.poll(() => names(page)).toHaveLength(104);
      expect(await page.getByRole('button', { name: 'Show 100 more' }).count()).toBe(0);
      await page.getByText('104 of 150 read-only keys.').waitFor();
      await page.getByRole('link', { name: 'Read-only 104' }).waitFor();
    });

    test('a search of the keys finds one that was not read before, and an order is of all', async () => {
      const { page } = await opened.visit({ owner: many, path: READ_ONLY });
      await expect.poll(() => names(page)).toHaveLength(100);
      expect(await names(page)).not.toContain('the last one');
      const search = page.getByRole('searchbox');
      await search.fill('LAST one');
      await expect.poll(() => names(page)).toEqual(['the last one']);
      await search.fill('none of them');
      await page.getByText('No key matches ‘none of them’.').waitFor();
      await page.getByRole('button', { name: 'Clear the search' }).click();
      await expect.poll(() => names(page)).toHaveLength(100);
      await page.getByRole('button', { name: 'Name' }).click();
      await page.getByRole('button', { name: 'Name' }).click();
      await expect.poll(() => names(page)).toHaveLength(104);
      expect((await names(page)).slice(0, 2)).toEqual(['the last one', 'key 102']);
    });

    test('a search of the keys does not say that there is none before all were looked at, and says where it stopped', async () => {
      const { page } = await opened.visit({ owner: many, path: READ_ONLY });
      await expect.poll(() => names(page)).toHaveLength(100);
      const rest = await cut(page, { path: /\/v1\/account\/tokens\?.*limit=500/, at: 'held' });
      const isHeld = rest.next();
      await page.getByRole('searchbox').fill('none of them');
      await isHeld;
      await page.getByText('Reading the others…').waitFor();
      expect(await page.getByText(/^No key matches/).count()).toBe(0);
      // An account of far more keys than are looked at.
      await page.route(/\/v1\/account\/tokens\?.*limit=500/, async (route) => {
        const answer = await route.fetch({
          url: route
            .request()
            .url()
            .replace(/&cursor=[^&]*/, ''),
        });
        const { results } = (await answer.json()) as { readonly results: readonly { readonly lookup_id: string }[] };
        const more = Array.from({ length: 500 }, (_, at) => ({ ...results[0], lookup_id: `${Math.random()}-${at}` }));
        await route.fulfill({ response: answer, json: { results: more, next: `${Math.random()}` } });
      });
      await page.reload();
      await expect.poll(() => names(page)).toHaveLength(100);
      await page.getByRole('searchbox').fill('none of them');
      await page.getByText('No key matches ‘none of them’.').waitFor();
      await page.getByText('Searched the oldest 2,000. There are more.').waitFor();
      await rest.letGo();
    });
  });

  test('keys that have not ended are in the list from its first page on, whatever has ended before them', async () => {
    const person = await createOwner(opened.url, 'main');
    for (let at = 0; at < 101; at += 1) {
      const { value } = await person.client.tokens.create({ name: `ended ${at}` });
      await person.client.tokens.revoke(value.api_token.lookup_id);
    }
    await person.client.tokens.create({ name: 'alive' });
    const { page } = await opened.visit({ owner: person, path: READ_ONLY });
    await rowOf(page, 'alive').waitFor();
    await page.getByRole('checkbox', { name: 'Show ended keys' }).check();
    await expect.poll(() => names(page)).toHaveLength(101);
    expect((await names(page))[0]).toBe('alive');
  });

  test('focus stands at the heading of a key that is opened, though the page was there before the key was read', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await page.getByRole('link', { name: 'dashboard', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: /^dashboard/ }).waitFor();
    await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('H1');
  });

  test('the list of keys keeps what was there when a reading fails, says why, and reads again when asked', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await rowOf(page, 'dashboard').waitFor();
    const lost = await cut(page, { path: /\/v1\/account\/tokens/, at: 'request', times: 1000 });
    await page.getByRole('checkbox', { name: 'Show ended keys' }).check();
    const note = page.getByRole('alert').filter({ hasText: 'No connection' }).first();
    await note.waitFor();
    expect(await names(page)).toHaveLength(5);
    await lost.letGo();
    await page.locator('main').getByRole('button', { name: 'Try again' }).last().click();
    await rowOf(page, 'ended before').waitFor();
    await expect.poll(() => page.getByRole('alert').filter({ hasText: 'No connection' }).count()).toBe(0);
  });

  test.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)(
    'axe finds nothing in the list of keys, the page of one, and their dialogs: %s, %i px',
    async (theme, width) => {
      const { value } = await owner.client.tokens.create({ name: `looked at ${theme}`, allowed_cidrs: ['127.0.0.1'] });
      const { page } = await opened.visit({ owner, theme, width, path: READ_ONLY });
      await page.getByRole('link', { name: 'dashboard', exact: true }).waitFor();
      const opacity =
        "getComputedStyle(document.querySelector('[role=dialog], [role=alertdialog]') ?? document.body).opacity";
      const look = async () => {
        await expect.poll(() => page.evaluate(opacity)).toBe('1');
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      };
      await look();
      await page.goto(`${opened.url}${READ_ONLY}/${value.api_token.lookup_id}`);
      await page.getByText('Connect a bot').waitFor();
      await look();
      await page.getByRole('button', { name: /^Rename/ }).click();
      await look();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Change addresses' }).click();
      await page.getByRole('textbox', { name: 'One address or range a line' }).fill('203.0.113.300\n10.0.0.0/8');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Line 1: 203.0.113.300 is not an address.').waitFor();
      await look();
      await page.getByRole('textbox', { name: 'One address or range a line' }).fill('203.0.113.3');
      await page.getByLabel('Main private key').waitFor();
      await look();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('button', { name: 'Replace' }).click();
      await page.getByRole('dialog', { name: /^Replace/ }).waitFor();
      await look();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: /^Delete/ }).click();
      await page.getByText('It was never used.').waitFor();
      await look();
      await page.getByRole('button', { name: 'Delete key' }).click();
      await page.getByText(/^Deleted\. Refused everywhere/).waitFor();
      await look();
    },
    180_000,
  );
});
