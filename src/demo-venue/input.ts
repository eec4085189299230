// What a request may contain: readers that return exact values or refuse. A refusal's message is shown to the caller.
import { formatDecimal, parseDecimal } from './decimal.ts';

/** `body` is worded as Paradex words every refusal. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: { readonly error: string; readonly message: string; readonly data: null };

  constructor(status: number, error: string, message: string) {
    super(message);
    this.status = status;
    this.body = { error, message, data: null };
  }
}

export const invalid = (message: string) => new Refusal(400, 'INVALID_REQUEST_PARAMETER', message);
/** The members of a JSON object; a Map, so that no name is special. */
export type Fields = ReadonlyMap<string, unknown>;
export function fieldsOf(body: unknown): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return new Map(Object.entries(body));
  throw new Refusal(400, 'BINDING_ERROR', 'the body must be a JSON object');
}

export function batchOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length <= 50) return value;
  throw new Refusal(400, 'BATCH_SIZE_OUT_OF_RANGE', 'a batch is a list of at most 50');
}

export function oneOf<T extends string>(fields: Fields, name: string, allowed: readonly T[], absent?: T): T {
  const found = allowed.find((one) => one === (fields.get(name) ?? absent));
  if (found !== undefined) return found;
  throw invalid(`${name} must be one of: ${allowed.join(', ')}`);
}

/** Optional text; empty when absent. */
export function textOf(fields: Fields, name: string): string {
  const text = fields.get(name) ?? '';
  if (typeof text === 'string' && text.length <= 100) return text;
  throw invalid(`${name} must be a string of at most 100 characters`);
}

/** A decimal string: positive, a multiple of `step`, at most `most`. */
export function amountOf(fields: Fields, name: string, step: bigint, most: bigint): bigint {
  const value = parseDecimal(fields.get(name));
  if (value !== undefined && value > 0n && value % step === 0n && value <= most) return value;
  const [unit, limit] = [formatDecimal(step), formatDecimal(most)];
  throw invalid(`${name} must be a positive decimal string, a multiple of ${unit}, at most ${limit}`);
}
