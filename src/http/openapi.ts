// Says in OpenAPI 3.1 what the route table lists and what our handlers declare, so that the document cannot promise more or less
// than the program does. Pure: it reads no setting, no clock and no file.
import type { FastifyInstance } from 'fastify';
import manifest from '../../package.json' with { type: 'json' };
import type { Route, RouteTable } from '../access/route-table.ts';
import { type ErrorCode, errorStatus } from '../errors.ts';
import { errorContent, introduction, sharedParts } from './openapi-parts.ts';
import { headerParameters, memberNotes, type OperationNote, operationNotes } from './operation-notes.ts';
import { SubkeyWire } from './schemas/subkeys.ts';
import { ApiTokenWire } from './schemas/tokens.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json;
}

/** What the handlers of one route declare to Fastify, as plain JSON Schema. */
export interface Declared {
  readonly query: JsonObject | undefined;
  readonly body: JsonObject | undefined;
  /** By status. */
  readonly answers: JsonObject;
}

/** By the name of the route: `GET /v1/orders/{order_id}`. */
export type DeclaredRoutes = ReadonlyMap<string, Declared>;

/** The map fills as routes are registered on `app`; ask for it before the first one. */
export function collectDeclared(app: FastifyInstance): DeclaredRoutes {
  const routes = new Map<string, Declared>();
  app.addHook('onRoute', ({ method, url, schema }) => {
    const name = `${method} ${url.replaceAll(/:([a-z_]+)/g, '{$1}')}`;
    const query = plain(schema?.querystring);
    const body = plain(schema?.body);
    const answers = plain(schema?.response);
    routes.set(name, {
      query: isObject(query) ? query : undefined,
      body: isObject(body) ? body : undefined,
      answers: isObject(answers) ? answers : {},
    });
  });
  return routes;
}

/** The whole document. Routes of ours that the table leaves out are left out; those of the venue are listed, not described. */
export function describeApi(table: RouteTable, declared: DeclaredRoutes): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of table.routes) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] =
      route.servedBy === 'venue' ? venueOperation(route) : ownOperation(route, declared.get(route.name));
    paths[route.path] = path;
  }
  const { schemas, ...parts } = sharedParts;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Countersign',
      version: manifest.version,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      ...parts,
      schemas: { ...schemas, ...Object.fromEntries(namedSchemas.map(([name, schema]) => [name, withNotes(schema)])) },
    },
  };
}

// --- one operation ---

function venueOperation(route: Route): JsonObject {
  return {
    tags: ['Venue'],
    ...common(route),
    ...withParameters(pathParameters(route)),
    responses: {
      ...(isPrivate(route) ? { 401: response('Unauthorized'), 403: response('Forbidden') } : {}),
      ...(route.order === undefined ? {} : orderRefusals()),
      429: response('RateLimited'),
      503: response('Unavailable'),
      default: response('Venue'),
    },
  };
}

function ownOperation(route: Route, declared: Declared | undefined): JsonObject {
  const note = operationNotes[route.name];
  const body = declared?.body === undefined ? undefined : requestBody(declared.body);
  return {
    tags: [note?.group ?? 'Other'],
    summary: note?.summary ?? route.name,
    ...(note?.description === undefined ? {} : { description: note.description }),
    ...common(route),
    ...(note?.extension === true ? { 'x-extension': true } : {}),
    ...withParameters([
      ...pathParameters(route),
      ...queryParameters(declared?.query, note?.query ?? []),
      ...(note?.headers ?? []).map(headerParameter),
    ]),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { ...successes(declared?.answers ?? {}, note), ...refusals(route, body !== undefined, note) },
  };
}

const isPrivate = ({ access }: Route): boolean => access !== 'public' && access !== 'self-signed';

function common(route: Route): JsonObject {
  const bearer: Json = { bearer: [] };
  const security: readonly Json[] = isPrivate(route) ? [bearer] : route.identity === 'optional' ? [{}, bearer] : [];
  return {
    operationId: operationId(route),
    security,
    'x-access': route.access,
    'x-served-by': route.servedBy,
    'x-rate-limit': route.limit,
  };
}

/** `POST /v1/auth/{public_key}` is post_v1_auth_public_key: unique, because a table has each path once. */
const operationId = ({ method, path }: Route): string =>
  `${method.toLowerCase()}${path.replaceAll(/[{}]/g, '').replaceAll(/[^A-Za-z0-9_]/g, '_')}`;

// Of the gateway, which reads orders before the venue does (docs/orders.md). The venue may answer 400 with codes of its own.
const orderRefusals = (): JsonObject => ({
  400: {
    description: `INVALID_ORDER_SIGNATURE: an order is not signed as it must be, unless orders.verify is off; or the venue's own answer.`,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  },
  403: refusal(403, [
    'INVALID_TOKEN_SCOPE',
    'IP_NOT_ALLOWED',
    'ISOLATED_MARKET_ACCOUNT_MISMATCH',
    'REQUEST_NOT_ALLOWED',
  ]),
  413: refusal(413, ['PAYLOAD_TOO_LARGE']),
});

// --- what goes in ---

const withParameters = (parameters: readonly Json[]): JsonObject => (parameters.length === 0 ? {} : { parameters });

const pathParameters = ({ path }: Route): readonly Json[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...noteOf(name),
    schema: { type: 'string' },
  }));

