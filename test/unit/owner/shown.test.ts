// What the owner's commands print: tables, times, names of others, durations and addresses as they are typed.
import { describe, expect, test } from 'vitest';
import { allowlistOf, shownAllowlist } from '../../../src/owner/addresses.ts';
import { activityLine } from '../../../src/owner/commands/activity.ts';
import { cut, jsonText, widthOf } from '../../../src/owner/printable.ts';
import { WrongUse } from '../../../src/owner/stops.ts';
import { members, table } from '../../../src/owner/table.ts';
import { ago, duration, moment, relative, secondsOf } from '../../../src/owner/times.ts';

const columns = [{ title: 'ID' }, { title: 'NAME', atLeast: 4 }, { title: 'FROM', atLeast: 4 }];

test('a table that is wider than the terminal is cut where it may be, widest column first, and fits', () => {
  const rows = [
    ['id-1', 'a rather long name', '10.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24'],
    ['id-2', 'b', 'anywhere'],
  ];
  const text = table(columns, rows, 40);
  expect(Math.max(...text.trimEnd().split('\n').map(widthOf))).toBeLessThanOrEqual(40);
  expect(text).toContain('id-1');
  expect(text).toContain('…');
  expect(table(columns, rows, undefined)).toContain('198.51.100.0/24');
});

test('a table that cannot fit is a block of lines for each row, and loses nothing', () => {
  const text = table(columns, [['an-id-that-is-long', 'name', '10.0.0.0/8']], 12);
  expect(text).toBe('id    an-id-that-is-long\nname  name\nfrom  10.0.0.0/8\n');
});

test('a table without a row is nothing', () => {
  expect(table(columns, [], 40)).toBe('');
});

test('wide, combined and joined characters take the columns that a terminal gives them', () => {
  expect([...['abc', '漢字', 'e\u0301', '\u{1f600}', 'ｆ']].map(widthOf)).toEqual([3, 4, 1, 2, 2]);
  expect(cut('漢字漢字', 5)).toBe('漢字…');
  expect(widthOf(cut('漢字漢字', 4))).toBeLessThanOrEqual(4);
  const lines = table(
    [{ title: 'A' }, { title: 'B' }],
    [
      ['漢字', 'x'],
      ['abcd', 'x'],
    ],
    undefined,
  ).split('\n');
  expect(lines.slice(1, 3).map((line) => widthOf(line))).toEqual([7, 7]);
});

test('a name in a table moves no cursor, and adds no line', () => {
  const text = table([{ title: 'NAME' }], [['a\u001b[2Jb\nc\u202ed\r\u0007']], 80);
  expect(text).toBe('NAME\na\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{d}\\u{7}\n');
  expect(members([['name', 'x\u001b[31m\ny']], 80)).toBe('name  x\\u{1b}[31m\\u{a}y\n');
});

test('members are wrapped between words, never within an id', () => {
  expect(
    members(
      [
        ['a', 'one two three'],
        ['none', ''],
        ['key', `0x${'1'.repeat(30)}`],
      ],
      12,
    ),
  ).toBe(`a    one two\n     three\nkey  0x${'1'.repeat(30)}\n`);
});

