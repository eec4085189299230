import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import { withLeverageForSubkeys } from '../../../src/access/route-table.ts';
import example from '../../../src/access/routes/example.json' with { type: 'json' };
import paradex from '../../../src/access/routes/paradex.json' with { type: 'json' };
import { errorStatus } from '../../../src/errors.ts';
import { tagOrder } from '../../../src/http/openapi.ts';
import { describeApi, openapiText } from '../../../src/http/write-openapi.ts';
import { isObject, type Json, type JsonObject } from '../../../src/wire/json.ts';

const table = parseRouteTable(paradex);
let document: JsonObject;
beforeAll(async () => {
  document = (await describeApi(table)).document;
});

/** The value at a path of members; fails the test when there is none. */
function at(json: Json | undefined, ...members: readonly string[]): Json {
  const found = members.reduce<Json | undefined>((node, member) => (isObject(node) ? node[member] : undefined), json);
  if (found === undefined) throw new Error(`nothing at ${members.join(' / ')}`);
  return found;
}

function membersAt(json: Json | undefined, ...members: readonly string[]): JsonObject {
  const found = at(json, ...members);
  if (!isObject(found)) throw new Error(`no object at ${members.join(' / ')}`);
  return found;
}

const listOf = (json: Json | undefined): readonly Json[] => (Array.isArray(json) ? json : []);

function everyNode(json: Json): readonly JsonObject[] {
  if (Array.isArray(json)) return json.flatMap(everyNode);
  return isObject(json) ? [json, ...Object.values(json).flatMap(everyNode)] : [];
}

const operation = (name: string): JsonObject => {
  const [method = '', path = ''] = name.split(' ');
  return membersAt(document, 'paths', path, method.toLowerCase());
};

test('docs/openapi.json is what the program does (else: npx node src/http/write-openapi.ts > docs/openapi.json && npm run format)', async () => {
  const committed = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(await openapiText()));
});

