// The box of addresses against the server's own reading, by the hundred thousand lines.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBox } from '../../../console/words/addresses.ts';
import { entriesOf, MAX_ALLOWLIST_ENTRIES, parseAllowlist } from '../../../src/domain/allowlist.ts';

const MOST = MAX_ALLOWLIST_ENTRIES;
const LINES = 100_000;

const octet = fc.oneof({ weight: 6, arbitrary: fc.nat(255) }, { weight: 1, arbitrary: fc.nat(999) });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const prefix = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 4, arbitrary: fc.nat(32).map((length) => `/${length}`) },
  { weight: 1, arbitrary: fc.nat(140).map((length) => `/${length}`) },
  { weight: 1, arbitrary: fc.constantFrom('/', '/08', '/ff', '/24/8', '/+8', '/255.255.255.0', '/-1') },
);
const odd = fc.constantFrom(
  ...[
    '127.1',
    '01.2.3.4',
    '0x7f000001',
    '1.2.3.4:80',
    '[::1]',
    'fe80::1%eth0',
    'keys.venue.example',
    '::ffff:1.2.3.4/90',
  ],
  ...[
    '1.2.3.4-1.2.3.9',
    '::',
    ':::',
    '::/0',
    '0.0.0.0/0',
    'anywhere',
    '*',
    '-',
    '1.2.3.4\u200b',
    '\u202e1.2.3.4',
    'é',
    '/24',
  ],
);
const mapped = fc.tuple(ipv4, fc.integer({ min: 80, max: 130 })).map(([text, length]) => `::ffff:${text}/${length}`);
const noise = fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:/%-x'), minLength: 1, maxLength: 20 });
const entry = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(ipv4, prefix).map((parts) => parts.join('')) },
  { weight: 3, arbitrary: fc.tuple(fc.ipV6(), prefix).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: mapped },
  { weight: 1, arbitrary: noise },
  { weight: 1, arbitrary: odd },
);
/** One line of a box: entries, what separates them, a remark. Where a list of good ones is long enough, some are wanted. */
const separator = fc.constantFrom(' ', ',', ', ', ' ,  ', '\t', ',,', '\u00a0');
const line = fc.tuple(
  fc.array(entry, { maxLength: 3 }),
  separator,
  fc.constantFrom('', '# 1.2.3.4', ' # office, 10/8'),
);

test(`the address box says yes exactly when the server does, and sends what the server stores: ${LINES} lines`, () => {
  let [lines, accepted, refused] = [0, 0, 0];
  const random = fc.sample(fc.array(line, { maxLength: 4 }), { numRuns: LINES / 2, seed: 7 });
  for (const box of random) {
    const entries = box.flatMap(([of]) => of);
    const text = box.map(([of, between, remark]) => of.join(between) + remark).join('\n');
    const server = parseAllowlist(entries);
    const read = readBox(text, MOST);
    // An empty list is anywhere to the server: the box never says so.
    const expected = server.ok && entries.length > 0 ? entriesOf(server.list) : undefined;
    if (JSON.stringify(read.entries) !== JSON.stringify(expected)) expect({ text, got: read.entries }).toBe(expected);
    if ((read.problems.length === 0) !== (expected !== undefined))
      expect({ text, problems: read.problems }).toBe(expected);
    lines += Math.max(box.length, 1);
    if (expected === undefined) refused += 1;
    else accepted += 1;
  }
  expect(lines).toBeGreaterThanOrEqual(LINES);
  expect(Math.min(accepted, refused)).toBeGreaterThan(LINES / 20);
});
