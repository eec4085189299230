// A venue that wants what the console has: on its origin, on another port of its host, beside a console with a host of its own, and under a
// name that was bound to us. Each thing that works is counted, and each is seen to be tried.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type HostileVenue, PAGE, startHostileVenue } from '../support/console/hostile-page.ts';
import { type OpenConsole, openConsole, type Visit, type VisitOptions } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';

/** A page beside the console, in the same browser: nobody watches what it does. */
async function openBeside({ context }: Visit, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url, { waitUntil: 'load' }).catch((error: unknown) => {
    // What browsers do with an answer of no type.
    if (!String(error).includes('Download is starting')) throw error;
  });
  return page;
}

/** Where scripts run: until the last thing was tried. */
const finished = (venue: HostileVenue) => expect.poll(() => venue.did, { timeout: 20_000 }).toContain('finished');
const worked = (venue: HostileVenue) =>
  venue.did.filter((what) => what !== 'finished' && !what.startsWith('tried-')).sort();
const tried = (venue: HostileVenue) => venue.did.filter((what) => what.startsWith('tried-')).length;
const TRIES = 11;

/** A build, a server and a browser, on a machine that does something else, too. */
const SLOW_START_MS = 180_000;

const isSignedIn = async (visit: Visit, url: string) => {
  await visit.page.goto(`${url}/console/keys/read-only`);
  await visit.page.getByRole('heading', { level: 1 }).waitFor();
  return new URL(visit.page.url()).pathname === '/console/keys/read-only';
};

/** Beside the console's own channel, in its page. */
const HEARS = `{
  globalThis.heard = [];
  globalThis.hearing = new BroadcastChannel('countersign');
  hearing.addEventListener('message', ({ data }) => heard.push(data));
}`;
const visitThatHears = (opened: OpenConsole, options: VisitOptions = {}) =>
  opened.visit({ ...options, prepare: (page) => page.addInitScript(HEARS) });

/** What the page was told by others than the console, which says words: until one that is said now. */
const heard = ({ page }: Visit) =>
  page.evaluate<unknown[]>(`new Promise((resolve) => {
    hearing.addEventListener('message', ({ data }) => { if (data === 'last') resolve(heard.filter((one) => typeof one !== 'string')); });
    new BroadcastChannel('countersign').postMessage('last');
  })`);

/** Where a page is not let into a frame, the browser puts one of its own there. */
const framesOf = (page: Page, url: string) =>
  page.frames().filter((frame) => frame !== page.mainFrame() && frame.url().startsWith(`${url}/console`));

/** A venue that tried everything from another origin got nothing of what belongs to the owner of the visit. */
async function hasNothing(venue: HostileVenue, page: Page, visit: Visit, consoleUrl: string): Promise<void> {
  expect(tried(venue)).toBe(TRIES);
  for (const what of ['indexeddb', 'device-key', 'api', 'asset']) expect(worked(venue)).not.toContain(what);
  expect(framesOf(page, consoleUrl)).toEqual([]);
  expect(await heard(visit)).toEqual([]);
  const { tokens, devices } = visit.owner.client;
  expect((await tokens.list().page()).results).toEqual([]);
  expect((await devices.list().page()).results).toHaveLength(1);
  expect(await isSignedIn(visit, consoleUrl)).toBe(true);
}

/** What leads away from the page of the form `leading`, in the order in which Tab comes to it. */
const LEADS = ['form', 'post', 'link'] as const;
type Lead = (typeof LEADS)[number];
async function press(page: Page, wanted: Lead): Promise<void> {
  for (const what of LEADS) {
    await page.keyboard.press('Tab');
    if (what === wanted) return page.keyboard.press('Enter');
  }
}

/** Leads from a page of the venue to the console by a redirect. */
async function lead(venue: HostileVenue, page: Page, what: Lead, from: string, to: string): Promise<void> {
  venue.serve({ form: 'leading', target: to });
  await page.goto(from + PAGE);
  await press(page, what);
  await page.waitForURL((url) => url.href.startsWith(`${to}/console`));
  expect(venue.did).toEqual([what]);
}

