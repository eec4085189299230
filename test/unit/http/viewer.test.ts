// The pages at /docs and /: what they may load, and where they lead.
import { expect, test } from 'vitest';
import { createViewer, docsPage, frontPage as frontPageOf } from '../../../src/http/viewer.ts';

const frontPage = frontPageOf('/console');

test.each([
  ['/docs', docsPage],
  ['/', frontPage],
] as const)(
  'the page at %s has no inline script and no inline style, and names no address but ours',
  (_path, { html }) => {
    expect(html).not.toMatch(/<(style|img|iframe|object|embed|base|form|svg|video|audio)\b/i);
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>|<script[^>]*>[^<]/i);
    expect(html).not.toMatch(/\s(srcset|style|on\w+)\s*=/i);
    const targets = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(2);
    expect(targets.filter((target) => !/^(?:\/(?!\/)|data:,$)/.test(target))).toEqual([]);
  },
);

test('the pages at / and /docs lead to the documentation as text and to the document for programs, without JavaScript too', () => {
  for (const { html } of [docsPage, frontPage]) {
    for (const target of ['/llms.txt', '/llms-full.txt', '/openapi.json']) expect(html).toContain(`href="${target}"`);
  }
  expect(frontPage.html).toContain('href="/docs"');
  expect(docsPage.html).toContain('<noscript>');
});

test('the policy of /docs allows its own files and images in its style sheet, and the one of / nothing', () => {
  const rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  expect(docsPage.headers['Content-Security-Policy']).toBe(
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; ${rest}`,
  );
  expect(frontPage.headers['Content-Security-Policy']).toBe(`default-src 'none'; ${rest}`);
  for (const { headers } of [docsPage, frontPage]) expect(headers['X-Content-Type-Options']).toBe('nosniff');
});

test('every file that /docs loads is there, and no other is', async () => {
  const viewer = createViewer();
  const loaded = [...docsPage.html.matchAll(/"\/docs\/([^"?]+)\?v=[\w.-]+"/g)].map(([, name = '']) => name);
  expect(loaded.sort()).toEqual(['start.js', 'viewer.css', 'viewer.js']);
  for (const name of loaded) {
    const file = await viewer.file(name);
    expect(file?.bytes.length).toBeGreaterThan(100);
    expect(file?.headers['X-Content-Type-Options']).toBe('nosniff');
    expect(viewer.file(name)).toBe(viewer.file(name));
  }
  for (const name of ['wire.md', 'swagger-ui.css', '../package.json', '']) expect(viewer.file(name)).toBeUndefined();
});

test('the script that starts the viewer of /docs asks our own origin and nobody else', async () => {
  const file = await createViewer().file('start.js');
  const script = String(file?.bytes);
  expect([...script.matchAll(/fetch\('([^']*)'/g)].map(([, target]) => target)).toEqual(['/openapi.json']);
  expect(script).not.toMatch(/https?:|['"`]\/\/|\bimport\b|\burls?:/);
});
