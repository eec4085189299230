// What commands print for people: columns as wide as their widest cell. Text from the store never moves a terminal's cursor.

import { printable } from '../owner/printable.ts';

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

/** Nanoseconds as a time to the second, UTC; 0 is a dash. --json has every digit. */
export const shownTime = (nanos: unknown): string =>
  typeof nanos === 'number' && nanos > 0 ? new Date(nanos / 1e6).toISOString().replace(/\.\d+Z$/, 'Z') : '-';

/** 1536 as `1.5 KiB`. */
export function shownBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  return step === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** step).toFixed(1)} ${units[step]}`;
}
