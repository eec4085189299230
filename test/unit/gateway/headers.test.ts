import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFelt } from '../../../src/domain/felt.ts';
import { type CredentialKind, permissionsOf } from '../../../src/domain/kinds.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import { isAddable, passedHeaders, usualHeaders } from '../../../src/domain/request-headers.ts';
import { unixSeconds } from '../../../src/domain/time.ts';
import { type OutgoingContext, outgoingHeaders, responseHeaders } from '../../../src/gateway/headers.ts';

const account = parseFelt('0x1234');
if (account === undefined) throw new Error('not a felt');

const principal: Principal = {
  credential: { account, kind: 'token', id: 'tok_1' },
  permissions: new Set(['keys:read', 'account:read']),
  label: 'lookup-1',
  kid: 'kid-1',
  session: 's',
  expiresAt: unixSeconds(2),
  authTime: unixSeconds(1),
  isolated: true,
  tokenUsage: undefined,
};

const anonymous: OutgoingContext = {
  principal: undefined,
  clientIp: '198.51.100.7',
  requestId: 'r-1',
  protocol: 'https',
  upstreamSecret: 'hush',
  passed: 'every other',
};
const usual = { ...anonymous, passed: passedHeaders([]) };

function sent(raw: string[], context: OutgoingContext = anonymous): [string, string][] {
  const list = outgoingHeaders(raw, context);
  if (!list.ok) throw new Error(list.problem);
  return pairs(list.headers);
}

const pairs = (flat: string[]): [string, string][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);

const valuesOf = (list: [string, string][], name: string): string[] =>
  list.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

const nothingOfTheClient = sent([]);

const forbidden = [
  'Connection',
  'Keep-Alive',
  'Proxy-Authorization',
  'Proxy-Connection',
  'Proxy-Anything',
  'TE',
  'Trailer',
  'Upgrade',
  'HTTP2-Settings',
  'Expect',
  'Host',
  'Content-Length',
  'Authorization',
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Original-URL',
  'X-Original-Method',
  'X-Original-Host',
  'X-Rewrite-URL',
  'X-Override-URL',
  'Forwarded',
  'X-Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Anything',
  'X-Real-IP',
  'X-Client-IP',
  'Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'X-Cluster-Client-IP',
  'Fastly-Client-IP',
  'X-Envoy-Original-Path',
  'Countersign-Account',
  'Countersign-Upstream-Secret',
  'Countersign-Anything-Later',
  'Countersignature',
  'PARADEX-STARKNET-SIGNATURE',
  'PARADEX-EVM-SIGNATURE',
  'PARADEX-SIWE-MESSAGE',
];

