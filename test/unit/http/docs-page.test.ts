import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { parseRouteTable } from '../../../src/access/route-table.ts';
import paradex from '../../../src/access/routes/paradex.json' with { type: 'json' };
import { type DocsPage, docsPage } from '../../../src/http/docs-page.ts';
import { describeApi } from '../../../src/http/openapi.ts';
import { declaredRoutes } from '../../../src/http/write-openapi.ts';

const table = parseRouteTable(paradex);
let page: DocsPage;
beforeAll(async () => {
  page = docsPage(describeApi(table, await declaredRoutes()));
});

test('it names every operation with its access', () => {
  for (const { method, path, access } of table.routes) {
    const after = page.html.split(`<code>${method} ${path}</code>`)[1] ?? '';
    expect([path, after.slice(0, 2_000).includes(`<code>${access}</code>`)]).toEqual([path, true]);
  }
});

test('it shows headers, members of bodies and answers, and refusals of an operation', () => {
  const [, login = ''] = page.html.split('<code>POST /v1/auth</code>');
  const own = login.split('<h3')[0] ?? '';
  for (const shown of ['PARADEX-STARKNET-SIGNATURE', 'jwt_token', 'NOT_ONBOARDED', 'IP_NOT_ALLOWED']) {
    expect(own).toContain(shown);
  }
  const tokens = page.html.split('<code>GET /v1/account/tokens</code>')[1]?.split('<h3')[0] ?? '';
  for (const shown of ['results[].lookup_id', 'UNAUTHORIZED_ERROR', 'INVALID_TOKEN_SCOPE'])
    expect(tokens).toContain(shown);
});

test('it loads nothing and runs nothing', () => {
  expect(page.html).not.toMatch(/<(script|link|img|iframe|object|embed|base|form|svg|video|audio)\b/i);
  expect(page.html).not.toMatch(/\s(src|srcset|style|on\w+)\s*=/i);
  expect(page.html).not.toMatch(/@import|url\(/i);
  const links = [...page.html.matchAll(/href="([^"]*)"/g)].map(([, target = '']) => target);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((target) => !/^(#[a-z0-9-]+|\/openapi\.json)$/.test(target))).toEqual([]);
});

test('its policy allows its own style sheet and nothing else', () => {
  const [, style = ''] = /<style>([^<]*)<\/style>/.exec(page.html) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  expect(page.headers['Content-Security-Policy']).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(page.headers['X-Content-Type-Options']).toBe('nosniff');
});

test('no text of a document becomes markup', () => {
  const evil = '<script>alert(1)</script>"\'&';
  const text = { description: evil, summary: evil };
  const { html } = docsPage({
    info: { version: evil, description: evil },
    paths: {
      [`/${evil}`]: {
        get: {
          ...text,
          tags: [evil],
          operationId: evil,
          'x-access': evil,
          'x-rate-limit': evil,
          'x-served-by': 'us',
          parameters: [{ name: evil, in: evil, description: evil }],
          requestBody: {
            content: { [evil]: { schema: { properties: { [evil]: { type: evil, description: evil } } } } },
          },
          responses: { 200: { content: { [evil]: { schema: { type: 'object' } } } }, [evil]: { description: evil } },
        },
      },
    },
    components: { headers: { [evil]: { description: evil } } },
  });
  expect(html).not.toContain('<script');
  expect(html).not.toContain(`"'&`);
  expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(10);
});

test('every place it links to is on it, once', () => {
  const ids = [...page.html.matchAll(/ id="([^"]*)"/g)].map(([, id = '']) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target = ''] of page.html.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
});