/** The path of a picture of the console, which its document names. */
async function pictureOf(url: string): Promise<string> {
  const document = await (await fetch(`${url}/console`)).text();
  const [path] = /\/console\/assets\/[\w.-]+\.svg/.exec(document) ?? [];
  if (path === undefined) throw new Error('the document of the console names no picture');
  return path;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe.skipIf(chromiumFile === undefined)(`a hostile venue${chromiumNeeded}`, () => {
  let venue: HostileVenue;
  let opened: OpenConsole;
  let picture: string;
  beforeAll(async () => {
    venue = await startHostileVenue();
    opened = await openConsole({ upstream: venue.url });
    picture = await pictureOf(opened.url);
  }, SLOW_START_MS);
  afterAll(async () => {
    await opened.close();
    await venue.close();
  });

  test.each([
    ['html', 200],
    ['html', 404],
    ['html', 500],
    ['untyped', 200],
    ['moving', 200],
    ['svg', 200],
    ['xhtml', 403],
  ] as const)(
    'on the origin of the console gets nothing by a page of the form %s with status %i',
    async (form, status) => {
      const visit = await opened.visit();
      venue.serve({ form, status });
      const page = await openBeside(visit, opened.url + PAGE);
      // Longer than the page waits to move away: a whole way to the venue and back, after it.
      await page.waitForTimeout(1_200);
      await (await openBeside(visit, `${opened.url}/v1/trades?did=finished`)).close();
      expect(venue.did).toEqual(['finished']);
      expect(await isSignedIn(visit, opened.url)).toBe(true);
      expect(await visit.page.evaluate('navigator.serviceWorker.getRegistrations().then((all) => all.length)')).toBe(0);
      await page.close();
    },
  );

  test('on the origin of the console moves nothing of the session by a redirect there: a form is not sent, and a link opens the console', async () => {
    const visit = await opened.visit();
    venue.serve({ form: 'leading' });
    const page = await openBeside(visit, opened.url + PAGE);
    for (const _ of LEADS) {
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
    }
    await page.waitForURL(`${opened.url}/console/keys/read-only`);
    expect(venue.did).toEqual(['link']);
    expect(await isSignedIn(visit, opened.url)).toBe(true);
    expect((await visit.owner.client.devices.list().page()).results).toHaveLength(1);
    await page.close();
  });

  test('on the origin of the console would have its storage, its key and a service worker, were it not for the sandbox', async () => {
    const visit = await visitThatHears(opened);
    await withoutSandbox(visit.context, opened.url + PAGE);
    venue.serve({ picture });
    const page = await openBeside(visit, opened.url + PAGE);
    await finished(venue);
    expect(tried(venue)).toBe(TRIES);
    // Neither a frame around the console nor a service worker over all of it, as other headers say.
    await expect
      .poll(() => worked(venue))
      .toEqual(
        expect.arrayContaining([
          'asset',
          'device-key',
          'download',
          'indexeddb',
          'localstorage',
          'object',
          'picture',
          'script',
          'service-worker',
          'style-sheet',
          'worker',
        ]),
      );
    expect(await heard(visit)).toEqual([{ hello: 1 }]);
    expect(worked(venue)).not.toContain('frame');
    expect(framesOf(page, opened.url)).toEqual([]);
    expect(worked(venue)).not.toContain('service-worker-of-all');
    expect(worked(venue)).not.toContain('api');
    venue.serve({ form: 'moving' });
    await page.goto(opened.url + PAGE);
    await expect.poll(() => venue.did).toContain('moved');
    await page.waitForURL(/did=moved/);
    venue.serve({ form: 'leading' });
    await page.goto(opened.url + PAGE);
    await press(page, 'form');
    await expect.poll(() => venue.did).toEqual(['form']);
    await page.close();
  });

  test('on another port of the host gets what a stranger gets, and moves nothing of the session by a redirect to the console', async () => {
    const visit = await visitThatHears(opened);
    venue.serve({ target: opened.url, picture });
    const page = await openBeside(visit, venue.url + PAGE);
    await finished(venue);
    await hasNothing(venue, page, visit, opened.url);
    for (const what of LEADS) {
      await lead(venue, page, what, venue.url, opened.url);
      expect(await isSignedIn(visit, opened.url)).toBe(true);
    }
    await page.close();
  });

  test('on another port of the host would have the console in a frame, were it not for its headers', async () => {
    const visit = await opened.visit();
    await visit.context.route(`${opened.url}/console`, async (route) => {
      const response = await route.fetch();
      const { 'content-security-policy': _, 'x-frame-options': __, ...headers } = response.headers();
      await route.fulfill({ response, headers });
    });
    venue.serve({ target: opened.url, picture });
    const page = await openBeside(visit, venue.url + PAGE);
    await finished(venue);
    const [frame] = framesOf(page, opened.url);
    expect(await frame?.title()).toMatch(/Countersign/);
    await page.close();
  });

  test('on another port cannot reach into a window of the console that it opens', async () => {
    const visit = await opened.visit();
    const page = await openBeside(visit, `${venue.url}/v1/orderbook/x`);
    const popup = visit.context.waitForEvent('page');
    await page.evaluate(`window.opened = window.open('${opened.url}/console')`);
    const console = await popup;
    await console.waitForLoadState();
    await console.locator('h1').first().waitFor();
    expect(await console.evaluate('window.opener')).toBeNull();
    expect(await page.evaluate('window.opened.closed')).toBe(true);
    await console.close();
    await page.close();
  });

  test('under a name that was bound to us gets what a stranger gets, and no wallet can sign in by that name', async () => {
    const visit = await opened.visit();
    const rebound = opened.url.replace('127.0.0.1', 'rebound.localhost');
    // As its own server answered under that name a moment ago.
    await visit.context.route(`${rebound}/attack`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>attack</title>' }),
    );
    const page = await openBeside(visit, `${rebound}/attack`);
    const ask = (path: string) =>
      page.evaluate<{ status: number; text: string }>(
        `fetch('${path}', { credentials: 'include' }).then(async (answer) => ({ status: answer.status, text: await answer.text() }))`,
      );
    for (const path of ['/countersign/v1/self', '/countersign/v1/devices', '/v1/account/keys/subkeys', '/v1/account'])
      expect([path, (await ask(path)).status]).toEqual([path, 401]);
    expect(JSON.parse((await ask('/countersign/v1/about')).text).siwe_domain).toBeNull();
    expect(await page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
    await page.close();
  });
});

describe.skipIf(chromiumFile === undefined)(
  `a hostile venue beside a console on a host of its own${chromiumNeeded}`,
  () => {
    let venue: HostileVenue;
    let own: OpenConsole;
    let consoleUrl: string;
    let picture: string;
    beforeAll(async () => {
      venue = await startHostileVenue();
      const port = await freePort();
      consoleUrl = `http://localhost:${port}`;
      const settings = {
        'console.own_host': 'true',
        'console.url': consoleUrl,
        'console.api_url': `http://127.0.0.1:${port}`,
      };
      own = await openConsole({ upstream: venue.url, settings, port });
      picture = await pictureOf(consoleUrl);
    }, SLOW_START_MS);
    afterAll(async () => {
      await own.close();
      await venue.close();
    });

    test('has scripts of its own, and gets what a stranger gets while somebody is signed in, who stays so', async () => {
      const owner = await createOwner(own.url, 'main');
      const visit = await visitThatHears(own, { as: 'stranger', owner, path: undefined });
      await signInByKey(visit);
      const page = await openBeside(visit, `${consoleUrl}/console`);
      await page.waitForURL(`${consoleUrl}/console/keys/read-only`);
      venue.serve({ target: consoleUrl, picture });
      await page.goto(own.url + PAGE);
      await finished(venue);
      await hasNothing(venue, page, visit, consoleUrl);
      for (const what of ['form', 'link'] as const) {
        await lead(venue, page, what, own.url, consoleUrl);
        expect(await isSignedIn(visit, consoleUrl)).toBe(true);
      }
      await page.close();
      // Another host than the one that the visit is of.
      visit.expectProblems(new RegExp(`^asked another origin: ${consoleUrl}/`));
    });

    async function signInByKey({ page, owner }: Visit): Promise<void> {
      await page.goto(`${consoleUrl}/console/sign-in?with=key`);
      await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
      await page.getByText(/known here/).waitFor();
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL(`${consoleUrl}/console/keys/read-only`);
    }

    test('has no page on the host of the console, and the console none on its host', async () => {
      const visit = await own.visit({ as: 'stranger', path: undefined });
      venue.serve({});
      const page = await openBeside(visit, 'about:blank');
      expect((await page.goto(consoleUrl + PAGE))?.status()).toBe(404);
      expect(venue.did).toEqual([]);
      expect((await page.goto(`${own.url}/console`))?.status()).toBe(404);
      await page.close();
    });
  },
);

/** As if the gateway did not say it. */
async function withoutSandbox(context: BrowserContext, url: string): Promise<void> {
  await context.route(url, async (route) => {
    const response = await route.fetch();
    const { 'content-security-policy': policy, ...headers } = response.headers();
    expect(policy).toBe("sandbox; default-src 'none'");
    await route.fulfill({ response, headers });
  });
}
