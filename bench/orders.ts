// Orders through the gateway with and without verification of their signatures: processor time of the server for each, and how many
// one core forwards in a second. It prints and asserts nothing.
// Usage: node bench/orders.ts [--rounds=5] [--orders=600] [--batch=10] [--connections=16] [--seconds=60]
//
// Two gateways, orders.verify = require and off, take turns in every round with the same signed orders in front of one venue. An
// order is forwarded once, so each is signed for its round. Processor time is read from /proc, worker threads included. Linux only.
import { join } from 'node:path';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../src/client/stark-key.ts';
import { settingOf } from '../src/config/schema.ts';
import type { AccountId } from '../src/domain/credential.ts';
import { scureCurve } from '../src/starknet/curve.ts';
import { loadStarkEngine } from '../src/starknet/engine/load.ts';
import { feltFromText } from '../src/starknet/felt.ts';
import { createMessageHasher, hashStruct, orderType } from '../src/starknet/message.ts';
import { mainSession, onboard, registerSubkey, starkTrader, subkeySession } from '../test/support/trader.ts';
import { type Measured, requestText, startLoad } from './support/load-client.ts';
import { median, ratio, rounded, spread } from './support/measure.ts';
import { pinned, type Running, startRole, temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, roundsInTime, say, table } from './support/report.ts';

onlyFlags('rounds', 'orders', 'batch', 'connections', 'seconds');
const rounds = count('rounds', 5, 100);
const orders = count('orders', 600, 10_000);
const batch = count('batch', 10, 50);
const connections = count('connections', 16, 128);

heading('Orders through the gateway, with and without verification');
say(
  `${rounds} rounds of ${orders} single orders and ${orders} in lists of ${batch}, over ${connections} connections; ${
    pinned ? 'server on core 0, load and venue on core 1' : 'not pinned to cores'
  }`,
);

// --- two gateways, the same owner in both ---

const venue = await startRole('support/venue.ts', [], 'load');
const load = startLoad();
const trader = starkTrader();
const subkey = createStarkKey(randomStarkPrivateKey());

interface Gateway {
  readonly name: string;
  readonly server: Running & { readonly port: number };
  readonly bearer: string;
  readonly measured: Map<string, Measured[]>;
}

async function startGateway(name: string, verify: 'require' | 'off'): Promise<Gateway> {
  const folder = temporaryFolder();
  const server = await startRole(
    '../src/main.ts',
    [
      'serve',
      '--port=0',
      `--data=${join(folder, 'data')}`,
      `--master_key.file=${join(folder, 'master.key')}`,
      `--upstream=http://127.0.0.1:${venue.port}`,
      '--rate-limit=off',
      `--orders.verify=${verify}`,
    ],
    'server',
  );
  const url = `http://127.0.0.1:${server.port}`;
  await onboard(url, trader);
  await registerSubkey(url, trader, await mainSession(url, trader), { subkey });
  return { name, server, bearer: await subkeySession(url, trader.account, subkey), measured: new Map() };
}

const plain = await startGateway('orders.verify = off', 'off');
const verifying = await startGateway('orders.verify = require', 'require');

// --- orders, each of its own timestamp ---

const loaded = loadStarkEngine({ fallback: scureCurve, tableBytes: 0 });
const curve = loaded.kind === 'engine' ? loaded.engine : scureCurve;
const hasher = createMessageHasher(curve, {
  domainName: 'Paradex',
  chainId: settingOf['wire.starknet_chain_id'].default,
});
let lastTimestamp = Date.now() - 60_000;

