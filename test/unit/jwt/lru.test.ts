import { expect, test } from 'vitest';
import { createLru } from '../../../src/jwt/lru.ts';

test('never holds more than its capacity, and gives up what was unused for longest', () => {
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

test('setting an entry again refreshes it and evicts nothing', () => {
  const lru = createLru<string, number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  lru.set('a', 3);
  expect(lru.size).toBe(2);
  lru.set('c', 4);
  expect(lru.get('b')).toBeUndefined();
  expect(lru.get('a')).toBe(3);
});

test('a deleted entry is gone', () => {
  const lru = createLru<string, number>(2);
  lru.set('a', 1);
  lru.delete('a');
  expect(lru.get('a')).toBeUndefined();
  expect(lru.size).toBe(0);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a capacity of %d is refused', (capacity) => {
  expect(() => createLru(capacity)).toThrow(RangeError);
});
