// What a venue is told about a caller comes from us alone. Over raw sockets, through the whole service: our header names in every
// spelling that some server reads as ours, repeated, named by Connection, as trailers, and what else speaks for somebody.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Service, startService, unsignedOrders } from '../support/harness.ts';
import { exchange } from '../support/raw-http.ts';
import { mainSession, onboard, starkTrader } from '../support/trader.ts';

const OURS = [
  'Countersign-Account',
  'Countersign-Credential',
  'Countersign-Credential-Kind',
  'Countersign-Permissions',
  'Countersign-Client-Ip',
  'Countersign-Request-Id',
  'Countersign-Isolated-Markets',
  'Countersign-Upstream-Secret',
];
const SPOKEN = ['X-Forwarded-For', 'X-Real-IP', 'X-Forwarded-Proto'];
/** What nobody sets but a client who wants to be somebody else, or to be somewhere else. */
const OTHERS = [
  'Countersign-Anything',
  'Countersign',
  'Forwarded',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'X-HTTP-Method-Override',
  'X-Method-Override',
  'X-Original-URL',
  'X-Rewrite-URL',
  'Proxy-Authorization',
  'Remote-User',
  'X-Auth-Request-User',
  'X-MS-Client-Principal',
  'X-SSL-Client-Cert',
  'X-Countersign-Account',
  'X-Nobody-Has-Heard-Of',
];
const FORGED = 'forged';
/** Every sign that a name may hold and that is no letter or digit (RFC 9110 section 5.6.2). */
const SIGNS = [..."!#$%&'*+-.^_`|~"];

const spellings = (name: string): string[] => [
  name,
  name.toLowerCase(),
  name.toUpperCase(),
  ...SIGNS.map((sign) => name.replaceAll('-', sign)),
  name.replace('-', '_'),
  // Every name of that beginning is ours, used or not.
  ...(name.startsWith('Countersign') ? [`${name}-`, `${name}_Extra`] : []),
];

interface Seen {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly trailers: readonly string[];
  readonly method: string;
  readonly target: string;
}

const seen: Seen[] = [];
const venue = createServer((request, response) => {
  request.resume().on('end', () => {
    const { rawHeaders: raw, rawTrailers: trailers, method = '', url: target = '' } = request;
    const headers = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
    seen.push({ headers, trailers, method, target });
    response.end('ok');
  });
});

let service: Service;
let account: string;
let session: string;
beforeAll(async () => {
  venue.listen(0, '127.0.0.1');
  await once(venue, 'listening');
  service = await startService({
    upstream: `http://127.0.0.1:${(venue.address() as AddressInfo).port}`,
    settings: unsignedOrders,
  });
  const owner = starkTrader();
  await onboard(service.url, owner);
  account = owner.account;
  session = await mainSession(service.url, owner);
});
afterAll(async () => {
  await service.stop();
  venue.closeAllConnections();
  venue.close();
});

