import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPeers } from '../../../../src/http/kit/client-ip.ts';

/** The answer as text, for a peer on TCP. */
const from = (trusted: string[], peer: string | undefined, ...lines: string[]): string | undefined =>
  createPeers({ trusted }).clientIp(peer, false, lines)?.text;

const fromUnix = (trusted: string[], ...lines: string[]): string | undefined =>
  createPeers({ trusted }).clientIp(undefined, true, lines)?.text;

const inside = ['10.0.0.0/8', '2001:db8:aaaa::/48'];

describe('without trusted proxies', () => {
  test('without trusted proxies the socket address is the client, whatever X-Forwarded-For says', () => {
    expect(from([], '203.0.113.9', '1.2.3.4')).toBe('203.0.113.9');
    expect(from([], '127.0.0.1', '1.2.3.4, 5.6.7.8', '9.9.9.9')).toBe('127.0.0.1');
    expect(from([], '::1', 'garbage')).toBe('::1');
  });

  test('the client of an IPv4-mapped peer is its IPv4 address', () => {
    expect(from([], '::ffff:203.0.113.9')).toBe('203.0.113.9');
  });

  test('the zone id of a link-local peer is our own interface and is dropped', () => {
    expect(from([], 'fe80::1%eth0')).toBe('fe80::1');
  });

  test('each peer is read as itself, however often it and others were seen before', () => {
    const clientIp = createPeers({ trusted: [] }).clientIp;
    const peers = ['203.0.113.9', 'nonsense', '203.0.113.10', '', '::ffff:203.0.113.9', 'fe80::1%eth0', '203.0.113.9'];
    const expected = ['203.0.113.9', undefined, '203.0.113.10', undefined, '203.0.113.9', 'fe80::1', '203.0.113.9'];
    for (let time = 0; time < 2; time += 1) {
      expect(peers.map((peer) => clientIp(peer, false, [])?.text)).toEqual(expected);
    }
  });

  test('any number of peers can be told apart', () => {
    const clientIp = createPeers({ trusted: [] }).clientIp;
    for (let i = 0; i < 25_000; i += 1) {
      const peer = `10.0.${i >> 8}.${i & 255}`;
      expect(clientIp(peer, false, [])?.text).toBe(peer);
    }
  });

  test('the client is unknown where the peer has no readable address', () => {
    expect(from([], undefined, '1.2.3.4')).toBeUndefined();
    expect(from([], '', '1.2.3.4')).toBeUndefined();
    expect(from([], 'nonsense', '1.2.3.4')).toBeUndefined();
  });

  test('the client is unknown on a unix socket that is not trusted, whatever X-Forwarded-For says', () => {
    expect(fromUnix([], '1.2.3.4')).toBeUndefined();
    expect(fromUnix(inside, '1.2.3.4')).toBeUndefined();
    expect(createPeers({ trusted: [] }).clientIp('203.0.113.9', true, [])).toBeUndefined();
  });
});

