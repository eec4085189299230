// Tables for people. On a terminal they fit its width: the widest flexible column gives way first, and where that is not enough each row
// becomes a block of lines. Anywhere else nothing is cut.
import { cut, printable, widthOf } from './printable.ts';

export interface Column {
  readonly title: string;
  /** Never narrower than so many columns; absent: never cut. */
  readonly atLeast?: number;
}

const GAP = 2;

/** `width` is the terminal's; undefined where the output is none. No row: no text. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
  paint: (heading: string) => string = (heading) => heading,
): string {
  if (rows.length === 0) return '';
  const clean = rows.map((row) => row.map(printable));
  const wanted = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...clean.map((row) => widthOf(row[at] ?? ''))),
  );
  const fitted = fittedWidths(columns, wanted, width);
  if (fitted === undefined) return blocks(columns, clean, width ?? 0);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => padded(cut(cell, fitted[at] ?? 0), fitted[at] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [paint(line(columns.map(({ title }) => title))), ...clean.map(line), ''].join('\n');
}

function fittedWidths(
  columns: readonly Column[],
  wanted: readonly number[],
  width: number | undefined,
): number[] | undefined {
  const widths = [...wanted];
  if (width === undefined) return widths;
  const total = () => widths.reduce((sum, one) => sum + one, GAP * (widths.length - 1));
  while (total() > width) {
    const [widest] = columns
      .map(({ atLeast }, at) => ({ at, room: atLeast === undefined ? 0 : (widths[at] ?? 0) - atLeast }))
      .filter(({ room }) => room > 0)
      .sort((a, b) => (widths[b.at] ?? 0) - (widths[a.at] ?? 0));
    if (widest === undefined) return undefined;
    widths[widest.at] = (widths[widest.at] ?? 0) - 1;
  }
  return widths;
}

function blocks(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  return rows
    .map((row) =>
      members(
        columns.map(({ title }, at) => [title.toLowerCase(), row[at] ?? ''] as const),
        width,
      ),
    )
    .join('\n');
}

/** One thing: its members below each other. Empty ones are left out; long ones go on in the next line. */
export function members(pairs: readonly (readonly [string, string])[], width: number | undefined): string {
  const shown = pairs.filter(([, value]) => value !== '');
  const left = Math.max(0, ...shown.map(([name]) => widthOf(name))) + GAP;
  return shown
    .map(([name, value]) => `${padded(name, left)}${broken(printable(value), left, width).trimEnd()}\n`)
    .join('');
}

const padded = (text: string, width: number): string => `${text}${' '.repeat(Math.max(0, width - widthOf(text)))}`;

/** Words are kept whole, as ids and keys are copied from here. */
function broken(text: string, left: number, width: number | undefined): string {
  if (width === undefined || left + widthOf(text) <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && left + widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(left)}`);
}
