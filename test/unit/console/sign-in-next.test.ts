import { expect, test } from 'vitest';
import { nextPath, signInPath } from '../../../console/app/next-path.ts';

test.each([
  '/keys/read-only',
  '/keys/subkeys',
  '/keys/subkeys/0x04c1aa9e2b',
  '/keys/read-only/3f0c1d2e-81aa-4b6f-9d3e-000000000000',
  '/activity',
  '/activity?key=subkey:42&what=refused&days=7',
  '/activity/6c1d8b0e',
  '/devices',
  '/wallet',
])('after sign-in a person is where they wanted to be: %s', (path) => {
  expect(nextPath(`?with=key&next=${encodeURIComponent(path)}`)).toBe(path);
  expect(nextPath(signInPath(path).replace(/^[^?]*/, ''))).toBe(path);
});

test.each([
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '/keys/../../evil',
  '/keys/read-only/..%2f..%2fevil',
  '~//evil.example',
  '~/evil',
  'javascript:alert(1)',
  '/wallet\n//evil.example',
  '/devices#x',
  '/sign-in?next=/wallet',
  '/hand-off',
  '/console/wallet',
  '/orders',
  '',
])('a sign-in leads nowhere but to a page of this console: %j', (path) => {
  expect(nextPath(`?next=${encodeURIComponent(path)}`)).toBe('/keys/read-only');
  expect(signInPath(path)).toBe('/sign-in');
});

test('without a place to go to, a sign-in leads to the keys', () => {
  expect(nextPath('')).toBe('/keys/read-only');
  expect(signInPath('/keys/read-only')).toBe('/sign-in');
});
