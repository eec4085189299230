import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Allowlist,
  allows,
  anywhere,
  contains,
  covers,
  decodeAllowlist,
  encodeAllowlist,
  entriesOf,
  type IpAddress,
  MAX_ALLOWLIST_ENTRIES,
  parseAllowlist,
  parseCidr,
  parseIp,
  rangeSet,
  type UsableAllowlist,
} from '../../../src/domain/allowlist.ts';
import vectors from '../../vectors/vectors.json' with { type: 'json' };

const ip = (text: string): IpAddress => {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
};

const list = (...entries: string[]): UsableAllowlist => {
  const parsed = parseAllowlist(entries);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.list;
};

const problemOf = (entries: string[]): string | undefined => {
  const parsed = parseAllowlist(entries);
  return parsed.ok ? undefined : parsed.problem;
};

const damagedList: Allowlist = { kind: 'damaged', reason: 'for the test' };

// Values drawn so that equal heads are common: random addresses would hardly ever share a block.
const octet = fc.constantFrom(0, 1, 127, 128, 255);
const ipv4Text = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const group = fc.constantFrom('0', '1', '8000', 'ffff', 'db8', '2001');
const ipv6Text = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => groups.join(':'))
  .filter((text) => parseIp(text)?.family === 6);
const ipv4Cidr = fc.tuple(ipv4Text, fc.integer({ min: 0, max: 32 })).map(([text, prefix]) => `${text}/${prefix}`);
const ipv6Cidr = fc.tuple(ipv6Text, fc.integer({ min: 0, max: 128 })).map(([text, prefix]) => `${text}/${prefix}`);
const anyIp = fc.oneof(ipv4Text, ipv6Text);
const anyCidr = fc.oneof(ipv4Cidr, ipv6Cidr);
const anyList = fc.array(anyCidr, { minLength: 1, maxLength: 8 });

