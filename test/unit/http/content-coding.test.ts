// Which compressed form of a file a client takes.
import { expect, test } from 'vitest';
import { takenCoding } from '../../../src/http/kit/content-coding.ts';

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['gzip, deflate, br', 'br'],
  ['gzip', 'gzip'],
  ['BR', 'br'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['br; q=0.000, gzip ;Q=0', undefined],
  ['br;q=0.001', 'br'],
  ['xbr, gzipx', undefined],
  ['*', undefined],
  ['deflate, zstd', undefined],
])('a client that sends Accept-Encoding %j takes %j', (accepted, coding) => {
  expect(takenCoding(accepted)).toBe(coding);
});

test('a coding that is not offered is not taken', () => {
  expect(takenCoding('br, gzip', ['gzip'])).toBe('gzip');
  expect(takenCoding('br', ['gzip'])).toBeUndefined();
});
