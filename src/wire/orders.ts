// The bodies of signed orders as openapi.json shows them. src/orders/read.ts reads them; test/unit/wire/orders.test.ts holds that both
// say the same.
import { decimalText, MAX_DECIMAL_LENGTH } from '../domain/decimal-text.ts';
import type { OrderForm } from '../domain/order-form.ts';
import type { JsonObject } from './json.ts';

const decimal: JsonObject = {
  type: 'string',
  description: 'A decimal number as text, below 2^127 and a whole number when it is multiplied by 10^8.',
  maxLength: MAX_DECIMAL_LENGTH,
  pattern: decimalText.source,
  examples: ['0.1', '1.0', '5.0E-4'],
};

/** A name that looks like a number would be signed as one. */
const name = '(?![0-9]+$|0[xX][0-9a-fA-F]*$)[!-~]{1,31}';
const text = (description: string): JsonObject => ({ type: ['string', 'null'], description });

/** Decimal only: a name or hex would be a second text of the same signed number. */
export const orderId: JsonObject = { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,75})$' };

const signedMembers: JsonObject = {
  market: { type: 'string', pattern: `^${name}$`, examples: ['BTC-USD-PERP'] },
  side: { type: 'string', enum: ['BUY', 'SELL'] },
  type: { type: 'string', pattern: '^[A-Z][A-Z_]{0,30}$', examples: ['LIMIT', 'MARKET', 'STOP_LIMIT'] },
  size: decimal,
  price: {
    anyOf: [decimal, { type: 'string', enum: [''] }, { type: 'null' }],
    description: 'As size. Of a type that contains MARKET it is signed as 0: zero, empty, null or left out.',
  },
  signature: {
    type: 'string',
    maxLength: 256,
    description:
      'The text ["r","s"], decimal or 0x hex: the Stark signature over market, side, type, size, price and signature_timestamp, and of a change over the id.',
  },
  signature_timestamp: { type: 'integer', format: 'int64', minimum: 0, description: 'Unix milliseconds.' },
  on_behalf_of_account: {
    ...text('An isolated-market account, of a session that has the flag for it. Not signed.'),
    pattern: '^0[xX][0-9a-fA-F]{1,64}$',
  },
};

/** Not signed and forwarded unread: only the venue knows what they mean. */
const unsignedMembers: JsonObject = {
  client_id: text('A name of its own for the order.'),
  instruction: text('GTC, IOC, POST_ONLY and what else the venue knows.'),
  flags: {
    type: ['array', 'null'],
    items: { type: 'string' },
    description: 'REDUCE_ONLY and what else the venue knows.',
  },
  stp: text('How it prevents that orders of one account meet.'),
  trigger_price: text('Of stop orders.'),
  recv_window: { type: ['integer', 'null'], format: 'int64', description: 'Milliseconds.' },
};

const order = (members: JsonObject): JsonObject => ({
  type: 'object',
  required: ['market', 'side', 'type', 'size', 'signature', 'signature_timestamp'],
  properties: { ...signedMembers, ...unsignedMembers, ...members },
});

const idInPath: JsonObject = { anyOf: [orderId, { type: 'null' }], description: 'If it is there, the id in the path.' };

/** For components/schemas. */
export const orderSchemas: JsonObject = {
  NewOrder: order({}),
  ModifiedOrder: order({ id: idInPath, order_id: idInPath }),
  AlgoOrder: order({
    algo_type: text('TWAP and what else the venue knows.'),
    frequency: { type: ['integer', 'null'], format: 'int64', description: 'Seconds between its parts.' },
    duration_seconds: { type: ['integer', 'null'], format: 'int64', description: 'Seconds.' },
  }),
};

const reference = (schema: string): JsonObject => ({ $ref: `#/components/schemas/${schema}` });

/** By the member `order` of a row of the route table. */
export const orderBodies: Readonly<Record<OrderForm, JsonObject>> = {
  new: reference('NewOrder'),
  modify: reference('ModifiedOrder'),
  algo: reference('AlgoOrder'),
  batch: { type: 'array', minItems: 1, maxItems: 50, items: reference('NewOrder') },
};