/** Sends it and returns what the venue saw of it. */
async function venueSees(line: string, headers: readonly string[], rest = ''): Promise<Seen> {
  const before = seen.length;
  const bytes = [`${line} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', rest].join('\r\n');
  const { status, head } = await exchange(service.port, bytes);
  expect(status, head).toBe(200);
  expect(seen.length).toBe(before + 1);
  const [one] = seen.slice(-1);
  if (one === undefined) throw new Error('the venue saw nothing');
  return one;
}

/** Each of our names is there once, and nothing that was forged is there at all. */
function expectOursAlone({ headers, trailers }: Seen, identity: 'anonymous' | 'signed in'): void {
  const names = headers.map(([name]) => name);
  const speaking = names.filter((name) => /^(countersign|x-forwarded|x-real|forwarded)/i.test(name));
  expect(speaking.sort()).toEqual([...OURS, ...SPOKEN].sort());
  const value = (name: string) => headers.find(([one]) => one === name)?.[1];
  expect(value('Countersign-Account')).toBe(identity === 'anonymous' ? '' : account);
  expect(value('Countersign-Credential-Kind')).toBe(identity === 'anonymous' ? '' : 'main');
  expect(value('Countersign-Client-Ip')).toBe('127.0.0.1');
  expect(value('X-Forwarded-For')).toBe('127.0.0.1');
  expect(JSON.stringify(headers)).not.toContain(FORGED);
  expect(trailers).toEqual([]);
}

const forgeries = [...OURS, ...SPOKEN, ...OTHERS].flatMap((name) => spellings(name).map((one) => `${one}: ${FORGED}`));
/** Heads are limited to 16 KiB. */
const inHeads = Array.from({ length: Math.ceil(forgeries.length / 100) }, (_, i) =>
  forgeries.slice(i * 100, (i + 1) * 100),
);
const bearer = () => `Authorization: Bearer ${session}`;
const chunked = 'Transfer-Encoding: chunked';
const trailing = (size: number, trailers: readonly string[]) =>
  `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`;

describe('nothing that a client writes is taken for ours', () => {
  test('a header of ours that a client writes never reaches the venue, in any spelling, anonymous or signed in', async () => {
    for (const lines of inHeads) {
      expectOursAlone(await venueSees('GET /v1/markets', lines), 'anonymous');
      expectOursAlone(await venueSees('GET /v1/balance', [bearer(), ...lines]), 'signed in');
      expectOursAlone(await venueSees('GET /v1/balance', [...lines, bearer()]), 'signed in');
    }
  });

  test('a header of ours that a client writes repeated, empty or between others never reaches the venue', async () => {
    const lines = [...OURS, ...SPOKEN].flatMap((name) => [
      `${name}:`,
      'X-Other: 1',
      `${name}: ${FORGED}`,
      `${name}:${FORGED}`,
    ]);
    expectOursAlone(await venueSees('GET /v1/balance', [...lines, bearer(), ...lines]), 'signed in');
  });

  test('a trailer with the name of a header of ours never reaches the venue, of a collected body or of a streamed one', async () => {
    for (const lines of inHeads) {
      for (const size of [2, 100_000]) {
        const announced = `Trailer: ${OURS.join(', ')}`;
        const request = ['POST /v1/orders', [bearer(), chunked, announced]] as const;
        expectOursAlone(await venueSees(...request, trailing(size, lines)), 'signed in');
      }
    }
  });

  test('a Connection header cannot take our headers away', async () => {
    const names = [...OURS, ...SPOKEN].flatMap((name) => [name, name.toLowerCase(), name.replaceAll('-', '_')]);
    const lines = [`Connection: ${names.join(', ')}`, ...names.map((name) => `Connection: ${name}`)];
    expectOursAlone(await venueSees('GET /v1/balance', [bearer(), ...lines]), 'signed in');
  });

  test('a line break written as text in the query does not become a header', async () => {
    const target = `/v1/markets?x=%0d%0aCountersign-Account:%20${FORGED}%0D%0A%0D%0A`;
    const one = await venueSees(`GET ${target}`, []);
    expect(one.target).toBe(target);
    expectOursAlone(one, 'anonymous');
  });

  test.each([
    ['a line feed', '\n'],
    ['a carriage return', '\r'],
    ['a NUL', '\0'],
    ['a vertical tab', '\v'],
    ['DEL', '\x7f'],
  ])('a header with %s in its value or its name is refused, and the venue sees nothing of it', async (_name, sign) => {
    const before = seen.length;
    for (const line of [
      `X-One: 1${sign}Countersign-Account: ${FORGED}`,
      `X-One${sign}Countersign-Account: ${FORGED}`,
    ]) {
      const { status } = await exchange(service.port, `GET /v1/markets HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`);
      expect(status).toBe(400);
    }
    expect(seen.length).toBe(before);
  });
});

describe('upstream.request_headers', () => {
  const lines = [
    'X-Acme-Key: acme',
    'remote_user: acme',
    'Accept: acme',
    'PARADEX-PARTNER: acme',
    'X_Forwarded_User: acme',
  ];
  const passed = async (setting: string | undefined) => {
    const upstream = `http://127.0.0.1:${(venue.address() as AddressInfo).port}`;
    const settings = { ...unsignedOrders, ...(setting === undefined ? {} : { 'upstream.request_headers': setting }) };
    const own = await startService({ upstream, settings });
    onTestFinished(() => own.stop());
    await exchange(
      own.port,
      ['GET /v1/markets HTTP/1.1', 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n'),
    );
    return seen.at(-1)?.headers.flatMap(([name, value]) => (value === 'acme' ? [name] : []));
  };

  test('upstream.request_headers adds names to those that pass, and * lets pass what no rule forbids', async () => {
    expect(await passed(undefined)).toEqual(['Accept', 'PARADEX-PARTNER']);
    expect(await passed('x-acme-key')).toEqual(['X-Acme-Key', 'Accept', 'PARADEX-PARTNER']);
    expect(await passed('*')).toEqual(['X-Acme-Key', 'remote_user', 'Accept', 'PARADEX-PARTNER']);
  });
});

