// What the engine is worth: times and ratios of one run on one core. It prints and asserts nothing.
// Usage: node bench/engine.ts [rounds]. It runs on one core, the last of those that it is given, where `taskset` is installed. The
// contenders take turns in every round, and a figure is processor time, not wall-clock time, so that other work on the machine disturbs
// neither side of a ratio more than the other.
// Where cargo is installed and its registry can be reached, native Rust (the crate starknet-crypto) takes its turn in the same rounds.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  getPublicKey,
  getStarkKey,
  Point,
  pedersen as scurePedersen,
  verify as scureVerify,
  sign,
} from '@scure/starknet';
import { type Felt, feltOf } from '../src/domain/felt.ts';
import { parseStrictJson } from '../src/domain/strict-json.ts';
import { readOrder } from '../src/orders/read.ts';
import { scureCurve } from '../src/starknet/curve.ts';
import { createStarkEngine, type StarkEngine } from '../src/starknet/engine/engine.ts';
import { feltFromText } from '../src/starknet/felt.ts';
import { createMessageHasher, domainHash, orderType } from '../src/starknet/message.ts';
import { orderHash, orderStruct, type SignedOrder } from '../src/starknet/order.ts';
import { STARK_HASH_BOUND } from '../src/starknet/pedersen.ts';
import { buildNativeRust } from './support/native-rust.ts';

const rounds = Number(process.argv[2] ?? 9);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError('rounds must be a positive integer');
const say = (line = ''): unknown => process.stdout.write(`${line}\n`);
const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
const MiB = 2 ** 20;

// Before this process is bound to one core: cargo compiles on all.
const native = buildNativeRust();

/** The last core that this process may run on; `undefined` where `taskset` cannot tell. */
function lastCore(): string | undefined {
  const { status, stdout } = spawnSync('taskset', ['-c', '-p', String(process.pid)], { encoding: 'utf8' });
  return status === 0 ? /([0-9]+)\s*$/.exec(stdout)?.[1] : undefined;
}

