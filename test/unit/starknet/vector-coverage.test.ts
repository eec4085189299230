import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { vectorCounts, vectorGroups, vectorTotal } from '../../support/each-vector.ts';

const testRoot = join(import.meta.dirname, '../..');

function testFiles(): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(testRoot, { recursive: true, encoding: 'utf8' })) {
    if (entry.endsWith('.test.ts') && !entry.includes('node_modules') && !entry.endsWith('vector-coverage.test.ts')) {
      found.push(readFileSync(join(testRoot, entry), 'utf8'));
    }
  }
  return found;
}

test('the published vectors are complete: 94 ids, all different, in the groups their author counted', () => {
  const ids = Object.values(vectorGroups).flatMap((vectors) => vectors.map(({ id }) => id));
  expect(ids).toHaveLength(94);
  expect(new Set(ids).size).toBe(vectorTotal);
  expect(Object.fromEntries(Object.entries(vectorGroups).map(([group, all]) => [group, all.length]))).toEqual(
    vectorCounts,
  );
});

test('every group of the published vectors is exercised, id by id, in some test file', () => {
  const files = testFiles();
  // Either through eachVector, which registers a test per id, or by reading the group whole.
  const exercised = (group: string) => new RegExp(`eachVector\\('${group}',|groups\\.${group}\\b`);
  const missing = Object.keys(vectorGroups).filter((group) => !files.some((text) => exercised(group).test(text)));
  expect(missing).toEqual([]);
});