describe('what opens a session is not for the venue', () => {
  const SIGNATURES = ['PARADEX-STARKNET-SIGNATURE', 'PARADEX-EVM-SIGNATURE', 'PARADEX-SIWE-MESSAGE'];
  const lines = SIGNATURES.flatMap((name) => spellings(name).map((one) => `${one}: ${FORGED}`));

  test('login signatures reach the venue in no spelling, on public, private and order routes', async () => {
    for (const line of ['GET /v1/markets', 'GET /v1/balance', 'POST /v1/orders', 'GET /v1/vaults']) {
      const { headers } = await venueSees(line, ['PARADEX-STARKNET-ACCOUNT: 0x7', bearer(), ...lines]);
      expect(JSON.stringify(headers)).not.toContain(FORGED);
      expect(headers).toContainEqual(['PARADEX-STARKNET-ACCOUNT', '0x7']);
    }
  });

  test('login signatures reach the venue at POST /v1/vaults alone, which the operator account of the new vault signs', async () => {
    const { headers } = await venueSees('POST /v1/vaults', [bearer(), 'Content-Length: 0', ...lines]);
    const passed = headers.filter(([, value]) => value === FORGED);
    expect(passed.map(([name]) => `${name}: ${FORGED}`)).toEqual(lines);
  });
});

test('the venue sees the method and the target that were matched, whatever headers of overriding say', async () => {
  const lines = ['X-HTTP-Method-Override: DELETE', 'X-Original-URL: /v1/withdrawals', 'X-Rewrite-URL: /v1/withdrawals'];
  const one = await venueSees('GET /v1/balance', [bearer(), ...lines]);
  expect([one.method, one.target]).toEqual(['GET', '/v1/balance']);
});

test.each([
  [
    'a WebSocket',
    ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: eA=='],
  ],
  ['HTTP/2', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__']],
  ['TLS', ['Upgrade: TLS/1.2', 'Connection: Upgrade']],
  ['anything, without saying so in Connection', ['Upgrade: websocket']],
])('who asks for %s gets a plain answer, and the venue is not asked for it', async (_name, lines) => {
  const { headers } = await venueSees('GET /v1/markets', lines);
  const names = headers.map(([name]) => name.toLowerCase());
  expect(names.filter((name) => ['upgrade', 'http2-settings'].includes(name))).toEqual([]);
  expect(headers.find(([name]) => name.toLowerCase() === 'connection')?.[1]).toBe('keep-alive');
});

describe('X-Forwarded-Proto', () => {
  const sees = async (trusted: string, lines: readonly string[]) => {
    const upstream = `http://127.0.0.1:${(venue.address() as AddressInfo).port}`;
    const settings = trusted === '' ? {} : { 'proxy.trusted': trusted };
    const behind = await startService({ upstream, settings });
    onTestFinished(behind.stop);
    const head = ['GET /v1/markets HTTP/1.1', 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n');
    expect((await exchange(behind.port, head)).status).toBe(200);
    return seen.at(-1)?.headers.filter(([name]) => /^x.forwarded.proto$/i.test(name));
  };

  test('X-Forwarded-Proto of a trusted proxy reaches the venue, once and in our spelling', async () => {
    const lines = ['x-forwarded-PROTO: https', 'X_Forwarded_Proto: ftp'];
    expect(await sees('127.0.0.1', lines)).toEqual([['X-Forwarded-Proto', 'https']]);
  });

  test('X-Forwarded-Proto is the scheme that we are reached by when a trusted proxy names none, and when anybody else names one', async () => {
    expect(await sees('127.0.0.1', ['X-Forwarded-Proto: forged'])).toEqual([['X-Forwarded-Proto', 'http']]);
    expect(await sees('192.0.2.1', ['X-Forwarded-Proto: https'])).toEqual([['X-Forwarded-Proto', 'http']]);
    expect(await sees('', ['X-Forwarded-Proto: https'])).toEqual([['X-Forwarded-Proto', 'http']]);
  });
});
