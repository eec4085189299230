import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import * as jose from 'jose';
import { describe, expect, test } from 'vitest';
import { type UnixSeconds, unixSeconds } from '../../../src/domain/time.ts';
import { encodeBase64url } from '../../../src/jwt/base64url.ts';
import { createIssuer } from '../../../src/jwt/issue.ts';
import { createSigningKey } from '../../../src/jwt/signing-key.ts';
import { createVerifyBearer, MAX_BEARER_BYTES } from '../../../src/jwt/verify.ts';
import {
  accepted,
  bearerSetup,
  ISSUER,
  later,
  NOW,
  part,
  payloadOf,
  sessionHeader,
  subkeySession,
  tokenRequest,
  withPart,
  writeJwt,
} from '../../support/signing-fixture.ts';

const { issuer, keyring, sessionKey, tokenKey, terminalKey, verifyBearer } = bearerSetup();
const session = issuer.issueSession(subkeySession, NOW).jwt;
const { jwt: token } = issuer.issueToken(tokenRequest, NOW);
const sessionPayload = payloadOf(session);
const tokenPayload = payloadOf(token);
const headerText = JSON.stringify(sessionHeader(sessionKey.kid));
const tokenHeaderText = JSON.stringify({ alg: 'ES256', kid: tokenKey.kid, typ: 'readonly+JWT' });

const reasonFor = (jwt: string, now: UnixSeconds = NOW) => {
  const result = verifyBearer(jwt, now);
  return result.ok ? 'accepted' : result.reason;
};
const signedSession = (payload: object) => writeJwt(sessionKey, headerText, JSON.stringify(payload));
const signedToken = (payload: object) => writeJwt(tokenKey, tokenHeaderText, JSON.stringify(payload));

describe('a genuine bearer', () => {
  test('the bearer of a subkey session is accepted with all that it says', () => {
    expect(verifyBearer(session, later(299))).toEqual({
      ok: true,
      claims: {
        credential: { account: '0x5ee1', kind: 'subkey', id: '17' },
        label: '0xabc123',
        kid: sessionKey.kid,
        session: sessionPayload.jti,
        issuedAt: NOW,
        expiresAt: NOW + 300,
        authTime: NOW - 60,
        isolated: false,
        tokenUsage: undefined,
      },
    });
  });

  test.each(['main', 'evm'] as const)('the bearer of a %s session is accepted', (kind) => {
    const credential = { account: subkeySession.credential.account, kind, id: 'main' };
    const { jwt } = issuer.issueSession(
      { ...subkeySession, credential, isolated: true, tokenUsage: 'interactive' },
      NOW,
    );
    expect(accepted(verifyBearer(jwt, NOW))).toMatchObject({ credential, isolated: true, tokenUsage: 'interactive' });
  });

  test('the bearer of a read-only token is accepted, labelled with its lookup_id', () => {
    expect(accepted(verifyBearer(token, NOW))).toMatchObject({
      credential: tokenRequest.credential,
      label: tokenRequest.lookupId,
      kid: tokenKey.kid,
      session: tokenRequest.lookupId,
      authTime: NOW,
      isolated: false,
      tokenUsage: undefined,
    });
  });

  test('a genuine bearer gives every request the same claims, which none of them can change', () => {
    const first = accepted(verifyBearer(session, NOW));
    expect(accepted(verifyBearer(session, NOW))).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    expect(Object.isFrozen(first.credential)).toBe(true);
  });

  test('a genuine bearer that is written by the test is accepted, so that the refusals are due to what they change', () => {
    expect(reasonFor(signedSession(sessionPayload))).toBe('accepted');
    expect(reasonFor(signedToken(tokenPayload))).toBe('accepted');
  });
});

