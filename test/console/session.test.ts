// Being signed in, in a real browser: what is kept and what is not, who stays signed in, and what ends it everywhere.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { device } from '../../src/client/device-auth.ts';
import { createClient } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';

const MINUTE_MS = 60_000;

/** What stands in every storage of the page's origin. */
const stored = (page: Page): Promise<unknown> =>
  page.evaluate(`(async () => ({
    cookie: document.cookie,
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    databases: (await indexedDB.databases()).map(({ name }) => name),
  }))()`);

/** The one record, and what WebCrypto gives of its key. */
const keptDevice = (page: Page): Promise<unknown> =>
  page.evaluate(`(async () => {
    const request = indexedDB.open('countersign', 1);
    await new Promise((resolve) => { request.onsuccess = resolve; });
    const store = request.result.transaction('device').objectStore('device');
    const all = store.getAll();
    await new Promise((resolve) => { all.onsuccess = resolve; });
    request.result.close();
    const [record] = all.result;
    if (record === undefined) return { records: all.result.length };
    const tried = await Promise.all(['jwk', 'pkcs8', 'raw'].map((format) =>
      crypto.subtle.exportKey(format, record.key.privateKey).then(() => 'exported', (error) => error.name)));
    return { records: all.result.length, members: Object.keys(record).sort(), tried, id: record.id };
  })()`);

/** How many began. One that is refused for its time is signed again: the clock of the page was turned, and the server's was not. */
const sessionsOf = (visit: Visit): (() => number) => {
  let count = 0;
  visit.page.on('response', (response) => {
    if (response.ok() && /\/countersign\/v1\/devices\/[^/]+\/session$/.test(response.url())) count += 1;
  });
  return () => count;
};

const readAnew = (page: Page): Promise<unknown> =>
  page.evaluate(`new BroadcastChannel('countersign').postMessage('keys changed')`);

