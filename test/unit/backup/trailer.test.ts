// The last line of a backup: nobody takes a part for the whole, and nobody without the master key writes one.
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isSealedBy, parseTrailer, TRAILER_BYTES, type Trailer, trailerOf } from '../../../src/backup/trailer.ts';
import { MasterKeyMismatch } from '../../../src/jwt/seal.ts';

const masterKey = createSecretKey(randomBytes(32));
const digest = createHash('sha256').update('image').digest();

function parsed(bytes: Uint8Array): Trailer {
  const trailer = parseTrailer(bytes);
  if (trailer === undefined || trailer === 'newer_format') throw new Error('no trailer');
  return trailer;
}

test('the trailer of a backup is read back, always of one length, and opens with the key that sealed it', () => {
  const bytes = trailerOf(masterKey, digest);
  expect(bytes).toHaveLength(TRAILER_BYTES);
  expect(parsed(bytes).digest).toEqual(digest);
  expect(isSealedBy(masterKey, parsed(bytes))).toBe(true);
});

test('a changed checksum in the trailer of a backup cannot be sealed without the master key', () => {
  const altered = createHash('sha256').update('another image').digest();
  const trailer = { ...parsed(trailerOf(masterKey, digest)), digest: altered };
  expect(isSealedBy(masterKey, trailer)).toBe(false);
  const forged = parsed(trailerOf(createSecretKey(randomBytes(32)), altered));
  expect(() => isSealedBy(masterKey, forged)).toThrow(MasterKeyMismatch);
});

describe('what is no trailer', () => {
  const whole = trailerOf(masterKey, digest).toString();

  test.each([
    ['nothing', ''],
    ['one that lost its end', whole.slice(0, -1)],
    ['one that lost its begin', whole.slice(1)],
    ['one with something behind it', `${whole}x`],
    ['another word', whole.replace('countersign', 'countersigm')],
    ['an upper-case checksum', whole.replace(digest.toString('hex'), digest.toString('hex').toUpperCase())],
    ['zeros', '\0'.repeat(TRAILER_BYTES)],
  ])('%s is no trailer of a backup', (_name, text) => {
    expect(parseTrailer(Buffer.from(text))).toBeUndefined();
  });

  test('the trailer of a later backup format is told apart from none', () => {
    const later = whole.replace('countersign-backup 1 ', 'countersign-backup 2 ');
    expect(parseTrailer(Buffer.from(later))).toBe('newer_format');
    const longer = `\ncountersign-backup 12 ${'x'.repeat(400)}\n`.slice(-TRAILER_BYTES);
    expect(parseTrailer(Buffer.from(longer))).toBeUndefined();
  });
});