function queryParameters(query: JsonObject | undefined, more: readonly string[]): readonly Json[] {
  const properties = query === undefined || !isObject(query.properties) ? {} : query.properties;
  const required = Array.isArray(query?.required) ? query.required : [];
  return [
    ...Object.entries(properties).map(([name, schema]) => ({
      name,
      in: 'query',
      required: required.includes(name),
      ...noteOf(name),
      schema,
    })),
    ...more.map((name) => ({ name, in: 'query', required: false, ...noteOf(name), schema: { type: 'string' } })),
  ];
}

function headerParameter(text: string): JsonObject {
  const name = text.replace('?', '');
  return {
    name,
    in: 'header',
    required: name === text,
    description: headerParameters[name] ?? '',
    schema: { type: 'string' },
  };
}

/** A body that may be null may be left out. */
function requestBody(schema: JsonObject): JsonObject {
  const choices = Array.isArray(schema.anyOf) ? schema.anyOf : [schema];
  const real = choices.filter((choice) => !(isObject(choice) && choice.type === 'null'));
  const [only] = real;
  const body = real.length === 1 && isObject(only) ? only : schema;
  return { required: real.length === choices.length, content: json(withNotes(body)) };
}

// --- what comes out ---

const response = (name: string): JsonObject => ({ $ref: `#/components/responses/${name}` });
const json = (schema: Json): JsonObject => ({ 'application/json': { schema } });

const headers = (...names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const everyAnswer = ['Countersign-Request-Id', 'X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

function successes(answers: JsonObject, note: OperationNote | undefined): JsonObject {
  const declared = Object.entries(answers).filter(([status]) => status.startsWith('2'));
  const all: readonly (readonly [string, Json])[] = declared.length === 0 ? [['200', { type: 'object' }]] : declared;
  return Object.fromEntries(
    all.map(([status, schema]) => [
      status,
      {
        description: status === '201' ? 'Created.' : 'Done.',
        headers: headers(...everyAnswer, ...(note?.receipt === true ? ['Countersign-Revocation'] : [])),
        content:
          note?.mediaType === undefined
            ? json(withNotes(schema))
            : { [note.mediaType]: { schema: { type: 'string' } } },
      },
    ]),
  );
}

const privateCodes: readonly ErrorCode[] = [
  'UNAUTHORIZED_ERROR',
  'INVALID_TOKEN_SCOPE',
  'IP_NOT_ALLOWED',
  'REQUEST_NOT_ALLOWED',
];
const bodyCodes: readonly ErrorCode[] = [
  'BINDING_ERROR',
  'VALIDATION_ERROR',
  'INVALID_REQUEST_PARAMETER',
  'PAYLOAD_TOO_LARGE',
];
const anyCodes: readonly ErrorCode[] = ['RATE_LIMITED', 'INTERNAL_ERROR', 'SERVICE_UNAVAILABLE'];

function refusals(route: Route, hasBody: boolean, note: OperationNote | undefined): JsonObject {
  const byStatus = new Map<number, Set<ErrorCode>>();
  const add = (code: ErrorCode, status: number = errorStatus[code]) =>
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  if (isPrivate(route)) for (const code of privateCodes) add(code);
  if (hasBody) for (const code of bodyCodes) add(code);
  if (note?.headers !== undefined) add('INVALID_REQUEST_PARAMETER');
  for (const error of note?.errors ?? []) {
    if (typeof error === 'string') add(error);
    else add(...error);
  }
  for (const code of anyCodes) add(code);
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, refusal(status, [...codes].sort())]));
}

/** The refusals that most operations share, by status and codes. */
const sharedRefusals: ReadonlyMap<string, string> = new Map([
  ['401 UNAUTHORIZED_ERROR', 'Unauthorized'],
  ['403 INVALID_TOKEN_SCOPE,IP_NOT_ALLOWED,REQUEST_NOT_ALLOWED', 'Forbidden'],
  ['500 INTERNAL_ERROR', 'InternalError'],
  ['503 SERVICE_UNAVAILABLE', 'Unavailable'],
]);

function refusal(status: number, codes: readonly ErrorCode[]): JsonObject {
  const shared = status === 429 ? 'RateLimited' : sharedRefusals.get(`${status} ${codes.join()}`);
  return shared === undefined ? { description: codes.join(', '), content: errorContent(...codes) } : response(shared);
}

// --- schemas ---

const namedSchemas: readonly (readonly [string, JsonObject])[] = [
  ['Subkey', plainObject(SubkeyWire)],
  ['ApiToken', plainObject(ApiTokenWire)],
];
const nameOfSchema = new Map(namedSchemas.map(([name, schema]) => [JSON.stringify(schema), name]));

const noteOf = (name: string): { description?: string } => {
  const description = memberNotes[name];
  return description === undefined ? {} : { description };
};

/** The schema with a description on each member that has a note, and with references to the named ones inside it. */
function withNotes(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withReferences);
  if (!isObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([member, value]) => {
      if (member !== 'properties' || !isObject(value)) return [member, withReferences(value)];
      const properties = Object.entries(value).map(([name, inner]) => {
        const described = withReferences(inner);
        return [name, isObject(described) ? { ...described, ...noteOf(name) } : described];
      });
      return [member, Object.fromEntries(properties)];
    }),
  );
}

function withReferences(schema: Json): Json {
  const name = nameOfSchema.get(JSON.stringify(schema));
  return name === undefined ? withNotes(schema) : { $ref: `#/components/schemas/${name}` };
}

/** TypeBox schemas are JSON Schema with symbols; only the JSON is kept. */
function plain(schema: unknown): Json | undefined {
  return schema === undefined ? undefined : JSON.parse(JSON.stringify(schema));
}

function plainObject(schema: unknown): JsonObject {
  const json = plain(schema);
  if (!isObject(json)) throw new Error('a schema is no object');
  return json;
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