describe('what a client writes', () => {
  test.each(forbidden)('the header %s of a client never passes, in any case or spelling with underscores', (name) => {
    const spellings = [
      name,
      name.toLowerCase(),
      name.toUpperCase(),
      name.replaceAll('-', '_'),
      name.toUpperCase().replaceAll('-', '_'),
      name.replace('-', '_'),
      name.replaceAll('-', '.'),
    ];
    for (const spelling of spellings) {
      for (const context of [anonymous, usual]) expect(sent([spelling, 'evil'], context)).toEqual(nothingOfTheClient);
    }
  });

  test('Transfer-Encoding of a client never passes', () => {
    expect(sent(['Transfer-Encoding', 'chunked'])).toEqual(nothingOfTheClient);
    expect(sent(['TRANSFER_ENCODING', 'chunked'])).toEqual(nothingOfTheClient);
  });

  test('a request whose transfer coding would be lost on the way is refused', () => {
    expect(outgoingHeaders(['Transfer-Encoding', 'gzip, chunked'], anonymous).ok).toBe(false);
    expect(outgoingHeaders(['Transfer-Encoding', 'gzip'], anonymous).ok).toBe(false);
    expect(outgoingHeaders(['Transfer-Encoding', ' Chunked '], anonymous).ok).toBe(true);
  });

  test("every header that a client's Connection lists stays on this hop, wherever and however often it is listed", () => {
    const raw = [
      'X-Foo',
      '1',
      'Connection',
      'close, X-FOO',
      'x_bar',
      '2',
      'connection',
      ' ,x-Bar;,X-Bar ,',
      'X-Kept',
      '3',
    ];
    expect(sent(raw)).toEqual([['X-Kept', '3'], ...nothingOfTheClient]);
  });

  test('Connection of a client cannot take away what we say', () => {
    const names = nothingOfTheClient.map(([name]) => name).join(', ');
    expect(sent(['Connection', names])).toEqual(nothingOfTheClient);
  });

  test.each([
    ...['Remote-User', 'X-Remote-User', 'X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-Request-Groups'],
    ...['X-MS-Client-Principal', 'X-MS-Client-Principal-Id', 'X-MS-Token-AAD-Id-Token', 'X-SSL-Client-Cert'],
    ...['X-SSL-Client-Verify', 'SSL-Client-Cert', 'X-Client-Cert', 'Client-Cert', 'X-ARR-ClientCert'],
    ...['X-Countersign-Account', 'X-Countersign-Upstream-Secret', 'X-Goog-Authenticated-User-Email', 'X-User-Id'],
    ...['X-Amzn-Oidc-Data', 'X-Amzn-Oidc-Identity', 'Cf-Access-Jwt-Assertion', 'Cf-Access-Authenticated-User-Email'],
    ...[
      'Tailscale-User-Login',
      'X-Authentik-Username',
      'X-WEBAUTH-USER',
      'X-Pomerium-Jwt-Assertion',
      'X-Consumer-Username',
    ],
    ...[
      'X-Authenticated-Userid',
      'X-User',
      'X-Account',
      'Account',
      'X-API-Key',
      'X-Auth-Token',
      'X-Access-Token',
      'From',
    ],
    ...[
      'PARADEX-ACCOUNT',
      'PARADEX-JWT',
      'Accept-Account',
      'Sec-Account',
      'Via',
      'CDN-Loop',
      'Baggage',
      'X-Nobody-Knows',
    ],
  ])('%s, a header that nobody asked for, does not pass in any spelling', (name) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_')]) {
      expect(sent([spelling, 'evil'], usual)).toEqual(nothingOfTheClient);
      expect(sent([spelling, 'evil'], { ...usual, signatureHeaders: 'forward' })).toEqual(nothingOfTheClient);
    }
  });

  test('the headers that clients of the Paradex API, their libraries and browsers send pass', () => {
    const raw = [
      ...[
        'Accept',
        '*/*',
        'Accept-Encoding',
        'gzip, deflate, br',
        'Accept-Language',
        'en',
        'User-Agent',
        'python-httpx',
      ],
      ...['Content-Type', 'application/json', 'Content-Encoding', 'gzip', 'PARADEX-PARTNER', 'CCXT', 'Cookie', 'a=1'],
      ...['Origin', 'https://app.example', 'Referer', 'https://app.example/', 'Sec-Fetch-Mode', 'cors', 'DNT', '1'],
      ...['sec-ch-ua', '"Chromium"', 'sec-ch-ua-mobile', '?0', 'sec-ch-ua-platform', '"Linux"', 'Priority', 'u=1, i'],
      ...['Cache-Control', 'no-cache', 'Pragma', 'no-cache', 'If-None-Match', '"x"', 'Range', 'bytes=0-1'],
      ...['PARADEX-STARKNET-ACCOUNT', '0x7', 'PARADEX-TIMESTAMP', '1', 'traceparent', '00-0-0-00', 'X-Request-Id', 'r'],
    ];
    expect(sent(raw, usual)).toEqual([...pairs(raw), ...nothingOfTheClient]);
  });

  test('headers that the operator adds pass in any spelling, and no others with them', () => {
    const context = { ...anonymous, passed: passedHeaders(['X-Acme-Key', 'baggage']) };
    const raw = ['x-acme-key', '1', 'X_Acme_Key', '2', 'Baggage', '3', 'Accept', '4'];
    expect(sent(raw, context)).toEqual([...pairs(raw), ...nothingOfTheClient]);
    expect(sent(['X-Acme', '1', 'X-Acme-Key-2', '2', 'Remote-User', '3'], context)).toEqual(nothingOfTheClient);
  });

  test('nobody can add a header that must never pass', () => {
    for (const name of [
      ...forbidden,
      ...forbidden.map((one) => one.replaceAll('-', '_')),
      '',
      '*',
      '-',
      'a b',
      'a:b',
    ]) {
      expect(isAddable(name), name).toBe(false);
    }
    for (const name of [
      'X-Acme-Key',
      'Remote-User',
      'baggage',
      ...usualHeaders.filter((one) => !/signature$|siwe/.test(one)),
    ]) {
      expect(isAddable(name), name).toBe(true);
    }
  });

  test('the headers that pass stand in docs/route-table.md, name by name', () => {
    const page = readFileSync(new URL('../../../docs/route-table.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('## What the venue gets of the headers');
    const [block = ''] = section.split('## ');
    const named = [...block.matchAll(/`([a-z][a-z0-9-]+)`/g)].map(([, name]) => name);
    expect(named.toSorted()).toEqual(usualHeaders.toSorted());
  });

  test('with every other header to pass, ordinary ones do as they came: order, case, duplicates, empty values and high bytes', () => {
    const raw = [
      'Accept',
      'a',
      'aCCept',
      'b',
      'Content-Type',
      'application/json',
      'X-Empty',
      '',
      'X-Latin',
      '\xe9\xff',
      'PARADEX-PARTNER',
      'CCXT',
      'X_Own',
      '1',
    ];
    expect(sent(raw)).toEqual([...pairs(raw), ...nothingOfTheClient]);
  });

  test.each([
    ['line feed', 'X-A', 'a\nCountersign-Account: 0x1'],
    ['carriage return', 'X-A', 'a\rb'],
    ['NUL', 'X-A', 'a\0b'],
    ['delete', 'X-A', 'a\x7fb'],
    ['a character above latin1', 'X-A', 'a\u010ab'],
    ['a space in the name', 'X A', 'a'],
    ['an empty name', '', 'a'],
    ['a colon in the name', 'X:A', 'a'],
    ['a high byte in the name', 'X\xe9', 'a'],
    ['a control character in a header that is dropped', 'Countersign-Account', 'a\nb'],
  ])('a request header with %s is refused', (_what, name, value) => {
    expect(outgoingHeaders([name, value], anonymous).ok).toBe(false);
  });

  test.each([
    ['countersign=1', undefined],
    ['Countersign-Session=1; __Host-countersign=2; __Secure-countersign_x=3; __host-COUNTERSIGN=4', undefined],
    ['a=1; countersign=2; b=3', 'a=1; b=3'],
    ['a=1;countersign=2;b=3', 'a=1; b=3'],
    ['a=1;b="x" ; c', 'a=1;b="x" ; c'],
    ['my-countersign=1', 'my-countersign=1'],
    ['a=countersign=1', 'a=countersign=1'],
    [' countersign =1', undefined],
    ['countersign', undefined],
  ])('of the cookies %j, %j passes', (value, passed) => {
    expect(valuesOf(sent(['Cookie', value]), 'cookie')).toEqual(passed === undefined ? [] : [passed]);
  });

  test('every Cookie header of a client is looked at', () => {
    expect(valuesOf(sent(['Cookie', 'a=1', 'cookie', 'countersign=2; b=3']), 'cookie')).toEqual(['a=1', 'b=3']);
  });

  test('whatever the client writes, each of our headers is there once, with our value, and the list is one undici accepts', () => {
    const name = fc.oneof(
      fc.constantFrom(...forbidden, 'Accept', 'Cookie', 'Content-Type'),
      fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/),
    );
    const value = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (client) => {
        const list = outgoingHeaders(client.flat(), { ...anonymous, principal });
        if (!list.ok) return;
        const result = pairs(list.headers);
        for (const [ours, said] of sent([], { ...anonymous, principal }))
          expect(valuesOf(result, ours)).toEqual([said]);
        for (const [n, v] of result) {
          expect(n).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
          expect(v).not.toMatch(/[^\t\x20-\x7e\x80-\xff]/);
          expect([
            'connection',
            'keep-alive',
            'upgrade',
            'expect',
            'transfer-encoding',
            'host',
            'content-length',
          ]).not.toContain(n.toLowerCase());
        }
      }),
    );
  });
});

