import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFairQueue, type FairQueue, type Pushed } from '../../../src/domain/fair-queue.ts';

interface Item {
  readonly client: string;
  readonly network: string;
  readonly n: number;
}

/** Pushes the next item of a client; returns what had to go. */
function pusher(queue: FairQueue<Item>) {
  let n = 0;
  return (client: string, network = client): Pushed<Item> & { pushed: Item } => {
    const pushed = { client, network, n: n++ };
    return { pushed, ...queue.push(pushed, pushed) };
  };
}

const drain = (queue: FairQueue<Item>): Item[] => {
  const items: Item[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
};
const names = (items: readonly Item[]): string => items.map(({ client }) => client).join('');

describe('turns', () => {
  test('turns of the fair queue go round the clients, and within a client in the order of arrival', () => {
    const queue = createFairQueue<Item>(10);
    const push = pusher(queue);
    for (const client of 'aaabac') push(client);
    const items = drain(queue);
    expect(names(items)).toBe('abcaaa');
    expect(items.filter(({ client }) => client === 'a').map(({ n }) => n)).toEqual([0, 1, 2, 4]);
  });

  test('a client that comes back to the fair queue is behind those that wait', () => {
    const queue = createFairQueue<Item>(10);
    const push = pusher(queue);
    for (const client of 'aab') push(client);
    expect(queue.shift()?.client).toBe('a');
    push('c');
    push('a');
    expect(names(drain(queue))).toBe('baca');
  });

  test('turns of the fair queue go round the networks first, and then round the clients of each', () => {
    const queue = createFairQueue<Item>(20);
    const push = pusher(queue);
    for (const client of 'abcab') push(client, 'n');
    for (const client of 'xxyz') push(client, 'm');
    push('1', 'o');
    expect(names(drain(queue))).toBe('ax1byczaxb');
  });

  test('a network has as many turns in the fair queue with a thousand clients as with one', () => {
    const queue = createFairQueue<Item>(2000);
    const push = pusher(queue);
    const many = (n: number) => push(`2001:db8:0:${n % 1024}::/64`, '2001:db8::/48');
    for (let n = 0; n < 1024; n += 1) many(n);
    for (let n = 0; n < 500; n += 1) push('192.0.2.1');
    const turns = { '2001:db8::/48': 0, '192.0.2.1': 0 };
    const served = new Map<string, number>();
    for (let n = 0; n < 10_000; n += 1) {
      const { client = '', network } = queue.shift() ?? {};
      served.set(client, (served.get(client) ?? 0) + 1);
      if (network === '192.0.2.1') push('192.0.2.1');
      else many(n);
      turns[network === '192.0.2.1' ? network : '2001:db8::/48'] += 1;
    }
    expect(turns).toEqual({ '2001:db8::/48': 5000, '192.0.2.1': 5000 });
    expect(served.size).toBe(1025);
  });

  test('a client with one item in the fair queue waits for one turn of each other client of its network, and the turns of others between', () => {
    const queue = createFairQueue<Item>(2000);
    const push = pusher(queue);
    const others = (): void => {
      for (let n = 0; n < 3; n += 1) push(`neighbour ${n}`, 'n');
      for (let n = 0; n < 5; n += 1) push(`stranger ${n}`);
    };
    for (let n = 0; n < 20; n += 1) others();
    const { pushed } = push('alice', 'n');
    let served = 0;
    for (; queue.shift() !== pushed; served += 1) others();
    expect(served).toBe(3 * 6);
  });
});

test('a client of two networks waits in the fair queue of each, and no two senders are taken for one', () => {
  const queue = createFairQueue<Item>(10);
  const push = pusher(queue);
  push('a', 'n');
  push('b', 'n');
  push('a', 'm');
  push('n1', 'n');
  push('1', 'nn');
  expect(queue.clients).toBe(5);
  const unlessN = { network: (name: string) => name !== 'n', client: () => true };
  expect(queue.shift(undefined, unlessN)).toMatchObject({ client: 'a', network: 'm' });
  expect(drain(queue).map(({ client, network }) => `${client}@${network}`)).toEqual(['a@n', '1@nn', 'b@n', 'n1@n']);
});

test('an item that stays in the fair queue sends its client behind the others, and is its next one again', () => {
  const queue = createFairQueue<Item>(10);
  const push = pusher(queue);
  for (const client of 'aab') push(client);
  const served = Array.from({ length: 7 }, (_, i) => queue.shift(({ client }) => client === 'a' && i < 3));
  expect(served.map((item) => item && `${item.client}${item.n}`)).toEqual([
    'a0',
    'b2',
    'a0',
    'a0',
    'a1',
    undefined,
    undefined,
  ]);
  expect({ size: queue.size, clients: queue.clients }).toEqual({ size: 0, clients: 0 });
});

describe('without room', () => {
  test('in a full fair queue an address that floods loses its own newest, and a newcomer gets in', () => {
    const queue = createFairQueue<Item>(4);
    const push = pusher(queue);
    const flood = Array.from('ffff', (client) => push(client).pushed);
    expect(push('f').dropped).toMatchObject({ client: 'f', n: 4 });
    expect(push('alice').dropped).toBe(flood[3]);
    expect(drain(queue).map(({ client }) => client)).toEqual(['f', 'alice', 'f', 'f']);
  });

  test('a hundred addresses that flood a fair queue do not push out one client with one item, whenever it comes', () => {
    for (const at of [0, 150, 999, 5000]) {
      const queue = createFairQueue<Item>(200);
      const push = pusher(queue);
      let alice: Item | undefined;
      const lost = new Set<string | undefined>();
      for (let i = 0; i <= 5000; i += 1) {
        if (i === at) alice = push('alice').pushed;
        lost.add(push(`10.0.0.${i % 100}`).dropped?.client);
      }
      expect(lost).not.toContain('alice');
      const items = drain(queue);
      expect(items).toHaveLength(200);
      expect(items.slice(0, 101)).toContain(alice);
    }
  });

  test('in a full fair queue of clients that have equally much, the newcomer goes, and none that waits', () => {
    const queue = createFairQueue<Item>(2);
    const push = pusher(queue);
    push('a');
    push('b');
    const { pushed, dropped } = push('c');
    expect(dropped).toBe(pushed);
    expect(names(drain(queue))).toBe('ab');
  });

  test('a network that floods a fair queue from thousands of clients loses its own newest, and takes nothing from others', () => {
    const queue = createFairQueue<Item>(200);
    const push = pusher(queue);
    const lost = new Set<string | undefined>();
    const others: Item[] = [];
    for (let i = 0; i < 5000; i += 1) {
      lost.add(push(`2001:db8:1:${i}::/64`, '2001:db8:1::/48').dropped?.network);
      if (i % 100 !== 0) continue;
      const { pushed, dropped } = push(`2001:db8:${i + 2}::/64`, `2001:db8:${i + 2}::/48`);
      others.push(pushed);
      lost.add(dropped?.network);
    }
    expect(lost).toEqual(new Set([undefined, '2001:db8:1::/48']));
    const items = drain(queue);
    expect(items).toHaveLength(200);
    expect(items).toEqual(expect.arrayContaining(others));
  });

  test('in a full fair queue the client with most in the network with most loses its newest', () => {
    const queue = createFairQueue<Item>(6);
    const push = pusher(queue);
    for (const client of 'aabab') push(client, 'n');
    push('c', 'm');
    expect(push('d', 'o').dropped).toMatchObject({ client: 'a', n: 3 });
    expect(push('b', 'n').dropped).toMatchObject({ client: 'b', n: 7 });
    expect(push('c', 'm').dropped).toMatchObject({ network: 'n' });
    expect(names(drain(queue))).toMatch(/^acdb[abc]{2}$/);
  });

  test('a fair queue without room cannot be made', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => createFairQueue(capacity)).toThrow(RangeError);
  });
});

