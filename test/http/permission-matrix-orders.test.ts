// The permission matrix as it is shipped, with orders verified: every operation that carries signed orders with every kind of caller,
// whose orders are signed as they must be, by somebody else, or not at all. An allowed cell reaches the venue; no other does.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import table from '../../src/access/routes/paradex.json' with { type: 'json' };
import type { StarkKey } from '../../src/client/stark-key.ts';
import { settingOf } from '../../src/config/schema.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { feltFromText } from '../../src/starknet/felt.ts';
import { hashStruct, modifyOrderType, orderType } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import {
  type Bearers,
  type CastName,
  castNames,
  casts,
  gather,
  refusalOf,
  type Signers,
  withDevices,
} from '../support/matrix-cast.ts';
import { call, hasher } from '../support/trader.ts';
import { newStarkKey, startWorld, type World } from '../support/world.ts';
import frozen from '../vectors/operations.json' with { type: 'json' };

const ORDER_ID = '1681462103821101699438490000';

/** How a request of each operation carries the orders that `make` signs; a change signs the id of its order. */
const carriers: Readonly<Record<string, (make: (id?: string) => object) => unknown>> = {
  'POST /orders': (make) => make(),
  'PUT /orders/{order_id}': (make) => make(ORDER_ID),
  'POST /orders/batch': (make) => [make(), make(), make()],
  'POST /algo/orders': (make) => ({ ...make(), algo_type: 'TWAP', duration_seconds: 60 }),
};
const operations = frozen.operations
  .map(({ method, path, allow }) => ({
    method,
    path,
    allow: withDevices(method, `/v1${path}`, allow),
    carry: carriers[`${method} ${path}`],
  }))
  .filter(({ carry }) => carry !== undefined);

let world: World;
let bearers: Bearers;
let signers: Record<CastName, Signers>;
let cells = 0;
let reached = 0;

beforeAll(async () => {
  expect(settingOf['orders.verify'].default).toBe('require');
  world = await startWorld({ settings: { 'terminal_token.enabled': 'true' } });
  ({ bearers, signers } = await gather(world));
});
afterAll(async () => {
  process.stdout.write(
    `permission matrix, orders verified: ${cells} cells (${operations.length} operations), of which ${reached} reached the venue\n`,
  );
  await world.stop();
});

let made = 0;

/** An order unlike all others, a moment old. */
function signedOrder(key: StarkKey, account: AccountId, id?: string) {
  made += 1;
  const timestamp = Number(world.clock.nanos() / 1_000_000n) - made;
  const values = {
    timestamp: BigInt(timestamp),
    market: feltFromText('BTC-USD-PERP'),
    side: 1n,
    orderType: feltFromText('LIMIT'),
    size: 50_000_000n,
    price: 2_950_012_000_000n,
  };
  const struct =
    id === undefined
      ? hashStruct(curve, orderType, values)
      : hashStruct(curve, modifyOrderType, { ...values, id: feltFromText(id) });
  return {
    market: 'BTC-USD-PERP',
    side: 'BUY',
    type: 'LIMIT',
    size: '0.5',
    price: '29500.12',
    instruction: 'GTC',
    signature_timestamp: timestamp,
    signature: JSON.stringify(key.sign(hasher.messageHash(account, struct))),
  };
}

/** What the venue was asked since, by this name or in all. */
function venueAsked(name?: string): number {
  const { venue } = world.service;
  return name === undefined ? venue.total() : (venue.counts().get(name) ?? 0);
}

/** Plays one cell and says in words what happened, down to the venue's counters. */
async function play(method: string, path: string, caller: CastName, body: unknown): Promise<string> {
  const target = `/v1${path.replace('{order_id}', ORDER_ID)}`;
  // The venue counts a route of its own by its template, and any other by its target.
  const names = [...new Set([`${method} /v1${path}`, `${method} ${target}`])];
  const asked = () => ({ total: venueAsked(), route: names.reduce((sum, name) => sum + venueAsked(name), 0) });
  const before = asked();
  const bearer = bearers[caller];
  const answer = await call(world.url, method, target, { body, ...(bearer === undefined ? {} : { bearer }) });
  const after = asked();
  cells += 1;
  const rose = { total: after.total - before.total, route: after.route - before.route };
  if (rose.total === 0) return `${answer.status} ${answer.json?.error}`;
  if (rose.total !== 1 || rose.route !== 1) return `wrong counters ${JSON.stringify(rose)}`;
  reached += 1;
  const { headers } = world.service.venue.requests().at(-1) ?? {};
  return `reached the venue as ${headers?.['countersign-credential-kind']} of ${headers?.['countersign-account']}`;
}

describe('with orders verified, who may order does so by a key of his own, and nobody else does', () => {
  test.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    'with orders verified, %s is reached by a caller who may order, with a key of his own, and by nobody else',
    async (_name, { method, path, allow, carry }) => {
      const stranger = newStarkKey();
      const wanted: Record<string, string> = {};
      const seen: Record<string, string> = {};
      for (const caller of castNames) {
        const { account, keys } = signers[caller];
        const gate = refusalOf(allow, casts[caller]);
        const cell = async (name: string, make: (id?: string) => object, unlessRefused: string) => {
          wanted[`${caller}, ${name}`] = gate ?? unlessRefused;
          seen[`${caller}, ${name}`] = await play(method, path, caller, carry?.(make));
        };
        for (const [whose, key] of Object.entries(keys)) {
          const served = `reached the venue as ${casts[caller].kind} of ${account}`;
          await cell(`signed by ${whose}`, (id) => signedOrder(key, account, id), served);
        }
        const refused = '400 INVALID_ORDER_SIGNATURE';
        await cell('signed by a stranger', (id) => signedOrder(stranger, account, id), refused);
        await cell('unsigned', (id) => ({ ...signedOrder(stranger, account, id), signature: undefined }), refused);
      }
      expect(seen).toEqual(wanted);
    },
  );
});

test('the matrix of orders has the operations that the service reads orders of, each once', () => {
  const reading = table.routes.filter((route) => 'order' in route).map(({ method, path }) => `${method} ${path}`);
  expect(operations.map(({ method, path }) => `${method} /v1${path}`).sort()).toEqual(reading.sort());
  expect(operations).toHaveLength(Object.keys(carriers).length);
});
