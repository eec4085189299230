// What stands on what in the console, computed from its style sheet: text at least 4.5 to 1, borders and rings 3.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const sheet = readFileSync(join(import.meta.dirname, '../../../console/parts/tokens.css'), 'utf8');

/** Of one theme: every token whose value is a colour, or one for light and one for dark. */
const coloursOf = (theme: 'light' | 'dark'): Record<string, string> =>
  Object.fromEntries(
    [...sheet.matchAll(/--([a-z0-9-]+):\s*(?:light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)|(#[0-9a-f]{6}));/g)].map(
      ([, name = '', light = '', dark = '', both]) => [name, both ?? (theme === 'light' ? light : dark)],
    ),
  );

const light = coloursOf('light');
const dark = coloursOf('dark');

/** The relative luminance of a colour as #rrggbb. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** Front, ground, and what is asked of them: 4.5 of text, 3 of borders, rings and what carries meaning without being text. */
const pairs: readonly (readonly [front: string, ground: string, least: number])[] = [
  ...['bg', 'surface', 'subtle', 'code'].flatMap((ground) =>
    ['text', 'text-2', 'text-3'].map((front) => [front, ground, 4.5] as const),
  ),
  ...['accent-soft', 'ok-soft', 'warn-soft', 'danger-soft'].flatMap((ground) =>
    ['text', 'text-2'].map((front) => [front, ground, 4.5] as const),
  ),
  ['accent-text', 'bg', 4.5],
  ['accent-text', 'surface', 4.5],
  ['accent-text', 'subtle', 4.5],
  ['accent-text', 'accent-soft', 4.5],
  ['on-fill', 'accent', 4.5],
  ['on-fill', 'accent-hover', 4.5],
  ['on-fill', 'danger-fill', 4.5],
  ['on-fill', 'danger-fill-hover', 4.5],
  ['ok', 'ok-soft', 4.5],
  ['warn', 'warn-soft', 4.5],
  ['danger', 'danger-soft', 4.5],
  ['danger', 'surface', 4.5],
  ['danger', 'subtle', 4.5],
  ['ok', 'surface', 3],
  ['control', 'surface', 3],
  ['control', 'bg', 3],
  ['ring', 'surface', 3],
  ['ring', 'bg', 3],
  ['accent', 'surface', 3],
  ['danger-fill', 'surface', 3],
];

test('each colour is said once, for both themes, and no token is of one alone', () => {
  const said = [...sheet.matchAll(/--([a-z0-9-]+):[^;]*#[0-9a-f]{3,8}\b/g)].map(([, name]) => name);
  expect(said).toEqual(Object.keys(light));
  expect(said.length).toBeGreaterThan(20);
});

describe.each([
  ['light', light],
  ['dark', dark],
])('in the %s theme', (theme, colours) => {
  test.each(pairs)(`%s can be read on %s in the ${theme} theme: at least %d to 1`, (front, ground, least) => {
    const [one = '', other = ''] = [colours[front], colours[ground]];
    expect([one, other]).not.toContain('');
    expect(contrast(one, other)).toBeGreaterThanOrEqual(least);
  });
});
