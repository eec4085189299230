// A number as the key of a Map. Never the bigint itself: V8 hashes that by its low 64 bits and without a seed, so numbers that agree
// there (names that end alike, as all markets do; keys made for it) would have every look-up walk through all of them.

/** One text per number. */
export const mapKey = (felt: bigint): string => felt.toString(32);
