// Reads an order from JSON, from the same members that a venue reads. Anything that could be signed as one thing and read as another (a
// number that parsers read differently, a member with a second spelling) is refused, never normalised. Its hash is in
// src/starknet/order.ts.
import { decimalText, MAX_DECIMAL_LENGTH } from '../domain/decimal-text.ts';
import { type Felt, parseFelt, STARK_PRIME } from '../domain/felt.ts';
import { foldedName, type JsonObject, type JsonValue } from '../domain/strict-json.ts';
import { inOtherUnit, nanosOfDigits, otherUnit, type UnixMillis, type UnixNanos } from '../domain/time.ts';
import { feltFromText } from '../starknet/felt.ts';
import type { SignedOrder } from '../starknet/order.ts';
import { parseSignatureText, type StarkSignature } from '../starknet/signature.ts';

/** The value is not an order in the accepted form; the message names the member. */
export class OrderError extends Error {
  override readonly name = 'OrderError';
  /** The time of the order, where it is refused for its unit and can be told all the same. */
  readonly signedAt: UnixNanos | undefined;

  constructor(message: string, signedAt?: UnixNanos) {
    super(message);
    this.signedAt = signedAt;
  }
}

/** Signed members, and members that decide how those are read. */
const readMembers = [
  'market',
  'side',
  'type',
  'size',
  'price',
  'signature',
  'signature_timestamp',
  'id',
  'order_id',
  'on_behalf_of_account',
] as const;
type ReadMember = (typeof readMembers)[number];
type Members = Pick<ReadonlyMap<ReadMember, JsonValue>, 'get'>;

/** Known members that no signature covers. A second spelling of one is refused too: one rule for all names. */
const unsignedMembers = [
  'client_id',
  'instruction',
  'flags',
  'stp',
  'trigger_price',
  'vwap_price',
  'recv_window',
  'algo_type',
  'frequency',
  'duration_seconds',
] as const;

/** By folded name: what the loosest parser takes for the same name. */
const knownNames: ReadonlyMap<string, string> = new Map(
  [...readMembers, ...unsignedMembers].map((name) => [foldedName(name), name]),
);

/** The accepted spelling of names, unknown members included. */
const snakeCase = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;

/**
 * Reads a new or algo order; with `pathId`, the canonical decimal id in the path, a change of that order. Two different ids with the same
 * signed number are never both accepted. Members that are not signed may hold anything, and null counts as absent; but every name, at any
 * depth, must be in its accepted spelling. Throws OrderError.
 */
export function readOrder(value: JsonValue | undefined, pathId?: string): SignedOrder {
  const members = membersOf(value);
  const type = textOf(members, 'type');
  // A venue might read `market` as MARKET, whose price is signed as 0.
  if (!/^[A-Z][A-Z_]{0,30}$/.test(type)) throw new OrderError('type is not an order type in capital letters');
  return {
    timestamp: readTimestamp(members.get('signature_timestamp')),
    market: nameFelt(textOf(members, 'market'), 'market'),
    side: readSide(textOf(members, 'side')),
    orderType: nameFelt(type, 'type'),
    size: scaled(members.get('size'), 'size'),
    price: readPrice(members.get('price'), type),
    id: pathId === undefined ? undefined : readId(members, pathId),
    signature: readSignature(textOf(members, 'signature')),
    onBehalfOf: readOnBehalfOf(members.get('on_behalf_of_account')),
  };
}

function membersOf(value: JsonValue | undefined): Members {
  if (!isObject(value)) throw new OrderError('it is not a JSON object');
  requireOneSpelling(value);
  return value.members;
}