describe('addresses', () => {
  test.each([
    '01.2.3.4',
    '1.2.3.004',
    '0x7f.1',
    '0x7f000001',
    '127.1',
    '2130706433',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1.2.3.4:80',
    '[::1]',
    '::ffff:1.2.3.04',
    '1::2::3',
    '00001::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    ':::',
    '١.2.3.4',
    '',
  ])('%j is not an address for an allowlist', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test.each(['fe80::1%eth0', '::%1', '::ffff:1.2.3.4%lo'])('an address with a zone id is refused: %s', (text) => {
    expect(isIP(text)).toBe(6);
    expect(parseIp(text)).toBeUndefined();
  });

  test.each([
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:0102:0304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
    ['0000:0000:0000:0000:0000:ffff:255.255.255.255', '255.255.255.255'],
  ])('the IPv4-mapped %s is the IPv4 address %s', (text, expected) => {
    expect(parseIp(text)).toEqual(ip(expected));
    expect(parseIp(text)?.family).toBe(4);
  });

  test.each([
    ['::1.2.3.4', '::102:304'],
    ['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['::fffe:1.2.3.4', '::fffe:102:304'],
  ])('%s only looks like an IPv4-mapped address: it stays IPv6', (text, expected) => {
    expect(parseIp(text)).toMatchObject({ family: 6, text: expected });
  });

  test('the canonical text of an IPv6 address is what the WHATWG URL parser writes', () => {
    fc.assert(
      fc.property(fc.oneof(ipv6Text, fc.ipV6()), (text) => {
        const parsed = parseIp(text);
        fc.pre(parsed?.family === 6);
        expect(`[${parsed?.text}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  test('an address and its canonical text are the same value', () => {
    fc.assert(
      fc.property(fc.oneof(anyIp, fc.ipV4(), fc.ipV6()), (text) => {
        expect(parseIp(ip(text).text)).toEqual(ip(text));
      }),
    );
  });

  test('parsing an address never accepts what node does not, and never throws', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'0123456789abcdefx:./% []-'), maxLength: 50 });
    fc.assert(
      fc.property(fc.oneof(noise, fc.string()), (text) => {
        if (isIP(text) === 0) expect(parseIp(text)).toBeUndefined();
        expect(parseCidr(text).ok && isIP(text.split('/')[0] ?? '') === 0).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what an owner may ask for', () => {
  test('in an allowlist a bare address is one address, host bits are cleared, duplicates are dropped, the order stays', () => {
    expect(entriesOf(list('198.51.100.42', '2001:DB8:0::1', '203.0.113.77/24', '203.0.113.1/24'))).toEqual([
      '198.51.100.42/32',
      '2001:db8::1/128',
      '203.0.113.0/24',
    ]);
  });

  test('an allowlist without entries is anywhere, and no other is', () => {
    expect(list()).toEqual({ kind: 'anywhere' });
    expect(entriesOf(anywhere)).toEqual([]);
    expect(list('0.0.0.0/0').kind).toBe('ranges');
    expect(list('0.0.0.0/0', '::/0').kind).toBe('ranges');
  });

  test('an allowlist may have 50 entries, counted before duplicates are dropped', () => {
    expect(problemOf(Array(MAX_ALLOWLIST_ENTRIES).fill('10.0.0.1'))).toBeUndefined();
    expect(problemOf(Array(MAX_ALLOWLIST_ENTRIES + 1).fill('10.0.0.1'))).toBe(
      'at most 50 entries are accepted, got 51',
    );
  });

  test.each([
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/-1',
    '10.0.0.0/8 ',
    '10.0.0.0/8.0',
    '10.0.0.0/0x8',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/1e1',
    '2001:db8::/129',
    '2001:db8::/0128',
    '::ffff:1.2.3.4/129',
  ])('an allowlist entry whose prefix is not canonical is refused: %s', (entry) => {
    expect(problemOf(['10.0.0.1', entry])).toMatch(/^entry 1: the prefix must be a number from 0 to (32|128)/);
  });

  test.each(['10.0.0/8', '010.0.0.0/8', '/8', '', '[::1]/128', '10.0.0.1-10.0.0.9', 'localhost', '*'])(
    'an allowlist entry whose address is not canonical is refused: %j',
    (entry) => {
      expect(problemOf([entry])).toMatch(/^entry 0: not an IPv4 or IPv6 address/);
    },
  );

  test.each(['fe80::1%eth0', 'fe80::1%eth0/64', '::ffff:1.2.3.4%1/120'])(
    'an allowlist entry with a zone id is refused: %s',
    (entry) => {
      expect(problemOf([entry])).toBe('entry 0: zone ids are not accepted');
    },
  );

  test.each(['::ffff:1.2.3.4/95', '::ffff:0:0/0', '::FFFF:10.0.0.0/8', '::ffff:a00:0/64'])(
    'an IPv4-mapped block wider than /96 is refused in an allowlist: %s',
    (entry) => {
      expect(problemOf([entry])).toBe(
        'entry 0: an IPv4-mapped block must be /96 or narrower; write the IPv4 block instead',
      );
    },
  );

  test('an IPv4-mapped block in an allowlist is the IPv4 block', () => {
    expect(entriesOf(list('::ffff:10.1.2.3/104', '::ffff:1.2.3.4', '::ffff:0:0/96'))).toEqual([
      '10.0.0.0/8',
      '1.2.3.4/32',
      '0.0.0.0/0',
    ]);
    expect(allows(list('::ffff:10.1.2.3/104'), ip('10.200.0.1'))).toBe(true);
    expect(allows(list('10.0.0.0/8'), ip('::ffff:10.1.1.1'))).toBe(true);
  });

  test('what is wrong in an allowlist is told without repeating what the caller sent', () => {
    expect(problemOf(['<script>'])).not.toContain('script');
  });
});

describe('who is let in', () => {
  test.each(vectors.groups.cidr_match)(
    'an allowlist lets in exactly whom the vector $id says',
    ({ ip: text, allowed_cidrs, expected }) => {
      expect(allows(list(...allowed_cidrs), ip(text))).toBe(expected.allowed);
    },
  );

  test('a damaged allowlist lets nobody in', () => {
    expect(allows(damagedList, ip('127.0.0.1'))).toBe(false);
    expect(allows(damagedList, ip('::1'))).toBe(false);
  });

  test('a block of one address family never lets the other in', () => {
    expect(allows(list('::/0'), ip('1.2.3.4'))).toBe(false);
    expect(allows(list('::/0'), ip('::ffff:1.2.3.4'))).toBe(false);
    expect(allows(list('0.0.0.0/0'), ip('::1'))).toBe(false);
    expect(allows(list('0.0.0.0/0'), ip('::102:304'))).toBe(false);
  });

  test('the first and last address of a block are let in, their neighbours are not', () => {
    const block = list('10.1.2.128/25');
    expect(['10.1.2.127', '10.1.2.128', '10.1.2.255', '10.1.3.0'].map((text) => allows(block, ip(text)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  // One BlockList per family: node's matches IPv4 against IPv6 blocks such as ::/0, which we do not.
  test('an allowlist lets in whom node:net BlockList lets in', () => {
    const check = (family: 'ipv4' | 'ipv6') => (entries: string[], text: string) => {
      const oracle = new BlockList();
      for (const entry of entries) {
        const [address = '', prefix] = entry.split('/');
        oracle.addSubnet(address, Number(prefix), family);
      }
      expect(allows(list(...entries), ip(text))).toBe(oracle.check(text, family));
    };
    const some = { minLength: 1, maxLength: 5 };
    fc.assert(fc.property(fc.array(ipv4Cidr, some), fc.oneof(ipv4Text, fc.ipV4()), check('ipv4')), { numRuns: 500 });
    fc.assert(fc.property(fc.array(ipv6Cidr, some), ipv6Text, check('ipv6')), { numRuns: 500 });
  });
});

test('a set of blocks holds an address exactly when one of them does', () => {
  fc.assert(
    fc.property(
      fc.array(anyCidr, { maxLength: 30 }),
      fc.array(anyIp, { minLength: 1, maxLength: 20 }),
      (cidrs, ips) => {
        const ranges = cidrs.map((text) => {
          const parsed = parseCidr(text);
          if (!parsed.ok) throw new Error(parsed.problem);
          return parsed.range;
        });
        const holds = rangeSet(ranges);
        for (const text of ips) expect(holds(ip(text))).toBe(ranges.some((range) => contains(range, ip(text))));
      },
    ),
  );
});

describe('whether a replacement takes nothing away', () => {
  test.each([
    [['10.0.0.0/8'], ['10.1.0.0/16', '10.2.3.4'], true],
    [['10.1.0.0/16'], ['10.0.0.0/8'], false],
    [['10.0.0.0/9', '10.128.0.0/9'], ['10.0.0.0/8'], true],
    [['10.128.0.0/9', '10.0.0.0/10', '10.64.0.0/10', '10.0.0.0/24'], ['10.0.0.0/8'], true],
    [['10.0.0.0/9', '10.129.0.0/16'], ['10.0.0.0/8'], false],
    [['0.0.0.0/0', '::/0'], ['10.0.0.0/8', '2001:db8::/32'], true],
    [['::/0'], ['10.0.0.0/8'], false],
    [['10.0.0.0/8'], ['10.0.0.0/8', '11.0.0.1'], false],
    [[], ['10.0.0.0/8'], true],
    [[], [], true],
    [['0.0.0.0/0', '::/0'], [], false],
  ])('the allowlist %j covers %j: %s', (wider, narrower, expected) => {
    expect(covers(list(...wider), list(...narrower))).toBe(expected);
  });

  test('a damaged allowlist covers nothing and is covered by nothing', () => {
    expect(covers(damagedList, list('10.0.0.1'))).toBe(false);
    expect(covers(anywhere, damagedList)).toBe(false);
    expect(covers(damagedList, damagedList)).toBe(false);
  });

  test('an allowlist that covers another one lets in all whom that one does', () => {
    const probe = (entries: string[]) =>
      entries.flatMap((entry) => {
        const parsed = parseCidr(entry);
        if (!parsed.ok) throw new Error(parsed.problem);
        const { family, first, last } = parsed.range;
        return [first, (first + last) / 2n, last].map((value) => ({ family, value, text: '' }));
      });
    fc.assert(
      fc.property(anyList, anyList, (wider, narrower) => {
        const everyEdgeIsIn = probe(narrower).every((edge) => allows(list(...wider), edge));
        if (covers(list(...wider), list(...narrower))) expect(everyEdgeIsIn).toBe(true);
        expect(covers(list(...wider, ...narrower), list(...narrower))).toBe(true);
      }),
    );
  });
});

describe('what is stored', () => {
  test('a stored allowlist is read as it was written, and its wire form means the same list', () => {
    fc.assert(
      fc.property(fc.oneof(anyList, fc.constant([])), (entries) => {
        expect(decodeAllowlist(encodeAllowlist(list(...entries)))).toEqual(list(...entries));
        expect(list(...entriesOf(list(...entries)))).toEqual(list(...entries));
      }),
    );
    expect(encodeAllowlist(anywhere)).toBe('anywhere');
    expect(encodeAllowlist(list('10.0.0.1', '::1'))).toBe('["10.0.0.1/32","::1/128"]');
  });

  test('the longest allowlist that is accepted can be stored and read back', () => {
    const entries = Array.from(
      { length: 50 },
      (_, i) => `2001:1db8:1111:2222:3333:4444:5555:${(0x1000 + i).toString(16)}`,
    );
    expect(decodeAllowlist(encodeAllowlist(list(...entries)))).toEqual(list(...entries));
  });

  test.each([
    ['nothing', null],
    ['undefined', undefined],
    ['an empty text', ''],
    ['an empty array', '[]'],
    ['an array that is not text', ['10.0.0.1/32']],
    ['bytes', Buffer.from('anywhere')],
    ['the word in other letters', 'Anywhere'],
    ['the word with a blank', 'anywhere '],
    ['the word as JSON', '"anywhere"'],
    ['the word as an entry', '["anywhere"]'],
    ['JSON null', 'null'],
    ['JSON true', 'true'],
    ['an object', '{"length":0}'],
    ['a torn text', '["10.0.0.1/32"'],
    ['an entry that is no text', '["10.0.0.1/32",1]'],
    ['a nested array', '[["10.0.0.1/32"]]'],
    ['one entry that cannot be parsed', '["10.0.0.1/32","10.0.0.300/32"]'],
    ['an empty entry', '["10.0.0.1/32",""]'],
    ['an entry with host bits', '["10.0.0.1/8"]'],
    ['a bare address', '["10.0.0.1"]'],
    ['a repeated entry', '["10.0.0.1/32","10.0.0.1/32"]'],
    ['other blanks than ours', '["10.0.0.1/32", "10.0.0.2/32"]'],
    ['51 entries', JSON.stringify(Array.from({ length: 51 }, (_, i) => `10.0.0.${i}/32`))],
    ['a text beyond any list', `["10.0.0.1/32"]${' '.repeat(5000)}`],
    ['a number', 0],
    ['false', false],
  ])('a stored allowlist that is %s is damaged, never anywhere', (_name, stored) => {
    const decoded = decodeAllowlist(stored);
    expect(decoded.kind).toBe('damaged');
    expect(allows(decoded, ip('10.0.0.1'))).toBe(false);
  });

  test.each([
    ['[]', 'the stored list is empty'],
    [`["10.0.0.1/32"]${' '.repeat(5000)}`, 'the stored list is too long'],
    ['["10.0.0.1/8"]', 'the stored list is not in canonical form'],
    ['["10.0.0.1/32","x"]', 'the stored list is not valid: entry 1: not an IPv4 or IPv6 address'],
  ])('the operator is told why a stored allowlist is damaged: %s', (stored, reason) => {
    expect(decodeAllowlist(stored)).toMatchObject({ kind: 'damaged', reason: expect.stringContaining(reason) });
  });

  test('no stored text but the word anywhere is ever read as the allowlist of everybody', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        fc.pre(text !== 'anywhere');
        expect(decodeAllowlist(text).kind).not.toBe('anywhere');
      }),
    );
  });
});