describe('behind trusted proxies', () => {
  test('in a list of thousands of trusted proxies, nested and side by side, each is one and its neighbours are none', () => {
    const blocks = Array.from({ length: 3_000 }, (_, at) => `10.${at >> 7}.${(at & 127) * 2}.0/24`);
    const trusted = [...blocks.toReversed(), '10.0.0.7', '10.0.0.128/25', '2001:db8::/32', '2001:db8:7::/48'];
    const clientIp = createPeers({ trusted }).clientIp;
    const believed = (peer: string) => clientIp(peer, false, ['1.2.3.4'])?.text === '1.2.3.4';
    for (const block of blocks) {
      const [a, b, c] = block.split('.').map(Number);
      expect([`${a}.${b}.${c}.0`, `${a}.${b}.${c}.255`].map(believed)).toEqual([true, true]);
      expect([`${a}.${b}.${(c ?? 0) + 1}.0`, `${a}.${b}.${(c ?? 0) + 1}.255`].map(believed)).toEqual([false, false]);
    }
    expect(['2001:db8::', '2001:db8:ffff::1', '2001:db9::', '2001:db7:ffff::'].map(believed)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('X-Forwarded-For of a peer outside the trusted blocks is not believed', () => {
    expect(from(inside, '203.0.113.9', '1.2.3.4')).toBe('203.0.113.9');
  });

  test('the rightmost untrusted hop is the client: what it wrote itself stands left of it and is ignored', () => {
    expect(from(inside, '10.0.0.1', '203.0.113.9')).toBe('203.0.113.9');
    expect(from(inside, '10.0.0.1', '127.0.0.1, 10.9.9.9, 203.0.113.9, 10.0.0.2')).toBe('203.0.113.9');
    expect(from(inside, '10.0.0.1', 'garbage, 203.0.113.9')).toBe('203.0.113.9');
  });

  test('several X-Forwarded-For lines are one list in order of arrival', () => {
    expect(from(inside, '10.0.0.1', '8.8.8.8', '203.0.113.9, 10.0.0.3', '10.0.0.2')).toBe('203.0.113.9');
  });

  test('an IPv4-mapped peer is recognised as the trusted proxy that it is', () => {
    expect(from(inside, '::ffff:10.0.0.1', '203.0.113.9')).toBe('203.0.113.9');
    expect(from(inside, '10.0.0.1', '203.0.113.9, ::ffff:10.0.0.2')).toBe('203.0.113.9');
  });

  test('a chain of IPv6 proxies works like one of IPv4 proxies', () => {
    expect(from(inside, '2001:db8:aaaa::1', '2001:DB8:bbbb::9, 2001:db8:aaaa::2')).toBe('2001:db8:bbbb::9');
  });

  test.each([
    'unknown',
    '_hidden',
    '203.0.113.9, nonsense, 10.0.0.2',
    '203.0.113.9, nonsense,,',
    '203.0.113.09',
    '0x7f.1',
    'fe80::1%eth0',
    '203.0.113.9; 10.0.0.2',
    '"203.0.113.9"',
    '"[2001:db8::9]"',
    '[2001:db8::9',
    '2001:db8::9]',
    '[203.0.113.9]',
    '[]',
    '[2001:db8::9]:',
    '[2001:db8::9] :443',
    '[fe80::1%eth0]',
    'for=203.0.113.9',
    `203.0.113.9${' '.repeat(100)}`,
  ])('a hop in X-Forwarded-For that cannot be read makes the client unknown: %j', (line) => {
    expect(from(inside, '10.0.0.1', line)).toBeUndefined();
  });

  test.each([
    ['203.0.113.9,', '203.0.113.9'],
    [',203.0.113.9', '203.0.113.9'],
    ['203.0.113.9, ,\t,10.0.0.2,', '203.0.113.9'],
    [`198.51.100.7, 203.0.113.9${','.repeat(100)}`, '203.0.113.9'],
  ])('an empty element of X-Forwarded-For is no hop: %j', (line, expected) => {
    expect(from(inside, '10.0.0.1', line)).toBe(expected);
  });

  test.each(['', ' ', ',', '\t, ,'])('X-Forwarded-For without any element is as none: %j', (line) => {
    expect(from(inside, '10.0.0.1', line)).toBe('10.0.0.1');
    expect(from(inside, '203.0.113.9', line)).toBe('203.0.113.9');
    expect(fromUnix(['unix'], line)).toBe(fromUnix(['unix']));
  });

  test.each([
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:DB8::7], 10.0.0.2', '2001:db8::7'],
    ['[::ffff:203.0.113.9]', '203.0.113.9'],
  ])('brackets of an IPv6 address in X-Forwarded-For are dropped, also without a port: %j', (line, expected) => {
    expect(from(inside, '10.0.0.1', line)).toBe(expected);
  });

  test('when every hop is trusted the leftmost one is the client', () => {
    expect(from(inside, '10.0.0.1', '10.0.0.9, 10.0.0.8', '10.0.0.7')).toBe('10.0.0.9');
  });

  test('a trusted peer without X-Forwarded-For is the client itself', () => {
    expect(from(inside, '10.0.0.1')).toBe('10.0.0.1');
  });

  test.each([
    ['203.0.113.9:443', '203.0.113.9'],
    ['203.0.113.9:0', '203.0.113.9'],
    ['203.0.113.9:65535', '203.0.113.9'],
    ['[2001:db8::9]:443', '2001:db8::9'],
    ['[::ffff:203.0.113.9]:443', '203.0.113.9'],
    ['\t203.0.113.9 ', '203.0.113.9'],
    ['203.0.113.9:443, 10.0.0.2:8080', '203.0.113.9'],
  ])('a port that a proxy appends to an address is dropped: %j', (line, expected) => {
    expect(from(inside, '10.0.0.1', line)).toBe(expected);
  });

  test.each([
    '203.0.113.9:',
    '203.0.113.9:65536',
    '203.0.113.9:443:1',
    '203.0.113.9:+443',
    '203.0.113.9 :443',
    '[203.0.113.9]:443',
    '[2001:db8::9]:',
    '[2001:db8::9]:99999',
    '[fe80::1%eth0]:443',
    '[::1]:443]:1',
  ])('a port in any other form makes the client unknown: %j', (line) => {
    expect(from(inside, '10.0.0.1', line)).toBeUndefined();
  });

  test('a bare IPv6 address in X-Forwarded-For is never cut at its last group as if that were a port', () => {
    expect(from(inside, '10.0.0.1', '2001:db8::9:443')).toBe('2001:db8::9:443');
  });

  test('the client is unknown after 32 trusted hops in a row', () => {
    const hops = (count: number) => Array(count).fill('10.0.0.2').join(', ');
    expect(from(inside, '10.0.0.1', `203.0.113.9, ${hops(31)}`)).toBe('203.0.113.9');
    expect(from(inside, '10.0.0.1', hops(32))).toBe('10.0.0.2');
    expect(from(inside, '10.0.0.1', `203.0.113.9, ${hops(32)}`)).toBeUndefined();
    expect(from(inside, '10.0.0.1', hops(33))).toBeUndefined();
  });

  test('junk in front of the client in X-Forwarded-For does not make it unknown', () => {
    expect(from(inside, '10.0.0.1', `${'x,'.repeat(5000)}203.0.113.9`)).toBe('203.0.113.9');
  });

  test('nothing a client writes changes the address that the proxy saw', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 4 }),
        fc.constantFrom('203.0.113.9', '2001:db8::9'),
        (lines, seen) => {
          expect(from(inside, '10.0.0.1', ...lines, seen)).toBe(seen);
        },
      ),
    );
  });
});

