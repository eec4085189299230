// openapi.json, made by @fastify/swagger from the `schema` of each route of ours. This file adds the facts of the route table: access,
// rate limit, and the rows that the venue serves.
import fastifySwagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { TObject } from 'typebox';
import manifest from '../../package.json' with { type: 'json' };
import type { Route, RouteTable } from '../access/route-table.ts';
import { isObject, type Json, type JsonObject, plainObject } from '../wire/json.ts';
import { orderBodies, orderId, orderSchemas } from '../wire/orders.ts';
import { sharedSchemas, shown, withNullables } from '../wire/shown.ts';
import { errorSchemas } from './openapi-errors.ts';
import {
  addTo,
  answerHeaders,
  codesOf,
  headersOf,
  isPrivate,
  type OwnError,
  refusal,
  sharedResponses,
  venueAnswers,
  withoutBodies,
} from './openapi-refusals.ts';

declare module 'fastify' {
  // For openapi.json alone: Fastify reads none of them.
  interface FastifySchema {
    /** Codes of this operation, besides those of every operation of its kind. */
    readonly errors?: readonly OwnError[];
    /** Read by the handler itself, with codes and words of its own: Fastify must not validate these. */
    readonly readByHandler?: { readonly headers?: TObject; readonly query?: TObject; readonly params?: TObject };
    /** The answer carries the receipt of a revocation. */
    readonly receipt?: true;
    /** Paradex's API has no such operation. */
    readonly 'x-extension'?: true;
  }
}

const introduction = `The credential service of a trading venue, wire-compatible with Paradex's API.

Operations with x-served-by "us" are answered by Countersign and described here. Those with "venue" are forwarded to the venue behind it once the bearer, its permission and its allowlist have been checked; their bodies and answers are the venue's. What is not listed does not exist: 404 NOT_FOUND, or 405 METHOD_NOT_ALLOWED with Allow. HEAD answers wherever GET is served by us, with its headers and no body. Any request may also be refused before its operation is known: 400 INVALID_REQUEST_PARAMETER, 408 REQUEST_TIMEOUT, 413 PAYLOAD_TOO_LARGE, 414 URI_TOO_LONG, 431 HEADERS_TOO_LARGE.

x-access says who may call: "public" (a bearer is not looked at), "self-signed" (proves itself by a signature in headers or body), "possession" (a subkey or token, about itself), or the permission that the bearer's credential must hold. Main keys and wallets hold every permission; subkeys self:read, account:read, keys:read and trade; read-only tokens self:read and account:read, and only GET. x-rate-limit names the bucket that a request is charged to. x-extension marks what Paradex does not have.

Integers of nanoseconds and ids may exceed 2^53: read them as 64-bit integers. Members that are not described are ignored in bodies of ours; one that may be left out may be null, which is the same. Every answer of ours has Cache-Control: no-store, but the files of the pages at /docs and /console.`;

const securitySchemes = {
  bearer: {
    type: 'http' as const,
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'A session (300 seconds, from a login) or a read-only token. Exactly one Authorization header, at most 4 KiB.',
  },
  starkSignature: {
    type: 'apiKey' as const,
    in: 'header',
    name: 'PARADEX-STARKNET-SIGNATURE',
    description: 'A signature of the Stark key over this one request, beside the headers that it covers.',
  },
  walletSignature: {
    type: 'apiKey' as const,
    in: 'header',
    name: 'PARADEX-EVM-SIGNATURE',
    description: "A wallet's signature over PARADEX-SIWE-MESSAGE.",
  },
};

const VENUE = 'Venue';
/** In the order in which a newcomer needs them. */
export const tagOrder = [
  'Start here',
  'Onboarding',
  'Login',
  'Subkeys',
  'Read-only tokens',
  'Devices',
  'Emergency',
  'Activity',
  'Console',
  'Health',
  VENUE,
];

/**
 * For every route that is registered on `app` from now on. After `app.ready()`, `app.swagger()` is the whole document: of our routes
 * those that `table` lists, and its other rows.
 */
export async function describeRoutes(app: FastifyInstance, table: RouteTable): Promise<void> {
  const declared = new Map<string, FastifySchema>();
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Countersign',
        version: manifest.version,
        description: introduction,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: { securitySchemes },
    },
    convertConstToEnum: false,
    transform({ schema = {}, url, route: { method } }) {
      declared.set(`${String(method)} ${url.replaceAll(/:([a-z_]+)/g, '{$1}')}`, schema);
      return { schema: described(schema), url };
    },
    transformObject(document) {
      if (!('openapiObject' in document)) throw new Error('@fastify/swagger made no OpenAPI 3 document');
      const { openapiObject } = document;
      return Object.assign(openapiObject, completed(table, declared, plainObject(openapiObject)));
    },
  });
}

// --- one route, as @fastify/swagger gets it ---

/** The schema without our own members; the handler's headers, query and params in their usual places. */
function described(schema: FastifySchema): FastifySchema {
  const { errors, receipt, readByHandler, querystring, body, response, ...words } = schema;
  const { query = querystring, headers, params } = readByHandler ?? {};
  return {
    ...words,
    ...(query === undefined ? {} : { querystring: shown(plainObject(query)) }),
    ...(headers === undefined ? {} : { headers: plainObject(headers) }),
    ...(params === undefined ? {} : { params: plainObject(params) }),
    ...(body === undefined ? {} : { body: withNullables(shown(plainObject(body))) }),
    response: successes(schema),
  };
}

