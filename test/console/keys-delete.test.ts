// Deleting a key in a real browser: what is asked, what is said, and that it is certain afterwards.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import { makeSomeKeys, use } from '../support/console/some-keys.ts';
import { type ToldServer, toldServer } from '../support/told-server.ts';

const READ_ONLY = '/console/keys/read-only';
const TOKENS = /\/v1\/account\/tokens\//;

describe.skipIf(chromiumFile === undefined)(`deleting a key in the console${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  let owner: ConsoleOwner;
  let venue: ToldServer;
  const venueAnswers = () => venue.answer((_request, response) => void response.end('{}'));
  beforeAll(async () => {
    venue = await toldServer();
    venueAnswers();
    opened = await openConsole({ upstream: venue.url });
    owner = await createOwner(opened.url, 'main');
    await makeSomeKeys(opened.url, owner);
  }, 180_000);
  afterAll(async () => {
    await opened?.close();
    await venue?.close();
  });

  const made = async (name: string) => (await owner.client.tokens.create({ name })).value;
  const rowOf = (page: Page, name: string) =>
    page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
  const dialogOf = (page: Page) => page.getByRole('alertdialog');
  const press = (page: Page, name: string) => dialogOf(page).getByRole('button', { name }).click();

  test('Delete says how a key is used, changes nothing when it is kept, and the key is refused once its row says Revoked', async () => {
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

  test.each([
    ['1 request had already reached the venue.', 1],
    ['2 requests had already reached the venue.', 2],
  ])('Delete cuts what is under way, and says: %s', async (words, underWay) => {
    const { token, api_token } = await made('under way');
    const { page } = await opened.visit({ owner, path: `${READ_ONLY}/${api_token.lookup_id}` });
    venue.answer(() => undefined);
    onTestFinished(venueAnswers);
    const answers = Array.from({ length: underWay }, () => use(opened.url, token));
    await expect.poll(() => venue.asked.filter(({ path }) => path === '/v1/balance').length).toBe(underWay);
    await page.getByRole('button', { name: 'Delete under way' }).click();
    await press(page, 'Delete key');
    const said = page.getByText(/^Deleted\. Refused everywhere since/);
    await said.waitFor();
    expect(await said.innerText()).toMatch(/since \d\d:\d\d:\d\d; it took [\d,]+ ms\. \d/);
    expect((await said.innerText()).endsWith(` ms. ${words}`)).toBe(true);
    expect(await Promise.all(answers)).toEqual(answers.map(() => 401));
  });

  test('Delete says that a key was never used, and of a subkey that open orders stay open', async () => {
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    await page.getByRole('button', { name: 'Delete old laptop' }).click();
    await dialogOf(page).getByText('It was never used.').waitFor();
    await press(page, 'Keep it');
    await page.getByRole('link', { name: /^Subkeys/ }).click();
    await page.getByRole('button', { name: 'Delete market maker 1' }).click();
    await dialogOf(page).getByText('Open orders stay open. Cancel them at the venue if you want them gone.').waitFor();
    await dialogOf(page).getByText('It is in use.').waitFor();
  });

  test('a hundred presses of Delete send one request, and focus goes to the name of the next row', async () => {
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

  test('a Delete whose request is lost says that it is being found out, and ends when it is certain', async () => {
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

  test('a Delete whose answer is lost is certain in the end, and the key was refused all the time', async () => {
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

  test('a Delete that the server cannot write down says that the key is not deleted yet, and tries again', async () => {
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

  test('a key is deleted by key presses alone, and its own page says so', async () => {
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

  test('a key is deleted on a phone, from its page, and the list of another tab follows', async () => {
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

  test('the page of a key says what ended it: reported as found, or replaced', async () => {
    const person = await createOwner(opened.url, 'main');
    const ended = async (name: string) => (await person.client.tokens.create({ name })).value;
    const [found, replaced] = [await ended('found'), await ended('replaced')];
    await createClient({ url: opened.url }).account.reportLeak(found.token);
    await person.client.tokens.rotate(replaced.api_token.lookup_id, { overlap_seconds: 0 });
    const { page } = await opened.visit({ owner: person, path: `${READ_ONLY}/${found.api_token.lookup_id}` });
    await page.getByText(/^Revoked .*, \d\d:\d\d because somebody reported it found\./).waitFor();
    await page.goto(`${opened.url}${READ_ONLY}/${replaced.api_token.lookup_id}`);
    await page.getByText(/Replaced by ‘replaced’ [0-9a-f]{4}…[0-9a-f]{4}\./).waitFor();
  });
});

describe.skipIf(chromiumFile === undefined)(`a venue that records no use${chromiumNeeded}`, () => {
  test('a venue that records no use says so in the list, at Delete and on the page of a key, which also says that everything was ended', async () => {
    const opened = await openConsole({ settings: { 'usage.keep_days': '0', 'login.future_tolerance': '1' } });
    onTestFinished(() => opened.close());
    const owner = await createOwner(opened.url, 'main');
    await owner.client.tokens.create({ name: 'unrecorded' });
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    expect(await page.getByRole('row').nth(1).innerText()).toContain('not recorded');
    await page.getByRole('button', { name: 'Delete unrecorded' }).click();
    await page.getByText('This venue does not record when keys are used.').waitFor();
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('link', { name: 'Open unrecorded' }).click();
    await page.getByText('Usage is not recorded at this venue.').waitFor();

    // Here, as its sign-ins end with it: they come back after a second.
    const { value } = await owner.client.tokens.create({ name: 'with the rest' });
    await owner.client.account.revokeAll();
    await expect
      .poll(() =>
        owner.client.account.self().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const after = await opened.visit({ owner, path: `${READ_ONLY}/${value.api_token.lookup_id}` });
    await after.page.getByText(/^Revoked .*, \d\d:\d\d with everything else\./).waitFor();
  }, 180_000);
});
