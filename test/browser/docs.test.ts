// /docs in a real browser, as the server sends it: Swagger UI shows the API under our policy, and nobody else is asked for anything.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded, openChromium } from '../support/chromium.ts';
import { type Service, startService } from '../support/harness.ts';

const document = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
const operations = Object.values<object>(document.paths).flatMap((path) =>
  Object.keys(path).filter((method) => method !== 'head'),
);

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

test.skipIf(chromiumFile === undefined)(
  `/docs shows every operation, and / leads there, without a violation of a policy, a request to anybody else or an error${chromiumNeeded}`,
  async () => {
    const browser = await openChromium();
    try {
      // Only what is within the window is rendered.
      const page = await browser.newPage({ viewport: { width: 1200, height: 16_000 } });
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(`${service.url}/`) && !request.url().startsWith('data:'))
          problems.push(`asked for ${request.url()}`);
      });
      page.on('response', (response) => {
        if (!response.ok()) problems.push(`${response.status()} ${response.url()}`);
      });
      await page.exposeFunction('reportViolation', (what: string) => void problems.push(what));
      await page.addInitScript(
        "addEventListener('securitypolicyviolation', (e) => reportViolation(e.violatedDirective + ' ' + e.blockedURI))",
      );

      await page.goto(`${service.url}/docs`);
      await page
        .locator('.opblock')
        .nth(operations.length - 1)
        .waitFor();
      expect(await page.locator('.opblock').count()).toBe(operations.length);
      const tags = await page
        .locator('.opblock-tag')
        .evaluateAll((all) => all.map((tag) => tag.getAttribute('data-tag')));
      expect(tags).toEqual(document.tags.map(({ name }: { name: string }) => name));

      // One operation, opened: its parameters, its members, its answers, and who may call it.
      await page.locator('#operations-Login-post_v1_auth .opblock-summary-control').click();
      const login = page.locator('#operations-Login-post_v1_auth .opblock-body');
      await login.locator('.responses-table').waitFor();
      const text = await login.innerText();
      for (const shown of ['PARADEX-STARKNET-SIGNATURE', 'NOT_ONBOARDED', 'jwt_token', 'self-signed'])
        expect(text).toContain(shown);
      // A page of ours asks for no key.
      expect(await page.locator('.authorize, .try-out').count()).toBe(0);
      expect(problems).toEqual([]);

      await page.goto(`${service.url}/`);
      expect(await page.locator('a[href="/docs"]').isVisible()).toBe(true);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);

test.skipIf(chromiumFile === undefined)(
  `/docs without JavaScript leads to the documentation and to openapi.json${chromiumNeeded}`,
  async () => {
    const browser = await openChromium();
    try {
      const page = await browser.newPage({ javaScriptEnabled: false });
      await page.goto(`${service.url}/docs`);
      expect(await page.locator('noscript p').isVisible()).toBe(true);
      for (const target of ['/llms.txt', '/llms-full.txt', '/openapi.json'])
        expect(await page.locator(`a[href="${target}"]`).isVisible()).toBe(true);
    } finally {
      await browser.close();
    }
  },
);