function successes({ response, produces }: FastifySchema): JsonObject {
  const declared = Object.entries(response ?? {}).filter(([status]) => status.startsWith('2'));
  if (declared.length === 0) return { 200: produces === undefined ? { type: 'object' } : { type: 'string' } };
  return Object.fromEntries(declared.map(([status, schema]) => [status, shown(plainObject(schema))]));
}

// --- the facts of the table ---

function completed(table: RouteTable, declared: ReadonlyMap<string, FastifySchema>, made: JsonObject): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of table.routes) {
    const path = paths[route.path] ?? {};
    const method = route.method.toLowerCase();
    if (route.servedBy === 'venue') {
      path[method] = venueOperation(route);
    } else {
      const schema = declared.get(route.name);
      if (schema === undefined) throw new Error(`${route.name} is served by us, but has no handler`);
      const operation = ownOperation(route, schema, objectAt(made, 'paths', route.path, method));
      path[method] = operation;
      if (method === 'get') path.head = headOf(operation);
    }
    paths[route.path] = path;
  }
  return {
    tags: tagsOf(paths),
    paths,
    components: {
      securitySchemes,
      headers: answerHeaders,
      responses: sharedResponses,
      schemas: { ...errorSchemas, ...sharedSchemas, ...orderSchemas },
    },
  };
}

/** Those that an operation has. */
function tagsOf(paths: JsonObject): readonly JsonObject[] {
  const operations = Object.values(paths).flatMap((path) => (isObject(path) ? Object.values(path) : []));
  const used = new Set(operations.flatMap((one) => (isObject(one) && Array.isArray(one.tags) ? one.tags : [])));
  return tagOrder.filter((name) => used.has(name)).map((name) => ({ name }));
}

function venueOperation(route: Route): JsonObject {
  const parameters = [...route.path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: route.order === 'modify' ? orderId : { type: 'string' },
  }));
  const body = route.order === undefined ? undefined : orderBodies[route.order];
  return {
    tags: [VENUE],
    ...fromTable(route, []),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: venueAnswers(route),
  };
}

function ownOperation(route: Route, declared: FastifySchema, made: JsonObject): JsonObject {
  const { requestBody } = made;
  const signatures = Object.entries(securitySchemes).flatMap(([scheme, { type, ...one }]) =>
    type === 'apiKey' && 'name' in one && Object.hasOwn(declared.readByHandler?.headers?.properties ?? {}, one.name)
      ? [scheme]
      : [],
  );
  return {
    ...made,
    ...fromTable(route, signatures),
    // A body without a member that must be there may be left out.
    ...(isObject(requestBody) ? { requestBody: { ...requestBody, required: isNeeded(declared.body) } } : {}),
    responses: { ...successesOf(made, declared), ...refusalsOf(route, declared) },
  };
}

const fromTable = (route: Route, signatures: readonly string[]): JsonObject => ({
  operationId: operationId(route),
  security: securityOf(route, signatures),
  'x-access': route.access,
  'x-served-by': route.servedBy,
  'x-rate-limit': route.limit,
});

/** Answered as GET is, without a body. */
const headOf = (get: JsonObject): JsonObject => ({
  ...get,
  operationId: String(get.operationId).replace(/^get_/, 'head_'),
  responses: withoutBodies(get.responses),
});

/** One of them is enough; `{}` is nobody. */
function securityOf(route: Route, signatures: readonly string[]): readonly JsonObject[] {
  const bearer = isPrivate(route) || route.identity === 'optional' ? ['bearer'] : [];
  return [
    ...(route.identity === 'optional' ? [{}] : []),
    ...[...bearer, ...signatures].map((scheme) => ({ [scheme]: [] })),
  ];
}

/** `POST /v1/auth/{public_key}` is post_v1_auth_public_key: unique, because a table has each path once. */
const operationId = ({ method, path }: Route): string =>
  `${method.toLowerCase()}${path.replaceAll(/[{}]/g, '').replaceAll(/[^A-Za-z0-9_]/g, '_')}`;

function isNeeded(body: unknown): boolean {
  const { required } = plainObject(body);
  return Array.isArray(required) && required.length > 0;
}

function successesOf(made: JsonObject, { receipt }: FastifySchema): JsonObject {
  return Object.fromEntries(
    Object.entries(objectAt(made, 'responses')).map(([status, answer]) => [
      status,
      {
        ...(isObject(answer) ? answer : {}),
        description: status === '201' ? 'Created.' : 'Done.',
        headers: headersOf(Number(status), receipt === true ? ['Countersign-Revocation'] : []),
      },
    ]),
  );
}

function refusalsOf(
  route: Route,
  { errors = [], querystring, body, response, readByHandler }: FastifySchema,
): JsonObject {
  const refusals = codesOf(route, errors);
  // Fastify's refusals of a query or a body (kit/framework-errors.ts).
  if (querystring !== undefined || body !== undefined) {
    for (const code of ['BINDING_ERROR', 'VALIDATION_ERROR'] as const) addTo(refusals, code);
  }
  if (readByHandler?.headers !== undefined) addTo(refusals, 'INVALID_REQUEST_PARAMETER');
  const answers = new Map(Object.entries(response ?? {}));
  return Object.fromEntries(
    [...refusals].map(([status, codes]) => {
      const declared = answers.get(String(status));
      return [
        status,
        refusal(status, [...codes].sort(), declared === undefined ? undefined : shown(plainObject(declared))),
      ];
    }),
  );
}

/** The object at a path of members; throws where there is none. */
function objectAt(node: JsonObject, ...members: readonly string[]): JsonObject {
  const found = members.reduce<Json | undefined>((at, member) => (isObject(at) ? at[member] : undefined), node);
  if (!isObject(found)) throw new Error(`openapi.json has nothing at ${members.join(' / ')}`);
  return found;
}
