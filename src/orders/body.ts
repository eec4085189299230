// The orders in a request's body, each with its index in the list. A body that a venue could read in another way is refused.
import { isJsonInUtf8, JSON_IN_UTF8 } from '../domain/content-type.ts';
import { alias } from '../domain/request-headers.ts';
import { type JsonValue, MAX_JSON_BYTES, parseStrictJson, StrictJsonError } from '../domain/strict-json.ts';
import type { SignedOrder } from '../starknet/order.ts';
import { OrderError, readOrder } from './read.ts';
import { type Place, type Repeats, refusal, unreadable } from './refusals.ts';
import type { OrderRoute } from './route.ts';

/** An order and its index in the list; undefined when the body is one order. */
export interface Listed {
  readonly order: SignedOrder;
  readonly place: Place;
  /** Only with orders.repeats=distinct_client_id: orders that differ in it are not repeats. */
  readonly clientId: string | undefined;
}

/** The largest body of an order route; real ones are well below. Parsing it holds up every other request. */
export const MAX_ORDER_BYTES = MAX_JSON_BYTES;

const MAX_BATCH = 50;

/** Throws BINDING_ERROR for a body that is not one order or a list of 1 to 50, or that has two readings; INVALID_ORDER_SIGNATURE for a malformed member. */
export function readOrders(
  rawHeaders: readonly string[],
  body: Buffer | undefined,
  route: OrderRoute,
  repeats: Repeats,
): readonly Listed[] {
  requirePlainJson(rawHeaders);
  return listOrders(readBody(body, route), route, repeats);
}

// By their loosest names, as in gateway/headers.ts: a venue that reads `Content_Encoding` as the header would unpack the body.
function requirePlainJson(rawHeaders: readonly string[]): void {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [alias(rawHeaders[i] ?? ''), (rawHeaders[i + 1] ?? '').trim().toLowerCase()];
    if (name === 'content-encoding' && value !== 'identity')
      throw unreadable('the content encoding must be identity, or none');
    if (name === 'content-type' && !isJsonInUtf8(value)) throw unreadable(JSON_IN_UTF8);
  }
}

function readBody(body: Buffer | undefined, { batch }: OrderRoute): JsonValue {
  if (body === undefined) throw unreadable('the request has no body');
  try {
    return parseStrictJson(body, MAX_ORDER_BYTES);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw unreadable(`the body cannot be read in one way only: ${error.message}`, batch ? error.index : undefined);
  }
}

function listOrders(value: JsonValue, route: OrderRoute, repeats: Repeats): readonly Listed[] {
  if (!route.batch) return [listedOrder(value, route, undefined, repeats)];
  const items = typeof value === 'object' && value?.kind === 'array' ? value.items : [];
  if (items.length < 1 || items.length > MAX_BATCH) {
    throw unreadable(`the body must be a list of 1 to ${MAX_BATCH} orders`);
  }
  return items.map((item, index) => listedOrder(item, route, index, repeats));
}

function listedOrder(value: JsonValue, { id }: OrderRoute, place: Place, repeats: Repeats): Listed {
  try {
    const order = readOrder(value, id);
    return { order, place, clientId: repeats === 'refuse' ? undefined : readClientId(value) };
  } catch (error) {
    if (!(error instanceof OrderError)) throw error;
    const { message, signedAt } = error;
    throw refusal(message, place, signedAt === undefined ? {} : { facts: { signedAt } });
  }
}

/** Null and an empty name are none. Throws OrderError for another type, as venues may read that in several ways. */
function readClientId(value: JsonValue): string | undefined {
  const id = typeof value === 'object' && value?.kind === 'object' ? value.members.get('client_id') : undefined;
  if (id === undefined || id === null || id === '') return undefined;
  if (typeof id !== 'string') throw new OrderError('client_id is not a string');
  return id;
}
