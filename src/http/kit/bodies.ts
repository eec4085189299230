// Reads the bodies of our own routes.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import { isJsonInUtf8, JSON_IN_UTF8 } from '../../domain/content-type.ts';
import { parseStrictJson, plainJson, StrictJsonError } from '../../domain/strict-json.ts';
import { ApiError } from '../../errors.ts';
import { isObject, type JsonObject, mayBeNull, plainObject } from '../../wire/json.ts';

/**
 * Applies to routes registered on `app` from now on. A body is read as JSON whatever its Content-Type; no body is `{}`; an optional member
 * that is null is removed. Throws Error for a route whose body schema is not an object.
 */
export function readBodiesAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // Real clients send an empty body with a JSON content type, or JSON with another one: only the body counts.
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

/** For routes that ignore their body: it may hold anything. */
export function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async () => undefined);
}

// As strict as for an order: a proxy or log in front of us must not read another value from the same bytes than we do.
function parseJson(bytes: Buffer, { headers, rawHeaders }: IncomingMessage): unknown {
  if (/^\s*$/.test(bytes.toString('latin1'))) return undefined;
  try {
    // Fastify has enforced MAX_OWN_BODY_BYTES already.
    return plainJson(parseStrictJson(bytes, bytes.length));
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    const { 'content-encoding': encoding = 'identity' } = headers;
    if (encoding.toLowerCase() !== 'identity') {
      throw new ApiError('BINDING_ERROR', 'the body must not be encoded: Content-Encoding is not read');
    }
    // Content-Type is not checked, but when the body is no JSON it usually says why.
    const type = rawHeaders[rawHeaders.findIndex((name, i) => i % 2 === 0 && /^content-type$/i.test(name)) + 1];
    const why = type === undefined || isJsonInUtf8(type) ? '' : `; ${JSON_IN_UTF8}`;
    throw new ApiError('BINDING_ERROR', `the body cannot be read in one way only: ${error.message}${why}`);
  }
}

// Serialisers of many languages write null for an unset member. A required member stays null, and its type refuses it.
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
