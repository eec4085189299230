// The box of addresses against the server's own reading, and its words.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changeOf,
  choiceOf,
  entriesIn,
  isPrivate,
  listOf,
  privateOnes,
  readBox,
  shownRange,
  undecided,
  withAddress,
  worksFromWords,
} from '../../../console/words/addresses.ts';
import { allowsAddress, coversAddresses } from '../../../src/client/addresses.ts';
import { allows, covers, MAX_ALLOWLIST_ENTRIES, parseAllowlist, parseIp } from '../../../src/domain/allowlist.ts';

const MOST = MAX_ALLOWLIST_ENTRIES;
const problemsOf = (text: string): readonly string[] => readBox(text, MOST).problems.map(({ words }) => words);

test('the address box takes as many entries as the server, those written twice counted twice', () => {
  for (const count of [MOST - 1, MOST, MOST + 1, 61]) {
    for (const of of [(index: number) => `10.0.0.${index}`, () => '10.0.0.1']) {
      const entries = Array.from({ length: count }, (_, index) => of(index));
      const read = readBox(entries.join('\n'), MOST);
      expect(read.entries !== undefined, `${count}`).toBe(parseAllowlist(entries).ok);
      if (count > MOST) expect(problemsOf(entries.join('\n'))).toEqual([`At most 50; there are ${count}.`]);
    }
  }
});

test('whether a list covers another, and lets an address in, is what the server says', () => {
  const good = fc.array(fc.tuple(fc.constantFrom('10.0.0.0', '10.0.0.128', '::1'), fc.integer({ min: 8, max: 32 })), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(good, good, (one, other) => {
      const [wider, narrower] = [one, other].map((list) => list.map(([text, length]) => `${text}/${length}`));
      if (wider === undefined || narrower === undefined) return;
      const [a, b, ip] = [parseAllowlist(wider), parseAllowlist(narrower), parseIp('10.0.0.130')];
      if (!a.ok || !b.ok || ip === undefined) throw new Error('lists of the test');
      expect(coversAddresses(wider, narrower)).toBe(covers(a.list, b.list));
      expect(changeOf(wider, narrower).isNarrower).toBe(covers(a.list, b.list));
      expect(allowsAddress(wider, '10.0.0.130')).toBe(allows(a.list, ip));
    }),
  );
  expect(coversAddresses(['damaged'], ['10.0.0.1'])).toBe(false);
  expect(allowsAddress(['damaged'], '10.0.0.1')).toBe(false);
});

describe('reading', () => {
  test('commas, spaces and line breaks all separate addresses, and a remark goes to the end of its line', () => {
    expect(
      entriesIn('10.0.0.1, 10.0.0.2\t10.0.0.3 # 10.0.0.4\r\n\r\n# all of it\r10.0.0.5,').map(({ line, text }) => [
        line,
        text,
      ]),
    ).toEqual([
      [1, '10.0.0.1'],
      [1, '10.0.0.2'],
      [1, '10.0.0.3'],
      [4, '10.0.0.5'],
    ]);
  });

  test('a box without an address is not anywhere', () => {
    for (const text of ['', '  \n,', '# 10.0.0.1']) {
      expect(readBox(text, MOST)).toMatchObject({ entries: undefined, meanings: [] });
      expect(problemsOf(text)).toEqual(['An empty list would let nobody in. Choose Anywhere if you mean that.']);
    }
    expect(listOf({ from: 'listed', text: '' }, MOST)).toBeUndefined();
    expect(listOf({ from: 'anywhere', text: 'what was typed before' }, MOST)).toEqual([]);
    expect(listOf(undecided, MOST)).toBeUndefined();
  });

  test('each entry that is none is named by its line and its cause, all of them at once', () => {
    const text = '203.0.113.7\n10.0.0.0/8\n203.0.113.300\n10.0.0.1/33, 1.2.3';
    expect(problemsOf(text)).toEqual([
      'Line 3: 203.0.113.300 is not an address. Each part goes up to 255.',
      'Line 4: 10.0.0.1/33: the number after the slash goes up to 32.',
      'Line 4: 1.2.3 is not an address. It has four parts, as in 203.0.113.7.',
    ]);
  });

  test.each([
    ['10.0.0.1/', '10.0.0.1/: the number after the slash is missing.'],
    ['10.0.0.1/08', '10.0.0.1/08: the number after the slash has no zero in front.'],
    ['10.0.0.1/255.0.0.0', '10.0.0.1/255.0.0.0: after the slash stands one number, as in 203.0.113.0/24.'],
    ['2001:db8::/129', '2001:db8::/129: the number after the slash goes up to 128.'],
    ['::ffff:1.2.3.4/90', '::ffff:1.2.3.4/90: write the IPv4 range instead, as in 203.0.113.0/24.'],
    ['01.2.3.4', '01.2.3.4 is not an address. No part has a zero in front.'],
    ['1.2.3.4:80', '1.2.3.4:80 is not an address. Leave out the port.'],
    ['[::1]', '[::1] is not an address. Leave out the brackets.'],
    ['1.2.3.4-1.2.3.9', '1.2.3.4-1.2.3.9 is not an address. Write a range as 203.0.113.0/24.'],
    ['keys.venue.example', 'keys.venue.example is not an address. A name is none: write the numbers.'],
    ['fe80::1%eth0', 'fe80::1%eth0 names a network card after the %. Leave that out.'],
    ['1::2::3', '1::2::3 is not an address.'],
    ['\u202e4.3.2.1', '\ufffd4.3.2.1 has a hidden character. Type it anew.'],
    ['1'.repeat(200), `${'1'.repeat(50)}… is not an address. It has four parts, as in 203.0.113.7.`],
  ])('the address box says why %j is no address', (text, words) => {
    expect(problemsOf(text)).toEqual([`Line 1: ${words}`]);
  });

  test('a range that is not written from its first address is accepted, and shown as it will be stored', () => {
    expect(readBox('203.0.113.7/24 10.0.0.0/8 198.51.100.4', MOST)).toEqual({
      entries: ['203.0.113.0/24', '10.0.0.0/8', '198.51.100.4/32'],
      problems: [],
      meanings: ['203.0.113.7/24 means 203.0.113.0 to 203.0.113.255'],
    });
  });
});

