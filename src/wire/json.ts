// JSON Schema as plain JSON, without the types of TypeBox.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json;
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Throws for what is no JSON object. */
export function plainObject(schema: unknown): JsonObject {
  const json: Json = JSON.parse(JSON.stringify(schema));
  if (!isObject(json)) throw new Error('a schema is no object');
  return json;
}

/** Whether a member may be left out of an object, and in a body of ours be null instead (src/http/kit/bodies.ts). */
export const mayBeNull = ({ required }: JsonObject, name: string): boolean =>
  !Array.isArray(required) || !required.includes(name);
