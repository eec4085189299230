// What follows from the settings: each figure stays below the one that it is a part of.
import { expect, test } from 'vitest';
import {
  connectTimeoutMs,
  consoleHost,
  defaultLoginAge,
  derivesFromWallets,
  maxMarksPerAccount,
  maxTargetBytes,
  sharesOrigin,
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

test('the host of the console is that of console.url as browsers send it, without the port of the scheme', () => {
  expect(consoleHost({ 'console.url': '' })).toBeUndefined();
  expect(consoleHost({ 'console.url': 'https://keys.example.com' })).toBe('keys.example.com');
  expect(consoleHost({ 'console.url': 'http://localhost:8080' })).toBe('localhost:8080');
});

test("keys are made from a wallet's signature unless that is off, or on Ethereum's main network where nobody switched it on", () => {
  const derives = (choice: 'auto' | 'on' | 'off', chain: number) =>
    derivesFromWallets({ 'console.wallet_derivation': choice, 'wire.l1_chain_id': chain });
  expect([derives('auto', 11_155_111), derives('auto', 1)]).toEqual([true, false]);
  expect([derives('on', 1), derives('off', 11_155_111)]).toEqual([true, false]);
});

test('the venue may be on the origin of the console unless the console is off or has a host of its own', () => {
  expect(sharesOrigin({ 'console.enabled': true, 'console.own_host': false })).toBe(true);
  expect(sharesOrigin({ 'console.enabled': true, 'console.own_host': true })).toBe(false);
  expect(sharesOrigin({ 'console.enabled': false, 'console.own_host': false })).toBe(false);
});
