import fc from 'fast-check';
import { expect, test } from 'vitest';
import { edits, nearest } from '../../../src/config/nearest.ts';

test('the distance of two names counts insertions, deletions and replacements', () => {
  expect(edits('kitten', 'sitting')).toBe(3);
  expect(edits('', 'abc')).toBe(3);
  expect(edits('abc', '')).toBe(3);
  expect(edits('flaw', 'lawn')).toBe(2);
});

test('the distance of two names is symmetric, zero only for equal ones, and never longer than a detour', () => {
  const word = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', '.') });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(edits(a, b)).toBe(edits(b, a));
      expect(edits(a, b) === 0).toBe(a === b);
      expect(edits(a, c)).toBeLessThanOrEqual(edits(a, b) + edits(b, c));
    }),
  );
});

test("the bare last part of a setting's name finds the full name, and an exact one wins over it", () => {
  expect(nearest('max_age', ['log.level', 'login.max_age', 'max_ages'])).toBe('login.max_age');
  expect(nearest('port', ['server.port', 'port'])).toBe('port');
});

test('the nearest name of a setting is found whatever the case and the dashes', () => {
  expect(nearest('Login.Max-Age', ['login.max_aga', 'login.max_age'])).toBe('login.max_age');
});

test('an overlong name is compared with the settings by its beginning only', () => {
  const long = 'a'.repeat(100);
  expect(nearest(`${long}zzzz`, ['a'.repeat(98), `${long}qqqqqqq`])).toBe(`${long}qqqqqqq`);
  expect(nearest('x', [])).toBeUndefined();
});
