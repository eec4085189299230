// A bounded room that many owners share.
import { expect, test } from 'vitest';
import { createFairRoom } from '../../../src/domain/fair-room.ts';

function setup(most: number) {
  const room = createFairRoom<string>(most);
  const held = new Map<string, string>();
  const add = (owner: string, thing: string): boolean => {
    if (!room.hasRoom(owner)) return false;
    const given = room.add(owner, thing);
    if (given !== undefined) held.delete(given);
    held.set(thing, owner);
    return true;
  };
  const countOf = (owner: string): number => [...held.values()].filter((one) => one === owner).length;
  return { room, held, add, countOf };
}

test('when a room is full, the owner of the most gives up the oldest to one who has fewer, and to nobody else', () => {
  const { add, held } = setup(4);
  for (const thing of ['a1', 'a2', 'a3']) expect(add('a', thing)).toBe(true);
  expect(add('b', 'b1')).toBe(true);
  expect(add('a', 'a4')).toBe(false);
  expect(add('b', 'b2')).toBe(true);
  expect([...held.keys()]).toEqual(['a2', 'a3', 'b1', 'b2']);
  expect([add('a', 'a5'), add('b', 'b3')]).toEqual([false, false]);
  expect(add('c', 'c1')).toBe(true);
  expect(held.size).toBe(4);
});

test('what was removed makes room, and removing it again makes no more', () => {
  const { room, add, held } = setup(2);
  add('a', 'a1');
  add('a', 'a2');
  expect(add('a', 'a3')).toBe(false);
  for (const _twice of [1, 2]) room.remove('a', 'a1');
  room.remove('b', 'a2');
  held.delete('a1');
  expect([add('a', 'a3'), add('a', 'a4')]).toEqual([true, false]);
});

test('whatever comes and goes, a room holds no more than its places, and none that is refused has fewer than another', () => {
  const { room, held, add, countOf } = setup(50);
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let i = 0; i < 20_000; i += 1) {
    const owner = `o${Math.min(random(12), random(12))}`;
    if (random(5) === 0) {
      const [thing, its] = [...held][random(held.size)] ?? [];
      if (thing !== undefined && its !== undefined) room.remove(its, thing);
      held.delete(thing ?? '');
      continue;
    }
    const before = countOf(owner);
    const largest = Math.max(0, ...[...new Set(held.values())].map(countOf));
    const isWelcome = held.size < 50 || before < largest;
    expect(add(owner, `${i}`)).toBe(isWelcome);
    expect(held.size).toBeLessThanOrEqual(50);
  }
});
