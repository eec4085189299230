// What commands print for people: columns as wide as their widest cell. Text from the store never moves a terminal's cursor.

/** The first row is the heading. No row, no text. */
export function table(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of clean) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return clean
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Control and direction-changing characters as `\u{..}`. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);

/** Nanoseconds as a time to the second, UTC; 0 is a dash. Precise enough for people; --json has every digit. */
export const shownTime = (nanos: unknown): string =>
  typeof nanos === 'number' && nanos > 0 ? new Date(nanos / 1e6).toISOString().replace(/\.\d+Z$/, 'Z') : '-';