test('a client of the fair queue that may not be served keeps its turn, and others are served meanwhile', () => {
  const queue = createFairQueue<Item>(10);
  const push = pusher(queue);
  for (const client of 'abab') push(client, 'n');
  push('c');
  const unless = (barred: string) => ({
    network: (name: string) => name !== barred,
    client: (name: string) => name !== barred,
  });
  expect(names([queue.shift(undefined, unless('a'))].flatMap((item) => item ?? []))).toBe('b');
  expect(names([queue.shift(undefined, unless('n'))].flatMap((item) => item ?? []))).toBe('c');
  expect(queue.shift(undefined, unless('n'))).toBeUndefined();
  expect(names(drain(queue))).toBe('aba');
});

test('items of the fair queue that are over are removed from the front of each client only, as all behind are younger', () => {
  const queue = createFairQueue<Item>(10);
  const push = pusher(queue);
  for (const client of 'aabac') push(client);
  expect(queue.removeOver(({ n }) => n === 0 || n === 2 || n === 3).map(({ n }) => n)).toEqual([0, 2]);
  expect({ size: queue.size, clients: queue.clients }).toEqual({ size: 3, clients: 2 });
  expect(drain(queue).map(({ n }) => n)).toEqual([1, 4, 3]);
  expect({ size: queue.size, clients: queue.clients }).toEqual({ size: 0, clients: 0 });
});

