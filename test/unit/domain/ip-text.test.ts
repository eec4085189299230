// What is an address, and what it is, as Node.js itself reads it: this parser has nothing of node:, as a browser runs it too.
import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allows, parseAllowlist, parseCidr, parseIp } from '../../../src/domain/allowlist.ts';

/** Of Node.js alone, which takes zone ids: they are no part of an address here. */
const familyOf = (text: string): number => (text.includes('%') ? 0 : isIP(text));

function expectAsNode(text: string): void {
  const family = familyOf(text);
  const ip = parseIp(text);
  expect({ text, isAddress: ip !== undefined }).toEqual({ text, isAddress: family !== 0 });
  if (ip === undefined || family === 0) return;
  // A list with this one address holds the same machine in either spelling.
  const own = new BlockList();
  own.addAddress(ip.text, ip.family === 4 ? 'ipv4' : 'ipv6');
  expect({ text, as: ip.text, isSame: own.check(text, family === 4 ? 'ipv4' : 'ipv6') }).toEqual({
    text,
    as: ip.text,
    isSame: true,
  });
  if (family === 6 && ip.family === 6) expect(ip.text).toBe(new URL(`http://[${text}]`).hostname.slice(1, -1));
}

const octet = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map(String),
  fc.constantFrom(
    '',
    '0',
    '00',
    '01',
    '010',
    '0x7f',
    '255',
    '256',
    '1e1',
    '+1',
    '-1',
    ' 1',
    '1 ',
    '١',
    '0377',
    '999999999999',
  ),
);
const quad = fc.array(octet, { minLength: 1, maxLength: 6 }).map((octets) => octets.join('.'));
const goodOctet = fc.integer({ min: 0, max: 255 }).map(String);
const goodQuad = fc.array(goodOctet, { minLength: 4, maxLength: 4 }).map((octets) => octets.join('.'));
const group = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16)),
  fc.constantFrom('', '0', '0000', '00000', '0001', 'g', 'FFFF', 'fFfF', '10000', '0x1', ' 1', '1 ', '-1', 'f%1', 'ﬀ'),
);
/** Groups with `::` anywhere, more than once, at the ends, or not at all, and sometimes a dotted quad behind them. */
const groups = fc
  .tuple(
    fc.array(fc.tuple(group, fc.constantFrom(':', ':', ':', ':', '::', ':::')), { maxLength: 10 }),
    fc.option(fc.oneof(quad, goodQuad)),
    fc.constantFrom('', ':', '::'),
  )
  .map(([parts, dotted, first]) => {
    const text = first + parts.map(([digits, sign]) => digits + sign).join('');
    return dotted === null ? text.replace(/:$/, '') : text + dotted;
  });
const goodGroup = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
const goodV6 = fc
  .tuple(
    fc.array(goodGroup, { maxLength: 8 }),
    fc.array(goodGroup, { maxLength: 8 }),
    fc.boolean(),
    fc.option(goodQuad),
  )
  .map(([left, right, isShort, dotted]) => {
    const tail = dotted === null ? right : [...right.slice(0, 6), dotted];
    return isShort ? `${left.join(':')}::${tail.join(':')}` : [...left, ...tail].slice(-8).join(':');
  });
const noise = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFgx.:/%[] \t\n\0٠'), maxLength: 50 });
/** A good address with one sign of it replaced, put in or taken out. */
const nearly = fc
  .tuple(
    fc.oneof(goodQuad, goodV6),
    fc.nat(),
    fc.constantFrom('', '.', ':', '::', '0', 'f', '%', '%eth0', '/', ' ', '\n', '\0', '[', ']', 'x'),
    fc.boolean(),
  )
  .map(([text, at, sign, replace]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + sign + text.slice(place + (replace ? 1 : 0));
  });

describe('an address is an address here exactly where it is one to node:net, zone ids aside', () => {
  test.each([
    '',
    ' ',
    '0.0.0.0',
    '255.255.255.255',
    '256.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4.',
    '.1.2.3.4',
    '1..2.3',
    '01.2.3.4',
    '1.2.3.04',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.1',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1.2.3.4\0',
    '1.2.3.4%eth0',
    '1.2.3.4:80',
    '[::1]',
    '::1%lo',
    'fe80::1%25eth0',
    '::',
    ':::',
    '::::',
    ':',
    '1:',
    ':1',
    '1::',
    '::1',
    ':1::',
    '::1:',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1::3:4:5:6:7:8',
    '1:2:3:4::5:6:7:8',
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    '00001::',
    '0001::',
    'g::',
    '::ffff:1.2.3.4',
    '::FFFF:1.2.3.4',
    '::ffff:102:304',
    '::ffff:01.2.3.4',
    '::ffff:1.2.3',
    '::ffff:1.2.3.4.5',
    '::1.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:1.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:1.2.3.4',
    '::5:6:7:8:9:1.2.3.4',
    '1::6:7:8:9:a:1.2.3.4',
    '0000:0000:0000:0000:0000:ffff:255.255.255.255',
    '00000:0000:0000:0000:0000:ffff:255.255.255.255',
    '::1.2.3.4%1',
    '１.2.3.4',
    '1.2.3.4',
    '1۔2۔3۔4',
  ])('%j is an address exactly when it is one to node:net, zone ids aside', expectAsNode);

  test.each([
    ['quads', quad],
    ['good quads', goodQuad],
    ['groups', groups],
    ['good groups', goodV6],
    ['spellings one sign away from a good one', nearly],
    ['noise', noise],
  ])('any of 3,000 made-up %s are an address exactly when they are one to node:net, zone ids aside', (_name, texts) => {
    fc.assert(fc.property(texts, expectAsNode), { numRuns: 3_000 });
  });
});

test('a block of any spelling holds what node:net BlockList says it holds', () => {
  const entry = fc.tuple(fc.oneof(goodQuad, goodV6), fc.integer({ min: 0, max: 129 }));
  fc.assert(
    fc.property(entry, fc.oneof(goodQuad, goodV6), ([address, prefix], client) => {
      const [family, ofClient] = [familyOf(address), familyOf(client)];
      const parsed = parseCidr(`${address}/${prefix}`);
      fc.pre(family !== 0 && ofClient !== 0);
      const isMapped = parseIp(address)?.family !== family;
      const fits = prefix <= (family === 4 ? 32 : 128) && (!isMapped || prefix >= 96);
      expect({ address, prefix, isBlock: parsed.ok }).toEqual({ address, prefix, isBlock: fits });
      const list = parseAllowlist([`${address}/${prefix}`]);
      const ip = parseIp(client);
      if (!list.ok || ip === undefined) return;
      const blocks = new BlockList();
      blocks.addSubnet(
        parseIp(address)?.text ?? '',
        isMapped ? prefix - 96 : prefix,
        isMapped || family === 4 ? 'ipv4' : 'ipv6',
      );
      // BlockList looks for an IPv4 address in IPv6 blocks too: here no IPv6 block holds one.
      const held =
        (isMapped || family === 4) === (ip.family === 4) && blocks.check(ip.text, ip.family === 4 ? 'ipv4' : 'ipv6');
      expect({ address, prefix, client, held: allows(list.list, ip) }).toEqual({ address, prefix, client, held });
    }),
    { numRuns: 5_000 },
  );
});