// Strict JSON refuses two spellings of a name in one object. Here a second spelling alone is refused too: Go would read `PRICE` as the
// price, and protobuf `onBehalfOfAccount` as the account, and we would have missed it.
function requireOneSpelling(value: JsonValue): void {
  if (typeof value !== 'object' || value === null || value.kind === 'number') return;
  if (value.kind === 'array') {
    value.items.forEach(requireOneSpelling);
    return;
  }
  for (const [name, member] of value.members) {
    const meant = knownNames.get(foldedName(name));
    if (meant !== undefined && meant !== name) {
      throw new OrderError(`${meant} must be written in small letters, exactly so`);
    }
    if (!snakeCase.test(name)) {
      throw new OrderError('a member name is not of small letters and digits with single underscores between words');
    }
    requireOneSpelling(member);
  }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && value.kind === 'object';

/** Clients write null for a member that they do not send. */
const isAbsent = (value: JsonValue | undefined): value is null | undefined => value === undefined || value === null;

function textOf(members: Members, name: ReadMember): string {
  const value = members.get(name);
  if (typeof value !== 'string') throw new OrderError(`${name} must be a string`);
  return value;
}

/** Digits and `0x` hex are signed as numbers, which have many texts: a name must not look like a number. */
function nameFelt(text: string, name: ReadMember): bigint {
  if (!/^[!-~]{1,31}$/.test(text) || /^(?:[0-9]+|0x[0-9a-f]*)$/i.test(text)) {
    throw new OrderError(`${name} is not a name of 1 to 31 ASCII characters`);
  }
  return feltFromText(text);
}

function readSide(text: string): bigint {
  if (text === 'BUY') return 1n;
  if (text === 'SELL') return 2n;
  throw new OrderError('side is neither BUY nor SELL');
}

const SCALE_DIGITS = 8;
const AMOUNT_BOUND = 1n << 127n;

/**
 * Times 10^8. The number is signed, not its text: two texts of one number are the same order. A large exponent costs no time.
 */
function scaled(value: JsonValue | undefined, name: ReadMember): bigint {
  const text = typeof value === 'string' && value.length <= MAX_DECIMAL_LENGTH ? value : '';
  const [, whole, fraction = '', exponent = '0'] = decimalText.exec(text) ?? [];
  if (whole === undefined) {
    throw new OrderError(
      `${name} must be a string, a decimal number of at most ${MAX_DECIMAL_LENGTH} characters such as 0.1, 1.0 or 5E-4`,
    );
  }
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return 0n;
  const zeros = Number(exponent) - fraction.length + (digits.length - significant.length) + SCALE_DIGITS;
  if (zeros < 0) throw new OrderError(`${name} has more than ${SCALE_DIGITS} decimals`);
  const number = zeros > MAX_DECIMAL_LENGTH ? AMOUNT_BOUND : BigInt(significant + '0'.repeat(zeros));
  if (number >= AMOUNT_BOUND) throw new OrderError(`${name} is too large`);
  return number;
}

// MARKET types sign the price as 0. Any other price would be forwarded unsigned.
function readPrice(value: JsonValue | undefined, type: string): bigint {
  if (!type.includes('MARKET')) return scaled(value, 'price');
  if (!isAbsent(value) && value !== '' && scaled(value, 'price') !== 0n) {
    throw new OrderError('price of an order of a MARKET type must be absent, empty or zero');
  }
  return 0n;
}

function readTimestamp(value: JsonValue | undefined): UnixMillis {
  const text = typeof value === 'object' && value?.kind === 'number' ? value.text : '';
  const unit = otherUnit(Number(text), 'milliseconds');
  if (unit !== undefined) {
    const signedAt = /^[1-9][0-9]*$/.test(text) ? nanosOfDigits(text, unit) : undefined;
    throw new OrderError(`signature_timestamp ${inOtherUnit(Number(text), 'milliseconds')}`, signedAt);
  }
  const millis = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(millis)) throw new OrderError('signature_timestamp must be a whole number of milliseconds');
  return millis as UnixMillis;
}

function readSignature(text: string): StarkSignature {
  const signature = parseSignatureText(text);
  if (signature === undefined)
    throw new OrderError('signature must be the text ["r","s"] of decimal or 0x hex strings');
  return signature;
}

/** The id that a modified order is signed for. The body may leave it out, but must not name another order than the path. */
function readId(members: Members, pathId: string): bigint {
  for (const name of ['id', 'order_id'] as const) {
    const value = members.get(name);
    if (!isAbsent(value) && value !== pathId) throw new OrderError(`${name} must be the order in the path`);
  }
  // Decimal only, so that each signed number has one text: hex is a second one, and so is a short name ('ab' is signed as 0x6162).
  const id = /^(?:0|[1-9][0-9]{0,75})$/.test(pathId) ? BigInt(pathId) : STARK_PRIME;
  if (id >= STARK_PRIME)
    throw new OrderError('the order id cannot be signed: it is not a decimal number below the Stark prime');
  return id;
}

function readOnBehalfOf(value: JsonValue | undefined): Felt | undefined {
  if (isAbsent(value)) return undefined;
  const felt = typeof value === 'string' ? parseFelt(value) : undefined;
  if (felt === undefined) throw new OrderError('on_behalf_of_account is not a Starknet address');
  return felt;
}
