// A network that fails before, during and after each write of the console: what was asked happens once, and nothing is said of it before it is certain.
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, device, newDeviceKey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, keysPath, secretDialog, send } from '../support/console/adding.ts';
import { cut, setOffline } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import { againDialog, signInAgain } from '../support/console/sign-in-again.ts';
import { use } from '../support/console/some-keys.ts';

const READ_ONLY = '/console/keys/read-only';
const GIVEN = 120_000;

/** One write of a person: up to its last press, and what stands there and at the server afterwards. */
interface Write {
  /** Gives the button to press, and whether the server has it done. */
  prepare(visit: Visit): Promise<{ readonly button: Locator; readonly isDone: () => Promise<boolean> }>;
  readonly path: RegExp;
  readonly method: string;
  /** What stands there while it is not certain. */
  readonly meanwhile: string;
  /** What stands there once it is, and never before. */
  readonly afterwards: (page: Page) => Locator;
}

describe.skipIf(chromiumFile === undefined)(`a network that fails${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    // One can sign in again two seconds after everything was signed out, and not half a minute.
    opened = await openConsole({
      settings: { 'login.future_tolerance': '1', 'console.url': 'https://keys.venue.example' },
    });
  }, GIVEN);
  afterAll(() => opened?.close());

  const tokenOf = async ({ client }: ConsoleOwner, name: string, allowed_cidrs: string[] = []) =>
    (await client.tokens.create({ name, allowed_cidrs })).value;

  /** Another browser of the same person. */
  async function laptopOf({ owner }: Visit) {
    const key = await newDeviceKey();
    const { value } = await owner.client.devices.add({ name: 'laptop', public_key: key.public_key });
    return createClient({ url: opened.url, auth: device({ id: value.id, key, account: owner.account }) });
  }
  const isRefused = (asked: Promise<unknown>): Promise<boolean> =>
    asked.then(
      () => false,
      () => true,
    );

  const renaming: Write = {
    async prepare({ page, owner, goTo }) {
      const { api_token } = await tokenOf(owner, 'before');
      await goTo(`${READ_ONLY}/${api_token.lookup_id}`);
      await page.getByRole('button', { name: 'Rename before' }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('after');
      return {
        button: page.getByRole('button', { name: 'Save', exact: true }),
        isDone: async () => (await owner.client.tokens.get(api_token.lookup_id)).name === 'after',
      };
    },
    method: 'PUT',
    path: /\/tokens\/[^/]+$/,
    meanwhile: 'We do not know yet whether it was saved. Checking…',
    afterwards: (page) => page.getByRole('heading', { level: 1, name: 'after' }),
  };

  const narrowing: Write = {
    async prepare({ page, owner, goTo }) {
      const { api_token, token } = await tokenOf(owner, 'narrower', ['127.0.0.0/8', '203.0.113.0/24']);
      await goTo(`${READ_ONLY}/${api_token.lookup_id}`);
      await page.getByRole('button', { name: 'Change addresses' }).click();
      await page.getByRole('textbox', { name: 'One address or range a line' }).fill('203.0.113.0/24');
      return {
        button: page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }),
        isDone: async () => (await use(opened.url, token)) === 403,
      };
    },
    method: 'PUT',
    path: /\/allowed-cidrs$/,
    meanwhile: 'We do not know yet whether it was saved. Checking…',
    afterwards: (page) => page.getByText('Saved. It holds from the next request.'),
  };

  const deleting: Write = {
    async prepare({ page, owner, goTo }) {
      const { api_token, token } = await tokenOf(owner, 'deleted');
      await goTo(`${READ_ONLY}/${api_token.lookup_id}`);
      await page.getByRole('button', { name: 'Delete deleted' }).click();
      return {
        button: page.getByRole('alertdialog').getByRole('button', { name: 'Delete key' }),
        isDone: async () => (await use(opened.url, token)) === 401,
      };
    },
    method: 'DELETE',
    path: /\/tokens\//,
    meanwhile: 'We do not know yet whether it was deleted. Checking…',
    afterwards: (page) => page.getByText(/^Deleted\. Refused everywhere since/),
  };

  const signingOut: Write = {
    async prepare(visit) {
      const laptop = await laptopOf(visit);
      await laptop.account.self();
      await visit.goTo('/console/devices');
      return {
        button: visit.page.getByRole('button', { name: 'Sign out laptop' }),
        isDone: () => isRefused(laptop.account.self()),
      };
    },
    method: 'DELETE',
    path: /\/devices\//,
    meanwhile: 'We do not know yet whether it was signed out. Checking…',
    afterwards: (page) => page.getByText(/^Signed out\. Refused everywhere since/),
  };

  const signingOutEverywhere: Write = {
    async prepare(visit) {
      const laptop = await laptopOf(visit);
      await laptop.account.self();
      await visit.goTo('/console/devices');
      return {
        button: visit.page.getByRole('button', { name: 'Sign out everywhere' }),
        isDone: () => isRefused(laptop.account.self()),
      };
    },
    method: 'POST',
    path: /\/sign-out-everywhere$/,
    meanwhile: 'We do not know yet whether it was signed out. Checking…',
    afterwards: (page) => page.getByRole('heading', { name: 'You are signed out everywhere, here too.' }),
  };

  const endingEverything: Write = {
    async prepare({ page, owner, goTo }) {
      const { token } = await tokenOf(owner, 'ended with the rest');
      await goTo('/console/wallet');
      await page.getByRole('button', { name: 'End everything' }).click();
      const dialog = page.getByRole('alertdialog', { name: 'End everything?' });
      await dialog.getByText('1 key, 1 device.').waitFor();
      await dialog.getByLabel('Type END').fill('END');
      return {
        button: dialog.getByRole('button', { name: 'End everything' }),
        isDone: async () => (await use(opened.url, token)) === 401,
      };
    },
    method: 'POST',
    path: /\/revoke-all$/,
    meanwhile: 'We do not know yet whether everything was ended. Checking…',
    afterwards: (page) => page.getByRole('heading', { name: 'Everything is ended' }),
  };

  const writes = {
    'renaming a key': renaming,
    'binding a key to fewer addresses': narrowing,
    'deleting a key': deleting,
    'signing a device out': signingOut,
    'signing out everywhere': signingOutEverywhere,
    'ending everything': endingEverything,
  } as const;
  type Name = keyof typeof writes;
  const all = Object.keys(writes) as Name[];

  async function ready(name: Name) {
    const visit = await opened.visit({ path: undefined });
    const prepared = await writes[name].prepare(visit);
    const { page } = visit;
    const { meanwhile, afterwards } = writes[name];
    await prepared.button.waitFor();
    await page.waitForLoadState('networkidle');
    return {
      ...prepared,
      visit,
      page,
      isUncertain: async () => {
        await page.getByText(meanwhile).waitFor();
        expect(await afterwards(page).count()).toBe(0);
      },
      isSaid: () => afterwards(page).waitFor(),
    };
  }

  test.each(all)('%s with the network off is found out, and done as soon as it is back', async (name) => {
    const { button, isDone, visit, page, isUncertain, isSaid } = await ready(name);
    await setOffline(page, true);
    await button.click();
    await isUncertain();
    expect(await isDone()).toBe(false);
    await setOffline(page, false);
    await isSaid();
    expect(await isDone()).toBe(true);
    visit.expectProblems(/ERR_INTERNET_DISCONNECTED/);
  });

  test.each(all)('%s whose request is lost on the way is not said to be done before it is', async (name) => {
    const { method, path } = writes[name];
    const { button, isDone, page, isUncertain, isSaid } = await ready(name);
    const lost = await cut(page, { method, path, at: 'request', times: 1000 });
    await button.click();
    await isUncertain();
    expect(await isDone()).toBe(false);
    await lost.letGo();
    await isSaid();
    expect(await isDone()).toBe(true);
  });

  test.each(all.slice(0, 4))('%s whose answer is lost is found out, and said once it is certain', async (name) => {
    const { method, path } = writes[name];
    const { button, isDone, page, isUncertain, isSaid } = await ready(name);
    const lost = await cut(page, { method, path, at: 'answer', times: 1000 });
    await button.click();
    await isUncertain();
    expect(await isDone()).toBe(true);
    await lost.letGo();
    await isSaid();
  });

  test.each(all.slice(4))(
    '%s, whose own answer is lost, is certain once one has signed in again, and what it ended is listed all the same',
    async (name) => {
      const { method, path } = writes[name];
      const { button, isDone, visit, page, isSaid } = await ready(name);
      await cut(page, { method, path, at: 'answer' });
      await button.click();
      await againDialog(page).waitFor();
      expect(await isDone()).toBe(true);
      expect(await writes[name].afterwards(page).count()).toBe(0);
      await signInAgain(page, visit.owner);
      await isSaid();
      if (name !== 'ending everything') return;
      await page.getByRole('listitem').getByText('ended with the rest', { exact: true }).waitFor();
      await page.getByText(/^Refused everywhere since \d\d:\d\d:\d\d\.$/).waitFor();
    },
  );

  test.each(['request', 'answer'] as const)(
    'signing this browser out whose %s is lost leads to sign-in, which says no more than is so',
    async (at) => {
      const visit = await opened.visit({ path: '/console/devices' });
      const { page, owner, deviceId } = visit;
      await page.getByText('This one', { exact: true }).waitFor();
      await cut(page, { method: 'DELETE', path: /\/devices\//, at, times: at === 'answer' ? 1 : 1000 });
      await page.getByRole('button', { name: 'Sign out Chrome on Linux' }).click();
      await page.waitForURL(/\/console\/sign-in/);
      const untold = page.getByText('You are signed out. The server could not be told: there it ends by itself.');
      await page.getByText(/^You are signed out\./).waitFor();
      expect(await untold.count()).toBe(at === 'request' ? 1 : 0);
      const { results } = await owner.client.devices.list().page();
      expect(results.some(({ id }) => id === deviceId)).toBe(at === 'request');
    },
  );

  test('adding a key with the network off sends nothing and keeps the form and the pasted key, which make it once it is back', async () => {
    const visit = await opened.visit({ path: keysPath('token') });
    const { page, owner } = visit;
    const form = await filledForm(visit, 'token', { name: 'dashboard', end: '7 days' });
    await setOffline(page, true);
    await send(form);
    await form.getByRole('alert').getByText('No connection. Nothing was sent.').waitFor();
    expect((await owner.client.tokens.list().page()).results).toEqual([]);
    await setOffline(page, false);
    expect(await form.getByLabel('Name').inputValue()).toBe('dashboard');
    expect(await form.getByLabel('Main private key').count()).toBe(0);
    await send(form);
    await secretDialog(page, 'token').waitFor();
    expect((await owner.client.tokens.list().page()).results).toMatchObject([{ name: 'dashboard' }]);
    visit.expectProblems(/ERR_INTERNET_DISCONNECTED/);
  });

  test.each(['request', 'answer'] as const)(
    'a wider list whose %s is lost is saved by the same pasted key, which is not asked for again',
    async (at) => {
      const owner = await createOwner(opened.url, 'main');
      const { api_token } = await tokenOf(owner, 'wider', ['203.0.113.7']);
      const { page } = await opened.visit({ owner, path: `${READ_ONLY}/${api_token.lookup_id}` });
      await page.getByRole('button', { name: 'Change addresses' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'One address or range a line' }).fill('203.0.113.0/24');
      await dialog.getByLabel('Main private key').fill(owner.privateKey);
      const lost = await cut(page, { method: 'PUT', path: /\/allowed-cidrs$/, at, times: 1 });
      await dialog.getByRole('button', { name: 'Sign and save' }).click();
      await page.getByText('Saved. It holds from the next request.').waitFor();
      expect(lost.hits()).toBe(1);
      expect((await owner.client.tokens.get(api_token.lookup_id)).allowed_cidrs).toEqual(['203.0.113.0/24']);
    },
  );

  test('a replacement whose request is lost was not made, which is said, and is made by the next try with the same pasted key', async () => {
    const owner = await createOwner(opened.url, 'main');
    const { api_token } = await tokenOf(owner, 'grafana');
    const { page } = await opened.visit({ owner, path: `${READ_ONLY}/${api_token.lookup_id}` });
    await page.getByRole('button', { name: 'Replace' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Main private key').fill(owner.privateKey);
    await cut(page, { method: 'POST', path: /\/rotate$/, at: 'request' });
    await dialog.getByRole('button', { name: 'Sign and replace' }).click();
    await dialog.getByText('It was not made. Try again.').waitFor();
    expect((await owner.client.tokens.list().page()).results).toMatchObject([{ replaced_by: null }]);
    expect(await dialog.getByLabel('Main private key').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Sign and replace' }).click();
    await secretDialog(page, 'token').waitFor();
    expect((await owner.client.tokens.list().page()).results).toHaveLength(2);
  });

  test.each(['request', 'answer'] as const)(
    'a subkey for a phone whose %s is lost leaves none behind: what is shown is the code of the only one',
    async (at) => {
      const visit = await opened.visit({ path: keysPath('subkey') });
      const { page, owner } = visit;
      await cut(page, { method: 'POST', path: /\/v1\/subkeys$/, at });
      const form = await filledForm(visit, 'subkey', { name: 'phone bot', place: 'On my phone' });
      await send(form);
      if (at === 'request') {
        await form.getByText('It was not made. Try again.').waitFor();
        expect((await owner.client.subkeys.list().page()).results).toEqual([]);
        await send(form);
      }
      await page.getByRole('dialog', { name: 'Scan this with your phone.' }).waitFor();
      expect((await owner.client.subkeys.list().page()).results).toMatchObject([{ state: 'pending' }]);
    },
  );

  test('a pasted key whose worker did not start stays in its field until one has it', async () => {
    const visit = await opened.visit({ path: undefined });
    const { page, owner } = visit;
    let starts = 0;
    // The one that is started with the form, and the one that is started for the key.
    await page.context().route(/\/main-key\.worker-[^/]+\.js$/, (route) => {
      starts += 1;
      return starts <= 2 ? route.abort() : route.fallback();
    });
    await visit.goTo(keysPath('token'));
    const form = await filledForm(visit, 'token', { name: 'dashboard' });
    await send(form);
    await form.getByText('The room your key is kept in did not start. Check the connection and try again.').waitFor();
    expect(await form.getByLabel('Main private key').inputValue()).toBe(owner.privateKey);
    await send(form);
    await secretDialog(page, 'token').waitFor();
    expect((await owner.client.tokens.list().page()).results).toMatchObject([{ name: 'dashboard' }]);
  });

  test('three answers that are lost are told as no connection, with the time of the last one, until one comes', async () => {
    const { page } = await opened.visit({ path: READ_ONLY });
    await page.getByText('No read-only keys yet.').waitFor();
    const lost = await cut(page, { path: /\/v1\//, at: 'request', times: 1000 });
    await page.getByRole('link', { name: 'Devices' }).click();
    const bar = page.getByText(/^No connection to 127\.0\.0\.1:\d+\. What you see is from \d\d:\d\d:\d\d\.$/);
    await bar.waitFor();
    expect(lost.hits()).toBeGreaterThanOrEqual(3);
    await lost.letGo();
    await bar.waitFor({ state: 'detached' });
    await page.getByText('This one', { exact: true }).waitFor();
  });

  test.each([3, 12])(
    'too many requests at a list, for %i s: the page says when it goes on, and reads the list by itself',
    async (seconds) => {
      const visit = await opened.visit({ path: '/console/devices' });
      const { page, owner } = visit;
      await page.getByText('This one', { exact: true }).waitFor();
      await tokenOf(owner, 'read in its turn');
      let refused = 0;
      await page.route(/\/v1\/account\/tokens(?:\?|$)/, async (route) => {
        if (refused > 0) return route.fallback();
        refused += 1;
        const json = { error: 'RATE_LIMITED', message: 'too many requests', data: null };
        await route.fulfill({ status: 429, headers: { 'Retry-After': String(seconds) }, json });
      });
      await page.reload();
      await page.getByRole('link', { name: 'Key Management' }).click();
      const bar = page.getByRole('status').getByText(/^Too many requests\. Going on in \d+ s\.$/);
      await bar.waitFor();
      await page.getByRole('link', { name: 'Open read in its turn' }).waitFor();
      await bar.waitFor({ state: 'detached' });
      expect(refused).toBe(1);
    },
  );

  test('too many requests at a new key: it says so, waits and is made by the same pasted key, once', async () => {
    const visit = await opened.visit({ path: keysPath('token') });
    const { page, owner } = visit;
    let refused = 0;
    await page.route(/\/v1\/account\/tokens$/, async (route) => {
      if (route.request().method() !== 'POST' || refused > 0) return route.fallback();
      refused += 1;
      const json = { error: 'RATE_LIMITED', message: 'too many requests', data: null };
      await route.fulfill({ status: 429, headers: { 'Retry-After': '2' }, json });
    });
    const form = await filledForm(visit, 'token', { name: 'in its turn' });
    await send(form);
    await form
      .getByText(/^Too many requests\. Going on in [12] s\.$/)
      .first()
      .waitFor();
    await secretDialog(page, 'token').waitFor();
    expect(refused).toBe(1);
    expect((await owner.client.tokens.list().page()).results).toMatchObject([{ name: 'in its turn' }]);
  });
});
