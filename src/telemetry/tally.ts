// Plain counts and distributions: the hot path adds to them, a scrape reads them. Their keys are closed lists in our source: no client
// can make them grow.

export interface Tally<Key extends string> {
  add(key: Key, count?: number): void;
  /** 0 for what was never counted. */
  of(key: Key): number;
  readonly entries: Iterable<readonly [Key, number]>;
}

/** Keys in `known` stand at 0 from the start, so that the first count shows as an increase. */
export function createTally<Key extends string>(known: readonly Key[] = []): Tally<Key> {
  const counts = new Map<Key, number>(known.map((key) => [key, 0]));
  return {
    add: (key, count = 1) => void counts.set(key, (counts.get(key) ?? 0) + count),
    of: (key) => counts.get(key) ?? 0,
    entries: counts,
  };
}

/** How often two words came together. */
export interface PairTally<First extends string, Second extends string> {
  add(first: First, second: Second): void;
  pairs(): readonly (readonly [First, Second, number])[];
}

export function createPairTally<First extends string, Second extends string>(
  known: readonly (readonly [First, Second])[] = [],
): PairTally<First, Second> {
  const counts = new Map<First, Map<Second, number>>();
  const add = (first: First, second: Second, count: number): void => {
    const row = counts.get(first);
    if (row === undefined) counts.set(first, new Map([[second, count]]));
    else row.set(second, (row.get(second) ?? 0) + count);
  };
  for (const [first, second] of known) add(first, second, 0);
  return {
    add: (first, second) => add(first, second, 1),
    pairs: () =>
      [...counts].flatMap(([first, row]) => [...row].map(([second, count]) => [first, second, count] as const)),
  };
}

export interface Distribution {
  observe(seconds: number): void;
  /** Upper bounds in seconds, rising, and how many observations fell into each bucket alone; the last count is above all bounds. */
  read(): { readonly bounds: readonly number[]; readonly counts: readonly number[]; readonly sum: number };
}

/** Durations in seconds. Negative values and NaN are not counted: steered clocks of tests give such. */
export function createDistribution(bounds: readonly number[]): Distribution {
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    observe(seconds) {
      if (!(seconds >= 0 && seconds < Number.POSITIVE_INFINITY)) return;
      let bucket = 0;
      for (const bound of bounds) {
        if (seconds <= bound) break;
        bucket += 1;
      }
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      sum += seconds;
    },
    read: () => ({ bounds, counts: [...counts], sum }),
  };
}
