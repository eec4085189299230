import fc from 'fast-check';
import { expect, test } from 'vitest';
import openapi from '../../../docs/openapi.json' with { type: 'json' };
import { isWideMember, parseWide, requireWideJson, writeWide } from '../../../src/client/json.ts';
import { isOwnRoute } from '../../../src/client/own-routes.ts';

test('times and ids are bigint whatever their size, exactly as the text has them', () => {
  const text =
    '{"created_at":1800000000123456789,"revoked_at":0,"id":7,"rows":[{"at":-1,"last_used_at":9007199254740993}]}';
  expect(parseWide(text)).toEqual({
    created_at: 1_800_000_000_123_456_789n,
    revoked_at: 0n,
    id: 7n,
    rows: [{ at: -1n, last_used_at: 9_007_199_254_740_993n }],
  });
});

test('what is no integer of such a name is as JSON.parse reads it', () => {
  const text =
    '{"id":"tok_1","at":null,"expires_at":1.5,"created_at":1e3,"status":200,"wide":1800000000123456789,"format":1}';
  expect(parseWide(text)).toEqual(JSON.parse(text));
});

test('an answer that is written again is the same text', () => {
  const member = fc.constantFrom('at', 'created_at', 'id', 'name', 'limit');
  const value = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 63n }), fc.boolean(), fc.string());
  fc.assert(
    fc.property(fc.dictionary(member, value), (row) => {
      const { limit, name, ...rest } = row;
      const text = writeWide(rest);
      expect(writeWide(parseWide(text))).toBe(text);
    }),
  );
});

test('text that is no JSON is refused as JSON.parse refuses it', () => {
  expect(() => parseWide('{')).toThrow(SyntaxError);
});

test('an engine without source text of JSON is told so at once', () => {
  const { rawJSON } = JSON as unknown as { rawJSON: unknown };
  try {
    Reflect.deleteProperty(JSON, 'rawJSON');
    expect(requireWideJson).toThrow('this JavaScript engine reads no exact integers from JSON');
  } finally {
    Object.defineProperty(JSON, 'rawJSON', { value: rawJSON, configurable: true, writable: true });
  }
  expect(requireWideJson).not.toThrow();
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly type?: unknown;
  readonly format?: string;
  readonly description?: string;
}

const named: Readonly<Record<string, Schema>> = openapi.components.schemas as Readonly<Record<string, Schema>>;

/** The integers of a schema, by their member. */
function integersOf(schema: Schema, member = ''): { readonly member: string; readonly isTimeOrId: boolean }[] {
  const { properties = {}, items, anyOf = [], $ref, type, format, description = '' } = schema;
  const referred = $ref === undefined ? undefined : named[$ref.split('/').at(-1) ?? ''];
  const isInteger = type === 'integer' || (Array.isArray(type) && type.includes('integer'));
  return [
    ...(isInteger
      ? [{ member, isTimeOrId: format === 'int64' && (/nanosecond/i.test(description) || member === 'id') }]
      : []),
    ...[...anyOf, ...(items === undefined ? [] : [items]), ...(referred === undefined ? [] : [referred])].flatMap(
      (one) => integersOf({ description, ...one }, member),
    ),
    ...Object.entries(properties).flatMap(([name, inner]) => integersOf(inner, name)),
  ];
}

test('the members that are bigint are those that docs/openapi.json calls nanoseconds or ids, in every answer of ours', () => {
  const answers = Object.values(openapi.paths).flatMap((path) =>
    Object.values(
      path as Record<
        string,
        { readonly responses?: Record<string, { readonly content?: Record<string, { readonly schema?: Schema }> }> }
      >,
    )
      .flatMap(({ responses = {} }) => Object.entries(responses))
      .flatMap(([status, { content = {} }]) => (status.startsWith('2') ? Object.values(content) : [])),
  );
  const integers = answers.flatMap(({ schema }) => (schema === undefined ? [] : integersOf(schema)));
  expect(integers.length).toBeGreaterThan(30);
  const wrong = integers.filter(({ member, isTimeOrId }) => isWideMember(member) !== isTimeOrId);
  expect([...new Set(wrong.map(({ member }) => member))]).toEqual([]);
});

test('the routes that the client takes for the server’s own are those that it serves under these versions, and no other', async () => {
  const { builtInTable } = await import('../../../src/access/own-routes.ts');
  const wrong = builtInTable.routes.filter(({ servedBy, path }) => {
    // Documents and health are no part of the wire: nobody asks for them with a client.
    if (!/^\/(?:v\d|countersign)\//.test(path)) return false;
    return isOwnRoute(path.replaceAll(/\{\w+\}/g, '0x1')) !== (servedBy === 'us');
  });
  expect(wrong.map(({ name }) => name)).toEqual([]);
});
