// What follows from the settings: each figure stays below the one that it is a part of.
import { expect, test } from 'vitest';
import {
  connectTimeoutMs,
  defaultLoginAge,
  maxMarksPerAccount,
  maxTargetBytes,
  upstreamMemory,
} from '../../../src/config/derived.ts';

test('request bodies and answers share upstream.memory, and one answer copies at most a sixteenth of its half', () => {
  expect(upstreamMemory({ 'upstream.memory': 64 * 1024 * 1024 })).toEqual({
    bodies: 32 * 1024 * 1024,
    answers: 32 * 1024 * 1024,
    maxAnswerCopy: 2 * 1024 * 1024,
  });
  const { bodies, answers } = upstreamMemory({ 'upstream.memory': 1_048_577 });
  expect(bodies + answers).toBeLessThanOrEqual(1_048_577);
});

test('a request target may be half as long as a head, so that a longer one is answered 414 and not 431', () => {
  expect(maxTargetBytes({ 'http.max_header_bytes': 16_384 })).toBe(8_192);
});

test('connecting to the venue takes at most 2 s, and never longer than the answer may take', () => {
  expect(connectTimeoutMs({ 'upstream.timeout': 30 })).toBe(2_000);
  expect(connectTimeoutMs({ 'upstream.timeout': 1 })).toBe(1_000);
});

test('one account may have three tenths of the order marks', () => {
  expect(maxMarksPerAccount({ 'orders.max_marks': 1_000_001 })).toBe(300_000);
});

test('a login that names no expiration is good for 1800 s, and never longer than login.max_age', () => {
  expect(defaultLoginAge({ 'login.max_age': 604_800 })).toBe(1_800);
  expect(defaultLoginAge({ 'login.max_age': 600 })).toBe(600);
});