describe('times', () => {
  const now = Date.UTC(2026, 10, 28, 12);
  const at = (ms: number) => BigInt(now + ms) * 1_000_000n;
  const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

  test.each([
    [-5_000, 'just now'],
    [30_000, 'in under 1 min'],
    [-2 * minute, '2 min ago'],
    [-5 * hour, '5 h ago'],
    [3 * day + 1, 'in 3 days'],
    [-day, '1 day ago'],
    [6 * day, 'in 6 days'],
    [8 * hour - 900, 'in 8 h'],
    [hour - 900, 'in 1 h'],
    [day - 900, 'in 1 day'],
    [5 * minute - 900, 'in 5 min'],
    [7 * day - 900, 'in 7 days'],
    [-(7 * hour + 20 * minute), '7 h ago'],
    [90 * minute - 1, 'in 1 h'],
    [36 * hour - 1, 'in 1 day'],
  ])('a time that is %i ms from now is shown as %j', (ms, shown) => {
    expect(relative(at(ms), now)).toBe(shown);
  });

  test('a time that no calendar has is said to be none, and what an older server does not say is left out', () => {
    expect(relative(9_000_000_000_000_000_000_000_000_000n, now)).toBe('a time that is no time');
    expect([ago(undefined, now), ago(0n, now), ago(at(5 * minute), now)]).toEqual(['', 'never', 'just now']);
  });

  test('a time seven days away or more is a date, and none is never', () => {
    expect(relative(at(7 * day), now)).toBe('5 Dec 2026');
    expect([relative(0n, now), moment(0n, now)]).toEqual(['never', 'never']);
    expect(moment(at(30 * day), now)).toMatch(/^28 Dec 2026, \d\d:\d\d$/);
    expect(moment(at(hour), now)).toMatch(/^28 Nov 2026, \d\d:\d\d \(in 1 h\)$/);
  });

  test('durations are typed in one unit, and anything else is refused', () => {
    expect(['90s', '15m', '24h', '30d', '0s'].map((text) => secondsOf(text, 'for'))).toEqual([
      90, 900, 86_400, 2_592_000, 0,
    ]);
    for (const text of ['', '30', 'd', '1.5h', '-1d', '1 d', '1w', '30D', '9999999999d', '0x1s'])
      expect(() => secondsOf(text, 'for'), text).toThrow(WrongUse);
    expect([90, 3600, 28_800, 86_400].map(duration)).toEqual(['90 seconds', '1 hour', '8 hours', '1 day']);
  });
});

test('addresses are repeated or separated by commas, and anywhere is never meant by leaving them out', () => {
  expect(allowlistOf(['10.0.0.1, 10.0.0.2', '192.0.2.0/24'])).toEqual(['10.0.0.1', '10.0.0.2', '192.0.2.0/24']);
  expect(allowlistOf(['anywhere'])).toEqual([]);
  for (const given of [undefined, [], [''], ['10.0.0.1,'], ['anywhere,10.0.0.1'], ['10.0.0.1', 'anywhere']])
    expect(() => allowlistOf(given), JSON.stringify(given)).toThrow(WrongUse);
  expect([shownAllowlist([]), shownAllowlist(['1.1.1.1', '2.2.2.2'])]).toEqual(['anywhere', '1.1.1.1, 2.2.2.2']);
});

test('a document of JSON moves no cursor either, and says the same', () => {
  const value = { 'a\u009b2J': ['\u202eb\u{e0001}\u2028', '\u001b[2J', '漢字 é'], n: 1 };
  const text = jsonText(value);
  expect(text).toMatch(/^[\x20-\x7e漢字é]*$/);
  expect(JSON.parse(text)).toEqual(value);
});

describe('a line of the activity', () => {
  const minute = (at: number): bigint => BigInt(Date.UTC(2026, 10, 28, 14, at)) * 1_000_000n;
  const bot = { kind: 'subkey', id: '42', name: 'maker' };
  const row = { id: 1n, at: minute(5), actor: bot, subject: bot, request_id: 'r-1', client_ip: '192.0.2.7' };
  const timeOf = (line: string): string | undefined => /14:0[0-9]|[0-9]{2}:0[0-9]/.exec(line)?.[0].slice(-2);

  test('has the time when it happened, not when it was written: a refusal before a revocation stands before it', () => {
    const refused = {
      ...row,
      action: 'request.refused',
      detail: { reason: 'ip_not_allowed', count: 3n, last_at: minute(3) },
    };
    expect(timeOf(activityLine(refused))).toBe('03');
    expect(timeOf(activityLine({ ...row, action: 'login', detail: { happened_at: minute(4) } }))).toBe('04');
    expect(timeOf(activityLine({ ...row, action: 'subkey.renamed', detail: {} }))).toBe('05');
  });

  test('says how many refusals it stands for', () => {
    const of = (count: bigint) =>
      activityLine({
        ...row,
        action: 'request.refused',
        detail: { reason: 'ip_not_allowed', count, last_at: minute(3) },
      });
    expect(of(3n)).toContain('  request.refused (ip_not_allowed, 3 times)  "maker" subkey:42 from 192.0.2.7  r-1\n');
    expect(of(1n)).toContain('  request.refused (ip_not_allowed)  "maker" subkey:42 from 192.0.2.7  r-1\n');
  });
});