/** The rules again, as slowly and plainly as they can be written. */
function createModel(capacity: number) {
  /** In the order of their turns: networks, of each its clients, of each its items. */
  let networks: Item[][][] = [];
  const most = (counts: readonly number[]): number => Math.max(0, ...counts);
  const countOf = (network?: string): number => networks.flat(2).filter((item) => item.network === network).length;
  return {
    get items() {
      return networks.flat(2);
    },
    get lines() {
      return networks.flat();
    },
    /** The items of which exactly one may be dropped; none when there is room. */
    push(item: Item): readonly Item[] {
      const network = networks.find(([line]) => line?.[0]?.network === item.network);
      const line = network?.find(([first]) => first?.client === item.client);
      if (network === undefined) networks.push([[item]]);
      else if (line === undefined) network.push([item]);
      else line.push(item);
      const lines = networks.flat();
      if (lines.flat().length <= capacity) return [];
      const largest = most(lines.map(([first]) => countOf(first?.network)));
      const fullest = new Set(lines.map(([first]) => first?.network).filter((name) => countOf(name) === largest));
      const newest = [...fullest].flatMap((name) => {
        if (fullest.has(item.network) && name !== item.network) return [];
        const own = lines.filter(([first]) => first?.network === name);
        const longest = most(own.map((line) => line.length));
        return own.filter((line) => line.length === longest).flatMap((line) => line.slice(-1));
      });
      return newest.includes(item) ? [item] : newest;
    },
    drop(item: Item): void {
      networks = networks
        .map((lines) => lines.map((line) => line.filter((other) => other !== item)).filter((line) => line.length > 0))
        .filter((lines) => lines.length > 0);
    },
    shift(stays = false, may: (item: Item) => boolean = () => true): Item | undefined {
      const line = networks.flat().find(([first]) => first !== undefined && may(first));
      const network = networks.find((lines) => lines.some((other) => other === line));
      const [item, ...rest] = line ?? [];
      const left = stays ? (line ?? []) : rest;
      const neighbours = (network ?? []).filter((other) => other !== line);
      const lines = left.length === 0 ? neighbours : [...neighbours, left];
      const others = networks.filter((other) => other !== network);
      networks = lines.length === 0 ? others : [...others, lines];
      return item;
    },
    removeOver(isOver: (item: Item) => boolean): Item[] {
      const over = networks.flat().flatMap((line) => {
        const end = line.findIndex((item) => !isOver(item));
        return end === -1 ? line : line.slice(0, end);
      });
      for (const item of over) this.drop(item);
      return over;
    },
  };
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('push' as const), client: fc.nat(8), roams: fc.boolean() }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('shift' as const),
        stays: fc.boolean(),
        barred: fc.array(
          fc.oneof(
            fc.nat(8).map((n) => `client ${n}`),
            fc.nat(2).map((n) => `network ${n}`),
          ),
          { maxLength: 3 },
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('expire' as const), youngest: fc.integer({ min: 0, max: 80 }) }),
    },
  ),
  { maxLength: 120 },
);

test('the fair queue does what its model does, step by step, and never holds more than its capacity', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (capacity, script) => {
      const queue = createFairQueue<Item>(capacity);
      const push = pusher(queue);
      const model = createModel(capacity);
      const places: Pushed<Item>['place'][] = [];
      for (const step of script) {
        if (step.kind === 'push') {
          // Of networks with one, two and three clients, and those who are on their way in another one.
          const network = Math.floor(Math.sqrt(step.client + (step.roams ? 3 : 0)));
          const { pushed, place, dropped } = push(`client ${step.client}`, `network ${network}`);
          places.push(place);
          const candidates = model.push(pushed);
          if (candidates.length === 0) expect(dropped).toBeUndefined();
          else expect(candidates).toContain(dropped);
          if (dropped !== undefined) model.drop(dropped);
        } else if (step.kind === 'shift') {
          const may = (name: string): boolean => !step.barred.includes(name);
          expect(queue.shift(() => step.stays, { network: may, client: may })).toBe(
            model.shift(step.stays, ({ client, network }) => may(client) && may(network)),
          );
        } else if (step.kind === 'leave') {
          // Perhaps one that has left already, in whatever way.
          const place = places[step.which % Math.max(1, places.length)];
          if (place === undefined) continue;
          queue.remove(place);
          model.drop(place.item);
        } else {
          const isOver = ({ n }: Item): boolean => n < step.youngest;
          expect(queue.removeOver(isOver)).toEqual(model.removeOver(isOver));
        }
        expect(queue.size).toBe(model.items.length);
        expect(queue.clients).toBe(model.lines.length);
        expect(queue.size).toBeLessThanOrEqual(capacity);
      }
      expect(drain(queue)).toHaveLength(model.items.length);
    }),
  );
});

test('a client with one item in the fair queue waits at most one round, whatever comes meanwhile', () => {
  const clients = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });
  fc.assert(
    fc.property(clients, clients, (before, meanwhile) => {
      const queue = createFairQueue<Item>(1000);
      const push = pusher(queue);
      for (const client of before) push(`other ${client}`);
      const othersNow = queue.clients;
      const { pushed } = push('alice');
      const arriving = meanwhile.values();
      let served = 0;
      while (queue.shift() !== pushed) {
        served += 1;
        for (const client of arriving) {
          push(`other ${client}`);
          break;
        }
        expect(served).toBeLessThanOrEqual(othersNow);
      }
      expect(served).toBeLessThanOrEqual(othersNow);
    }),
  );
});
