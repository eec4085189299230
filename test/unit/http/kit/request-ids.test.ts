import { expect, test } from 'vitest';
import { createRequestIds } from '../../../../src/http/kit/request-ids.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('every request has an id of its own, and the number gives it again', () => {
  const ids = createRequestIds();
  const numbers = Array.from({ length: 1000 }, () => ids.next());
  const made = numbers.map((number) => ids.idOf(number));
  expect(new Set(made).size).toBe(1000);
  for (const id of made) expect(id).toMatch(UUID);
  // In any order, as a repeat asks for one that is long past between two that come.
  for (const number of numbers.toReversed()) expect(ids.idOf(number)).toBe(made[number]);
});

test('two processes share no request id', () => {
  const [one, other] = [createRequestIds(), createRequestIds()];
  const idsOf = (ids: typeof one) => Array.from({ length: 100 }, () => ids.idOf(ids.next()));
  expect(new Set([...idsOf(one), ...idsOf(other)]).size).toBe(200);
});

test('the ids of requests that come one after the other say nothing of their order or number', () => {
  const ids = createRequestIds();
  const bits = Array.from({ length: 2000 }, () => BigInt(`0x${ids.idOf(ids.next()).replaceAll('-', '')}`));
  // Of every bit but the six of the version, half are set; each differs from the one before in half of its bits.
  for (let bit = 0n; bit < 128n; bit += 1n) {
    const set = bits.filter((id) => (id >> bit) & 1n).length;
    const fixed = (bit >= 76n && bit < 80n) || bit === 62n || bit === 63n;
    if (!fixed) expect(Math.abs(set - 1000), `bit ${bit}`).toBeLessThan(200);
  }
});

test('a request number of which 32 bits were kept is the latest that has them', () => {
  const ids = createRequestIds(2 ** 32 - 2);
  const numbers = Array.from({ length: 4 }, () => ids.next());
  expect(numbers).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1]);
  const made = numbers.map((number) => ids.idOf(number));
  expect(new Set(made).size).toBe(4);
  expect(numbers.map((number) => ids.idOf(number >>> 0))).toEqual(made);
});