describe('what we say', () => {
  test('the venue gets all identity headers, empty for a request without a credential', () => {
    expect(nothingOfTheClient).toEqual([
      ['Countersign-Account', ''],
      ['Countersign-Credential', ''],
      ['Countersign-Credential-Kind', ''],
      ['Countersign-Permissions', ''],
      ['Countersign-Client-Ip', '198.51.100.7'],
      ['Countersign-Request-Id', 'r-1'],
      ['Countersign-Isolated-Markets', ''],
      ['X-Forwarded-For', '198.51.100.7'],
      ['X-Real-IP', '198.51.100.7'],
      ['X-Forwarded-Proto', 'https'],
      ['Countersign-Upstream-Secret', 'hush'],
    ]);
  });

  test("the venue is told a principal's account, label, kind, sorted permissions and isolated flag", () => {
    const named = sent([], { ...anonymous, principal }).slice(0, 7);
    expect(named).toEqual([
      ['Countersign-Account', '0x1234'],
      ['Countersign-Credential', 'lookup-1'],
      ['Countersign-Credential-Kind', 'token'],
      ['Countersign-Permissions', 'account:read keys:read'],
      ['Countersign-Client-Ip', '198.51.100.7'],
      ['Countersign-Request-Id', 'r-1'],
      ['Countersign-Isolated-Markets', 'true'],
    ]);
    expect(
      valuesOf(
        sent([], { ...anonymous, principal: { ...principal, isolated: false } }),
        'countersign-isolated-markets',
      ),
    ).toEqual(['false']);
  });

  test('the venue is not told the permissions that open routes of our extension alone', () => {
    const told = (kind: CredentialKind) => {
      const permissions = permissionsOf(kind, { tokensMayReadKeys: false });
      return valuesOf(sent([], { ...anonymous, principal: { ...principal, permissions } }), 'countersign-permissions');
    };
    expect(told('main')).toEqual(['account:manage account:read funds:transfer keys:manage keys:read trade']);
    expect(told('subkey')).toEqual(['account:read keys:read trade']);
    expect(told('token')).toEqual(['account:read']);
  });

  test('the venue gets no secret where there is none, and no forwarded address where there is no client address', () => {
    const names = sent([], { ...anonymous, upstreamSecret: undefined, clientIp: '' }).map(([name]) => name);
    expect(names).not.toContain('Countersign-Upstream-Secret');
    expect(names).not.toContain('X-Forwarded-For');
    expect(names).not.toContain('X-Real-IP');
    expect(names).toContain('Countersign-Client-Ip');
  });

  test('a value of ours with a control character is refused, never sent to the venue', () => {
    expect(outgoingHeaders([], { ...anonymous, principal: { ...principal, label: 'a\r\nb' } }).ok).toBe(false);
  });
});

