// The order in which app.ts opens its parts is the order of stopping, read backwards: opening.test.ts holds that.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const app = readFileSync(join(import.meta.dirname, '../../../src/app.ts'), 'utf8');

const opened = [...app.matchAll(/opening\.(?:use|defer)\(\s*(?:\(\) => )?(?:await )?([\w.]+)/g)].map(
  ([, part]) => part,
);

test('the server opens the venue after the store, the operator listener after all that it shows, and the public door last', () => {
  expect(opened).toEqual([
    'log.flush',
    'composeVerifier',
    'composeCore',
    'composeExplain',
    'composeSchedule',
    'composeVenue',
    'composeGateway',
    'composeOperator',
    'composePublic',
    'stopping',
  ]);
});

test('every part that must be closed is given to the opening: no compose function is awaited outside of it', () => {
  const awaited = [...app.matchAll(/await (compose\w+)/g)].map(([, part]) => part);
  expect(awaited.length).toBeGreaterThan(5);
  expect(awaited.filter((part) => !opened.includes(part))).toEqual([]);
});