// Once: a process on one core counts one, and another look at the environment keeps one that counts otherwise from going on for ever.
const core = availableParallelism() > 1 && process.env.BENCH_PINNED === undefined ? lastCore() : undefined;
if (core !== undefined) {
  const { status } = spawnSync(
    'taskset',
    ['-c', core, process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    {
      stdio: 'inherit',
      env: { ...process.env, BENCH_PINNED: core },
    },
  );
  process.exit(status ?? 1);
}

const wasm = readFileSync(new URL('../src/starknet/engine/stark.wasm', import.meta.url));

/** Microseconds of processor time that a task takes. */
function processorTime(task: () => void): number {
  const before = process.cpuUsage();
  task();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const median = (values: readonly number[]): number => {
  const ordered = values.toSorted((a, b) => a - b);
  const middle = ordered.length >> 1;
  return ordered.length % 2 === 1
    ? (ordered[middle] ?? Number.NaN)
    : ((ordered[middle - 1] ?? Number.NaN) + (ordered[middle] ?? Number.NaN)) / 2;
};

let startUp = 0;
const open = (tableBytes: number): StarkEngine => {
  let engine: StarkEngine | undefined;
  startUp = processorTime(() => {
    engine = createStarkEngine({ fallback: scureCurve, tableBytes, wasm, defer: () => {} });
  });
  if (engine === undefined) throw new Error('unreachable');
  return engine;
};
const cold = open(0);
const firstStartUp = startUp;
const warm = open(64 * MiB);

/** 64 numbers that look random, by hashing. */
const felts = Array.from({ length: 64 }, (_, i) => cold.pedersen(BigInt(i), 1n));
const at = (i: number): bigint => felts[i % felts.length] ?? 0n;
const signatures = felts.slice(0, 16).map((felt, i) => {
  const secret = felt % STARK_HASH_BOUND;
  const hash = at(i + 20) % STARK_HASH_BOUND;
  const { r, s } = sign(hex(hash), hex(secret));
  const publicKey = BigInt(getStarkKey(hex(secret)));
  // With its y: the libraries would spend two thirds of their time on a square root otherwise.
  const point = Buffer.from(getPublicKey(hex(secret), false)).toString('hex');
  const valid = scureVerify(hex(r) + hex(s), hex(hash), point, { format: 'compact' });
  if (!valid || !cold.verify(hash, r, s, publicKey)) throw new Error('a signature is refused: nothing to compare');
  return { hash, r, s, publicKey, point };
});
const signature = (i: number) => {
  const found = signatures[i % signatures.length];
  if (found === undefined) throw new Error('unreachable');
  return found;
};
for (const { publicKey } of signatures) warm.warm(publicKey);

const domain = { domainName: 'Paradex', chainId: 'PRIVATE_SN_POTC_MOCK_SEPOLIA' };
const hasher = createMessageHasher(warm, domain);
/** Few enough traders that they are known, as on any venue most orders come from few. */
const accounts = felts.slice(0, 16).map(feltOf);
const accountOf = (i: number): Felt => accounts[i % accounts.length] ?? feltOf(1n);
const markets = ['BTC-USD-PERP', 'ETH-USD-PERP', 'SOL-USD-PERP', 'DOGE-USD-PERP'];
/** No two are the same: another time, another price. */
const order = (i: number): SignedOrder =>
  readOrder(
    parseStrictJson(
      Buffer.from(
        JSON.stringify({
          market: markets[i % markets.length],
          side: i % 2 === 0 ? 'BUY' : 'SELL',
          type: 'LIMIT',
          size: '1.23456789',
          price: `${2500 + (i % 997)}.12345678`,
          signature: '["1","2"]',
          signature_timestamp: 1_700_000_000_000 + i,
        }),
      ),
    ),
  );
const orders = Array.from({ length: 4096 }, (_, i) => ({ account: accountOf(i), order: order(i) }));
const orderAt = (i: number) => orders[i % orders.length] ?? { account: accountOf(i), order: order(i) };
const BATCH = 16;

interface Contender {
  readonly name: string;
  readonly calls: number;
  /** Items of one call, 1 by default. A time is that of one item. */
  readonly items?: number;
  call(i: number): unknown;
}
/** What native Rust does for a figure, and what the engine answers to the same. */
interface Native {
  readonly figure: string;
  readonly calls: number;
  readonly items: readonly (readonly bigint[])[];
  engine(item: readonly bigint[]): readonly bigint[];
}
interface Row {
  readonly native?: Native;
  readonly figure: string;
  /** Of the ratio. */
  readonly goal: string;
  readonly engine: Contender;
  /** Of the engine's own time. */
  readonly ownGoal?: string;
  /** A text says why there is none. */
  readonly reference: Contender | string;
}

const requireHere = createRequire(import.meta.url);
const scureVersion = readVersion('../node_modules/@scure/starknet/package.json');
const scure = `@scure/starknet ${scureVersion}`;

function readVersion(path: string): string {
  const { version } = requireHere(path);
  return String(version);
}

const verdict = (valid: boolean): readonly bigint[] => [valid ? 1n : 0n];
const nativeVerify: Native = {
  figure: 'verify',
  calls: 60,
  items: signatures.map(({ hash, r, s, publicKey }) => [hash, r, s, publicKey]),
  engine: ([hash = 0n, r = 0n, s = 0n, publicKey = 0n]) => verdict(warm.verify(hash, r, s, publicKey)),
};
const nativePedersen: Native = {
  figure: 'pedersen',
  calls: 400,
  items: felts.map((felt, i) => [felt, at(i + 7)]),
  engine: ([a = 0n, b = 0n]) => [warm.pedersen(a, b)],
};
const nativeRecover: Native = {
  figure: 'recover',
  calls: 40,
  items: signatures.map(({ hash, r, s }) => [hash, r, s]),
  engine: ([hash = 0n, r = 0n, s = 0n]) => warm.recoverCandidates(hash, r, s),
};
/** The elements that are hashed for an order of an account, and a signature of something else, as the engine's own row has it. */
const nativeOrder: Native = {
  figure: 'order',
  calls: 60,
  items: orders.slice(0, 64).map(({ account, order: { timestamp, market, side, orderType: type, size, price } }, i) => {
    const { hash, r, s, publicKey } = signature(i);
    const struct = [orderType.hash, BigInt(timestamp), market, side, type, size, price];
    return [
      hash,
      r,
      s,
      publicKey,
      feltFromText('StarkNet Message'),
      domainHash(warm, domain),
      BigInt(account),
      ...struct,
    ];
  }),
  engine: ([hash = 0n, r = 0n, s = 0n, publicKey = 0n, , , account = 0n, , ...signed]) => {
    const found = orders.find(
      ({ account: of, order: { timestamp } }) => BigInt(of) === account && BigInt(timestamp) === signed[0],
    );
    if (found === undefined) throw new Error('unreachable');
    return [orderHash(warm, hasher, found.account, found.order), ...verdict(warm.verify(hash, r, s, publicKey))];
  },
};

const rows: Row[] = [
  {
    figure: 'verify, key with a table',
    native: nativeVerify,
    goal: '>= 50x',
    engine: {
      name: 'engine',
      calls: 400,
      call: (i) => {
        const { hash, r, s, publicKey } = signature(i);
        return warm.verify(hash, r, s, publicKey);
      },
    },
    reference: {
      name: scure,
      calls: 6,
      call: (i) => {
        const { hash, r, s, point } = signature(i);
        return scureVerify(hex(r) + hex(s), hex(hash), point, { format: 'compact' });
      },
    },
  },
  {
    figure: 'verify, key without a table',
    native: nativeVerify,
    goal: '>= 12x',
    engine: {
      name: 'engine',
      calls: 100,
      call: (i) => {
        const { hash, r, s, publicKey } = signature(i);
        return cold.verify(hash, r, s, publicKey);
      },
    },
    reference: {
      name: scure,
      calls: 6,
      call: (i) => {
        const { hash, r, s, point } = signature(i);
        return scureVerify(hex(r) + hex(s), hex(hash), point, { format: 'compact' });
      },
    },
  },
  {
    figure: 'verify, key with a table, x-only',
    goal: '',
    engine: {
      name: 'engine',
      calls: 400,
      call: (i) => {
        const { hash, r, s, publicKey } = signature(i);
        return warm.verify(hash, r, s, publicKey);
      },
    },
    reference: {
      name: 'src/starknet/curve.ts',
      calls: 6,
      call: (i) => {
        const { hash, r, s, publicKey } = signature(i);
        return scureCurve.verify(hash, r, s, publicKey);
      },
    },
  },
  {
    figure: 'Pedersen',
    native: nativePedersen,
    goal: '>= 70x',
    engine: { name: 'engine', calls: 400, call: (i) => warm.pedersen(at(i), at(i + 7)) },
    reference: { name: scure, calls: 8, call: (i) => scurePedersen(at(i), at(i + 7)) },
  },
  {
    figure: 'key recovery',
    native: nativeRecover,
    goal: '>= 20x',
    engine: {
      name: 'engine',
      calls: 80,
      call: (i) => {
        const { hash, r, s } = signature(i);
        return warm.recoverCandidates(hash, r, s);
      },
    },
    reference: {
      name: 'src/starknet/curve.ts',
      calls: 4,
      call: (i) => {
        const { hash, r, s } = signature(i);
        return scureCurve.recoverCandidates(hash, r, s);
      },
    },
  },
  {
    figure: 'is x a key',
    goal: '',
    engine: { name: 'engine', calls: 1000, call: (i) => warm.isPublicKey(at(i)) },
    reference: { name: 'src/starknet/curve.ts', calls: 10, call: (i) => scureCurve.isPublicKey(at(i)) },
  },
];

/** The few functions of `starknet` used here: installed for the tests with real clients only. */
interface Starknet {
  readonly typedData: { getMessageHash(typedData: object, account: string): string };
  readonly ec: { readonly starkCurve: { verify(signature: string, hash: string, publicKey: string): boolean } };
}

function starknetJs(): { starknet: Starknet; version: string } | undefined {
  try {
    const require = createRequire(new URL('../test/clients/starknet-oracle.test.ts', import.meta.url));
    const starknet: Starknet = require('starknet');
    return { starknet, version: readVersion('../test/clients/node_modules/starknet/package.json') };
  } catch {
    return undefined;
  }
}

/** Goes on counting from row to row and round to round, so that no order is hashed twice in a row. */
let placed = 0;
const single: Contender = {
  name: 'engine',
  calls: 300,
  call: (i) => {
    const { r, s, publicKey, hash } = signature(i);
    const { account, order } = orderAt(placed++);
    orderHash(warm, hasher, account, order);
    return warm.verify(hash, r, s, publicKey);
  },
};
rows.push({
  figure: 'order hash + verify in batches of 16',
  goal: '>= 1.2x single',
  engine: {
    name: 'in batches',
    calls: 20,
    items: BATCH,
    call: () => {
      const batch = Array.from({ length: BATCH }, () => orderAt(placed++));
      hasher.messageHashes(batch.map(({ account, order }) => ({ account, struct: orderStruct(warm, order) })));
      return warm.verifyBatch(batch.map((_, i) => signature(i)));
    },
  },
  reference: { ...single, name: 'one by one' },
});

/** `undefined` where starknet.js is not installed. */
function byStarknetJs(): Contender | undefined {
  const js = starknetJs();
  if (js === undefined) return undefined;
  const felt = (name: string) => ({ name, type: 'felt' });
  const typedOrder = ({ timestamp, market, side, orderType: type, size, price }: SignedOrder) => ({
    types: {
      StarkNetDomain: ['name', 'chainId', 'version'].map(felt),
      Order: orderType.members.map(felt),
    },
    primaryType: 'Order',
    domain: { name: domain.domainName, chainId: domain.chainId, version: '1' },
    message: {
      timestamp: String(timestamp),
      market: String(market),
      side: String(side),
      orderType: String(type),
      size: String(size),
      price: String(price),
    },
  });
  const { account, order } = orderAt(3);
  const theirs = BigInt(js.starknet.typedData.getMessageHash(typedOrder(order), account));
  if (theirs !== orderHash(warm, hasher, account, order))
    throw new Error('the two order hashes differ: nothing to compare');
  return {
    name: `starknet.js ${js.version}`,
    calls: 2,
    call: (i) => {
      const { hash, r, s, point } = signature(i);
      const { account, order } = orderAt(i);
      js.starknet.typedData.getMessageHash(typedOrder(order), account);
      return js.starknet.ec.starkCurve.verify(hex(r) + hex(s), hex(hash), point);
    },
  };
}
rows.push({
  figure: 'order hash + verify',
  native: nativeOrder,
  goal: '>= 150x',
  engine: single,
  ownGoal: '<= 150 us',
  reference: byStarknetJs() ?? 'starknet.js is not installed in test/clients',
});

function time({ calls, items = 1, call }: Contender): number {
  return (
    processorTime(() => {
      for (let i = 0; i < calls; i++) call(i);
    }) /
    calls /
    items
  );
}

const spread = (values: readonly number[], unit: string): string =>
  `${median(values).toFixed(1)}${unit} (${Math.min(...values).toFixed(1)}..${Math.max(...values).toFixed(1)})`;

const place = availableParallelism() === 1 ? 'one core' : 'not pinned to a core (taskset is missing)';
say(
  `Node.js ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${place}, ${rounds} rounds: median (least..most)`,
);
say(`stark.wasm sha256 ${createHash('sha256').update(wasm).digest('hex')}`);
const aim = (goal: string): string => (goal === '' ? '' : `, goal ${goal}`);
if (typeof native === 'string') say(`native Rust (the crate starknet-crypto) is left out: ${native}`);
const ratiosOf = (values: readonly number[], ours: readonly number[]): string =>
  spread(
    values.map((value, i) => value / (ours[i] ?? Number.NaN)),
    'x',
  );

/** Of one call, as time() has it; undefined where there is no native Rust. Throws where its answers are other ones. */
function byNative(row: Native | undefined): (() => number) | undefined {
  if (row === undefined || typeof native === 'string') return undefined;
  const { figure, calls, items } = row;
  native.answers(figure, items).forEach((answer, i) => {
    const own = row.engine(items[i] ?? []);
    if (own.toSorted().join() !== answer.toSorted().join()) throw new Error(`native Rust has another ${figure}`);
  });
  return () => native.time(figure, calls, items);
}

for (const { figure, goal, engine, ownGoal = '', reference, native: row } of rows) {
  const contenders = typeof reference === 'string' ? [engine] : [engine, reference];
  const timeNative = byNative(row);
  // Unmeasured first, so that both are compiled.
  for (let i = 0; i < 3; i++) contenders.forEach(time);
  const taken = Array.from({ length: rounds }, () => ({ times: contenders.map(time), native: timeNative?.() }));
  const ours = taken.map(({ times: [value = Number.NaN] }) => value);
  const theirs = taken.map(({ times: [, value = Number.NaN] }) => value);
  const own = `${engine.name} ${spread(ours, ' us')}${aim(ownGoal)}`;
  say(
    typeof reference === 'string'
      ? `${figure}: ${own}; no ratio${aim(goal)}, as ${reference}`
      : `${figure}: ${ratiosOf(theirs, ours)}${aim(goal)}; ${own}, ${reference.name} ${spread(theirs, ' us')}`,
  );
  if (timeNative === undefined) continue;
  const natives = taken.map(({ native: value = Number.NaN }) => value);
  say(`  beside native Rust: ${ratiosOf(natives, ours)}; starknet-crypto 0.8.1 ${spread(natives, ' us')}`);
}

const builds = Array.from({ length: rounds }, () => {
  const fresh = open(2 * MiB);
  return processorTime(() => signatures.forEach(({ publicKey }) => void fresh.warm(publicKey))) / signatures.length;
});
say(
  `a key's table: ${spread(builds, ' us')}, ${(warm.stats().tableBytes / warm.stats().tables / 1024).toFixed(1)} KiB`,
);
const starts = Array.from({ length: rounds }, () => {
  open(0);
  return startUp / 1000;
});
say(
  `start-up: first in the process ${(firstStartUp / 1000).toFixed(1)} ms, later ${spread(starts, ' ms')}, constant tables and self-test included`,
);
const moduleAt = (path: string): string => new URL(`../src/starknet/${path}`, import.meta.url).href;
const processes = {
  without: `await import('${moduleAt('curve.ts')}')`,
  with: `const { scureCurve: fallback } = await import('${moduleAt('curve.ts')}');
    const { loadStarkEngine } = await import('${moduleAt('engine/load.ts')}');
    if (loadStarkEngine({ fallback, tableBytes: 0 }).kind !== 'engine') throw new Error('no engine');`,
};
/** Wall-clock milliseconds of a process that does nothing else. */
const processTime = (code: string): number => {
  const begun = performance.now();
  const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', code]);
  if (status !== 0) throw new Error('the process that measures the start-up failed');
  return performance.now() - begun;
};
const wholes = Array.from({ length: Math.min(rounds, 5) }, () => [
  processTime(processes.without),
  processTime(processes.with),
]);
say(
  `a whole process: without the engine ${spread(
    wholes.map(([without = 0]) => without),
    ' ms',
  )}, with it ${spread(
    wholes.map(([, withIt = 0]) => withIt),
    ' ms',
  )}`,
);

// Each key has an account of its own and places orders: a table at the 4th of them, and one order more once all have theirs, so that
// everything that is kept for keys and accounts is full.
const KEYS = 10_000;
const { Fn } = Point;
// Signing takes milliseconds. But keys that follow each other are one addition apart, and with one nonce for all a signature is one
// multiplication: they sign nothing that matters.
const nonce = Fn.create(at(9));
const nonceInverse = Fn.inv(nonce);
const sharedR = Point.BASE.multiply(nonce).x;
const firstSecret = Fn.create(at(11));
let nextPoint = Point.BASE.multiply(firstSecret);
const traders = Array.from({ length: KEYS }, (_, i) => {
  const publicKey = nextPoint.x;
  nextPoint = nextPoint.add(Point.BASE);
  return { account: feltOf(cold.pedersen(BigInt(i), 2n)), secret: Fn.create(firstSecret + BigInt(i)), publicKey };
});

setFlagsFromString('--expose_gc');
// Or the code of what ran long ago, some 3 MiB, is given back in between.
setFlagsFromString('--no-flush-bytecode');
const collectGarbage: () => void = runInNewContext('gc');
const memory = (): NodeJS.MemoryUsage => {
  collectGarbage();
  return process.memoryUsage();
};
const before = memory();
const deferred: (() => void)[] = [];
const many = createStarkEngine({
  fallback: scureCurve,
  tableBytes: 64 * MiB,
  wasm,
  defer: (task) => deferred.push(task),
});
const manyHasher = createMessageHasher(many, domain);
/** A function, so that the engine and the hasher are still there when memory is counted. */
function placeOrders(each: number): void {
  for (const { account, secret, publicKey } of traders) {
    for (let i = 0; i < each; i++) {
      const hash = orderHash(many, manyHasher, account, orderAt(placed++).order);
      const s = Fn.create((hash + sharedR * secret) * nonceInverse);
      if (!many.verify(hash, sharedR, s, publicKey)) throw new Error('a signature is refused: nothing to measure');
    }
    for (const task of deferred.splice(0)) task();
  }
}
placeOrders(4);
placeOrders(1);
const after = memory();
const { tables, tableBytes, built, evicted, tableHits } = many.stats();
const grown = (part: 'heapUsed' | 'rss'): string => `${((after[part] - before[part]) / MiB).toFixed(1)} MiB`;
say(
  `after 5 orders of each of ${KEYS} keys and accounts: ${tables} tables in ${(tableBytes / MiB).toFixed(1)} MiB (${built} built, ${evicted} evicted, ${tableHits} hits); grown by ${grown('heapUsed')} of JavaScript heap (use counts, kept numbers, starts of accounts) and, as a process, by ${grown('rss')}, the constant tables included`,
);
