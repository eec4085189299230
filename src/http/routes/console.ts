// /console: the page on which owners manage keys (docs/console.md). Every path is the same document, which finds its page itself; files have
// paths of their own. Public: what they hold is the same for everybody.
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { refusalErrorOf } from '../../access/refusal.ts';
import type { ConsoleFile, ConsoleFiles } from '../console-files.ts';
import { assetHeaders, documentHeaders, fileHeaders } from '../console-headers.ts';
import { contextOf } from '../context.ts';
import { takenCoding } from '../kit/content-coding.ts';
import { pathParam } from '../kit/read.ts';
import { varyOn } from '../kit/vary.ts';

const ofAll = { tags: ['Console'], 'x-extension': true, errors: ['NOT_FOUND'] } as const satisfies FastifySchema;

/** `files`: undefined where the console is not served; everything is then 404. */
export function registerConsoleRoutes(app: FastifyInstance, files: ConsoleFiles | undefined): void {
  const schema = { ...ofAll, summary: 'The console, for owners in a browser', produces: ['text/html'] };
  for (const path of ['/console', '/console/:page/:part', '/console/:page/:part/:item']) {
    app.get(path, { schema }, async (request, reply) => sendDocument(request, reply));
  }

  const page = { ...schema, description: 'Also the files beside the document, by name; no other name with a dot.' };
  app.get('/console/:page', { schema: page }, async (request, reply) => {
    const name = pathParam(contextOf(request).params, 'page');
    return name.includes('.')
      ? send(request, reply, files?.beside.get(name), fileHeaders)
      : sendDocument(request, reply);
  });

  const asset = { ...ofAll, summary: 'A file of the console', description: 'Its name holds a hash of its bytes.' };
  app.get('/console/assets/:file', { schema: { ...asset, produces: ['text/javascript'] } }, async (request, reply) =>
    send(request, reply, files?.assets.get(pathParam(contextOf(request).params, 'file')), assetHeaders),
  );

  const sendDocument = (request: FastifyRequest, reply: FastifyReply) =>
    send(request, reply, files?.document, documentHeaders);
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  file: ConsoleFile | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<FastifyReply> {
  // Never the document in place of a file: a browser would read it as one.
  if (file === undefined) throw refusalErrorOf('route_unknown');
  reply.headers({ ...headers, 'Content-Type': file.type });
  if (file.coded === undefined) return reply.send(file.bytes);
  varyOn(reply, 'Accept-Encoding');
  const coding = takenCoding(request.headers['accept-encoding']);
  if (coding === undefined) return reply.send(file.bytes);
  const bytes = await file.coded(coding);
  return reply.header('Content-Encoding', coding).send(bytes);
}
