// Makes text safe to print: it cannot steer the terminal, and no bearer, signature or key is printed whole. Everything from or to a server
// passes here.

// Longer than any word a person reads, shorter than any secret; error codes are the exception.
const LONG_WORD = /(?<![\w.+=-])(?![A-Z_]+(?![\w.+=-]))[\w.+=-]{33,}/g;
const MAX_CHARACTERS = 160;

/** One line without control, direction and invisible characters; long words and long text are cut in the middle or at the end. */
export function shown(text: string): string {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
    .trim();
  const brief = line.replace(LONG_WORD, (word) => `${word.slice(0, 6)}…${word.slice(-4)}`);
  const characters = [...brief];
  return characters.length <= MAX_CHARACTERS ? brief : `${characters.slice(0, MAX_CHARACTERS - 1).join('')}…`;
}
