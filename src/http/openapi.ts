// Says in OpenAPI 3.1 what the route table lists and what our handlers declare, so that the document cannot promise more or less
// than the program does. Pure: it reads no setting, no clock and no file.
import type { FastifyInstance } from 'fastify';
import manifest from '../../package.json' with { type: 'json' };
import type { Route, RouteTable } from '../access/route-table.ts';
import { orderBodies, orderId, orderSchemas } from '../wire/orders.ts';
import { type Declared, isPrivate, ownAnswers, venueAnswers, withoutBodies } from './openapi-answers.ts';
import { introduction, sharedParts } from './openapi-parts.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  noteOf,
  plain,
  sharedSchemas,
  shown,
  withNullables,
} from './openapi-schemas.ts';
import {
  headerParameters,
  type OperationNote,
  operationGroups,
  operationNotes,
  pathParameterNotes,
} from './operation-notes.ts';

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
    const operation =
      route.servedBy === 'venue' ? venueOperation(route) : ownOperation(route, declared.get(route.name));
    path[route.method.toLowerCase()] = operation;
    if (route.servedBy === 'us' && route.method === 'GET') path.head = headOf(operation);
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
    tags: tagsOf(paths),
    paths,
    components: { ...parts, schemas: { ...schemas, ...sharedSchemas(), ...orderSchemas } },
  };
}

/** Those that an operation has, in the order in which they are shown. */
function tagsOf(paths: JsonObject): readonly JsonObject[] {
  const operations = Object.values(paths).flatMap((path) => (isObject(path) ? Object.values(path) : []));
  const used = new Set(operations.flatMap((one) => (isObject(one) && Array.isArray(one.tags) ? one.tags : [])));
  return [...operationGroups, UNNOTED, VENUE].filter((name) => used.has(name)).map((name) => ({ name }));
}

// --- one operation ---

const UNNOTED = 'Other';
const VENUE = 'Venue';

function venueOperation(route: Route): JsonObject {
  return {
    tags: [VENUE],
    ...common(route, undefined),
    ...withParameters(pathParameters(route)),
    ...(route.order === undefined ? {} : { requestBody: { required: true, content: json(orderBodies[route.order]) } }),
    responses: venueAnswers(route),
  };
}

function ownOperation(route: Route, declared: Declared | undefined): JsonObject {
  const note = operationNotes[route.name];
  const body = declared?.body === undefined ? undefined : requestBody(declared.body);
  return {
    tags: [note?.group ?? UNNOTED],
    summary: note?.summary ?? route.name,
    ...(note?.description === undefined ? {} : { description: note.description }),
    ...common(route, note),
    ...(note?.extension === true ? { 'x-extension': true } : {}),
    ...withParameters([
      ...pathParameters(route),
      ...queryParameters(declared?.query, note?.query ?? {}),
      ...(note?.headers ?? []).map(headerParameter),
    ]),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: ownAnswers(route, declared, note),
  };
}

function common(route: Route, note: OperationNote | undefined): JsonObject {
  return {
    operationId: operationId(route),
    security: securityOf(route, note),
    'x-access': route.access,
    'x-served-by': route.servedBy,
    'x-rate-limit': route.limit,
  };
}

/** Answered as GET is, without a body. */
const headOf = (get: JsonObject): JsonObject => ({
  ...get,
  operationId: String(get.operationId).replace(/^get_/, 'head_'),
  responses: withoutBodies(get.responses),
});

/** One of them is enough; `{}` is nobody. */
function securityOf(route: Route, note: OperationNote | undefined): readonly JsonObject[] {
  const signatures = ['starkSignature', 'walletSignature'].filter((scheme) =>
    note?.headers?.some((name) => name.replace('?', '') === headerOfScheme(scheme)),
  );
  const bearer = isPrivate(route) || route.identity === 'optional' ? ['bearer'] : [];
  return [
    ...(route.identity === 'optional' ? [{}] : []),
    ...[...bearer, ...signatures].map((scheme) => ({ [scheme]: [] })),
  ];
}

const headerOfScheme = (scheme: string): string =>
  scheme === 'starkSignature' ? 'PARADEX-STARKNET-SIGNATURE' : 'PARADEX-EVM-SIGNATURE';

/** `POST /v1/auth/{public_key}` is post_v1_auth_public_key: unique, because a table has each path once. */
const operationId = ({ method, path }: Route): string =>
  `${method.toLowerCase()}${path.replaceAll(/[{}]/g, '').replaceAll(/[^A-Za-z0-9_]/g, '_')}`;

// --- what goes in ---

const withParameters = (parameters: readonly Json[]): JsonObject => (parameters.length === 0 ? {} : { parameters });

const pathParameters = ({ path, order }: Route): readonly Json[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...noteOf(name),
    schema: order === 'modify' ? orderId : { type: 'string', ...pathParameterNotes[name] },
  }));

function queryParameters(query: JsonObject | undefined, more: OperationNote['query'] & object): readonly Json[] {
  const properties = query === undefined || !isObject(query.properties) ? {} : query.properties;
  const required = Array.isArray(query?.required) ? query.required : [];
  return [
    ...Object.entries(properties).map(([name, schema]) => ({
      name,
      in: 'query',
      required: required.includes(name),
      ...noteOf(name),
      schema: shown(schema),
    })),
    ...Object.entries(more).map(([name, schema]) => ({ name, in: 'query', required: false, ...noteOf(name), schema })),
  ];
}

function headerParameter(text: string): JsonObject {
  const name = text.replace('?', '');
  const { description = '', ...schema } = headerParameters[name] ?? {};
  return { name, in: 'header', required: name === text, description, schema: { type: 'string', ...schema } };
}

/** A body without a member that must be there may be left out. */
function requestBody(schema: JsonObject): JsonObject {
  const needed = Array.isArray(schema.required) && schema.required.length > 0;
  return { required: needed, content: json(withNullables(shown(schema))) };
}

const json = (schema: Json): JsonObject => ({ 'application/json': { schema } });
