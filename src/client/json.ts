// JSON with integers wider than a JavaScript number. Times are nanoseconds and ids are 64 bits: they are bigint whatever their size, told by
// the name of the member, so that a type holds for 0 as for any other value. Every other number is a number.

interface WideJson {
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}

const isWide = (json: object): json is WideJson => 'rawJSON' in json && 'parse' in json;

const { JSON: json }: { readonly JSON: object } = globalThis;

/** `created_at`, `at`, `id` and the like. A text of that name stays one. */
export const isWideMember = (name: string): boolean => /^(?:.+_)?at$|^id$|^server_time$|^valid_after$/.test(name);

/** Throws where the engine gives no source text of numbers: Node.js before 22, Safari before 18.4, Firefox before 135, Chrome before 114. */
export function requireWideJson(): void {
  if (!isWide(json))
    throw new Error(
      'this JavaScript engine reads no exact integers from JSON: it needs JSON.rawJSON, as Node.js has from 22 on',
    );
}

/** As JSON.parse, and throws as it does; integers of wide members are bigint, exactly as written. */
export function parseWide(text: string): unknown {
  if (!isWide(json)) return JSON.parse(text);
  return json.parse(text, (name, value, { source }) =>
    typeof value === 'number' && source !== undefined && isWideMember(name) && /^-?[0-9]+$/.test(source)
      ? BigInt(source)
      : value,
  );
}

/** As JSON.stringify; a bigint is written as bare digits. */
export const writeWide = (value: unknown): string =>
  JSON.stringify(value, (_name, member) =>
    typeof member === 'bigint' && isWide(json) ? json.rawJSON(String(member)) : member,
  );
