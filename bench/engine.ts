// What the engine is worth: times and ratios of one run on one core. It prints and asserts nothing.
// Usage: node bench/engine.ts [rounds]. The contenders take turns in every round, and a figure is processor time, not wall-clock
// time, so that other work on the machine disturbs neither side of a ratio more than the other.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { getPublicKey, getStarkKey, pedersen as scurePedersen, verify as scureVerify, sign } from '@scure/starknet';
import { feltOf } from '../src/domain/felt.ts';
import { scureCurve } from '../src/starknet/curve.ts';
import { createStarkEngine, type StarkEngine } from '../src/starknet/engine/engine.ts';
import { feltFromText } from '../src/starknet/felt.ts';
import { createMessageHasher, orderType, typeHash } from '../src/starknet/message.ts';
import { chain, STARK_HASH_BOUND } from '../src/starknet/pedersen.ts';

const rounds = Number(process.argv[2] ?? 9);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError('rounds must be a positive integer');
const say = (line = ''): unknown => process.stdout.write(`${line}\n`);
const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
const MiB = 2 ** 20;

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

const hasher = createMessageHasher(warm, { domainName: 'Paradex', chainId: 'PRIVATE_SN_POTC_MOCK_SEPOLIA' });
const account = feltOf(at(40));
/** What every order's struct hash begins with, computed once. */
const orderStart = chain(warm, 0n, [typeHash(orderType)]);
const orderHash = (i: number): bigint => {
  const market = feltFromText('ETH-USD-PERP');
  const values = [1_700_000_000_000n + BigInt(i), market, 1n, feltFromText('LIMIT'), 123_456_789n];
  return hasher.messageHash(account, chain(warm, orderStart, [...values, 250_012_345_678n + BigInt(i), 7n]));
};

interface Contender {
  readonly name: string;
  readonly calls: number;
  call(i: number): unknown;
}
interface Row {
  readonly figure: string;
  readonly goal: string;
  readonly engine: Contender;
  readonly reference: Contender;
}

const requireHere = createRequire(import.meta.url);
const scureVersion = readVersion('../node_modules/@scure/starknet/package.json');
const scure = `@scure/starknet ${scureVersion}`;

function readVersion(path: string): string {
  const { version } = requireHere(path);
  return String(version);
}

const rows: Row[] = [
  {
    figure: 'verify, key with a table',
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
    goal: '>= 70x',
    engine: { name: 'engine', calls: 400, call: (i) => warm.pedersen(at(i), at(i + 7)) },
    reference: { name: scure, calls: 8, call: (i) => scurePedersen(at(i), at(i + 7)) },
  },
  {
    figure: 'key recovery',
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

const js = starknetJs();
if (js === undefined) {
  say('order hash + verify: starknet.js is not installed in test/clients, no comparison');
} else {
  const felt = (name: string) => ({ name, type: 'felt' });
  const typedOrder = (i: number) => ({
    types: {
      StarkNetDomain: ['name', 'chainId', 'version'].map(felt),
      Order: orderType.members.map(felt),
    },
    primaryType: 'Order',
    domain: { name: 'Paradex', chainId: 'PRIVATE_SN_POTC_MOCK_SEPOLIA', version: '1' },
    message: {
      timestamp: String(1_700_000_000_000 + i),
      market: 'ETH-USD-PERP',
      side: '1',
      orderType: 'LIMIT',
      size: '123456789',
      price: String(250_012_345_678 + i),
    },
  });
  const same = BigInt(js.starknet.typedData.getMessageHash(typedOrder(3), account)) === orderHash(3);
  if (!same) throw new Error('the two order hashes differ: nothing to compare');
  rows.push({
    figure: 'order hash + verify',
    goal: '>= 150x, <= 150 us',
    engine: {
      name: 'engine',
      calls: 300,
      call: (i) => {
        const { hash, r, s, publicKey } = signature(i);
        orderHash(i);
        return warm.verify(hash, r, s, publicKey);
      },
    },
    reference: {
      name: `starknet.js ${js.version}`,
      calls: 2,
      call: (i) => {
        const { hash, r, s, point } = signature(i);
        js.starknet.typedData.getMessageHash(typedOrder(i), account);
        return js.starknet.ec.starkCurve.verify(hex(r) + hex(s), hex(hash), point);
      },
    },
  });
}

function time({ calls, call }: Contender): number {
  return (
    processorTime(() => {
      for (let i = 0; i < calls; i++) call(i);
    }) / calls
  );
}

const spread = (values: readonly number[], unit: string): string =>
  `${median(values).toFixed(1)}${unit} (${Math.min(...values).toFixed(1)}..${Math.max(...values).toFixed(1)})`;

say(`Node.js ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${rounds} rounds: median (least..most)`);
for (const { figure, goal, engine, reference } of rows) {
  // Unmeasured first, so that both are compiled.
  for (let i = 0; i < 3; i++) {
    time(engine);
    time(reference);
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < rounds; i++) {
    ours.push(time(engine));
    theirs.push(time(reference));
  }
  const ratios = theirs.map((value, i) => value / (ours[i] ?? Number.NaN));
  say(
    `${figure}: ${spread(ratios, 'x')}${goal === '' ? '' : `, goal ${goal}`}; ${engine.name} ${spread(ours, ' us')}, ${reference.name} ${spread(theirs, ' us')}`,
  );
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
  `start-up: first in the process ${(firstStartUp / 1000).toFixed(1)} ms, later ${spread(starts, ' ms')}, self-test included`,
);

const before = process.memoryUsage().rss;
const many = open(64 * MiB);
let found = 0;
for (let x = 1n; found < 10_000; x++) if (many.warm(x)) found += 1;
const { tables, tableBytes, evicted } = many.stats();
say(
  `after 10,000 distinct keys: ${tables} tables in ${(tableBytes / MiB).toFixed(1)} MiB, ${evicted} evicted, process grown by ${((process.memoryUsage().rss - before) / MiB).toFixed(1)} MiB`,
);
