// Deleting a key in a real browser: what is asked, what is said, and that it is certain afterwards.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import { makeSomeKeys, use } from '../support/console/some-keys.ts';

const READ_ONLY = '/console/keys/read-only';
const TOKENS = /\/v1\/account\/tokens\//;

describe.skipIf(chromiumFile === undefined)(`deleting a key in the console${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  let owner: ConsoleOwner;
  beforeAll(async () => {
    opened = await openConsole();
    owner = await createOwner(opened.url, 'main');
    await makeSomeKeys(opened.url, owner);
  }, 180_000);
  afterAll(() => opened.close());

  const made = async (name: string) => (await owner.client.tokens.create({ name })).value;
  const rowOf = (page: Page, name: string) =>
    page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
  const dialogOf = (page: Page) => page.getByRole('alertdialog');
  const press = (page: Page, name: string) => dialogOf(page).getByRole('button', { name }).click();

  test('asks with its use, changes nothing when it is kept, and is refused everywhere once the row says Revoked', async () => {
    const { token } = await made('in use');
    expect(await use(opened.url, token)).toBe(200);
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await page.getByRole('button', { name: 'Delete in use' }).click();
    const dialog = dialogOf(page);
    await dialog.getByText('It is in use.').waitFor();
    await expect.poll(() => dialog.innerText()).toMatch(/1 request today, the last one \d+ s ago from 127\.0\.0\.1\./);
    expect(await dialog.innerText()).toContain('Delete ‘in use’?');
    expect(await page.locator(':focus').innerText()).toBe('Keep it');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await use(opened.url, token)).toBe(200);

    await page.getByRole('button', { name: 'Delete in use' }).click();
    const held = await cut(page, { method: 'DELETE', path: TOKENS, at: 'held' });
    await press(page, 'Delete key');
    await expect.poll(held.hits).toBe(1);
    await dialog.getByRole('button', { name: 'Deleting…' }).waitFor();
    expect(await page.getByText('Revoked', { exact: true }).count()).toBe(0);
    await held.letGo();
    await rowOf(page, 'in use').getByText('Revoked', { exact: true }).waitFor();
    expect(await use(opened.url, token)).toBe(401);
    await page.getByText(/^Deleted\. Refused everywhere since \d\d:\d\d:\d\d; it took \d+ ms\.$/).waitFor();
    expect(
      await rowOf(page, 'in use')
        .getByRole('button', { name: /^Delete/ })
        .count(),
    ).toBe(0);
  });

  test('says that it was never used, and of a subkey that open orders stay open', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await page.getByRole('button', { name: 'Delete old laptop' }).click();
    await dialogOf(page).getByText('It was never used.').waitFor();
    await press(page, 'Keep it');
    await page.getByRole('link', { name: /^Subkeys/ }).click();
    await page.getByRole('button', { name: 'Delete market maker 1' }).click();
    await dialogOf(page).getByText('Open orders stay open. Cancel them at the venue if you want them gone.').waitFor();
    await dialogOf(page).getByText('It is in use.').waitFor();
  });

  test('of a hundred presses sends one request, and leaves focus on the name of the next row', async () => {
    for (const name of ['pressed a', 'pressed b']) await made(name);
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    let sent = 0;
    page.on('request', (request) => {
      if (request.method() === 'DELETE') sent += 1;
    });
    await page.getByRole('button', { name: 'Name' }).click();
    await page.getByRole('button', { name: 'Delete pressed a' }).click();
    const held = await cut(page, { method: 'DELETE', path: TOKENS, at: 'held' });
    const button = dialogOf(page).getByRole('button', { name: /^Delet/ });
    await button.evaluate((it: unknown) => {
      for (let press = 0; press < 100; press += 1) (it as { click(): void }).click();
    });
    await expect.poll(held.hits).toBe(1);
    await held.letGo();
    await rowOf(page, 'pressed a').getByText('Revoked', { exact: true }).waitFor();
    await expect.poll(() => page.locator(':focus').innerText()).toBe('pressed b');
    expect(sent).toBe(1);
  });

  test('whose request is lost says that it is being found out, and ends when it is certain', async () => {
    const { token } = await made('lost request');
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await page.getByRole('button', { name: 'Delete lost request' }).click();
    const lost = await cut(page, { method: 'DELETE', path: TOKENS, at: 'request', times: 1000 });
    await press(page, 'Delete key');
    await dialogOf(page).getByText('We do not know yet whether it was deleted. Checking…').waitFor();
    expect(await page.getByText('Revoked', { exact: true }).count()).toBe(0);
    expect(await use(opened.url, token)).toBe(200);
    await page.keyboard.press('Escape');
    expect(await dialogOf(page).count()).toBe(1);
    await lost.letGo();
    await rowOf(page, 'lost request').getByText('Revoked', { exact: true }).waitFor();
    expect(await use(opened.url, token)).toBe(401);
  });

  test('whose answer is lost ends as certain, though the key was refused all the time', async () => {
    const { token } = await made('lost answer');
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await page.getByRole('button', { name: 'Delete lost answer' }).click();
    const lost = await cut(page, { method: 'DELETE', path: TOKENS, at: 'answer', times: 1000 });
    await press(page, 'Delete key');
    await dialogOf(page).getByText('We do not know yet whether it was deleted. Checking…').waitFor();
    expect(await use(opened.url, token)).toBe(401);
    await lost.letGo();
    await rowOf(page, 'lost answer').getByText('Revoked', { exact: true }).waitFor();
  });

  test('that the server cannot write down says that it is not deleted yet, and tries again', async () => {
    await made('unwritten');
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await page.getByRole('button', { name: 'Delete unwritten' }).click();
    let isFull = true;
    await page.route(TOKENS, async (route) => {
      if (!isFull || route.request().method() !== 'DELETE') return route.fallback();
      const json = { error: 'SERVICE_UNAVAILABLE', message: 'could not be written', data: null };
      await route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, json });
    });
    await press(page, 'Delete key');
    await dialogOf(page).getByText('Not deleted yet.').waitFor();
    await dialogOf(page)
      .getByText('The server could not write it down, though this server refuses the key already. Trying again.')
      .waitFor();
    isFull = false;
    await rowOf(page, 'unwritten').getByText('Revoked', { exact: true }).waitFor();
  });

  test('goes by keys alone, and says so on the key’s own page', async () => {
    const { token, api_token } = await made('by keys');
    const { page } = await opened.visit({ owner, path: `${READ_ONLY}/${api_token.lookup_id}` });
    await page.getByRole('button', { name: 'Delete by keys' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator(':focus').innerText()).toBe('Keep it');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').innerText()).toBe('Delete key');
    await page.keyboard.press('Space');
    await page.getByRole('heading', { level: 1, name: /by keys\s*Revoked/ }).waitFor();
    await page.getByText(/^Revoked \d+ \w{3} \d{4}, \d\d:\d\d by you, from 127\.0\.0\.1\./).waitFor();
    expect(await use(opened.url, token)).toBe(401);
    await page.locator('h1:focus').waitFor();
  });

  test('goes on a phone, from the page of the key, and the list of another tab follows', async () => {
    const { api_token } = await made('on a phone');
    const visit = await opened.visit({ owner, width: 390, theme: 'dark', path: `${READ_ONLY}/${api_token.lookup_id}` });
    const other = await opened.anotherTab(visit, READ_ONLY);
    await other.page.getByRole('link', { name: 'on a phone' }).waitFor();
    await visit.page.bringToFront();
    await visit.page.getByRole('button', { name: 'Delete on a phone' }).click();
    await press(visit.page, 'Delete key');
    await visit.page.getByRole('heading', { level: 1, name: /on a phone\s*Revoked/ }).waitFor();
    await other.page.getByRole('link', { name: 'on a phone' }).waitFor({ state: 'detached' });
  });
});
