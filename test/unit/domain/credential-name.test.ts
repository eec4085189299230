import { describe, expect, test } from 'vitest';
import { parseCredentialName } from '../../../src/domain/credential-name.ts';

const codePoint = (hex: string) => String.fromCodePoint(Number.parseInt(hex, 16));

describe('a name is kept exactly as it was written', () => {
  test.each([
    'bot',
    'a',
    ' with blanks around ',
    'O’Brien "the bot" <b>&amp;</b>; -- \\',
    'ユーザー名',
    'שלום عليكم',
    '👩‍👩‍👧‍👦 family',
    'e\u0301 not normalised',
    'a'.repeat(64),
    '😀'.repeat(64),
  ])('the name %j of a credential is kept exactly as it was written', (name) => {
    expect(parseCredentialName(name)).toBe(name);
  });
});

describe('its length is 1 to 64 characters, counted as people count them', () => {
  test.each([
    ['nothing', ''],
    ['65 letters', 'a'.repeat(65)],
    ['65 characters outside the first plane', '😀'.repeat(65)],
    ['64 of them and a letter', `${'😀'.repeat(64)}a`],
    ['very much text', 'a'.repeat(1_000_000)],
  ])('the name of a credential is 1 to 64 characters, counted as people count them: %s is refused', (_what, name) => {
    expect(parseCredentialName(name)).toBeUndefined();
  });
});

describe('a name that nobody could see is refused', () => {
  test.each([
    ['blanks', '   '],
    ['a no-break space', '\u00a0'],
    ['an ideographic space', '\u3000'],
    ['zero-width spaces', '\u200b\u200b'],
    ['a zero-width joiner', '\u200d'],
    ['a word joiner', '\u2060'],
    ['a soft hyphen', '\u00ad'],
    ['a byte order mark', '\ufeff'],
    ['a Hangul filler', '\u3164'],
    ['a variation selector', '\ufe0f'],
    ['tag characters', '\u{e0041}\u{e0042}'],
    ['several of them', ' \u200b\u00a0\u2060 '],
  ])('a name that nobody could see is refused: %s', (_what, name) => {
    expect(parseCredentialName(name)).toBeUndefined();
  });
});

describe('a character that hides, reorders or breaks what stands around it is refused anywhere in the name', () => {
  const controls = [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, n) => 0x7f + n)];
  const directions = ['61c', '200e', '200f', '202a', '202b', '202c', '202d', '202e', '2066', '2067', '2068', '2069'];
  const others = ['2028', '2029', 'd800', 'dbff', 'dc00', 'dfff'];
  const forbidden = [...controls.map((code) => code.toString(16)), ...directions, ...others];

  test.each(forbidden)(
    'a character that hides, reorders or breaks its surroundings is refused anywhere in a name: U+%s',
    (hex) => {
      for (const name of [`${codePoint(hex)}bot`, `bo${codePoint(hex)}t`, `bot${codePoint(hex)}`]) {
        expect(parseCredentialName(name)).toBeUndefined();
      }
    },
  );
});
