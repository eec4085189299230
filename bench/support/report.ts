// How a figure is printed: what it was measured on, then a table that can be pasted into docs/benchmarks.md.
import { availableParallelism, cpus, loadavg } from 'node:os';
import manifest from '../../package.json' with { type: 'json' };

export const say = (line = ''): unknown => process.stdout.write(`${line}\n`);

/** The title, the versions and the machine. `others`: what else was measured, with its version. */
export function heading(title: string, others: readonly string[] = []): void {
  const versions = [`Countersign ${manifest.version}`, `Node.js ${process.versions.node}`, ...others];
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  say(title);
  say(versions.join(', '));
  say(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores; load average ${load} at the start`);
}

/** A Markdown table, its first column left, the others right; a caption above and an empty line before it. */
export function table(caption: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = columns.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`;
  say();
  say(caption);
  say();
  say(line(columns));
  say(`|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`);
  for (const row of rows) say(line(row));
}

/**
 * The numbers of the rounds, from 0, until `rounds` are done or `--seconds` (60 unless said otherwise) are over; at least one. Says
 * when time was what ended it.
 */
export function* roundsInTime(rounds: number): Generator<number> {
  const end = performance.now() + count('seconds', 60, 86_400) * 1000;
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0 && performance.now() > end) return say(`the time was over after ${round} of ${rounds} rounds`);
    yield round;
  }
}

/** The value of a flag `--name=5`, or the default. Throws RangeError unless it is a whole number from 1 to `max`. */
export function count(name: string, byDefault: number, max = 10_000_000): number {
  const given = process.argv.slice(2).find((argument) => argument.startsWith(`--${name}=`));
  const value = given === undefined ? byDefault : Number(given.slice(name.length + 3));
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new RangeError(`--${name} must be a whole number from 1 to ${max}`);
  }
  return value;
}

/** Throws RangeError for an argument that is not one of these flags: a misspelled one must not go unnoticed. */
export function onlyFlags(...names: readonly string[]): void {
  for (const argument of process.argv.slice(2)) {
    if (!names.some((name) => argument.startsWith(`--${name}=`))) {
      throw new RangeError(`unknown argument ${argument}; there are ${names.map((name) => `--${name}=`).join(' ')}`);
    }
  }
}
