import { expect, test } from 'vitest';
import { fileNameOfEnded, kindsOf, liveWords, textOfEnded, withBefore } from '../../../console/pages/wallet/ended.ts';
import { refusedWords, secondsToSignIn } from '../../../console/words/receipts.ts';
import { clock } from '../../../console/words/times.ts';

test('what ends with everything is counted in words', () => {
  expect(liveWords({ keys: 6, inUse: 2, devices: 3 })).toBe('6 keys (2 in use today), 3 devices.');
  expect(liveWords({ keys: 1, inUse: 0, devices: 1 })).toBe('1 key, 1 device.');
  expect(liveWords({ keys: 0, inUse: undefined, devices: 2 })).toBe('0 keys, 2 devices.');
});

test('everything is asked to end by leaving the kinds out, and devices end with any of them', () => {
  expect(kindsOf(true, true)).toBeUndefined();
  expect(kindsOf(true, false)).toEqual(['device', 'token']);
  expect(kindsOf(false, true)).toEqual(['device', 'subkey']);
  expect(kindsOf(false, false)).toEqual(['device']);
});

const at = BigInt(Date.parse('2026-11-28T13:03:07Z')) * 1_000_000n;

test('the list of what ended has one line for each, whatever a name says, and its file has no name of people in it', () => {
  const list = {
    tokens: [{ lookup_id: 'abc', name: 'a\nSubkey\t0x2\tforged' }],
    subkeys: [{ public_key: '0x1', name: 'bot' }],
    devices: [{ id: 'dev_1', name: 'Firefox' }],
  };
  const ended = { list, receipt: { nodes: 1, ms: 18, in_flight: 2 }, at };
  const lines = textOfEnded(ended, '0xacc').split('\n');
  expect(lines.slice(4)).toEqual([
    'Read-only key\tabc\ta Subkey 0x2 forged',
    'Subkey\t0x1\tbot',
    'Device\tdev_1\tFirefox',
    '',
  ]);
  expect(lines[2]).toContain('it took 18 ms. 2 requests had already reached the venue: look there.');
  expect(fileNameOfEnded(ended)).toBe('countersign-ended-2026-11-28.txt');
});

test('what ended by a request whose answer got lost is listed from what lived before it, each once', () => {
  const before = {
    tokens: [{ lookup_id: 'abc', name: 'tax' }],
    subkeys: [{ public_key: '0x1', name: 'bot' }],
    devices: [{ id: 'dev_1', name: 'Firefox' }],
  };
  const answer = {
    tokens: [{ lookup_id: 'abc', name: 'tax' }],
    subkeys: [],
    devices: [{ id: 'dev_2', name: 'Chrome' }],
  };
  expect(withBefore(answer, before)).toEqual({ ...before, devices: [...before.devices, ...answer.devices] });
  expect(withBefore(answer, undefined)).toEqual(answer);
});

test('a receipt is told with what had reached the venue only where something had', () => {
  const since = `Refused everywhere since ${clock(at)}`;
  expect(refusedWords(at, undefined)).toBe(`${since}.`);
  expect(refusedWords(at, { nodes: 1, ms: 12, in_flight: 0 })).toBe(`${since}; it took 12 ms.`);
  expect(refusedWords(at, { nodes: 1, ms: 12, in_flight: 1 })).toBe(
    `${since}; it took 12 ms. 1 request had already reached the venue: look there.`,
  );
});

test("the wait until one can sign in again is that of the server's clock", () => {
  const now = 1_795_000_000_000;
  const validAfter = BigInt(now + 30_000) * 1_000_000n;
  expect(secondsToSignIn(validAfter, now)).toBe(31);
  expect(secondsToSignIn(validAfter, now + 30_999)).toBe(1);
  expect(secondsToSignIn(validAfter, now + 60_000)).toBe(0);
});
