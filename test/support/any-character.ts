// Any character of Unicode. The one of fast-check makes a table of all of them first, which takes a second.
import fc from 'fast-check';

const SURROGATES = 0x800;

export const anyCharacter: fc.Arbitrary<string> = fc
  .nat(0x10ffff - SURROGATES)
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + SURROGATES));
