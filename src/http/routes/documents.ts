// The server's own documentation: /openapi.json, made once at start from the routes in force; /docs, which shows it; the pages as
// Markdown; and at / a page that leads a browser to them. The same bytes for everybody.
import type { FastifyInstance, FastifySchema } from 'fastify';
import { hostOf } from '../../access/host-routes.ts';
import { refusalErrorOf } from '../../access/refusal.ts';
import { contextOf } from '../context.ts';
import { takenCoding } from '../kit/content-coding.ts';
import { pathParam } from '../kit/read.ts';
import { varyOn } from '../kit/vary.ts';
import type { Pages } from '../pages.ts';
import { createViewer, docsPage, frontPage, keptFor } from '../viewer.ts';

const ofAll = { tags: ['Start here'], 'x-extension': true } as const;

/** Where the console is. */
export interface ConsolePlace {
  /** `/console`, or with an origin before it where it is on another one. */
  readonly address: string;
  /** The origin that is for the console and our own API alone. */
  readonly ownOrigin: string | undefined;
}

/** `console`: undefined where it is not served. */
export function registerDocumentRoutes(app: FastifyInstance, pages: Pages, console: ConsolePlace | undefined): void {
  const viewer = createViewer();
  const front = frontPage(console?.address);
  const isOfConsole = console?.ownOrigin === undefined ? () => false : hostOf(console.ownOrigin);
  let document = Buffer.alloc(0);
  // At start: made at the first request, it would hold up the others.
  app.addHook('onReady', async () => {
    document = Buffer.from(JSON.stringify(app.swagger()));
  });

  app.get('/openapi.json', { schema: { ...ofAll, summary: 'This document' } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(document),
  );

  app.get(
    '/docs',
    { schema: { ...ofAll, summary: 'This document, for people', produces: ['text/html'] } },
    async (_request, reply) => reply.headers(docsPage.headers).send(docsPage.html),
  );

  const page = {
    ...ofAll,
    summary: 'A page of the documentation of this release, as Markdown',
    description: '/llms.txt names them. Also the files of the page at /docs.',
    produces: ['text/markdown', 'text/javascript', 'text/css'],
  };
  app.get('/docs/:page', { schema: page }, async (request, reply) => {
    const name = pathParam(contextOf(request).params, 'page');
    const file = await viewer.file(name);
    if (file !== undefined) {
      reply.headers({ ...file.headers, 'Cache-Control': keptFor(queryOf(request.url)) });
      varyOn(reply, 'Accept-Encoding');
      return takenCoding(request.headers['accept-encoding'], ['gzip']) === 'gzip'
        ? reply.header('Content-Encoding', 'gzip').send(file.gzipped)
        : reply.send(file.bytes);
    }
    const text = pages.page(name);
    if (text === undefined) throw refusalErrorOf('route_unknown');
    return reply.headers(plain('text/markdown')).send(text);
  });

  serveText('/llms.txt', 'An index of the documentation, for tools that read it (llmstxt.org)', pages.index);
  serveText('/llms-full.txt', 'The whole documentation as one text', pages.full);

  const leads = {
    ...ofAll,
    summary: 'Leads a browser to /docs, and to the console',
    description:
      'A page where Accept names text/html, or on the own host of the console a redirect to it; else 404, as for any path that is not there.',
    produces: ['text/html'],
    errors: ['NOT_FOUND'],
  } as const satisfies FastifySchema;
  app.get('/', { schema: leads }, async (request, reply) => {
    varyOn(reply, 'Accept');
    // Programs get the 404 of any unknown path.
    if (!/\btext\/html\b/i.test(request.headers.accept ?? '')) throw refusalErrorOf('route_unknown');
    if (isOfConsole(request.headers.host ?? '')) return reply.redirect('/console', 302);
    return reply.headers(front.headers).send(front.html);
  });

  function serveText(path: string, summary: string, text: string): void {
    const bytes = Buffer.from(text);
    app.get(path, { schema: { ...ofAll, summary, produces: ['text/plain'] } }, async (_request, reply) =>
      reply.headers(plain('text/plain')).send(bytes),
    );
  }
}

const plain = (type: string) => ({ 'Content-Type': `${type}; charset=utf-8`, 'X-Content-Type-Options': 'nosniff' });

const queryOf = (url: string): string => url.slice(url.indexOf('?') + 1);