describe('what the venue answers', () => {
  const made = (raw: string[], ours: Record<string, string> = {}, status = 200, sandboxed = false) => {
    const list = responseHeaders(raw, status, ours, sandboxed);
    if (!list.ok) throw new Error(list.problem);
    return pairs(list.headers);
  };
  /** Without the type that an answer gets which has none. */
  const passed = (raw: string[], ours: Record<string, string> = {}, status = 200) =>
    made(raw, ours, status).filter(([, value]) => value !== 'application/octet-stream');

  test("headers of the venue's answer pass untouched and in order, duplicates too", () => {
    const raw = [
      'Content-Type',
      'text/html',
      'Set-Cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'Content-Encoding',
      'gzip',
      'Content-Length',
      '5',
      'X-Raw',
      '\xe9',
      'Date',
      'x',
    ];
    expect(passed(raw)).toEqual(pairs(raw));
  });

  test.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'HTTP2-Settings',
  ])("%s in the venue's answer stays on its hop", (name) => {
    expect(passed([name, 'x', 'A', '1'])).toEqual([['A', '1']]);
    expect(passed([name.toLowerCase(), 'x'])).toEqual([]);
  });

  test("headers that Connection lists in the venue's answer stay on its hop", () => {
    expect(passed(['X-Hop', '1', 'Connection', 'close, x-hop', 'X-End', '2'])).toEqual([['X-End', '2']]);
  });

  test.each(['Countersign-Upstream-Secret', 'countersign-revocation', 'COUNTERSIGN_ACCOUNT'])(
    'the venue cannot say %s in our name',
    (name) => {
      expect(passed([name, 'x'])).toEqual([]);
    },
  );

  test('the venue cannot set a cookie of ours, and can set its own', () => {
    expect(
      passed([
        'Set-Cookie',
        '__Host-countersign=x; Path=/',
        'Set-Cookie',
        'Countersign=x',
        'Set-Cookie',
        'a=countersign',
      ]),
    ).toEqual([['Set-Cookie', 'a=countersign']]);
  });

  test("our headers replace those of the same name in the venue's answer", () => {
    expect(passed(['x-request-id', 'theirs', 'A', '1'], { 'X-Request-Id': 'ours' })).toEqual([
      ['A', '1'],
      ['X-Request-Id', 'ours'],
    ]);
  });

  test("a length in the venue's answer beside a transfer coding, or on a 204, is not believed", () => {
    expect(passed(['Content-Length', '5', 'Transfer-Encoding', 'chunked'])).toEqual([]);
    expect(passed(['Content-Length', '5'], {}, 204)).toEqual([]);
    expect(passed(['Content-Length', '5'], {}, 304)).toEqual([['Content-Length', '5']]);
  });

  test.each([
    ['A B', 'x'],
    ['A', 'x\ny'],
    ['A', 'x\0'],
  ])("a malformed header (%j: %j) makes the venue's answer unusable", (name, value) => {
    expect(responseHeaders([name, value], 200, {}, false).ok).toBe(false);
  });

  test.each([
    'Clear-Site-Data',
    'Service-Worker-Allowed',
    'Strict-Transport-Security',
    'Alt-Svc',
    'NEL',
    'Report-To',
    'Reporting-Endpoints',
    'Accept-CH',
    'Critical-CH',
    'Set-Login',
    'Sec-Session-Registration',
    'Secure-Session-Registration',
    'Use-As-Dictionary',
  ])('the venue cannot set state for our whole origin by %s, whatever the status and the letter case', (name) => {
    for (const [spelled, status] of [
      [name, 200],
      [name.toLowerCase(), 301],
      [name.toUpperCase(), 500],
    ] as const) {
      expect(passed([spelled, 'x', 'A', '1', spelled, 'y'], {}, status)).toEqual([['A', '1']]);
    }
  });

  test.each([
    'Basic',
    'basic realm="countersign"',
    'Digest realm="a", nonce="b"',
    'Negotiate',
    'NTLM TlRMTVNTUAACAAAA',
    'Bearer realm="a", Basic realm="b"',
    'Bearer,\tbAsIc realm="b"',
    ' , Basic realm="b"',
  ])('the venue cannot have a browser ask for a password on the origin of the console by %j', (challenge) => {
    const raw = ['www-authenticate', challenge, 'A', '1', 'WWW-Authenticate', challenge];
    const rest = ['Content-Type', 'a/b'];
    expect(made([...raw, ...rest], {}, 401, true).map(([name]) => name)).toEqual([
      'A',
      'Content-Type',
      'Content-Security-Policy',
    ]);
    expect(passed([...raw, ...rest], {}, 401)).toEqual([
      ['www-authenticate', challenge],
      ['A', '1'],
      ['WWW-Authenticate', challenge],
      ['Content-Type', 'a/b'],
    ]);
  });

  test('a challenge that programs answer passes, also on the origin of the console', () => {
    for (const challenge of [
      'Bearer',
      'Bearer realm="basic", error="invalid_token"',
      'DPoP algs="ES256"',
      'Signature realm="x"',
    ])
      expect(made(['WWW-Authenticate', challenge, 'Content-Type', 'a/b'], {}, 401, true)).toContainEqual([
        'WWW-Authenticate',
        challenge,
      ]);
  });

  test("an answer of the venue on the origin of the console is sandboxed beside the venue's own policy, so that both apply", () => {
    const ours = ['Content-Security-Policy', "sandbox; default-src 'none'"];
    for (const status of [200, 204, 206, 301, 304, 404, 500])
      expect(made(['Content-Type', 'text/html'], {}, status, true)).toContainEqual(ours);
    const policies = made(
      [
        'content-security-policy',
        "sandbox allow-scripts allow-same-origin; script-src 'unsafe-inline'",
        'Content-Type',
        'a/b',
      ],
      {},
      200,
      true,
    ).filter(([name]) => name.toLowerCase() === 'content-security-policy');
    expect(policies).toEqual([
      ['content-security-policy', "sandbox allow-scripts allow-same-origin; script-src 'unsafe-inline'"],
      ours,
    ]);
    expect(made(['Content-Type', 'text/html'], {}, 200, false)).toEqual([['Content-Type', 'text/html']]);
  });

  test('an answer that says no type gets one that no browser shows as a page, unless it has no body', () => {
    const untyped = [['Content-Type', 'application/octet-stream']];
    expect(made([])).toEqual(untyped);
    expect(made(['Content-Type', ' '], {}, 404)).toEqual(untyped);
    for (const status of [204, 205, 304]) expect(made([], {}, status)).toEqual([]);
    expect(made(['content-type', 'text/html'])).toEqual([['content-type', 'text/html']]);
  });
});
