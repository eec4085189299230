// Reads JSON that every parser reads alike; everything else is refused. JSON.parse will not do: it hides repeated members and the digits
// of numbers. Never repairs, guesses or skips anything.

/** A number keeps the text it was written as: no digit is lost, and 1e3 is not 1000. */
export interface JsonNumber {
  readonly kind: 'number';
  readonly text: string;
}
export interface JsonArray {
  readonly kind: 'array';
  readonly items: readonly JsonValue[];
}
export interface JsonObject {
  readonly kind: 'object';
  /** By exact name. Folded names are distinct, and none is `__proto__`, `constructor` or `prototype`. */
  readonly members: ReadonlyMap<string, JsonValue>;
}
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject;

/** The bytes are not JSON that all parsers read alike. The message names the problem and never repeats the input. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  /** When the value is a list: the index, from 0, of the element where reading stopped; undefined outside its elements. */
  readonly index: number | undefined;

  constructor(message: string, index?: number) {
    super(message);
    this.index = index;
  }
}

export const MAX_JSON_BYTES = 64 * 1024;
/** Members and elements together: 50 orders of 64. Each takes about a microsecond of the main thread. */
export const MAX_JSON_VALUES = 50 * 64;
const MAX_DEPTH = 16;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// RFC 8259 sections 2, 6 and 7. Sticky: each matches at the current place or not at all.
const space = /[\t\n\r ]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 section 7 forbids exactly these in a string.
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const literal = /true|false|null/y;
const endOfWord = /[^0-9A-Za-z+.-]|$/y;
// No escapes: a parser that compares names before it decodes them would see another name.
const memberName = /^[ !#-[\]-~]*$/;

/**
 * A name as the loosest parsers compare it: letters and digits only, in lower case. Protobuf takes `orderId` for order_id, Go ignores case,
 * others take any separator for any other. Names that fold alike are one name to some parser.
 */
export const foldedName = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** Folded. Code that copies such a member into an object may change that object's prototype, or that of all objects. */
const prototypeNames: ReadonlySet<string> = new Set(['proto', 'constructor', 'prototype']);

/**
 * One JSON value (RFC 8259) in at most `maxBytes` of UTF-8 without a byte order mark, nested at most 16 deep, of at most 3,200 members
 * and elements. In every object the names are printable ASCII, written without escapes, distinct by their folded names, and none is
 * `__proto__`, `constructor` or `prototype` in any spelling. Strings are well-formed Unicode. Throws StrictJsonError for everything
 * else, and reads nothing after the first error.
 */
export function parseStrictJson(bytes: Uint8Array, maxBytes = MAX_JSON_BYTES): JsonValue {
  if (bytes.length > maxBytes) throw new StrictJsonError(`it is larger than ${maxBytes} bytes`);
  const text = decoded(bytes);
  if (text.startsWith('\ufeff')) throw new StrictJsonError('it begins with a byte order mark');
  let at = 0;
  /** Members and elements read so far. */
  let values = 0;
  /** Of the element of the outermost list that is being read. */
  let index: number | undefined;

  try {
    skipSpace();
    const value = readValue(0);
    index = undefined;
    skipSpace();
    if (at < text.length) throw new StrictJsonError('something follows the value');
    return value;
  } catch (error) {
    if (error instanceof StrictJsonError && index !== undefined) throw new StrictJsonError(error.message, index);
    throw error;
  }

  function readValue(depth: number): JsonValue {
    const sign = text[at];
    if (depth === MAX_DEPTH && (sign === '{' || sign === '[')) {
      throw new StrictJsonError(`it is nested more than ${MAX_DEPTH} deep`);
    }
    switch (sign) {
      case '{':
        return readObject(depth);
      case '[':
        return readArray(depth);
      case '"':
        return readString();
      default:
        return readWord();
    }
  }

  function readObject(depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    const folded = new Set<string>();
    readList('}', () => {
      const raw = take(string) ?? notJson();
      const name = raw.slice(1, -1);
      if (!memberName.test(name)) throw new StrictJsonError('a member name is not plain printable ASCII');
      const plain = foldedName(name);
      if (prototypeNames.has(plain)) throw new StrictJsonError('a member is named like the prototype of objects');
      if (folded.has(plain)) {
        throw new StrictJsonError('two members of one object have the same name but for letter case and signs');
      }
      folded.add(plain);
      skipSpace();
      if (text[at] !== ':') notJson();
      at += 1;
      skipSpace();
      members.set(name, readValue(depth + 1));
    });
    return { kind: 'object', members };
  }

  function readArray(depth: number): JsonArray {
    const items: JsonValue[] = [];
    readList(']', () => {
      if (depth === 0) index = items.length;
      items.push(readValue(depth + 1));
    });
    return { kind: 'array', items };
  }

  /** The inside of an object or array, and its closing bracket. */
  function readList(close: '}' | ']', readElement: () => void): void {
    at += 1;
    skipSpace();
    if (text[at] === close) {
      at += 1;
      return;
    }
    for (;;) {
      values += 1;
      if (values > MAX_JSON_VALUES) {
        index = undefined;
        throw new StrictJsonError(`it has more than ${MAX_JSON_VALUES} values`);
      }
      readElement();
      skipSpace();
      const sign = text[at];
      at += 1;
      if (sign === close) return;
      if (sign !== ',') notJson();
      skipSpace();
    }
  }

  function readString(): string {
    const read: unknown = JSON.parse(take(string) ?? notJson());
    if (typeof read !== 'string' || !read.isWellFormed()) {
      throw new StrictJsonError('a string holds half of a surrogate pair');
    }
    return read;
  }

  function readWord(): JsonValue {
    const word = take(literal) ?? take(number) ?? notJson();
    endOfWord.lastIndex = at;
    if (!endOfWord.test(text)) notJson();
    switch (word) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
      default:
        return { kind: 'number', text: word };
    }
  }

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function skipSpace(): void {
    take(space);
  }
}

/** The value as JSON.parse would give it. */
export function plainJson(value: JsonValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value.kind === 'number') return Number(value.text);
  if (value.kind === 'array') return value.items.map(plainJson);
  return Object.fromEntries([...value.members].map(([name, member]) => [name, plainJson(member)]));
}

function notJson(): never {
  throw new StrictJsonError('it is not JSON');
}

function decoded(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new StrictJsonError('it is not UTF-8');
  }
}
