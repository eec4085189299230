// Reading the operator API's answers for tables. Numbers lose their last digits here: --json prints the text as it came.
import { isJsonObject } from '../domain/json-text.ts';

export type Members = Readonly<Record<string, unknown>>;

/** Throws SyntaxError or TypeError for what is no JSON object. */
export function membersOf(text: string): Members {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new TypeError('the answer is not a JSON object');
  return value;
}

export const listOf = (members: Members, name: string): readonly Members[] => {
  const list = members[name];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
};

export const textOf = (members: Members, name: string): string => {
  const value = members[name];
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
};