test('the OpenAPI document has every route of the table, with its access, HEAD wherever GET is ours, and no other', () => {
  const listed = Object.entries(membersAt(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(membersAt(methods)).map(
      ([method, node]) => `${method.toUpperCase()} ${path} ${at(node, 'x-access')}`,
    ),
  );
  const wanted = table.routes.map(({ name, access }) => `${name} ${access}`);
  const heads = table.routes
    .filter(({ servedBy, method }) => servedBy === 'us' && method === 'GET')
    .map(({ path, access }) => `HEAD ${path} ${access}`);
  expect(listed.sort()).toEqual([...wanted, ...heads].sort());
});

test('every operation of ours has a summary, and stands under a tag whose place in the order is known', () => {
  const ours = table.routes.filter(({ servedBy }) => servedBy === 'us').map(({ name }) => name);
  expect(ours.length).toBeGreaterThan(20);
  for (const name of ours) {
    const { summary, tags } = operation(name);
    expect([name, typeof summary]).toEqual([name, 'string']);
    expect([name, listOf(tags).filter((tag) => tagOrder.includes(String(tag))).length]).toEqual([name, 1]);
  }
  expect(listOf(document.tags).map((tag) => at(tag, 'name'))).toEqual(tagOrder);
});

test('every header that an operation of ours asks for is described', () => {
  const headers = everyNode(document).filter((node) => node.in === 'header' && isObject(node.schema));
  expect(headers.length).toBeGreaterThan(10);
  expect(headers.filter(({ description }) => typeof description !== 'string' || description === '')).toEqual([]);
});

test('the OpenAPI document has what the routes declare to Fastify: bodies, queries and answers', () => {
  const schemaOf = (content: Json | undefined) => at(content, 'content', 'application/json', 'schema');
  expect(schemaOf(operation('POST /v1/account/tokens').requestBody)).toMatchObject({
    properties: { expiry_duration: {} },
  });
  const asked = listOf(operation('GET /v1/account/tokens').parameters).map((parameter) => at(parameter, 'name'));
  expect(asked).toContain('with_invalid');
  const revoked = at(operation('DELETE /v1/account/keys/subkeys/{public_key}'), 'responses', '200');
  expect(schemaOf(revoked)).toMatchObject({ properties: { public_key: {} } });
});

describe('the document is whole', () => {
  test('every reference in the OpenAPI document leads somewhere inside it', () => {
    const references = everyNode(document).flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
    expect(references.length).toBeGreaterThan(100);
    for (const reference of new Set(references)) {
      expect(reference.startsWith('#/')).toBe(true);
      expect(at(document, ...reference.slice(2).split('/'))).toBeDefined();
    }
  });

  test('operation ids of the OpenAPI document are unique', () => {
    const ids = everyNode(document).flatMap(({ operationId }) =>
      typeof operationId === 'string' ? [operationId] : [],
    );
    expect(ids.length).toBeGreaterThan(table.routes.length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('every parameter of a path in the OpenAPI document is described as one', () => {
    for (const { name, path } of table.routes) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, parameter]) => parameter);
      const described = listOf(operation(name).parameters).filter(
        (parameter) => isObject(parameter) && parameter.in === 'path' && parameter.required === true,
      );
      expect(described.map((parameter) => at(parameter, 'name'))).toEqual(inPath);
    }
  });

  test('every code in the OpenAPI document is a code of ours', () => {
    const codes = everyNode(document).flatMap(({ properties }) =>
      isObject(properties) && isObject(properties.error) ? listOf(properties.error.enum) : [],
    );
    expect(codes.length).toBeGreaterThan(50);
    expect(codes.filter((code) => !Object.hasOwn(errorStatus, String(code)))).toEqual([]);
  });

  test('every integer in the OpenAPI document that may exceed 2^31, an id or a time, is an int64', () => {
    const small = ['decimals', 'paraclear_decimals', 'index', 'first_index'];
    const integers = everyNode(document).flatMap(({ properties }) =>
      Object.entries(isObject(properties) ? properties : {}).filter(
        ([name, member]) => isObject(member) && String(member.type).includes('integer') && !small.includes(name),
      ),
    );
    expect(integers.length).toBeGreaterThan(20);
    expect(integers.filter(([, member]) => at(member, 'format') !== 'int64')).toEqual([]);
  });

  test('every answer in the OpenAPI document that is counted has the headers of the rate limits', () => {
    const answers = Object.entries(membersAt(document, 'paths')).flatMap(([, methods]) =>
      Object.values(membersAt(methods)).flatMap((node) => Object.entries(membersAt(node, 'responses'))),
    );
    const open = answers.filter(([status, answer]) => {
      const name = isObject(answer) && typeof answer.$ref === 'string' ? answer.$ref.split('/').at(-1) : undefined;
      const whole = name === undefined ? answer : at(document, 'components', 'responses', name);
      return (
        !['204', '408', '414', '431', 'default'].includes(status) &&
        !('X-RateLimit-Limit' in membersAt(whole, 'headers'))
      );
    });
    expect(answers.length).toBeGreaterThan(1000);
    expect(open).toEqual([]);
  });

  test('in the OpenAPI document a subkey may be seen expired, and revoked is nothing to ask for', () => {
    const shown = at(document, 'components', 'schemas', 'Subkey', 'properties', 'state', 'enum');
    expect(shown).toEqual(['active', 'pending', 'revoked', 'expired']);
    const body = at(operation('POST /v1/account/keys/subkeys'), 'requestBody', 'content', 'application/json', 'schema');
    expect(at(body, 'properties', 'state', 'enum')).toEqual(['active', 'pending', null]);
  });
});

