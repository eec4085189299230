// The harness of the console's tests by itself: that a visit is signed in, and that what no page may do is noticed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { isViolation } from '../support/console/problems.ts';
import { recordEverything } from '../support/console/record-everything.ts';

describe.skipIf(chromiumFile === undefined)(`a visit of the console${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  });
  afterAll(() => opened.close());

  test.each(['main', 'wallet'] as const)('with a ready device of a %s key is signed in without a click', async (as) => {
    const { page, owner } = await opened.visit({ as });
    await page.waitForURL(`${opened.url}/console/keys/read-only`);
    expect(owner.account).toMatch(/^0x/);
  });

  test('of a stranger is led to sign-in', async () => {
    const { page } = await opened.visit({ as: 'stranger', width: 390, theme: 'dark' });
    await page.waitForURL(`${opened.url}/console/sign-in*`);
  });

  test('has problems when the page asks another origin, breaks its policy, throws or writes an error on the console', async () => {
    const visit = await opened.visit({ as: 'stranger' });
    const tries = [
      ['violation of the policy: connect-src', "fetch('http://127.0.0.1:9/elsewhere').catch(() => undefined)"],
      ['violation of the policy: style-src', "document.body.setAttribute('style', 'color: red')"],
      ['error of the page', "setTimeout(() => { throw new Error('thrown'); })"],
      ['error on the console', "console.error('written')"],
      ['404 ', "fetch('/console/assets/none.js')"],
      ['asked another origin', "location.assign('http://127.0.0.1:9/elsewhere')"],
    ] as const;
    for (const [problem, script] of tries) {
      await visit.page.evaluate(`void (${script})`);
      await expect.poll(() => visit.problems().filter((one) => one.startsWith(problem))).not.toEqual([]);
    }
    visit.expectProblems(/./);
  });

  test('has a problem when a worker of the page breaks its policy', async () => {
    const visit = await opened.visit({ as: 'stranger', path: '/console/sign-in?with=key' });
    await expect.poll(() => visit.page.workers().length).toBe(1);
    const [worker] = visit.page.workers();
    await worker?.evaluate(`void setTimeout(() => { try { trustedTypes.createPolicy('evil', {}); } catch {} })`);
    await expect.poll(() => visit.problems().filter(isViolation)).not.toEqual([]);
    visit.expectProblems(/^violation of the policy of a worker: /);
  });

  test('is written down: what is sent, stored, said to a channel and shown is found by its text', async () => {
    const canary = 'c4n4ry';
    let recording: Awaited<ReturnType<typeof recordEverything>> | undefined;
    const visit = await opened.visit({
      as: 'stranger',
      async prepare(page) {
        recording = await recordEverything(page);
      },
    });
    if (recording === undefined) throw new Error('nothing was recorded');
    expect(await recording.where([canary])).toEqual([]);
    await recording.step('leaving it everywhere');
    await visit.page.evaluate(`(async () => {
      const canary = '${canary}';
      await fetch('/healthz?' + canary, { headers: { 'X-Canary': canary } }).then((answer) => answer.text());
      await fetch('/healthz', { method: 'POST', body: canary }).then((answer) => answer.text());
      history.replaceState({ canary }, '', '#' + canary);
      localStorage.setItem('theme', canary);
      sessionStorage.setItem('other', canary);
      document.cookie = 'left=' + canary;
      document.title = canary;
      console.log(canary);
      new BroadcastChannel('countersign').postMessage({ canary });
      await (await caches.open('one')).put('/x', new Response(canary));
      const request = indexedDB.open('left', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('store').put(canary, 1);
      await new Promise((resolve) => { request.onsuccess = resolve; });
      request.result.close();
      const field = document.body.appendChild(document.createElement('input'));
      field.value = canary;
    })()`);
    const places = await recording.where([canary]);
    for (const kind of [
      'request line of GET /healthz',
      'request header of GET /healthz',
      'request body of POST /healthz',
      'address',
      'history',
      'local storage',
      'session storage',
      'cookie',
      'title',
      'console',
      'channel',
      'cache',
      'IndexedDB',
      'document',
      'field',
    ])
      expect(places).toContain(`${kind}, at leaving it everywhere`);
  });

  test('loses an answer that the server gave, and a request that it never had', async () => {
    const visit = await opened.visit({ as: 'stranger' });
    const asks = `fetch('/countersign/v1/about').then(() => 'answered', () => 'lost')`;
    for (const at of ['request', 'answer'] as const) {
      const lost = await cut(visit.page, { path: /^\/countersign\/v1\/about$/, at });
      expect(await visit.page.evaluate(asks)).toBe('lost');
      expect(await visit.page.evaluate(asks)).toBe('answered');
      expect(lost.hits()).toBe(1);
      await lost.letGo();
    }
    await opened.stopServer();
    expect(await visit.page.evaluate(asks)).toBe('lost');
    await opened.startServer();
    expect(await visit.page.evaluate(asks)).toBe('answered');
  });
});