describe.skipIf(chromiumFile === undefined)(`a browser that is signed in${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  });
  afterAll(() => opened.close());

  const onKeys = (page: Page) => page.getByRole('heading', { level: 1, name: 'Key Management' }).waitFor();
  const isOut = (page: Page) => page.waitForURL(/\/console\/sign-in(?:\?|$)/);

  /** Whether the server still knows the device of a visit. */
  const devicesOf = async ({ owner }: Visit): Promise<string[]> => {
    const { results } = await owner.client.devices.list().page();
    return results.map(({ id }) => id);
  };

  test('survives a reload, without a cookie, and keeps one key that cannot be exported, and nothing else', async () => {
    const visit = await opened.visit();
    await onKeys(visit.page);
    await visit.page.reload();
    await onKeys(visit.page);
    expect(await visit.context.cookies()).toEqual([]);
    expect(await stored(visit.page)).toEqual({
      cookie: '',
      local: [],
      session: [],
      caches: [],
      workers: 0,
      databases: ['countersign'],
    });
    expect(await keptDevice(visit.page)).toEqual({
      records: 1,
      members: ['account', 'endsAt', 'id', 'idleSeconds', 'key', 'kind', 'usedAt'],
      tried: ['InvalidAccessError', 'InvalidAccessError', 'InvalidAccessError'],
      id: visit.deviceId,
    });
  });

  test('has made its key itself, which no script can export', async () => {
    const owner = await createOwner(opened.url, 'main');
    const { page } = await opened.visit({ as: 'stranger', owner, path: '/console/sign-in?with=key' });
    await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
    await page.getByText(/known here/).waitFor();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await onKeys(page);
    expect(await keptDevice(page)).toMatchObject({
      records: 1,
      tried: ['InvalidAccessError', 'InvalidAccessError', 'InvalidAccessError'],
    });
  });

  test('stays signed in while somebody is there, is warned a minute before, and is out after 15 minutes of nothing', async () => {
    const visit = await opened.visit({ prepare: (page) => page.clock.install({ time: Date.now() }) });
    const { page } = visit;
    await onKeys(page);
    await page.waitForLoadState('networkidle');
    const sessions = sessionsOf(visit);
    await page.clock.fastForward(14 * MINUTE_MS + 5000);
    await page.getByText('Still there? You will be signed out in 60 s.').waitFor();
    await page.clock.fastForward(20_000);
    await page.getByText('Still there? You will be signed out in 40 s.').waitFor();
    expect(sessions()).toBe(0);
    await page.keyboard.press('Shift');
    await expect.poll(sessions).toBe(1);
    await expect.poll(() => page.getByText('Still there?').count()).toBe(0);
    await page.clock.fastForward(15 * MINUTE_MS);
    await isOut(page);
    await page
      .getByText(/15 minutes|idle|nobody|inactive/i)
      .first()
      .waitFor();
    await expect.poll(() => keptDevice(page)).toEqual({ records: 0 });
  });

  test('with two tabs stays signed in in both while somebody is at one of them, and is out of both after 15 minutes of nothing', async () => {
    const visit = await opened.visit({ prepare: (page) => page.clock.install({ time: Date.now() }) });
    const { page } = visit;
    await onKeys(page);
    // The clock is of the browser: it goes by in both.
    const other = (await opened.anotherTab(visit)).page;
    await onKeys(other);
    await Promise.all([page, other].map((tab) => tab.waitForLoadState('networkidle')));
    const sessions = sessionsOf(visit);
    await page.clock.fastForward(14 * MINUTE_MS + 5000);
    const warning = other.getByText(/^Still there\?/);
    await warning.waitFor();
    await page.keyboard.press('Shift');
    await expect.poll(sessions).toBe(1);
    await page.clock.fastForward(MINUTE_MS);
    await warning.waitFor({ state: 'detached' });
    await onKeys(other);
    expect(await keptDevice(other)).toMatchObject({ records: 1, id: visit.deviceId });
    await page.clock.fastForward(15 * MINUTE_MS);
    await Promise.all([page, other].map(isOut));
    await expect.poll(() => keptDevice(page)).toEqual({ records: 0 });
  });

  test('is told ten minutes before its device ends, and is out when it does, whoever is there', async () => {
    const { page } = await opened.visit({
      prepare: (page) => page.clock.install({ time: Date.now() }),
      device: { lifetime_seconds: 1800, idle_seconds: 1800 },
    });
    await onKeys(page);
    await page.clock.fastForward(20 * MINUTE_MS + 2000);
    await page.getByText(/^You will be signed out at \d\d:\d\d\. Sign in again to stay\.$/).waitFor();
    await page.getByRole('button', { name: 'Sign in again' }).waitFor();
    await page.clock.fastForward(10 * MINUTE_MS);
    await page.keyboard.press('Shift');
    await isOut(page);
  });

  test('reads on its own without a new session: only a key press, a tap or the pointer begins one', async () => {
    const visit = await opened.visit({ prepare: (page) => page.clock.install({ time: Date.now() }) });
    const { page } = visit;
    await onKeys(page);
    await page.waitForLoadState('networkidle');
    const sessions = sessionsOf(visit);
    for (let minutes = 0; minutes < 10; minutes += 2) {
      await page.clock.fastForward(2 * MINUTE_MS);
      await readAnew(page);
    }
    // What a script or an extension makes up is nobody: long enough for a session that had begun to have been asked for.
    await page.evaluate(`(async () => {
      for (const [type, Kind] of [['keydown', KeyboardEvent], ['pointerdown', PointerEvent], ['pointermove', PointerEvent], ['touchstart', Event], ['wheel', WheelEvent]])
        document.body.dispatchEvent(new Kind(type, { bubbles: true }));
      document.body.click();
      for (let asked = 0; asked < 20; asked += 1) await (await fetch('/countersign/v1/about')).text();
    })()`);
    await page.clock.runFor(1000);
    expect(sessions()).toBe(0);
    await page.mouse.move(200, 300);
    await expect.poll(sessions).toBe(1);
  });

  test('signs out at the server, here, and in every other tab', async () => {
    const visit = await opened.visit();
    const other = await opened.anotherTab(visit);
    await onKeys(other.page);
    expect(await devicesOf(visit)).toContain(visit.deviceId);
    await visit.page.getByRole('button', { name: 'Sign out' }).click();
    await isOut(visit.page);
    await isOut(other.page);
    await other.page.getByText('You signed out in another tab.').waitFor();
    expect(await devicesOf(visit)).toEqual([]);
    await expect.poll(() => keptDevice(other.page)).toEqual({ records: 0 });
    await visit.page.reload();
    await isOut(visit.page);
  });

  test('signs out though its time is up before the server has answered, also where a page would stay for a new sign-in', async () => {
    const visit = await opened.visit({ path: undefined, prepare: (page) => page.clock.install({ time: Date.now() }) });
    const { page, owner } = visit;
    const { api_token } = (await owner.client.tokens.create({ name: 'being renamed' })).value;
    await visit.goTo(`/console/keys/read-only/${api_token.lookup_id}`);
    await page.getByRole('button', { name: 'Rename being renamed' }).click();
    const end = await cut(page, { method: 'DELETE', path: /\/devices\//, at: 'held' });
    const asked = end.next();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await asked;
    await page.clock.fastForward(16 * MINUTE_MS);
    await end.letGo();
    await isOut(page);
    await expect.poll(() => keptDevice(page)).toEqual({ records: 0 });
  });

  test('tells other tabs two words, and hears nothing else', async () => {
    const visit = await opened.visit();
    const other = await opened.anotherTab(visit);
    await onKeys(other.page);
    await other.page.waitForLoadState('networkidle');
    await other.page.evaluate(`{
      globalThis.heard = [];
      new BroadcastChannel('countersign').onmessage = ({ data }) => void heard.push(data);
    }`);
    const rereads = other.page.waitForRequest(/\/v1\/account\//);
    await visit.page.evaluate(`(() => {
      const channel = new BroadcastChannel('countersign');
      for (const word of ['signed in', { word: 'signed out' }, ['signed out'], 'SIGNED OUT', null, 'keys changed'])
        channel.postMessage(word);
    })()`);
    await rereads;
    await onKeys(other.page);
    await visit.page.getByRole('button', { name: 'Sign out' }).click();
    await isOut(other.page);
    const heard = (await other.page.evaluate('heard')) as unknown[];
    expect(heard.slice(6)).toEqual(['signed out']);
  });

  test('is out as soon as the server knows its device no longer, and says that it ended', async () => {
    const visit = await opened.visit({ path: undefined });
    await visit.owner.client.devices.end(visit.deviceId ?? '');
    await visit.page.goto(`${opened.url}/console/keys/read-only`);
    await isOut(visit.page);
    await visit.page.getByText('This browser was signed out: by you elsewhere, or by your venue.').waitFor();
    await expect.poll(() => keptDevice(visit.page)).toEqual({ records: 0 });
  });

  test('out of the page cache nothing can be pressed before everything is asked again, and who signed out meanwhile is out', async () => {
    const visit = await opened.visit();
    const { page } = visit;
    await onKeys(page);
    await page.waitForLoadState('networkidle');
    let letGo: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await page.route(/\/v1\/account\//, async (route) => {
      await gate;
      await route.continue();
    });
    const asked = page.waitForRequest(/\/v1\/account\//);
    await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`);
    await asked;
    expect(await page.evaluate('document.body.inert')).toBe(true);
    letGo();
    await expect.poll(() => page.evaluate('document.body.inert')).toBe(false);
    await page.unrouteAll();
    await page.evaluate(`(async () => {
      const request = indexedDB.open('countersign', 1);
      await new Promise((resolve) => { request.onsuccess = resolve; });
      const transaction = request.result.transaction('device', 'readwrite');
      transaction.objectStore('device').clear();
      await new Promise((resolve) => { transaction.oncomplete = resolve; });
      request.result.close();
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    })()`);
    await isOut(page);
    expect(await page.evaluate('document.body.inert')).toBe(false);
  });

  test('says that the server does not answer, counts down, and reads everything again once it does', async () => {
    const visit = await opened.visit();
    const { page } = visit;
    await onKeys(page);
    await page.waitForLoadState('networkidle');
    await opened.stopServer();
    await readAnew(page);
    await page.getByText(/^(?:The server is not answering\. Trying again|No connection to)/).waitFor();
    await opened.startServer();
    const again = page.waitForResponse((response) => /\/v1\/account\//.test(response.url()) && response.ok());
    await page
      .getByRole('button', { name: /^Try (?:now|again)$/ })
      .first()
      .click();
    await again;
    await expect.poll(() => page.getByText(/not answering|No connection/).count()).toBe(0);
  });

  test("says that this machine's clock is off, and works all the same", async () => {
    const { page } = await opened.visit({
      prepare: (page) => page.clock.install({ time: Date.now() + 4.5 * MINUTE_MS }),
    });
    await onKeys(page);
    await page.getByText("This computer's clock is 4 min ahead. It works here; bots on it may be refused.").waitFor();
  });

  test('is a device, which a script of another machine cannot be without its key', async () => {
    const visit = await opened.visit();
    const key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
    const { x = '', y = '' } = await crypto.subtle.exportKey('jwk', key.publicKey);
    const auth = device({
      id: visit.deviceId ?? '',
      account: visit.owner.account,
      key: { privateKey: key.privateKey, public_key: { kty: 'EC', crv: 'P-256', x, y } },
    });
    const thief = createClient({ url: opened.url, auth });
    await expect(thief.account.self()).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED_ERROR' });
  });
});
