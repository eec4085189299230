// What a running server says of itself: /openapi.json and /docs, made once at start from what is really served; its documentation as
// Markdown; and at / a page that leads a browser there. The same bytes for everybody.
import type { FastifyInstance } from 'fastify';
import { refusalErrorOf } from '../../access/refusal.ts';
import { contextOf } from '../context.ts';
import { docsPage, frontPage, type HtmlPage } from '../docs-page.ts';
import { pathParam } from '../kit/read.ts';
import type { JsonObject } from '../openapi-schemas.ts';
import type { Pages } from '../pages.ts';

export function registerDocumentRoutes(app: FastifyInstance, document: JsonObject, pages: Pages): void {
  const json = Buffer.from(JSON.stringify(document));
  app.get('/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(json));
  serve('/docs', docsPage(document));
  serveText('/llms.txt', pages.index);
  serveText('/llms-full.txt', pages.full);

  app.get('/docs/:page', async (request, reply) => {
    const text = pages.page(pathParam(contextOf(request).params, 'page'));
    if (text === undefined) throw refusalErrorOf('route_unknown');
    return reply.headers(plain('text/markdown')).send(text);
  });

  // Programs are told what they are told of any path that is not there.
  const front = frontPage(document);
  app.get('/', async (request, reply) => {
    reply.header('Vary', 'Accept');
    if (!/\btext\/html\b/i.test(request.headers.accept ?? '')) throw refusalErrorOf('route_unknown');
    return reply.headers(front.headers).send(front.html);
  });

  function serve(path: string, page: HtmlPage): void {
    const html = Buffer.from(page.html);
    app.get(path, async (_request, reply) => reply.headers(page.headers).send(html));
  }

  function serveText(path: string, text: string): void {
    const bytes = Buffer.from(text);
    app.get(path, async (_request, reply) => reply.headers(plain('text/plain')).send(bytes));
  }
}

const plain = (type: string) => ({ 'Content-Type': `${type}; charset=utf-8`, 'X-Content-Type-Options': 'nosniff' });
