// How the bodies of our own routes are read, whatever their members are.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import { isJsonInUtf8, JSON_IN_UTF8 } from '../../domain/content-type.ts';
import { parseStrictJson, plainJson, StrictJsonError } from '../../domain/strict-json.ts';
import { ApiError } from '../../errors.ts';
import { isObject, type JsonObject, mayBeNull, plainObject } from '../../wire/json.ts';

/**
 * For every route that is registered on `app` from now on. A body is JSON, whatever type it is said to be; none at all is `{}`, and a
 * member that may be left out is left out when it is null. Throws Error for a route whose body is declared to be no object.
 */
export function readBodiesAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // Real clients send an empty body with a JSON content type, or JSON with another one (WIRE section 11): the body alone counts.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async ({ raw }: FastifyRequest, bytes: Buffer) =>
    parseJson(bytes, raw),
  );
  app.addHook('onRoute', (route) => {
    const declared = route.schema?.body;
    if (declared === undefined) return;
    const schema = plainObject(declared);
    if (schema.type !== 'object') throw new Error(`the body of ${route.url} is declared to be no object`);
    const leaveOut: preValidationHookHandler = async (request) => {
      request.body = withoutNulls(request.body === undefined ? {} : request.body, schema);
    };
    route.preValidation = [leaveOut, ...[route.preValidation ?? []].flat()];
  });
}

/** What is ignored may be anything. */
export function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async () => undefined);
}

// Read as strictly as an order: a proxy or a log in front of us must not have seen another member than the one that we act on.
function parseJson(bytes: Buffer, { headers, rawHeaders }: IncomingMessage): unknown {
  if (/^\s*$/.test(bytes.toString('latin1'))) return undefined;
  try {
    // Fastify has bounded it by MAX_OWN_BODY_BYTES.
    return plainJson(parseStrictJson(bytes, bytes.length));
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    const { 'content-encoding': encoding = 'identity' } = headers;
    if (encoding.toLowerCase() !== 'identity') {
      throw new ApiError('BINDING_ERROR', 'the body must not be encoded: Content-Encoding is not read');
    }
    // The body alone counts; but where that is no JSON, what it is said to be is usually why.
    const type = rawHeaders[rawHeaders.findIndex((name, i) => i % 2 === 0 && /^content-type$/i.test(name)) + 1];
    const why = type === undefined || isJsonInUtf8(type) ? '' : `; ${JSON_IN_UTF8}`;
    throw new ApiError('BINDING_ERROR', `the body cannot be read in one way only: ${error.message}${why}`);
  }
}

// Serialisers of many languages write null for what was not set. A member that must be there is refused by its type, as it was.
function withoutNulls(value: unknown, schema: JsonObject): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return isObject(items) ? value.map((item) => withoutNulls(item, items)) : value;
  }
  const { properties } = schema;
  if (typeof value !== 'object' || value === null || !isObject(properties)) return value;
  const kept = Object.entries(value).flatMap(([name, member]) => {
    const declared = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!isObject(declared)) return [[name, member]];
    return member === null && mayBeNull(schema, name) ? [] : [[name, withoutNulls(member, declared)]];
  });
  return Object.fromEntries(kept);
}