describe('an operation is described as it behaves', () => {
  test('in the OpenAPI document a private operation wants the bearer, a public one none, and one that may use it says so', () => {
    expect(at(operation('GET /v1/orders'), 'security')).toEqual([{ bearer: [] }]);
    expect(at(operation('GET /v1/markets'), 'security')).toEqual([]);
    expect(at(operation('GET /v1/vaults/balance'), 'security')).toEqual([{}, { bearer: [] }]);
  });

  test('in the OpenAPI document a login has its headers, required and optional', () => {
    const parameters = listOf(operation('POST /v1/auth/{public_key}').parameters).filter(isObject);
    expect(parameters.map(({ name, in: where, required }) => `${name} ${where} ${required}`)).toEqual([
      'token_usage query false',
      'public_key path true',
      'PARADEX-STARKNET-ACCOUNT header true',
      'PARADEX-STARKNET-SIGNATURE header true',
      'PARADEX-TIMESTAMP header true',
      'PARADEX-SIGNATURE-EXPIRATION header false',
      'PARADEX-AUTHORIZE-ISOLATED-MARKETS header false',
    ]);
  });

  test('in the OpenAPI document a body that may be left out is not required, and null is no form of it', () => {
    const optional = at(operation('POST /countersign/v1/revoke-all'), 'requestBody');
    expect(at(optional, 'required')).toBe(false);
    expect(at(optional, 'content', 'application/json', 'schema', 'type')).toBe('object');
    expect(at(operation('POST /v1/account/keys/subkeys'), 'requestBody', 'required')).toBe(true);
  });

  test('in the OpenAPI document a code with another status than usual stands under that one', () => {
    const answers = at(operation('POST /v1/account/keys/subkeys'), 'responses');
    expect(at(answers, '400', 'description')).toContain('INVALID_SUBKEY');
    expect(at(answers, '401', 'description')).not.toContain('INVALID_SUBKEY');
  });

  test('in the OpenAPI document an operation that a signature in headers opens names that signature', () => {
    expect(at(operation('POST /v1/auth/{public_key}'), 'security')).toEqual([{ starkSignature: [] }]);
    expect(at(operation('POST /v2/onboarding'), 'security')).toEqual([{ walletSignature: [] }]);
  });

  test('in the OpenAPI document an operation of the venue is named, and what the venue makes of it is open', () => {
    const transfer = operation('POST /v1/xp/transfer');
    expect(transfer).toMatchObject({ 'x-served-by': 'venue', 'x-access': 'funds:transfer' });
    expect(transfer).not.toHaveProperty('requestBody');
    expect(at(transfer, 'responses', '2XX', '$ref')).toBe('#/components/responses/Venue');
    expect(at(document, 'components', 'responses', 'Venue', 'content', 'application/json', 'schema')).toEqual({});
  });

  test('in the OpenAPI document an order of the venue may be refused by us for its signature, and no other operation of the venue', () => {
    for (const name of [
      'POST /v1/orders',
      'PUT /v1/orders/{order_id}',
      'POST /v1/orders/batch',
      'POST /v1/algo/orders',
    ]) {
      const answers = at(operation(name), 'responses');
      expect(at(answers, '400', 'description')).toContain('INVALID_ORDER_SIGNATURE');
      expect(at(answers, '403', 'description')).toContain('ISOLATED_MARKET_ACCOUNT_MISMATCH');
    }
    expect(at(operation('DELETE /v1/orders'), 'responses', '400', '$ref')).toBe(
      '#/components/responses/VenueUnreadableBody',
    );
  });

  test('the OpenAPI document follows the table in force: the leverage switch, and a table of another API', async () => {
    const switched = await describeApi(withLeverageForSubkeys(table));
    expect(at(switched.document, 'paths', '/v1/account/margin/{market}', 'post', 'x-access')).toBe('trade');
    const other = Object.keys(membersAt((await describeApi(parseRouteTable(example))).document, 'paths'));
    expect(other).toContain('/api/orders/{order_id}');
    expect(other).not.toContain('/v1/orders');
  });
});
