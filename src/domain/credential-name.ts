// The name an owner gives a credential. It is shown to people, so nothing in it may hide, reorder or break the text around it.

const MAX_CHARACTERS = 64;

// Control characters, lone surrogates, line and paragraph separators, and everything that changes the direction of text.
const forbidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

// Default_Ignorable: zero-width characters and fillers that no font shows.
const visible = /[^\s\p{Default_Ignorable_Code_Point}]/u;

/** 1-64 characters (code points), not all blank (docs/decisions.md "names of credentials"); `undefined` otherwise. */
export function parseCredentialName(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS * 2 || !visible.test(text) || forbidden.test(text)) return undefined;
  return [...text].length <= MAX_CHARACTERS ? text : undefined;
}
