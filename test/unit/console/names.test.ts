// What a form says to the name of a key.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameOf, nameProblem } from '../../../console/words/names.ts';
import { parseCredentialName } from '../../../src/domain/credential-name.ts';
import { anyCharacter } from '../../support/any-character.ts';

test('a form takes a name exactly when the server does', () => {
  const texts = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 140 }),
    fc.string({ unit: 'grapheme', maxLength: 70 }),
    fc.string({ unit: fc.constantFrom('a', ' ', '\u200b', '\u202e', '\t', '\u2028', '🔑', '\ud800'), maxLength: 70 }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(nameProblem(text) === undefined).toBe(parseCredentialName(nameOf(text)) !== undefined);
    }),
    { numRuns: 500 },
  );
});

test('a form says what is wrong with a name', () => {
  expect(nameProblem(' market maker 1 ')).toBeUndefined();
  for (const empty of ['', '   ', '\n']) expect(nameProblem(empty)).toBe('Give it a name.');
  for (const hidden of ['bot\u202e1', 'bot\u0007', '\u200b\u200b'])
    expect(nameProblem(hidden)).toBe('Letters, numbers and signs only: this name has a hidden character.');
  expect(nameProblem('🔑'.repeat(64))).toBeUndefined();
  expect(nameProblem('🔑'.repeat(65))).toBe('At most 64 characters; there are 65.');
});
