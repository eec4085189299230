// The orders in a request's body, each with its place in it. Refuses whatever a venue could read otherwise than it did.
import { isJsonInUtf8, JSON_IN_UTF8 } from '../domain/content-type.ts';
import { alias } from '../domain/request-headers.ts';
import { type JsonValue, MAX_JSON_BYTES, parseStrictJson, StrictJsonError } from '../domain/strict-json.ts';
import type { SignedOrder } from '../starknet/order.ts';
import { OrderError, readOrder } from './read.ts';
import { type Place, type Repeats, refusal, unreadable } from './refusals.ts';
import type { OrderRoute } from './route.ts';

/** One order of the request, with the words that name it in a refusal. */
export interface Listed {
  readonly order: SignedOrder;
  readonly place: Place;
  /** Told apart by it, where orders.repeats says so. */
  readonly clientId: string | undefined;
}

/** The largest body of an order route; real ones are well below. It is parsed on the one thread that all share. */
export const MAX_ORDER_BYTES = MAX_JSON_BYTES;

const MAX_BATCH = 50;

/** Throws BINDING_ERROR for what is no order, or list of 1 to 50, in one reading, and INVALID_ORDER_SIGNATURE for a member that is malformed. */
export function readOrders(
  rawHeaders: readonly string[],
  body: Buffer | undefined,
  route: OrderRoute,
  repeats: Repeats,
): readonly Listed[] {
  requirePlainJson(rawHeaders);
  return listOrders(readBody(body, route), route, repeats);
}

// Read by their loosest names, as headers.ts does: a venue that takes `Content_Encoding` for the header would unpack the body.
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
    if (error instanceof OrderError) throw refusal(error.message, place);
    throw error;
  }
}

/** A venue reads null and an empty name as none; what else it makes of a number or a list, nobody can know. Throws OrderError. */
function readClientId(value: JsonValue): string | undefined {
  const id = typeof value === 'object' && value?.kind === 'object' ? value.members.get('client_id') : undefined;
  if (id === undefined || id === null || id === '') return undefined;
  if (typeof id !== 'string') throw new OrderError('client_id is not a string');
  return id;
}
