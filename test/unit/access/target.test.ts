import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTarget } from '../../../src/access/target.ts';
import { anyCharacter } from '../../support/any-character.ts';

const reasonOf = (raw: string) => {
  const target = parseTarget(raw);
  return target.kind === 'malformed' ? target.malformed : 'accepted';
};

describe('a target with one reading is kept byte for byte', () => {
  test.each([
    ['/', [], ''],
    ['/v1/orders', ['v1', 'orders'], ''],
    ['/v1/orders?market=BTC-USD-PERP&page_size=10', ['v1', 'orders'], '?market=BTC-USD-PERP&page_size=10'],
    ['/v1/bbo/BTC-USD-1DEC26-100000-C', ['v1', 'bbo', 'BTC-USD-1DEC26-100000-C'], ''],
    ['/v1/orders/by_client_id/a.b~c_d:e@f,g', ['v1', 'orders', 'by_client_id', 'a.b~c_d:e@f,g'], ''],
    ["/v1/orders/by_client_id/a!$&'()*+,=b", ['v1', 'orders', 'by_client_id', "a!$&'()*+,=b"], ''],
    ['/v1/orders/by_client_id/grid+1', ['v1', 'orders', 'by_client_id', 'grid+1'], ''],
    ['/v1/orders/by_client_id/grid%2B1', ['v1', 'orders', 'by_client_id', 'grid%2B1'], ''],
    ['/v1/orders/by_client_id/grid%2b1?a', ['v1', 'orders', 'by_client_id', 'grid%2b1'], '?a'],
    ['/v1/orders/by_client_id/abc%3D', ['v1', 'orders', 'by_client_id', 'abc%3D'], ''],
    ['/x/a%20b%22%3C%3E%5B%5D%5E%60%7B%7C%7D%3F%23', ['x', 'a%20b%22%3C%3E%5B%5D%5E%60%7B%7C%7D%3F%23'], ''],
    ['/x/%C3%A9%E2%82%AC%F0%9F%99%82', ['x', '%C3%A9%E2%82%AC%F0%9F%99%82'], ''],
    ['/.well-known/x', ['.well-known', 'x'], ''],
    ['/v1/a..b/..c/d..', ['v1', 'a..b', '..c', 'd..'], ''],
    ['/v1/orders?', ['v1', 'orders'], '?'],
    ['/v1/orders??a=/../%2e%2E/;b//c', ['v1', 'orders'], '??a=/../%2e%2E/;b//c'],
    ["/v1/x?a-._~!$&'()*+,;=:@/?b", ['v1', 'x'], "?a-._~!$&'()*+,;=:@/?b"],
    ['/v1/x?ids[]=1|2', ['v1', 'x'], '?ids[]=1|2'],
    ['/v1/x?n=%00%0d%0a', ['v1', 'x'], '?n=%00%0d%0a'],
  ])('the target %s has one reading and is kept byte for byte', (raw, segments, query) => {
    const path = `/${segments.join('/')}`;
    expect(parseTarget(raw)).toEqual({ kind: 'target', path, segments, query, canonical: raw });
  });
});

test.each([
  ['/v1/auth/', '/v1/auth', ''],
  ['/v1/orders/?market=ETH-USD-PERP', '/v1/orders', '?market=ETH-USD-PERP'],
  ['/v1/orders/?', '/v1/orders', '?'],
  ['/v1/orders?path=a/', '/v1/orders', '?path=a/'],
])('exactly one trailing slash of the path is removed, also from what is forwarded: %s', (raw, path, query) => {
  expect(parseTarget(raw)).toMatchObject({ kind: 'target', path, query, canonical: path + query });
});

const notOrigin = 'the request target must begin with "/"';
const encoded = 'the path percent-encodes what may not be encoded there';
const alphabet = 'the path contains a character that may not stand there';
const blanks = 'the path must not contain a segment of blanks and dots';
const pathTriplet = 'the path contains a "%" that two hex digits do not follow';
const empty = 'the path must not contain an empty segment';
const dots = 'the path must not contain a segment of dots';
const queryAlphabet = 'the query contains a character that must be percent-encoded';
const triplet = 'the query contains a "%" that two hex digits do not follow';