describe('on a trusted unix socket', () => {
  test('on a trusted unix socket X-Forwarded-For names the client', () => {
    expect(fromUnix(['unix'], '203.0.113.9')).toBe('203.0.113.9');
    expect(fromUnix(['unix', ...inside], '8.8.8.8, 203.0.113.9, 10.0.0.2')).toBe('203.0.113.9');
  });

  test('on a trusted unix socket without X-Forwarded-For the client is unknown', () => {
    expect(fromUnix(['unix'])).toBeUndefined();
  });

  test('proxy.trusted=unix trusts nobody on TCP', () => {
    expect(from(['unix'], '127.0.0.1', '203.0.113.9')).toBe('127.0.0.1');
    expect(from(['unix'], undefined, '203.0.113.9')).toBeUndefined();
  });
});

describe('the setting', () => {
  test.each(['10.0.0.0/33', 'localhost', 'fe80::1%eth0', '', 'UNIX', '::ffff:10.0.0.0/8', '010.0.0.1'])(
    'an entry of proxy.trusted that is not valid is refused by name: %j',
    (entry) => {
      expect(() => createPeers({ trusted: ['10.0.0.0/8', entry] })).toThrow(`trusted proxy ${JSON.stringify(entry)}: `);
    },
  );

  test.each(['0.0.0.0/0', '::/0', '1.2.3.4/0', '::ffff:0:0/96'])(
    'an entry of proxy.trusted that trusts everybody is refused: %s',
    (entry) => {
      expect(() => createPeers({ trusted: [entry] })).toThrow('every client name its own address');
    },
  );
});

describe('the keys under which connections are counted', () => {
  const keys = (peer: string | undefined, trusted = inside) => createPeers({ trusted }).connectionKeys(peer);

  test('connections are counted by the address of the peer, whatever interface a link-local one came over', () => {
    expect(keys('203.0.113.9')).toEqual({ narrow: '203.0.113.9', wide: undefined });
    expect(keys('fe80::1%eth0')).toEqual(keys('fe80::1'));
    expect(keys('fe80::1')).not.toBeUndefined();
  });

  test('connections of a trusted proxy, or of a peer without an address, are counted for no address', () => {
    expect(keys('10.1.2.3')).toBeUndefined();
    expect(keys('10.1.2.3', [])).not.toBeUndefined();
    expect(keys(undefined)).toBeUndefined();
  });
});
