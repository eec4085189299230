// GET /openapi.json and GET /docs: made once at start from what is really served, and the same bytes for everybody.
import type { FastifyInstance } from 'fastify';
import { docsPage } from '../docs-page.ts';
import type { JsonObject } from '../openapi-schemas.ts';

export function registerDocumentRoutes(app: FastifyInstance, document: JsonObject): void {
  const json = Buffer.from(JSON.stringify(document));
  const page = docsPage(document);
  const html = Buffer.from(page.html);

  app.get('/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(json));
  app.get('/docs', async (_request, reply) => reply.headers(page.headers).send(html));
}
