// What a server says of itself, over real sockets: /openapi.json, /docs, the documentation as Markdown, and /.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { listedPages } from '../../src/http/pages.ts';
import { undocumented } from '../support/documented.ts';
import { call } from '../support/trader.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ settings: { 'subkeys.may_set_leverage': 'true' } });
});
afterAll(() => world.stop());

test('/openapi.json is the committed document, but for what a setting changes', async () => {
  const committed = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  const margin = committed.paths['/v1/account/margin/{market}'].post;
  expect(margin['x-access']).toBe('account:manage');
  margin['x-access'] = 'trade';
  const answer = await call(world.url, 'GET', '/openapi.json');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.json).toEqual(committed);
});

test('/docs is a page that a browser lets do nothing but show openapi.json, and needs no bearer', async () => {
  const answer = await call(world.url, 'GET', '/docs', { bearer: 'nonsense' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(answer.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self'; /,
  );
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.text).toContain('<a href="/openapi.json">');
});

test('the files that /docs loads are kept by browsers under an address of this release, and compressed for whoever can read that', async () => {
  const { text } = await call(world.url, 'GET', '/docs');
  const files = [...text.matchAll(/(?:src|href)="(\/docs\/[^"]+\?[^"]+)"/g)].map(([, target = '']) => target);
  expect(files).toHaveLength(3);
  for (const file of files) {
    expect(file).toContain(`?v=${manifest.version}-`);
    const plain = await call(world.url, 'GET', file, { headers: { 'Accept-Encoding': 'identity' } });
    const zipped = await call(world.url, 'GET', file, { headers: { 'Accept-Encoding': 'br, gzip' } });
    expect([plain.status, plain.headers.get('content-encoding')]).toEqual([200, null]);
    expect([zipped.status, zipped.headers.get('content-encoding')]).toEqual([200, 'gzip']);
    expect(zipped.text).toBe(plain.text);
    expect(zipped.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(zipped.headers.get('vary')).toContain('Accept-Encoding');
  }
});

test('under any other address than that of this release no cache keeps a file of /docs', async () => {
  for (const query of ['', '?v=99.0.0-1.0.0', `?v=${manifest.version}`, '?x=1'])
    expect((await call(world.url, 'GET', `/docs/start.js${query}`)).headers.get('cache-control')).toBe('no-store');
});

test('a client that refuses gzip is sent the files of /docs plain', async () => {
  for (const accepted of ['gzip;q=0', 'br, gzip; q=0.0', 'xgzip']) {
    const answer = await call(world.url, 'GET', '/docs/start.js', { headers: { 'Accept-Encoding': accepted } });
    expect([accepted, answer.headers.get('content-encoding')]).toEqual([accepted, null]);
  }
});

test('every link of the pages at /docs and / leads to an answer of ours', async () => {
  const html = { headers: { Accept: 'text/html' } };
  const pages = [await call(world.url, 'GET', '/docs', html), await call(world.url, 'GET', '/', html)];
  const targets = pages.flatMap(({ text }) => [...text.matchAll(/<a href="([^"]+)"/g)].map(([, to = '']) => to));
  expect(targets).toEqual(expect.arrayContaining(['/docs', '/docs/wire.md', '/docs/leaked-key.md', '/llms.txt']));
  for (const target of new Set(targets))
    expect([target, (await call(world.url, 'GET', target, html)).status]).toEqual([target, 200]);
});

test('no request for the documents reaches the venue', async () => {
  const before = world.service.venue.total();
  await call(world.url, 'GET', '/docs/');
  for (const path of ['/openapi.json?x=1', '/docs/wire.md', '/docs/nothing', '/llms.txt', '/llms-full.txt', '/'])
    await call(world.url, 'GET', path);
  expect(world.service.venue.total()).toBe(before);
});

test('/llms.txt is an index in the form of llmstxt.org, whose every link is served, and names the release', async () => {
  const answer = await call(world.url, 'GET', '/llms.txt');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  const [title, , summary] = answer.text.split('\n');
  expect([title, summary?.startsWith('> ')]).toEqual([`# Countersign ${manifest.version}`, true]);
  const links = [...answer.text.matchAll(/^- \[[^\]]+\]\(([^)]+)\): .+$/gm)].map(([, to = '']) => to);
  expect(links.length).toBeGreaterThan(15);
  for (const to of links) expect([to, (await call(world.url, 'GET', to)).status]).toEqual([to, 200]);
});

test('/llms-full.txt has every page whole, in the order of the index', async () => {
  const { text } = await call(world.url, 'GET', '/llms-full.txt');
  let at = 0;
  for (const { name } of listedPages.flatMap(({ pages }) => pages)) {
    const page = (await call(world.url, 'GET', `/docs/${name}`)).text;
    const found = text.indexOf(page, at);
    expect([name, found >= at]).toEqual([name, true]);
    at = found + page.length;
  }
});

test('a page is Markdown, whose links lead to what is served, and a name that is no page is 404', async () => {
  const answer = await call(world.url, 'GET', '/docs/wire.md', { bearer: 'nonsense' });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/markdown; charset=utf-8']);
  expect(answer.text.startsWith('# The wire, byte by byte\n')).toBe(true);
  const pages = listedPages.flatMap(({ pages: each }) => each);
  for (const { name } of pages) {
    const { text } = await call(world.url, 'GET', `/docs/${name}`);
    const links = [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/\]\((?!#|https?:)([^)#]+)/g)].map(
      ([, to = '']) => to,
    );
    const served = new Set([...pages.map((page) => `/docs/${page.name}`), '/openapi.json']);
    expect([name, links.filter((to) => !served.has(to))]).toEqual([name, []]);
  }
  for (const path of ['/docs/nothing.md', '/docs/openapi.json', '/docs/wire', '/docs/LICENSE']) {
    expect([path, (await call(world.url, 'GET', path)).json.error]).toEqual([path, 'NOT_FOUND']);
  }
});

test('/ leads a browser to /docs, and is no path for anybody else', async () => {
  const browser = await call(world.url, 'GET', '/', {
    headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });
  expect([browser.status, browser.headers.get('vary')]).toEqual([200, 'Accept']);
  expect(browser.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
  expect(browser.text).toContain('<a href="/docs">');
  for (const accept of ['*/*', 'application/json']) {
    const program = await call(world.url, 'GET', '/', { headers: { Accept: accept } });
    expect([program.status, program.json.error]).toEqual([404, 'NOT_FOUND']);
  }
});

describe('an answer of ours that openapi.json does not describe fails whichever test got it', () => {
  const json = (status: number, text: string) => ({ status, contentType: 'application/json; charset=utf-8', text });
  const time = (answer: Parameters<typeof undocumented>[2]) => undocumented('GET', '/v1/system/time?x=1', answer);
  const refused = (error: string, data: unknown) => json(404, JSON.stringify({ error, message: 'no', data }));
  const deletion = (answer: Parameters<typeof undocumented>[2]) =>
    undocumented('DELETE', '/v1/account/tokens/1', answer);

  test('an answer with a status that openapi.json does not describe fails whichever test got it', () => {
    expect(time(json(200, '{"server_time":"1800000000123"}'))).toBeUndefined();
    expect(time(json(202, '{"server_time":"1800000000123"}'))).toMatch(/is not described/);
  });
  test('an answer with a member too many, one too few, or of another form fails whichever test got it', () => {
    expect(time(json(200, '{"server_time":"1","zone":"UTC"}'))).toMatch(/additional properties/);
    expect(time(json(200, '{}'))).toMatch(/required/);
    expect(time(json(200, '{"server_time":1}'))).toMatch(/must be string/);
  });
  test('an answer of a media type that openapi.json does not describe fails whichever test got it', () => {
    expect(time({ status: 200, contentType: 'text/plain', text: '1' })).toMatch(/not as text\/plain/);
  });
  test('an error with a code or data that openapi.json does not describe fails whichever test got it', () => {
    expect(deletion(refused('NOT_FOUND', null))).toBeUndefined();
    expect(deletion(refused('NOT_UNIQUE', null))).toMatch(/allowed values/);
    expect(deletion(refused('NOT_FOUND', { lookup_id: '1' }))).toMatch(/additional properties/);
  });
  test('an answer of the venue is not compared with openapi.json', () => {
    expect(undocumented('GET', '/v1/orders', json(418, '[]'))).toBeUndefined();
  });
});
