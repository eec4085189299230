// What is kept of one refusal is short, whatever was answered, and reads back as it was written.
import { expect, test } from 'vitest';
import { ApiError } from '../../../src/errors.ts';
import { detailOf, readDetail, writeDetail } from '../../../src/explain/detail.ts';

const where = { method: 'GET', clientIp: '192.0.2.1', hops: [] };

test('of a long message the first 500 characters are kept, and of a long allowlist the first 50 entries', () => {
  const allowedCidrs = Array.from({ length: 120 }, (_, i) => `192.0.2.${i}/32`);
  const error = new ApiError('IP_NOT_ALLOWED', 'x'.repeat(2_000), { facts: { allowedCidrs } });
  const kept = readDetail(writeDetail(detailOf(error, where)));
  expect(kept.message).toBe('x'.repeat(500));
  expect(kept.allowedCidrs).toEqual(allowedCidrs.slice(0, 50));
});

test('a detail that was damaged reads as if its members were missing', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '7',
    '{"hops":7,"allowedCidrs":"x","limit":[],"signedAt":"-1","orderIndex":"0"}',
  ]) {
    expect(Object.values(readDetail(text)).filter((member) => member !== undefined)).toEqual([]);
  }
});
