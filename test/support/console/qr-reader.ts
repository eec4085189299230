// Reads a QR code of version 9, level M, as a picture without damage has it (ISO/IEC 18004): an own reading, to compare with what writes it.

/** Modules of a side. */
export const SIDE = 53;
const VERSION = 9;
const ALIGNMENT = [6, 26, 46];
/** Three blocks of 36 data codewords, two of 37. */
const BLOCKS = [36, 36, 36, 37, 37];
const FORMAT_MASK = 0b101_0100_0001_0010;
const LEVEL_M = 0b00;

const masks: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

export type IsBlack = (x: number, y: number) => boolean;

/** `isBlack` of a module, from the top left, without the margin. Throws for what is no such code. */
export function readQr(isBlack: IsBlack): string {
  requireFinders(isBlack);
  const mask = masks[maskOf(isBlack)];
  if (mask === undefined) throw new Error('no such mask');
  const bits: number[] = [];
  for (const [x, y] of dataPlaces()) bits.push(Number(isBlack(x, y) !== mask(x, y)));
  const codewords = inBlockOrder(bytesOf(bits));
  return textOf(codewords.flatMap((byte) => Array.from({ length: 8 }, (_, bit) => (byte >> (7 - bit)) & 1)));
}

/** The code in a picture: black on white, upright, with 4 modules of white around it. `isDark` is of a pixel. */
export function readPicture(width: number, height: number, isDark: IsBlack): string {
  const rows = range(height).filter((y) => range(width).some((x) => isDark(x, y)));
  const columns = range(width).filter((x) => range(height).some((y) => isDark(x, y)));
  const [left = 0, right = 0] = [columns[0], columns.at(-1)];
  const [top = 0, bottom = 0] = [rows[0], rows.at(-1)];
  const [across, down] = [(right - left + 1) / SIDE, (bottom - top + 1) / SIDE];
  const margin = Math.min(left, width - 1 - right, top, height - 1 - bottom);
  // Pixels are whole: a module more or less of one of them.
  if (margin < 4 * across - 1.5) throw new Error(`the margin has ${margin} pixels, a module ${across}`);
  return readQr((x, y) => isDark(Math.floor(left + (x + 0.5) * across), Math.floor(top + (y + 0.5) * down)));
}

function requireFinders(isBlack: IsBlack): void {
  for (const [left, top] of [
    [0, 0],
    [SIDE - 7, 0],
    [0, SIDE - 7],
  ] as const) {
    for (const y of range(7))
      for (const x of range(7)) {
        const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
        if (isBlack(left + x, top + y) !== (ring !== 2)) throw new Error('no finder pattern');
      }
  }
}

function maskOf(isBlack: IsBlack): number {
  const places = [...range(6).map((x) => [x, 8] as const), [7, 8], [8, 8], [8, 7], ...range(6).map((i) => [8, 5 - i])];
  const format = places.reduce((value, [x = 0, y = 0]) => (value << 1) | Number(isBlack(x, y)), 0) ^ FORMAT_MASK;
  if (format >> 13 !== LEVEL_M) throw new Error('another level than M');
  return (format >> 10) & 7;
}

/** Two columns at a time from the right, up and down, around what is no data. */
function* dataPlaces(): Generator<readonly [x: number, y: number]> {
  let isUp = true;
  for (let right = SIDE - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (const i of range(SIDE)) {
      const y = isUp ? SIDE - 1 - i : i;
      for (const x of [right, right - 1]) if (!isFunction(x, y)) yield [x, y];
    }
    isUp = !isUp;
  }
}

function isFunction(x: number, y: number): boolean {
  if (x === 6 || y === 6) return true;
  if ((x < 9 && y < 9) || (x >= SIDE - 8 && y < 9) || (x < 9 && y >= SIDE - 8)) return true;
  if (VERSION >= 7 && ((x >= SIDE - 11 && y < 6) || (y >= SIDE - 11 && x < 6))) return true;
  return ALIGNMENT.some((cx) =>
    ALIGNMENT.some((cy) => {
      const isFinder = (cx === 6 && cy === 6) || (cx === 6 && cy === 46) || (cx === 46 && cy === 6);
      return !isFinder && Math.abs(x - cx) <= 2 && Math.abs(y - cy) <= 2;
    }),
  );
}

const bytesOf = (bits: readonly number[]): readonly number[] =>
  range(Math.floor(bits.length / 8)).map((i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((byte, bit) => (byte << 1) | bit, 0),
  );

/** The codewords are dealt out to the blocks one by one; the shorter blocks are done first. What corrects errors comes after. */
function inBlockOrder(codewords: readonly number[]): readonly number[] {
  const blocks: number[][] = BLOCKS.map(() => []);
  let at = 0;
  for (const column of range(Math.max(...BLOCKS)))
    for (const [block, length] of BLOCKS.entries())
      if (column < length) {
        blocks[block]?.push(codewords[at] ?? 0);
        at += 1;
      }
  return blocks.flat();
}

/** One segment of bytes. */
function textOf(bits: readonly number[]): string {
  const number = (from: number, length: number) =>
    bits.slice(from, from + length).reduce((n, bit) => (n << 1) | bit, 0);
  if (number(0, 4) !== 0b0100) throw new Error('no segment of bytes');
  return String.fromCharCode(...range(number(4, 8)).map((i) => number(12 + 8 * i, 8)));
}

const range = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);
