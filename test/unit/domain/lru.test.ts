import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLru } from '../../../src/domain/lru.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test('the LRU never holds more than its capacity, and gives up what was unused for longest', () => {
  const lru = createLru<string, number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  expect(lru.get('a')).toBe(1);
  lru.set('c', 3);
  expect(lru.size).toBe(2);
  expect(lru.get('b')).toBeUndefined();
  expect(lru.get('a')).toBe(1);
  expect(lru.get('c')).toBe(3);
});

test('an entry that is set in the LRU again is refreshed, and none is evicted', () => {
  const lru = createLru<string, number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  lru.set('a', 3);
  expect(lru.size).toBe(2);
  lru.set('c', 4);
  expect(lru.get('b')).toBeUndefined();
  expect(lru.get('a')).toBe(3);
});

test('an entry that is deleted from the LRU is gone', () => {
  const lru = createLru<string, number>(2);
  lru.set('a', 1);
  lru.delete('a');
  expect(lru.get('a')).toBeUndefined();
  expect(lru.size).toBe(0);
});

test('an entry that made room in the LRU is told of, and one that was deleted or taken is not', () => {
  const evicted: [string, number][] = [];
  const lru = createLru<string, number>(2, (key, value) => evicted.push([key, value]));
  lru.set('a', 1);
  lru.set('b', 2);
  lru.delete('a');
  lru.set('c', 3);
  expect(lru.takeOldest()).toEqual(['b', 2]);
  expect(evicted).toEqual([]);
  lru.set('d', 4);
  lru.set('e', 5);
  expect(evicted).toEqual([['c', 3]]);
});

test('the LRU does what a list in the order of use does, whatever is done to it in whatever order', () => {
  const command = fc.record({ act: fc.constantFrom('get', 'set', 'delete', 'take'), key: fc.nat(6) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(command, { maxLength: 60 }), (capacity, commands) => {
      const evicted: number[] = [];
      const lru = createLru<number, number>(capacity, (key) => evicted.push(key));
      /** Keys, the least recently used first. */
      let list: number[] = [];
      const used = (key: number) => [...list.filter((other) => other !== key), key];
      for (const [at, { act, key }] of commands.entries()) {
        evicted.length = 0;
        if (act === 'get') {
          expect(lru.get(key) !== undefined).toBe(list.includes(key));
          if (list.includes(key)) list = used(key);
        } else if (act === 'set') {
          lru.set(key, at);
          list = used(key);
          expect(evicted).toEqual(list.slice(0, -capacity));
          list = list.slice(-capacity);
        } else if (act === 'delete') {
          lru.delete(key);
          list = list.filter((other) => other !== key);
        } else {
          expect(lru.takeOldest()?.[0]).toBe(list.shift());
        }
        expect(lru.size).toBe(list.length);
      }
    }),
  );
});

test('hits of the LRU keep no memory, however many there are, and neither do evictions', () => {
  const lru = createLru<number, number>(100);
  for (let n = 0; n < 100; n += 1) lru.set(n, n);
  const before = heapUsed();
  for (let n = 0; n < 300_000; n += 1) lru.get(n % 50);
  // Tens of megabytes, when an iterator of a Map was kept between the calls.
  expect(heapUsed() - before).toBeLessThan(2_000_000);
  for (let n = 0; n < 300_000; n += 1) lru.set(n, n);
  expect(heapUsed() - before).toBeLessThan(2_000_000);
  expect(lru.size).toBe(100);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('an LRU with a capacity of %d is refused', (capacity) => {
  expect(() => createLru(capacity)).toThrow(RangeError);
});
