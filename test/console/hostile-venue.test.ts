// A venue that wants what the console has: on its origin, on another port of its host, beside a console with a host of its own, and under a
// name that was bound to us. Each thing that works is counted, and each is seen to be tried.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type HostileVenue, PAGE, startHostileVenue } from '../support/console/hostile-page.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';

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

const isSignedIn = async (visit: Visit, opened: OpenConsole) => {
  await visit.page.goto(`${opened.url}/console/keys/read-only`);
  await visit.page.getByRole('heading', { level: 1 }).waitFor();
  return new URL(visit.page.url()).pathname === '/console/keys/read-only';
};

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
      expect(await isSignedIn(visit, opened)).toBe(true);
      expect(await visit.page.evaluate('navigator.serviceWorker.getRegistrations().then((all) => all.length)')).toBe(0);
      await page.close();
    },
  );

  test('on the origin of the console would have its storage, its key and a service worker, were it not for the sandbox', async () => {
    const visit = await opened.visit();
    await withoutSandbox(visit.context, opened.url + PAGE);
    venue.serve({ picture });
    const page = await openBeside(visit, opened.url + PAGE);
    await finished(venue);
    expect(tried(venue)).toBe(TRIES);
    // Neither a frame around the console nor a service worker over all of it, as other headers say.
    expect(worked(venue)).toEqual(
      expect.arrayContaining([
        'asset',
        'channel',
        'device-key',
        'indexeddb',
        'localstorage',
        'picture',
        'service-worker',
        'worker',
      ]),
    );
    expect(worked(venue)).not.toContain('frame');
    expect(worked(venue)).not.toContain('service-worker-of-all');
    expect(worked(venue)).not.toContain('api');
    venue.serve({ form: 'moving' });
    await page.goto(opened.url + PAGE);
    await expect.poll(() => venue.did).toContain('moved');
    await page.close();
  });

  test('on another port of the host gets what a stranger gets', async () => {
    const visit = await opened.visit();
    venue.serve({ target: opened.url, picture });
    const page = await openBeside(visit, venue.url + PAGE);
    await finished(venue);
    expect(tried(venue)).toBe(TRIES);
    for (const what of ['indexeddb', 'device-key', 'frame', 'api', 'simple-request', 'asset', 'channel'])
      expect(worked(venue)).not.toContain(what);
    expect(await isSignedIn(visit, opened)).toBe(true);
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

    test('has scripts of its own, and gets what a stranger gets', async () => {
      const visit = await own.visit({ as: 'stranger', path: undefined });
      const page = await openBeside(visit, 'about:blank');
      await page.goto(`${consoleUrl}/console`);
      await page.locator('h1').first().waitFor();
      venue.serve({ target: consoleUrl, picture });
      await page.goto(own.url + PAGE);
      await finished(venue);
      expect(tried(venue)).toBe(TRIES);
      for (const what of ['indexeddb', 'device-key', 'frame', 'api', 'simple-request', 'asset', 'channel'])
        expect(worked(venue)).not.toContain(what);
      await page.close();
    });

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
