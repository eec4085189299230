// One release has one number, wherever it stands.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const { version } = JSON.parse(read('package.json'));

test('the newest release of the changelog is this one, and each release has one section, newest first', () => {
  const releases = [...read('CHANGELOG.md').matchAll(/^## (\S+)(?: - (\d{4}-\d{2}-\d{2}))?$/gm)];
  expect(releases[0]?.[1]).toBe(version);
  expect(releases.every(([, , date]) => date !== undefined)).toBe(true);
  const dates = releases.map(([, , date]) => date ?? '');
  expect(dates).toEqual([...dates].sort().reverse());
  expect(new Set(releases.map(([, number]) => number)).size).toBe(releases.length);
});

test('the lockfile and openapi.json say the same version', () => {
  const lock = JSON.parse(read('package-lock.json'));
  expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
  expect(JSON.parse(read('docs/openapi.json')).info.version).toBe(version);
});

test('the page about upgrades has a section for this release', () => {
  expect(read('docs/upgrade.md')).toMatch(new RegExp(`^## From \\S+ to ${version.replaceAll('.', '\\.')}$`, 'm'));
});
