// Turns every published vector of a group into a test of its own, named by its id.
import { expect, test } from 'vitest';
import document from '../vectors/vectors.json' with { type: 'json' };

type Groups = typeof document.groups;
export type VectorGroup = keyof Groups;
export type Vector<G extends VectorGroup> = Groups[G][number];

export const vectorConstants = document.constants;
export const vectorGroups = document.groups;
export const vectorCounts: Readonly<Record<string, number>> = document.counts;
export const vectorTotal = document.total;

/** Registers one test per vector, and one that holds the group to the number its author wrote down. */
export function eachVector<G extends VectorGroup>(group: G, check: (vector: Vector<G>) => void | Promise<void>): void {
  const vectors: readonly Vector<G>[] = document.groups[group];
  test(`${group} has its ${vectorCounts[group]} vectors`, () => {
    expect(new Set(vectors.map(({ id }) => id)).size).toBe(vectorCounts[group]);
  });
  for (const vector of vectors) test(`vector ${vector.id}`, () => check(vector));
}