describe('words', () => {
  test('an address inside a home or office is told only to a reader whom the server sees from outside', () => {
    const list = ['192.168.1.5/32', '203.0.113.0/24', 'fd00::/8'];
    expect(privateOnes(list, '198.51.100.4')).toEqual(['192.168.1.5/32', 'fd00::/8']);
    expect(privateOnes(list, '192.168.1.9')).toEqual([]);
    expect(privateOnes(list, undefined)).toEqual([]);
    expect(['9.255.255.255', '172.15.0.1', '0.0.0.0/0', 'nonsense'].map(isPrivate)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test('the current address is put on a line of its own, once', () => {
    expect(withAddress('', '198.51.100.4')).toBe('198.51.100.4');
    expect(withAddress('10.0.0.1 # office\n', '198.51.100.4')).toBe('10.0.0.1 # office\n198.51.100.4');
    expect(withAddress('198.51.100.0/24', '198.51.100.4')).toBe('198.51.100.0/24');
    expect(withAddress('nonsense', '198.51.100.4')).toBe('nonsense\n198.51.100.4');
  });

  test('what a change adds and removes is told, and whether it lets somebody in who was not before', () => {
    expect(changeOf(['203.0.113.0/24'], ['203.0.113.7/32'])).toEqual({
      added: ['203.0.113.7'],
      removed: ['203.0.113.0/24'],
      isNarrower: true,
      isSame: false,
    });
    expect(changeOf(['203.0.113.0/24'], [])).toMatchObject({ added: ['Anywhere'], isNarrower: false });
    expect(changeOf([], ['203.0.113.7/32'])).toMatchObject({ removed: ['Anywhere'], isNarrower: true });
    expect(changeOf(['203.0.113.7/32'], ['203.0.113.7/32'])).toMatchObject({ isSame: true, isNarrower: true });
  });

  test('a list is told in one cell: anywhere, the one range, their number, or that it is damaged', () => {
    expect([[], ['10.0.0.1/32'], ['10.0.0.0/8'], ['10.0.0.0/8', '::1/128'], ['damaged']].map(worksFromWords)).toEqual([
      'Anywhere',
      '10.0.0.1',
      '10.0.0.0/8',
      '2 ranges',
      'Nowhere: the list is damaged',
    ]);
    expect(choiceOf(['10.0.0.1/32', '::1/128'])).toEqual({ from: 'listed', text: '10.0.0.1\n::1' });
    expect(shownRange('damaged')).toBe('damaged');
  });
});
