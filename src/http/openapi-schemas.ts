// JSON Schemas as openapi.json shows them: what the routes declare, with notes for people and what a handler checks by itself.

import { SHOWN } from '../wire/common.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { SubkeyWire } from '../wire/subkeys.ts';
import { ApiTokenWire } from '../wire/tokens.ts';
import { memberNotes } from './operation-notes.ts';

export type { Json, JsonObject };

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** TypeBox schemas are JSON Schema with symbols; only the JSON is kept. */
export function plain(schema: unknown): Json | undefined {
  return schema === undefined ? undefined : JSON.parse(JSON.stringify(schema));
}

export function plainObject(schema: unknown): JsonObject {
  const json = plain(schema);
  if (!isObject(json)) throw new Error('a schema is no object');
  return json;
}

const namedSchemas: readonly (readonly [string, JsonObject])[] = [
  ['Subkey', plainObject(SubkeyWire)],
  ['ApiToken', plainObject(ApiTokenWire)],
];
const nameOfSchema = new Map(namedSchemas.map(([name, schema]) => [JSON.stringify(schema), name]));

/** For components/schemas: what `shown` refers to by name. */
export const sharedSchemas = (): JsonObject =>
  Object.fromEntries(namedSchemas.map(([name, schema]) => [name, withNotes(schema)]));

/** A schema with references to the named ones, and on each member its own description, or else the note of its name. */
export function shown(schema: Json): Json {
  const name = nameOfSchema.get(JSON.stringify(schema));
  return name === undefined ? withNotes(schema) : { $ref: `#/components/schemas/${name}` };
}

export const noteOf = (name: string): { description?: string } => {
  const description = memberNotes[name];
  return description === undefined ? {} : { description };
};

function withNotes(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(shown);
  if (!isObject(schema)) return schema;
  const { [SHOWN]: more, ...checked } = schema;
  const members = Object.entries(checked).map(([member, value]) => {
    if (member !== 'properties' || !isObject(value)) return [member, shown(value)];
    const properties = Object.entries(value).map(([name, inner]) => {
      const described = shown(inner);
      return [name, isObject(described) ? { ...noteOf(name), ...described } : described];
    });
    return [member, Object.fromEntries(properties)];
  });
  return { ...Object.fromEntries(members), ...(isObject(more) ? more : {}) };
}

/** Whether a member may be left out of an object, and in a body of ours be null instead (src/http/kit/bodies.ts). */
export const mayBeNull = ({ required }: JsonObject, name: string): boolean =>
  !Array.isArray(required) || !required.includes(name);

/** The schema of a body, as `shown` gave it, in which every member that may be left out may be null. */
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