describe('the text of a bearer', () => {
  test('a bearer has at most 4096 characters, even when genuine', () => {
    const verdictAt = (length: number) => {
      for (let letters = 2600; letters < 2800; letters += 1) {
        const longIssuer = 'i'.repeat(letters);
        const { jwt } = createIssuer({ keyring, issuer: longIssuer }).issueSession(subkeySession, NOW);
        if (jwt.length !== length) continue;
        return createVerifyBearer({ keyring, issuer: longIssuer, cacheCapacity: 1 })(jwt, NOW);
      }
      throw new Error(`no session is ${length} characters long`);
    };
    expect(MAX_BEARER_BYTES).toBe(4096);
    expect(verdictAt(4096).ok).toBe(true);
    expect(verdictAt(4097)).toEqual({ ok: false, reason: 'bearer_malformed' });
  });

  test.each([
    ['nothing', ''],
    ['one part', part(session, 0)],
    ['two parts', `${part(session, 0)}.${part(session, 1)}`],
    ['four parts', `${session}.`],
    ['four parts with an empty first', `.${session}`],
    ['dots only', '..'],
    ['a space before', ` ${session}`],
    ['a newline after', `${session}\n`],
    ['padding after', `${session}=`],
    ['a NUL after', `${session}\0`],
    ['an unpaired surrogate after', `${session}\ud800`],
    ['the scheme before', `Bearer ${session}`],
  ])('a bearer with %s is malformed', (_, text) => {
    expect(reasonFor(text)).toBe('bearer_malformed');
  });

  // 64 bytes leave a last character with four bits that mean nothing.
  test('a bearer with non-zero trailing bits in its signature is malformed', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(session.slice(-1));
    expect(last % 16).toBe(0);
    for (let bits = 1; bits < 16; bits += 1) {
      const twin = session.slice(0, -1) + alphabet.charAt(last + bits);
      expect(Buffer.from(part(twin, 2), 'base64url')).toEqual(Buffer.from(part(session, 2), 'base64url'));
      expect(reasonFor(twin)).toBe('bearer_malformed');
    }
  });

  test('a bearer in the standard base64 alphabet is malformed', () => {
    let jwt = session;
    while (!/[-_]/.test(part(jwt, 2))) jwt = issuer.issueSession(subkeySession, NOW).jwt;
    expect(reasonFor(jwt)).toBe('accepted');
    expect(reasonFor(jwt.replaceAll('-', '+').replaceAll('_', '/'))).toBe('bearer_malformed');
  });

  // Signed over the odd spelling itself, so that only the spelling can be at fault.
  test.each([
    ['padding', (text: string) => `${text}${'='.repeat(4 - (text.length % 4))}`],
    ['a space', (text: string) => `${text} `],
    ['a newline inside', (text: string) => `${text.slice(0, 8)}\n${text.slice(8)}`],
  ])('a bearer with %s in a part that is signed as it stands is malformed', async (_, respell) => {
    for (const at of [0, 1]) {
      const parts = [part(session, 0), part(session, 1)];
      parts[at] = respell(parts[at] ?? '');
      const signed = parts.join('.');
      const signature = sign('sha256', Buffer.from(signed), { key: sessionKey.privateKey, dsaEncoding: 'ieee-p1363' });
      expect(reasonFor(`${signed}.${signature.toString('base64url')}`)).toBe('bearer_malformed');
    }
  });

  test('a bearer with any single character changed never verifies, even while the original is remembered', () => {
    for (const genuine of [session, token]) {
      expect(reasonFor(genuine)).toBe('accepted');
      fc.assert(
        fc.property(
          fc.nat({ max: genuine.length - 1 }),
          fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é'),
          (at, character) => {
            fc.pre(genuine[at] !== character);
            expect(verifyBearer(genuine.slice(0, at) + character + genuine.slice(at + 1), NOW).ok).toBe(false);
          },
        ),
        { numRuns: 1000 },
      );
    }
  });

  test('a bearer with any single character dropped, doubled or added never verifies', () => {
    fc.assert(
      fc.property(fc.nat({ max: session.length - 1 }), fc.constantFrom('A', '_', '.', '=', ' '), (at, character) => {
        const [before, after] = [session.slice(0, at), session.slice(at)];
        expect(verifyBearer(before + after.slice(1), NOW).ok).toBe(false);
        expect(verifyBearer(before + after.charAt(0) + after, NOW).ok).toBe(false);
        expect(verifyBearer(before + character + after, NOW).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('any text is answered as a bearer, and never makes the verifier throw', () => {
    const partText = fc.oneof(fc.string(), fc.json().map(encodeBase64url), fc.constant(part(session, 0)));
    fc.assert(
      fc.property(fc.array(partText, { maxLength: 4 }), (parts) => {
        expect(verifyBearer(parts.join('.'), NOW).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the header', () => {
  const signedWith = (header: unknown, signingKey = sessionKey) =>
    writeJwt(signingKey, typeof header === 'string' ? header : JSON.stringify(header), JSON.stringify(sessionPayload));
  const kid = sessionKey.kid;

  test.each([
    ['alg none', { ...sessionHeader(kid), alg: 'none' }],
    ['alg HS256', { ...sessionHeader(kid), alg: 'HS256' }],
    ['alg ES384', { ...sessionHeader(kid), alg: 'ES384' }],
    ['alg in lower case', { ...sessionHeader(kid), alg: 'es256' }],
    ['no alg', { kid, typ: 'JWT' }],
    ['no kid', { alg: 'ES256', typ: 'JWT' }],
    ['no typ', { alg: 'ES256', kid }],
    ['a kid that is a number', { alg: 'ES256', kid: 1, typ: 'JWT' }],
    ['a typ that is a list', { alg: 'ES256', kid, typ: ['JWT'] }],
    ['crit', { ...sessionHeader(kid), crit: ['exp'] }],
    ['a key of its own', { ...sessionHeader(kid), jwk: sessionKey.publicJwk }],
    ['a key address', { ...sessionHeader(kid), jku: 'https://example.com/jwks.json' }],
    ['another order of members', { typ: 'JWT', alg: 'ES256', kid }],
    ['a member twice', `{"alg":"none","alg":"ES256","kid":"${kid}","typ":"JWT"}`],
    ['a member twice, the last one wrong', `{"alg":"ES256","kid":"${kid}","typ":"JWT","alg":"none"}`],
    ['a member hidden as __proto__', `{"alg":"ES256","kid":"${kid}","typ":"JWT","__proto__":{"alg":"none"}}`],
    ['white space', `{"alg": "ES256", "kid": "${kid}", "typ": "JWT"}`],
    ['an escaped letter', `{"alg":"ES256","kid":"${kid}","typ":"\\u004aWT"}`],
    ['a byte order mark', `\ufeff${JSON.stringify(sessionHeader(kid))}`],
    ['text that is not JSON', '{'],
    ['null', null],
    ['a list', [sessionHeader(kid)]],
    ['a string', '"JWT"'],
  ])('a JWT header with %s is refused even under a genuine signature', (_, header) => {
    expect(reasonFor(signedWith(header))).toBe('bearer_malformed');
  });

  test.each(['assertion+JWT', 'terminal+JWT', 'console+JWT', 'jwt', 'JWT ', 'at+jwt', '', 'constructor'])(
    'a JWT header with typ %j is of the wrong kind',
    (typ) => {
      expect(reasonFor(signedWith({ alg: 'ES256', kid, typ }))).toBe('bearer_wrong_kind');
    },
  );

  test.each(['', 'unknown', '__proto__', '../../etc/passwd'])(
    'a JWT header with kid %j names an unknown key',
    (unknown) => {
      expect(reasonFor(signedWith(sessionHeader(unknown)))).toBe('bearer_unknown_key');
    },
  );

  test('the JWT header cannot make the session key vouch for a token, nor the token key for a session', () => {
    const tokenBySession = writeJwt(
      sessionKey,
      JSON.stringify({ alg: 'ES256', kid, typ: 'readonly+JWT' }),
      JSON.stringify(tokenPayload),
    );
    expect(reasonFor(tokenBySession)).toBe('bearer_wrong_kind');
    expect(reasonFor(signedWith(sessionHeader(tokenKey.kid), tokenKey))).toBe('bearer_wrong_kind');
  });

  test('the JWT header cannot make the key of terminal tokens vouch for any bearer', () => {
    const underTerminalKey = (typ: string, payload: object) =>
      writeJwt(terminalKey, JSON.stringify({ alg: 'ES256', kid: terminalKey.kid, typ }), JSON.stringify(payload));
    expect(reasonFor(underTerminalKey('JWT', sessionPayload))).toBe('bearer_wrong_kind');
    expect(reasonFor(underTerminalKey('readonly+JWT', tokenPayload))).toBe('bearer_wrong_kind');
    expect(reasonFor(underTerminalKey('terminal+JWT', sessionPayload))).toBe('bearer_wrong_kind');
    const account = subkeySession.credential.account;
    const { jwt } = issuer.issueTerminalToken({ account, sessionEndsAt: later(300) }, NOW);
    expect(reasonFor(jwt)).toBe('bearer_wrong_kind');
  });

  test('a JWT header that jose wrote in another order is refused, though the key is ours', async () => {
    const jwt = await new jose.SignJWT(sessionPayload)
      .setProtectedHeader({ typ: 'JWT', alg: 'ES256', kid })
      .sign(sessionKey.privateKey);
    expect(reasonFor(jwt)).toBe('bearer_malformed');
  });
});

describe('the signature', () => {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const bytes = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
  const own = Buffer.from(part(session, 2), 'base64url');
  const [r, s] = [BigInt(`0x${own.toString('hex', 0, 32)}`), BigInt(`0x${own.toString('hex', 32)}`)];

  test.each([
    ['the high twin of s', r, n - s],
    ['r = 0', 0n, s],
    ['s = 0', r, 0n],
    ['r and s = 0', 0n, 0n],
    ['r = n', n, s],
    ['s = n', r, n],
    ['r and s swapped', s, r],
  ])('a JWT signature with %s is refused', (_, otherR, otherS) => {
    const signature = Buffer.concat([bytes(otherR), bytes(otherS)]).toString('base64url');
    expect(reasonFor(withPart(session, 2, signature))).toBe('bearer_signature');
  });

  test.each([
    ['empty', Buffer.alloc(0)],
    ['one byte short', own.subarray(1)],
    ['one byte long', Buffer.concat([own, Buffer.alloc(1)])],
    ['long by leading zeros', Buffer.concat([Buffer.alloc(1), own])],
    [
      'in DER',
      sign('sha256', Buffer.from(session.slice(0, session.lastIndexOf('.'))), {
        key: sessionKey.privateKey,
        dsaEncoding: 'der',
      }),
    ],
  ])('a JWT signature that is %s is refused', (_, signature) => {
    expect(reasonFor(withPart(session, 2, signature.toString('base64url')))).toBe('bearer_signature');
  });

  test('a JWT signature of another key is refused', () => {
    const stranger = createSigningKey('session');
    expect(reasonFor(writeJwt(stranger, headerText, JSON.stringify(sessionPayload)))).toBe('bearer_signature');
  });

  test('the JWT signature of another JWT is refused', () => {
    const other = issuer.issueSession(subkeySession, NOW).jwt;
    expect(reasonFor(withPart(session, 2, part(other, 2)))).toBe('bearer_signature');
    expect(reasonFor(withPart(session, 1, part(other, 1)))).toBe('bearer_signature');
  });

  test('an HMAC keyed with our public key is no JWT signature', () => {
    const pem = sessionKey.publicKey.export({ format: 'pem', type: 'spki' });
    const signed = `${encodeBase64url(JSON.stringify({ ...sessionHeader(sessionKey.kid), alg: 'HS256' }))}.${part(session, 1)}`;
    const hmac = createHmac('sha256', pem).update(signed).digest('base64url');
    expect(reasonFor(`${signed}.${hmac}`)).toBe('bearer_malformed');
  });

  test('the signature of an expired bearer is checked first, so that a forger learns nothing of its age', () => {
    const forged = withPart(session, 2, Buffer.alloc(64, 1).toString('base64url'));
    expect(verifyBearer(forged, later(10_000))).toEqual({ ok: false, reason: 'bearer_signature' });
  });

  test('a JWT signature under a larger curve is refused', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const signed = session.slice(0, session.lastIndexOf('.'));
    const signature = sign('sha384', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(reasonFor(withPart(session, 2, signature.toString('base64url')))).toBe('bearer_signature');
  });
});

describe('the claims, though genuinely signed,', () => {
  const without = (payload: Record<string, unknown>, name: string) =>
    Object.fromEntries(Object.entries(payload).filter(([member]) => member !== name));

  test.each(Object.keys(sessionPayload))(
    'the claims of a session without %s are refused, though genuinely signed',
    (name) => {
      expect(reasonFor(signedSession(without(sessionPayload, name)))).toBe('bearer_claims');
    },
  );

  test.each(Object.keys(tokenPayload))(
    'the claims of a token without %s are refused, though genuinely signed',
    (name) => {
      expect(reasonFor(signedToken(without(tokenPayload, name)))).toBe('bearer_claims');
    },
  );

  test.each(Object.keys(sessionPayload))(
    'the claims of a session with %s of another type are refused, though genuinely signed',
    (name) => {
      for (const value of [null, true, {}, [], [sessionPayload[name]], -1, 1.5, '']) {
        expect(reasonFor(signedSession({ ...sessionPayload, [name]: value }))).toBe('bearer_claims');
      }
    },
  );

  test.each(Object.keys(tokenPayload))(
    'the claims of a token with %s of another type are refused, though genuinely signed',
    (name) => {
      for (const value of [null, true, {}, [], [tokenPayload[name]], -1, 1.5, '']) {
        expect(reasonFor(signedToken({ ...tokenPayload, [name]: value }))).toBe('bearer_claims');
      }
    },
  );

  test.each([
    ['typ', 'JWT'],
    ['typ', 'at+jwt'],
    ['iss', `${ISSUER} `],
    ['iss', 'another issuer'],
    ['aud', 'countersign:read-only-token'],
    ['aud', ['countersign:session']],
    ['sub', '0x05ee1'],
    ['sub', '0x5EE1'],
    ['sub', '24289'],
    ['sub', '0x800000000000011000000000000000000000000000000000000000000000001'],
    ['iat', NOW + 300],
    ['iat', String(NOW)],
    ['exp', String(NOW + 300)],
    ['exp', NOW],
    ['exp', 2 ** 53],
    ['exp', 1e300],
    ['auth_time', String(NOW)],
    ['jti', 'a b'],
    ['jti', 'a'.repeat(65)],
    ['cs_kind', 'token'],
    ['cs_kind', 'main'],
    ['cs_kind', 'evm'],
    ['cs_kind', 'admin'],
    ['cs_kind', 'constructor'],
    ['cs_id', 'main'],
    ['cs_id', '1/2'],
    ['cs_id', '1\n'],
    ['cs_key', 'abc123'],
    ['cs_key', '0x'],
    ['cs_key', `0x${'a'.repeat(65)}`],
    ['cs_key', '0xabc\r\nx-header: 1'],
    ['iso', false],
    ['iso', 'true'],
    ['iso', null],
    ['token_usage', 'automatic'],
    ['token_usage', null],
    ['lookup_id', '7f4df2ad-4a57-4b1c-9f3c-1d1a4b6e2d11'],
    ['nbf', NOW + 100],
    ['cnf', {}],
    ['scope', 'admin'],
  ])('the claims of a session with %s %j are refused, though genuinely signed', (name, value) => {
    expect(reasonFor(signedSession({ ...sessionPayload, [name]: value }))).toBe('bearer_claims');
  });

  test.each([
    ['aud', 'countersign:session'],
    ['iss', 'another issuer'],
    ['cs_kind', 'subkey'],
    ['cs_kind', 'main'],
    ['cs_kind', 'evm'],
    ['cs_id', 'main'],
    ['jti', 'other'],
    ['lookup_id', 'other'],
    ['cs_key', '0xabc123'],
    ['iso', true],
    ['token_usage', 'interactive'],
  ])('the claims of a token with %s %j are refused, though genuinely signed', (name, value) => {
    const main = value === 'main' || value === 'evm' ? { cs_id: 'main' } : {};
    expect(reasonFor(signedToken({ ...tokenPayload, ...main, [name]: value }))).toBe('bearer_claims');
  });

  test('the claims of a main session under a row id other than main are refused, though genuinely signed', () => {
    for (const kind of ['main', 'evm']) {
      expect(reasonFor(signedSession({ ...sessionPayload, cs_kind: kind, cs_id: 'main' }))).toBe('accepted');
      expect(reasonFor(signedSession({ ...sessionPayload, cs_kind: kind, cs_id: '1' }))).toBe('bearer_claims');
    }
  });

  test('the claims of a token under the session kind, and of a session under the token kind, are refused', () => {
    expect(reasonFor(signedSession(tokenPayload))).toBe('bearer_claims');
    expect(reasonFor(signedToken(sessionPayload))).toBe('bearer_claims');
    expect(reasonFor(signedSession({ ...sessionPayload, cs_kind: 'token', cs_id: 'tok_4Zq' }))).toBe('bearer_claims');
  });

  test.each(['', '{', 'null', '[]', '"x"', '1', 'undefined'])(
    'the claims %j are refused, though genuinely signed',
    (text) => {
      expect(reasonFor(writeJwt(sessionKey, headerText, text))).toBe('bearer_claims');
    },
  );

  // Each says the same to JSON.parse; another reader may take another one of two members, or stop at a blank.
  test.each([
    ['a member twice', (text: string) => text.replace('{', '{"sub":"0x1",')],
    ['an equal member twice', (text: string) => text.replace('{', '{"typ":"at+JWT",')],
    ['a member hidden as __proto__', (text: string) => text.replace('{', '{"__proto__":{},')],
    ['a blank', (text: string) => text.replace(':', ': ')],
    ['a line end after them', (text: string) => `${text}\n`],
    ['an escaped letter', (text: string) => text.replace('at+JWT', '\\u0061t+JWT')],
    ['a time in another form', (text: string) => text.replace(/"iat":(\d+)/, '"iat":$1.0')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
  ])('claims with %s are refused, though genuinely signed', (_, respell) => {
    expect(respell(JSON.stringify(sessionPayload))).not.toBe(JSON.stringify(sessionPayload));
    expect(reasonFor(writeJwt(sessionKey, headerText, respell(JSON.stringify(sessionPayload))))).toBe('bearer_claims');
    expect(reasonFor(writeJwt(tokenKey, tokenHeaderText, respell(JSON.stringify(tokenPayload))))).toBe('bearer_claims');
  });

  test('claims that are refused are refused before their age is told', () => {
    const result = verifyBearer(signedSession({ ...sessionPayload, iss: 'another issuer' }), later(10_000));
    expect(result).toEqual({ ok: false, reason: 'bearer_claims' });
  });
});

describe('expiry has no skew', () => {
  test('a bearer is good in the second before exp and dead from exp on, first seen or remembered', () => {
    const fresh = () => issuer.issueSession(subkeySession, NOW).jwt;
    const remembered = fresh();
    expect(reasonFor(remembered, later(0))).toBe('accepted');
    expect(reasonFor(remembered, later(299))).toBe('accepted');
    expect(reasonFor(fresh(), later(299))).toBe('accepted');
    const claims = expect.objectContaining({ credential: expect.anything(), expiresAt: expect.any(Number) });
    const expired = (expiredSeconds: number) => ({ ok: false, reason: 'bearer_expired', expiredSeconds, claims });
    expect(verifyBearer(remembered, later(300))).toEqual(expired(0));
    expect(verifyBearer(fresh(), later(300))).toEqual(expired(0));
    expect(verifyBearer(fresh(), later(312))).toEqual(expired(12));
    expect(verifyBearer(token, later(86_400 + 5))).toEqual(expired(5));
  });

  test('a bearer is refused at a time that is not a number', () => {
    const { jwt } = issuer.issueSession(subkeySession, NOW);
    expect(reasonFor(jwt, unixSeconds(Number.NaN))).toBe('bearer_expired');
    expect(reasonFor(jwt)).toBe('accepted');
    expect(reasonFor(jwt, unixSeconds(Number.NaN))).toBe('bearer_expired');
  });
});

describe('what is remembered', () => {
  /** A keyring that counts how often a key was looked up: once per full check. */
  function countingSetup(cacheCapacity: number) {
    const setup = bearerSetup();
    let checks = 0;
    const counting = {
      ...setup.keyring,
      verifier(kid: string) {
        checks += 1;
        return setup.keyring.verifier(kid);
      },
    };
    const verify = createVerifyBearer({ keyring: counting, issuer: ISSUER, cacheCapacity });
    const session = () => setup.issuer.issueSession(subkeySession, NOW).jwt;
    return { ...setup, verify, session, checks: () => checks };
  }

  test('a good bearer is remembered: the second time it is not checked in full', () => {
    const { verify, session: issue, checks } = countingSetup(10);
    const jwt = issue();
    expect(accepted(verify(jwt, NOW))).toEqual(accepted(verify(jwt, NOW)));
    expect(checks()).toBe(1);
  });

  test('a bad bearer is never remembered as one that was verified', () => {
    const { verify, session: issue, checks } = countingSetup(10);
    const forged = withPart(issue(), 2, Buffer.alloc(64, 1).toString('base64url'));
    verify(forged, NOW);
    verify(forged, NOW);
    expect(checks()).toBe(2);
  });

  test('an expired bearer is not remembered as one that was verified', () => {
    const { verify, session: issue, checks } = countingSetup(10);
    const jwt = issue();
    verify(jwt, later(300));
    verify(jwt, later(300));
    expect(checks()).toBe(2);
  });

  test('the verifier remembers as many bearers as it has room for: with room for two, the third pushes out the one unused for longest', () => {
    const { verify, session: issue, checks } = countingSetup(2);
    const [a, b, c] = [issue(), issue(), issue()];
    for (const jwt of [a, b, a, c]) verify(jwt, NOW);
    expect(checks()).toBe(3);
    verify(a, NOW);
    verify(c, NOW);
    expect(checks()).toBe(3);
    verify(b, NOW);
    expect(checks()).toBe(4);
  });

  test('the verifier remembers the whole text of a bearer: another signature over the same claims is checked anew', () => {
    const { verify, session: issue, checks, sessionKey: signingKey } = countingSetup(10);
    const jwt = issue();
    verify(jwt, NOW);
    const again = writeJwt(
      signingKey,
      JSON.stringify(sessionHeader(signingKey.kid)),
      Buffer.from(part(jwt, 1), 'base64url').toString(),
    );
    expect(again).not.toBe(jwt);
    verify(again, NOW);
    expect(checks()).toBe(2);
  });

  test('the verifier cannot be made to remember any number of bearers', () => {
    expect(() => createVerifyBearer({ keyring, issuer: ISSUER, cacheCapacity: Number.POSITIVE_INFINITY })).toThrow(
      RangeError,
    );
  });
});

describe('a retired signing key', () => {
  test('a retired signing key ends its bearers at once, remembered or not, and no others', () => {
    const setup = bearerSetup();
    const jwts = [0, 1].map(() => setup.issuer.issueSession(subkeySession, NOW).jwt);
    const [remembered = '', fresh = ''] = jwts;
    const { jwt: readOnly } = setup.issuer.issueToken(tokenRequest, NOW);
    expect(setup.verifyBearer(remembered, NOW).ok).toBe(true);
    setup.keyring.retire(setup.sessionKey.kid);
    const refused = { ok: false, reason: 'signing_key_retired' };
    expect(setup.verifyBearer(remembered, NOW)).toEqual(refused);
    expect(setup.verifyBearer(remembered, NOW)).toEqual(refused);
    expect(setup.verifyBearer(fresh, NOW)).toEqual(refused);
    expect(setup.verifyBearer(readOnly, NOW).ok).toBe(true);
  });
});