describe('a target with two readings is refused', () => {
  test.each([
    ['an empty target', '', notOrigin],
    ['the asterisk form', '*', notOrigin],
    ['the authority form', 'venue.example:443', notOrigin],
    ['the absolute form', 'http://venue.example/v1/orders', notOrigin],
    ['a relative path', 'v1/orders', notOrigin],
    ['a query alone', '?market=x', notOrigin],
    ['a leading space', ' /v1/orders', notOrigin],
    ['a leading backslash', '\\v1\\orders', notOrigin],
    ['an encoded unreserved character', '/v1/%6Frders', encoded],
    ['an encoded slash', '/v1/orders%2Fbatch', encoded],
    ['an encoded slash in lower case', '/v1/orders%2fbatch', encoded],
    ['a doubly encoded slash', '/v1/orders%252fbatch', encoded],
    ['an encoded backslash', '/v1/orders%5cbatch', encoded],
    ['an encoded dot segment', '/v1/%2e%2e/orders', encoded],
    ['half an encoded dot segment', '/v1/.%2e/orders', encoded],
    ['an encoded NUL', '/v1/orders%00', encoded],
    ['an encoded backslash in upper case', '/v1/orders%5Cbatch', encoded],
    ['an encoded path parameter', '/v1/orders%3Ba=b', encoded],
    ['an encoded percent sign', '/v1/orders%25', encoded],
    ['an encoded letter behind another', '/v1/%2B%61', encoded],
    ['an encoded dot at the end', '/v1/%C3%A9%2E', encoded],
    ['an encoded tilde', '/v1/%7eorders', encoded],
    ['an encoded DEL', '/v1/orders%7F', encoded],
    ['an encoded control of Latin-1', '/v1/orders%C2%85', encoded],
    ['half a character', '/v1/orders%C3', encoded],
    ['half a character before a letter', '/v1/orders%C3a%A9', encoded],
    ['a lone byte of Latin-1', '/v1/orders%E9', encoded],
    ['an encoded surrogate', '/v1/orders%ED%A0%80', encoded],
    ['an overlong dot', '/v1/%C0%AE%C0%AE/orders', encoded],
    ['a character beyond Unicode', '/v1/%F4%90%80%80', encoded],
    ['an encoded line break', '/v1/orders%0d%0aHost:x', encoded],
    ['an overlong UTF-8 slash', '/v1/orders%c0%afbatch', encoded],
    ['the old %u form', '/v1/orders%u002fbatch', pathTriplet],
    ['a lone percent sign', '/v1/orders%', pathTriplet],
    ['half a triplet', '/v1/orders%2', pathTriplet],
    ['dots and an encoded blank', '/v1/..%20/orders', blanks],
    ['dots and a plus sign', '/v1/..+/orders', blanks],
    ['encoded look-alikes of dots', '/v1/%EF%BC%8E%EF%BC%8E/orders', blanks],
    ['an ellipsis', '/v1/%E2%80%A6/orders', blanks],
    ['an encoded blank alone', '/v1/orders/%20', blanks],
    ['a no-break space alone', '/v1/orders/%C2%A0', blanks],
    ['a plus sign alone', '/v1/orders/+', blanks],
    ['a path parameter', '/v1/orders;a=b', alphabet],
    ['a path parameter on a dot segment', '/v1/..;/orders', alphabet],
    ['a backslash', '/v1\\orders', alphabet],
    ['a backslash dot segment', '/v1/..\\orders', alphabet],
    ['a NUL', '/v1/orders\0', alphabet],
    ['a tab', '/v1/or\tders', alphabet],
    ['a line break', '/v1/orders\r\nHost: x', alphabet],
    ['a final line break', '/v1/orders\n', alphabet],
    ['a space', '/v1/orders batch', alphabet],
    ['DEL', '/v1/orders\x7f', alphabet],
    ['a latin-1 byte', '/v1/ord\xe9rs', alphabet],
    ['a fullwidth slash', '/v1\uff0forders', alphabet],
    ['a fullwidth dot segment', '/v1/\uff0e\uff0e/orders', alphabet],
    ['the Kelvin sign', '/v1/\u212aeys', alphabet],
    ['a lone surrogate', '/v1/\ud800', alphabet],
    ['braces', '/v1/orders/{order_id}', alphabet],
    ['a fragment in the path', '/v1/orders#/x', alphabet],
    ['a double slash at the start', '//v1/orders', empty],
    ['a host in disguise', '//venue.example/v1/orders', empty],
    ['a double slash inside', '/v1//orders', empty],
    ['two trailing slashes', '/v1/auth//', empty],
    ['nothing but two slashes', '//', empty],
    ['two trailing slashes before a query', '/v1/auth//?a=b', empty],
    ['a dot segment', '/v1/./orders', dots],
    ['a final dot segment', '/v1/orders/.', dots],
    ['a parent segment', '/v1/markets/../orders', dots],
    ['a final parent segment', '/v1/orders/..', dots],
    ['a final parent segment with a slash', '/v1/orders/../', dots],
    ['a parent segment before a query', '/v1/orders/..?a', dots],
    ['a leading parent segment', '/../v1/orders', dots],
    ['three dots', '/v1/.../orders', dots],
    ['a fragment in the query', '/v1/orders?a=b#c', queryAlphabet],
    ['a space in the query', '/v1/orders?a=b c', queryAlphabet],
    ['a line break in the query', '/v1/orders?a=b\r\nHost: x', queryAlphabet],
    ['a final line break in the query', '/v1/orders?a=b\n', queryAlphabet],
    ['a NUL in the query', '/v1/orders?a=\0', queryAlphabet],
    ['a quote in the query', '/v1/orders?a="b"', queryAlphabet],
    ['angle brackets in the query', '/v1/orders?a=<b>', queryAlphabet],
    ['a backslash in the query', '/v1/orders?a=\\', queryAlphabet],
    ['a latin-1 byte in the query', '/v1/orders?a=\xe9', queryAlphabet],
    ['a character beyond ASCII in the query', '/v1/orders?a=\u20ac', queryAlphabet],
    ['a lone percent sign in the query', '/v1/orders?a=100%', triplet],
    ['half a triplet in the query', '/v1/orders?a=%4', triplet],
    ['a triplet that is not hex', '/v1/orders?a=%zz', triplet],
    ['the old %u form in the query', '/v1/orders?a=%u0041', triplet],
  ])('a target with %s is refused', (_name, raw, reason) => {
    expect(reasonOf(raw)).toBe(reason);
  });

  test('an ASCII character in a segment of a target is accepted exactly when it is on the list', () => {
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
    const accepted = all.filter((char) => reasonOf(`/v1/a${char}b`) === 'accepted').join('');
    // The slash splits the segment in two, the question mark begins a query: both are accepted as what they are.
    expect(accepted).toBe("!$&'()*+,-./0123456789:=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
  });

  test('a character in the query of a target is accepted exactly when it is on the list', () => {
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
    const accepted = all.filter((char) => reasonOf(`/v1/x?a${char}z`) === 'accepted').join('');
    expect(accepted).toBe("!$&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz|~");
  });
});

// Strings near the border: mostly what a path is made of, with the characters of the tricks thrown in.
const nearTarget = fc
  .array(
    fc.constantFrom(
      '/',
      '/',
      '/v1',
      'orders',
      'a',
      'Z',
      '9',
      '.',
      '..',
      '-',
      '~',
      ':',
      '@',
      ',',
      '?',
      '=',
      '%',
      '%2e',
      '%2B',
      '%C3%A9',
      '%20',
      '+',
      ';',
      '\\',
      '#',
      '\0',
      'é',
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`);
const anyTarget = fc.oneof(fc.string({ unit: anyCharacter }), fc.string(), nearTarget);

test('any string as a target gets an answer, never an exception, and the refusal repeats nothing of it', () => {
  const reasons = [notOrigin, encoded, pathTriplet, blanks, alphabet, empty, dots, queryAlphabet, triplet, 'accepted'];
  fc.assert(
    fc.property(anyTarget, (raw) => {
      expect(reasons).toContain(reasonOf(raw));
    }),
  );
});

test('an accepted target is forwarded as it came but for one slash, and reads the same when read again', () => {
  let accepted = 0;
  fc.assert(
    fc.property(nearTarget, (raw) => {
      const target = parseTarget(raw);
      if (target.kind === 'malformed') return;
      accepted += 1;
      expect(parseTarget(target.canonical)).toEqual(target);
      expect(target.canonical).toBe(target.path + target.query);
      expect(`/${target.segments.join('/')}`).toBe(target.path);
      expect(target.segments.every((segment) => segment !== '' && !/^\.+$/.test(segment))).toBe(true);
      expect(target.path).toMatch(/^\/(?:[A-Za-z0-9\-._~:@,!$&'()*+=/]|%[0-9A-Fa-f]{2})*$/);
      expect([target.canonical, target.path.concat('/', target.query)]).toContain(raw);
    }),
    { numRuns: 2000 },
  );
  expect(accepted).toBeGreaterThan(50);
});

test('an accepted target means the same path to the URL parser of browsers and Node', () => {
  fc.assert(
    fc.property(nearTarget, (raw) => {
      const target = parseTarget(raw);
      if (target.kind === 'malformed') return;
      expect(new URL(target.canonical, 'http://venue.example').pathname).toBe(target.path);
    }),
    { numRuns: 2000 },
  );
});
