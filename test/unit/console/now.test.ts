// What time it is at the console: the server's, where this machine's clock is another.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { nowMs, onClockRight, putClockRight } from '../../../console/words/now.ts';

test("what is told from now is told by the server's clock, and whoever shows it hears when that is known", () => {
  vi.useFakeTimers({ now: 1_795_000_000_000 });
  onTestFinished(() => {
    putClockRight(0);
    vi.useRealTimers();
  });
  const heard: number[] = [];
  const stop = onClockRight(() => heard.push(nowMs()));
  expect(nowMs()).toBe(1_795_000_000_000);
  expect(putClockRight(600_000)).toBe(true);
  expect(putClockRight(600_000)).toBe(false);
  expect(nowMs()).toBe(1_794_999_400_000);
  stop();
  expect(putClockRight(-1000)).toBe(true);
  expect(nowMs()).toBe(1_795_000_001_000);
  expect(heard).toEqual([1_794_999_400_000]);
});

test("no page tells the time by this machine's clock, but one that counts the seconds between two moments", () => {
  const pages = join(import.meta.dirname, '../../../console/pages');
  const files = readdirSync(pages, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  expect(files.length).toBeGreaterThan(50);
  const asking = files.filter((file) => /Date\.now|new Date\(\)/.test(readFileSync(join(pages, file), 'utf8')));
  expect(asking).toEqual([join('devices', 'sign-in-again.tsx')]);
});
