// Which known name a mistyped one was probably meant to be. It only suggests: nothing is ever accepted because it is near.

// A suggestion for a longer name would help nobody, and the table of distances stays small.
const NAME_MAX = 100;

/** The known name with the fewest edits to `wanted`; a bare last part (`max_age`) finds its full name. Case and `-` do not count. */
export function nearest(wanted: string, known: readonly string[]): string | undefined {
  const target = plain(wanted);
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const candidate = plain(name);
    const distance = candidate.endsWith(`.${target}`) ? 0.5 : edits(target, candidate);
    if (distance < least) {
      best = name;
      least = distance;
    }
  }
  return best;
}

const plain = (name: string): string => name.slice(0, NAME_MAX).toLowerCase().replaceAll('-', '_');

/** Levenshtein distance: insertions, deletions and replacements of one character. */
export function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, character] of [...from].entries()) {
    let left = line + 1;
    const next = [left];
    for (const [column, other] of [...to].entries()) {
      const above = row[column + 1] ?? 0;
      const diagonal = row[column] ?? 0;
      left = Math.min(above + 1, left + 1, diagonal + (character === other ? 0 : 1));
      next.push(left);
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
