// A text as the black modules of a QR code.
import { encode } from 'uqr';

/** Modules of white that a reader needs around a code. */
const MARGIN = 4;

export interface QrModules {
  /** Modules of a side, the margin among them. */
  readonly size: number;
  /** Of an SVG: a rectangle for each run of black modules, in modules. */
  readonly path: string;
}

/** Level M: a reader still reads it where 15 % of it cannot be seen. */
export function qrModules(text: string): QrModules {
  const { size, data } = encode(text, { ecc: 'M', boostEcc: false, border: MARGIN });
  return {
    size,
    path: data.flatMap((row, y) => runsOf(row).map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`)).join(''),
  };
}

function runsOf(row: readonly boolean[]): readonly (readonly [from: number, length: number])[] {
  const runs: [number, number][] = [];
  row.forEach((isBlack, x) => {
    if (!isBlack) return;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === x) last[1] += 1;
    else runs.push([x, 1]);
  });
  return runs;
}