function signedOrder(key: StarkKey, account: AccountId): object {
  lastTimestamp += 1;
  const values = {
    timestamp: BigInt(lastTimestamp),
    market: feltFromText('ETH-USD-PERP'),
    side: 1n,
    orderType: feltFromText('LIMIT'),
    size: 123_456_789n,
    price: 250_012_345_678n,
  };
  return {
    market: 'ETH-USD-PERP',
    side: 'BUY',
    type: 'LIMIT',
    size: '1.23456789',
    price: '2500.12345678',
    instruction: 'GTC',
    signature: JSON.stringify(key.sign(hasher.messageHash(account, hashStruct(curve, orderType, values)))),
    signature_timestamp: lastTimestamp,
  };
}

interface Kind {
  readonly name: string;
  readonly target: string;
  readonly perRequest: number;
  bodies(howMany: number): string[];
}
const signedOrders = (howMany: number) => Array.from({ length: howMany }, () => signedOrder(subkey, trader.account));
const kinds: readonly Kind[] = [
  {
    name: 'single orders',
    target: '/v1/orders',
    perRequest: 1,
    bodies: (howMany) => signedOrders(howMany).map((order) => JSON.stringify(order)),
  },
  {
    name: `orders in lists of ${batch}`,
    target: '/v1/orders/batch',
    perRequest: batch,
    bodies: (howMany) => Array.from({ length: Math.ceil(howMany / batch) }, () => JSON.stringify(signedOrders(batch))),
  },
];

const work = ({ server, bearer }: Gateway, { target }: Kind, bodies: readonly string[]) => ({
  port: server.port,
  connections: Math.min(connections, bodies.length),
  count: bodies.length,
  requests: bodies.map((body) => requestText('POST', target, { bearer, body })),
  status: 200,
});

// Unmeasured first: everything compiled, and a table made for a key that signs often.
for (const { server, bearer } of [plain, verifying]) {
  const read = requestText('GET', '/v1/balance', { bearer });
  await load.send({ port: server.port, connections, count: 5000, requests: [read], status: 200 });
}
for (const kind of kinds) {
  const bodies = kind.bodies(orders);
  for (const gateway of [plain, verifying]) await load.send(work(gateway, kind, bodies));
}
for (const _round of roundsInTime(rounds)) {
  for (const kind of kinds) {
    const bodies = kind.bodies(orders);
    for (const gateway of [plain, verifying]) {
      const found = await load.measure(gateway.server, work(gateway, kind, bodies));
      gateway.measured.set(kind.name, [...(gateway.measured.get(kind.name) ?? []), found]);
    }
  }
}

const of = ({ measured }: Gateway, kind: Kind, read: (found: Measured) => number): number[] =>
  (measured.get(kind.name) ?? []).map(read);
const cpuPerOrder = (gateway: Gateway, kind: Kind) => of(gateway, kind, ({ cpu }) => cpu / kind.perRequest);
table(
  'Median (least..most) of the rounds; the ratio compares processor time within each round. Orders/s per core: one second of processor time.',
  ['orders', 'gateway', 'CPU us/order', 'ratio', 'orders/s per core', 'orders/s here', 'p50 ms', 'p99 ms'],
  kinds.flatMap((kind) =>
    [plain, verifying].map((gateway) => [
      kind.name,
      gateway.name,
      spread(cpuPerOrder(gateway, kind)),
      gateway === plain ? '1' : ratio(cpuPerOrder(gateway, kind), cpuPerOrder(plain, kind)),
      rounded(1e6 / median(cpuPerOrder(gateway, kind))),
      rounded(median(of(gateway, kind, ({ requestsPerSecond }) => requestsPerSecond * kind.perRequest))),
      rounded(median(of(gateway, kind, ({ p50 }) => p50))),
      rounded(median(of(gateway, kind, ({ p99 }) => p99))),
    ]),
  ),
);
const extra = kinds.map(
  (kind) => `${kind.name} ${rounded(median(cpuPerOrder(verifying, kind)) - median(cpuPerOrder(plain, kind)))} us`,
);
say();
say(`Verification adds, for each order: ${extra.join(', ')}`);

await load.stop();
for (const { server } of [plain, verifying, { server: venue }]) await server.stop();
