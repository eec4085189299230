import { expect, test } from 'vitest';
import { createSignedInFirst } from '../../../src/domain/signed-in-first.ts';

/** Of so many who wait, who is taken, in order: o for who is signed in (an owner), s for a stranger. */
function taken(owners: number, strangers: number): string {
  const waiting = { owners, strangers };
  const takeNext = createSignedInFirst();
  const take = (signedIn: boolean): string | undefined => {
    const kind = signedIn ? 'owners' : 'strangers';
    if (waiting[kind] === 0) return undefined;
    waiting[kind] -= 1;
    return signedIn ? 'o' : 's';
  };
  let order = '';
  for (let next = takeNext(take); next !== undefined; next = takeNext(take)) order += next;
  return order;
}

test('three of four turns are for the signed in, and the fourth is for the others', () => {
  expect(taken(6, 2)).toBe('ooosooos');
});

test('a turn that its own group does not want is for the other one', () => {
  expect(taken(0, 5)).toBe('sssss');
  expect(taken(5, 0)).toBe('ooooo');
  expect(taken(2, 3)).toBe('oosss');
});

test('no turn is used up where nobody waits', () => {
  const takeNext = createSignedInFirst();
  for (let n = 0; n < 3; n += 1) expect(takeNext(() => undefined)).toBeUndefined();
  const asked: boolean[] = [];
  takeNext((signedIn) => {
    asked.push(signedIn);
    return 1;
  });
  expect(asked).toEqual([true]);
});
