// Wire schemas as openapi.json shows them.
import { SHOWN } from './common.ts';
import { isObject, type Json, type JsonObject, mayBeNull, plainObject } from './json.ts';
import { SubkeyWire } from './subkeys.ts';
import { ApiTokenWire } from './tokens.ts';

const namedSchemas = { Subkey: plainObject(SubkeyWire), ApiToken: plainObject(ApiTokenWire) };
const nameOfSchema = new Map(Object.entries(namedSchemas).map(([name, schema]) => [JSON.stringify(schema), name]));

/** A schema with references to the named ones, and with what a handler checks by itself. */
export function shown(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(shown);
  if (!isObject(schema)) return schema;
  const name = nameOfSchema.get(JSON.stringify(schema));
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  return members(schema);
}

function members(schema: JsonObject): JsonObject {
  const { [SHOWN]: more, ...checked } = schema;
  const described = Object.entries(checked).map(([member, value]) => [member, shown(value)]);
  return { ...Object.fromEntries(described), ...(isObject(more) ? more : {}) };
}

/** For components/schemas: what `shown` refers to by name. */
export const sharedSchemas: JsonObject = Object.fromEntries(
  Object.entries(namedSchemas).map(([name, schema]) => [name, members(schema)]),
);

/** The schema of a body in which every member that may be left out may be null. */
export function withNullables(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const { items, properties } = schema;
  const inner = isObject(items) ? { items: withNullables(items) } : {};
  if (!isObject(properties)) return { ...schema, ...inner };
  const members = Object.entries(properties).map(([name, member]) => {
    const whole = withNullables(member);
    return [name, mayBeNull(schema, name) ? nullable(whole) : whole];
  });
  return { ...schema, ...inner, properties: Object.fromEntries(members) };
}

function nullable(schema: Json): Json {
  if (!isObject(schema) || typeof schema.type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  const { type, enum: values } = schema;
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...values, null] } : {}) };
}
