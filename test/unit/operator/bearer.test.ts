import { expect, test } from 'vitest';
import { createIsOperator } from '../../../src/operator/bearer.ts';

const token = 'correct-horse-battery-staple-correct-horse';
const isOperator = createIsOperator(token);

test('exactly the token in exactly one header is the operator', () => {
  expect(isOperator([`Bearer ${token}`])).toBe(true);
  expect(isOperator([`bearer ${token}`])).toBe(true);
  expect(isOperator([`Bearer   ${token}`])).toBe(true);
});

test.each([
  ['no header', []],
  ['an empty one', ['']],
  ['no token', ['Bearer ']],
  ['another token', ['Bearer correct-horse-battery-staple-correct-hors3']],
  ['its beginning', [`Bearer ${token.slice(0, -1)}`]],
  ['more than it', [`Bearer ${token}x`]],
  ['another case', [`Bearer ${token.toUpperCase()}`]],
  ['another scheme', [`Basic ${token}`]],
  ['no scheme', [token]],
  ['a tab before it', [`Bearer\t${token}`]],
  ['a blank after it', [`Bearer ${token} `]],
  ['it twice', [`Bearer ${token}`, `Bearer ${token}`]],
  ['a wrong one first', ['Bearer x', `Bearer ${token}`]],
  ['a wrong one last', [`Bearer ${token}`, 'Bearer x']],
])('an operator request with %s is refused', (_what, headers) => {
  expect(isOperator(headers)).toBe(false);
});

test("an empty token is refused even where the operator's token is empty", () => {
  for (const headers of [[], [''], ['Bearer'], ['Bearer ']]) expect(createIsOperator('')(headers)).toBe(false);
});
