// What the redactor takes out of a text, and what it leaves.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLineRedactor, createRedactor, REDACTED } from '../../../src/telemetry/redact.ts';

const redact = createRedactor();
const redactLine = createLineRedactor();
const HEX_KEY = '0x4b23c8b4ea5dc54b63fbab3852f2bb0c447226f21c668bb7ba63277e322c5e8';
const DECIMAL = '1803925434325343254325432543254325432543254325432543254325432543254325432';
const RANDOM = 'q8fH-2k_Zx91LmNopQrStUvWxYz0123456789abcdEF';
const JWT = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIweDEifQ.${RANDOM}${RANDOM}`;

describe('is taken out', () => {
  test.each([
    ['a JWT', `cannot read ${JWT} as a bearer`, JWT],
    ['a JWT without its signature', `found ${JWT.split('.').slice(0, 2).join('.')} there`, 'eyJzdWIi'],
    ['the signature of a JWT alone', `part ${RANDOM}${RANDOM}`, RANDOM],
    ['a bearer of any kind', 'sent Bearer abcdefghijklmnop as it is', 'abcdefghijklmnop'],
    ['a private key in hex', `invalid scalar ${HEX_KEY}: too large`, HEX_KEY.slice(2)],
    ['one without 0x', `invalid scalar ${HEX_KEY.slice(2)}`, HEX_KEY.slice(2)],
    ['one in capitals', `invalid scalar ${HEX_KEY.toUpperCase()}`, HEX_KEY.slice(2).toUpperCase()],
    ['one glued to a word', `scalar${HEX_KEY}`, HEX_KEY.slice(2)],
    ['a signature as clients send it', `unexpected ["${DECIMAL}","${DECIMAL}"]`, DECIMAL],
    ['a signature by a wallet', `bad 0x${'a1'.repeat(65)}`, 'a1a1'],
    ['32 random bytes', `the secret ${RANDOM} was refused`, RANDOM],
    ['a PEM file', '-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----', 'MIGHAgEA'],
    ['half a PEM file', '-----BEGIN EC PRIVATE KEY-----\nMIGHAgEA', 'MIGHAgEA'],
    ['a header in prose', 'refused header authorization: short', 'short'],
    ['a bearer in a URL', '/x?h=Bearer%20abcdefghijklmnop', 'abcdefghijklmnop'],
    ['a cookie to the end of its line', 'Cookie: a=b; c=d e=f', 'e=f'],
    ['a signature header', 'PARADEX-STARKNET-SIGNATURE: [1, 2]', '[1, 2]'],
    ['the secret that proves us to the venue', 'Countersign-Upstream-Secret=hunter2', 'hunter2'],
    ['a member of an object printed by Node', "{ privateKey: 'notveryrandombutlong' }", 'notveryrandombutlong'],
    ['a header printed by Node', "{ authorization: 'Basic eA==' }", 'eA=='],
    ['a password in prose', 'password=correcthorsebatterystaple', 'correcthorse'],
  ])('a secret is taken out of a text: %s', (_what, text, secret) => {
    expect(text).toContain(secret);
    const clean = redact(text);
    expect(clean).not.toContain(secret);
    expect(clean).toContain(REDACTED);
  });

  test.each([
    ['authorization', 'x'],
    ['Authorization', 'Basic a"quote'],
    ['set-cookie', 'session=1; Path=/'],
    ['jwt_token', 'canary'],
    ['token', 'canary'],
    ['signature', 'canary'],
    ['encrypted_key', 'canary'],
    ['private_key', 'canary'],
    ['PARADEX-EVM-SIGNATURE', 'canary'],
  ])('the member %s is taken out of a line, and of JSON within its texts', (name, value) => {
    const members = { before: 1, [name]: value, after: 'kept' };
    expect(JSON.parse(redactLine(JSON.stringify(members)))).toEqual({ before: 1, [name]: REDACTED, after: 'kept' });
    const [shown = ''] = JSON.stringify(value).slice(1, -1).split('\\');
    for (const text of [JSON.stringify(members), JSON.stringify(JSON.stringify(members))]) {
      expect(text).toContain(shown);
      expect(redact(text)).not.toContain(shown);
    }
  });

  test('a secret member of a line is taken out when it is a list, an object or a number', () => {
    for (const value of [['r', 's'], { r: 1 }, 12345, null]) {
      expect(JSON.parse(redactLine(JSON.stringify({ signature: value, other: [{ token: value }] })))).toEqual({
        signature: REDACTED,
        other: [{ token: REDACTED }],
      });
    }
  });

  test.each(['\\n', '\\t', '\\u0022', '%20', '%22'])('a secret behind the escape %s is taken out', (escaped) => {
    for (const secret of [JWT, `Bearer ${'a'.repeat(20)}`, 'authorization: Basic eA==', HEX_KEY]) {
      expect(redact(`Error${escaped}${secret}${escaped}at`)).not.toContain(secret.slice(-8));
      expect(redactLine(JSON.stringify({ text: `Error${escaped}${secret}` }))).not.toContain(secret.slice(-8));
    }
  });

  test('a secret that the process knows is taken out, wherever it stands and whatever its shape', () => {
    const known = 'correct horse "battery" \\staple';
    const knowing = createRedactor([known, '']);
    expect(knowing(`a ${known} b ${known}`)).toBe(`a ${REDACTED} b ${REDACTED}`);
    expect(knowing(JSON.stringify({ x: known }))).toBe(`{"x":"${REDACTED}"}`);
    expect(redact(known)).toBe(known);
  });
});

describe('is left alone', () => {
  test('a line of the log about a refusal is left alone by the redactor, to the character', () => {
    for (const credential of ['main:main', 'subkey:12', 'token:tok_000abcdefghij0123456789ab']) {
      const line = JSON.stringify({
        level: 30,
        time: 1_800_000_000_000,
        event: 'denied',
        reason: 'bearer_signature',
        requestId: '6ee097e0-4f0e-4434-a5ad-e1fd204c684c',
        route: 'PUT /v1/account/tokens/{lookup_id}/allowed-cidrs',
        clientIp: '2001:db8::1',
        account: HEX_KEY,
        credential,
      });
      expect(redactLine(`${line}\n`)).toBe(`${line}\n`);
    }
  });

  test('an account id is left alone by the redactor as the value of account, and nowhere else', () => {
    const elsewhere = [
      { message: HEX_KEY },
      { message: `"account":"${HEX_KEY}"` },
      { account: `${HEX_KEY} ${HEX_KEY}` },
      { account: [HEX_KEY] },
      { accounts: HEX_KEY },
    ];
    for (const members of elsewhere) expect(redactLine(JSON.stringify(members))).not.toContain(HEX_KEY);
  });

  test.each([
    'SQLITE_FULL: database or disk is full',
    'connect ECONNREFUSED 127.0.0.1:8081',
    'invalid bearer jwt: token is expired by 5s (missing or malformed jwt)',
    'STARKNET_SIGNATURE_VERIFICATION_FAILED: the signature does not verify for a key of this account',
    'at Object.<anonymous> (/opt/countersign/node_modules/@fastify/type-provider-typebox/dist/index.js:12:3)',
    'wallet 0x52908400098527886E0F7030069857D2E4169EE7',
    '1800000000123456789',
    '',
  ])('the redactor leaves alone: %s', (text) => expect(redact(text)).toBe(text));
});

test('a redacted line stays a line of JSON with the same members, whatever stands in it', () => {
  const word = fc.constantFrom(
    ...[
      'authorization',
      'token',
      '"',
      '\\',
      ':',
      '=',
      ' ',
      'eyJhbGciOi',
      HEX_KEY,
      RANDOM,
      "'",
      '-----BEGIN PRIVATE KEY-----',
    ],
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 8 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(fc.dictionary(text, text), text, (members, inner) => {
      const given = { ...members, message: JSON.stringify({ inner }), last: true };
      const clean = redactLine(`${JSON.stringify(given)}\n`);
      expect(clean.indexOf('\n')).toBe(clean.length - 1);
      expect(Object.keys(JSON.parse(clean))).toEqual(Object.keys(given));
    }),
  );
});

test('a line that is no JSON is redacted as prose', () => {
  expect(redactLine(`{"broken": "${JWT}`)).toBe(`{"broken": "${REDACTED}`);
});

test('a member named __proto__ is a member like any other to the redactor', () => {
  expect(redactLine('{"__proto__":{"token":"x"},"a":1}')).toBe(`{"__proto__":{"token":"${REDACTED}"},"a":1}`);
});

test('no text makes the redactor slow: a megabyte of anything is read once', () => {
  const parts = [
    'a',
    'A1a',
    'token:',
    'token=\\',
    'eyJ',
    '0',
    '"',
    'cookie ',
    'authorization\\\\',
    '"token","',
    'bearer ',
  ];
  for (const part of parts) {
    const text = part.repeat(Math.ceil(1_000_000 / part.length));
    const began = process.cpuUsage();
    redact(text);
    redactLine(JSON.stringify({ text }));
    const { user } = process.cpuUsage(began);
    // Quadratic would be minutes.
    expect(user / 1000, part).toBeLessThan(5_000);
  }
});
