import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import paradex from '../../../src/access/routes/paradex.json' with { type: 'json' };
import { docsPage, frontPage, type HtmlPage } from '../../../src/http/docs-page.ts';
import { describeApi } from '../../../src/http/write-openapi.ts';

const table = parseRouteTable(paradex);
let page: HtmlPage;
let front: HtmlPage;
beforeAll(async () => {
  page = docsPage((await describeApi(table)).document);
  front = frontPage();
});

test('it names every operation with its access', () => {
  for (const { method, path, access } of table.routes) {
    const after = page.html.split(`<code>${method} ${path}</code>`)[1] ?? '';
    expect([path, after.slice(0, 2_000).includes(`<code>${access}</code>`)]).toEqual([path, true]);
  }
});

test('it begins with what somebody new needs, and what is only forwarded comes last', () => {
  const headings = [...page.html.matchAll(/<h2 id="[^"]*">([^<]*)</g)].map(([, heading]) => heading);
  expect(headings).toEqual([
    'Start here',
    'Onboarding',
    'Login',
    'Subkeys',
    'Read-only tokens',
    'Emergency',
    'Health',
    'Venue',
    'Headers of answers',
    'Errors',
  ]);
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

test.each(['docs', 'front'])('the %s page loads nothing and runs nothing', (which) => {
  const { html } = which === 'docs' ? page : front;
  expect(html).not.toMatch(/<(script|link|img|iframe|object|embed|base|form|svg|video|audio)\b/i);
  expect(html).not.toMatch(/\s(src|srcset|style|on\w+)\s*=/i);
  expect(html).not.toMatch(/@import|url\(/i);
  const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, target = '']) => target);
  expect(links.length).toBeGreaterThan(2);
  expect(
    links.filter((target) => !/^(#[a-z0-9-]+|\/docs|\/openapi\.json|\/llms\.txt|\/llms-full\.txt)$/.test(target)),
  ).toEqual([]);
});

test('both lead to the documentation as text and to the document for programs', () => {
  for (const { html } of [page, front]) {
    for (const target of ['/llms.txt', '/llms-full.txt', '/openapi.json']) expect(html).toContain(`href="${target}"`);
  }
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
