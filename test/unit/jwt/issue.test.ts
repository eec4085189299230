import * as jose from 'jose';
import { describe, expect, test } from 'vitest';
import { unixSeconds } from '../../../src/domain/time.ts';
import { isCanonicalSignature } from '../../../src/jwt/es256.ts';
import { createIssuer } from '../../../src/jwt/issue.ts';
import { createKeyring, NoSigningKey } from '../../../src/jwt/keyring.ts';
import {
  bearerSetup,
  headerOf,
  ISSUER,
  later,
  NOW,
  part,
  payloadOf,
  subkeySession,
  tokenRequest,
} from '../../support/signing-fixture.ts';

const { issuer, keyring, sessionKey, tokenKey, terminalKey, masterKey } = bearerSetup();
const terminalRequest = { account: subkeySession.credential.account, sessionEndsAt: later(1_000) };

test('the JWT of a session carries exactly the claims of its kind and lives 300 seconds', () => {
  const { jwt, session, expiresAt } = issuer.issueSession(subkeySession, NOW);
  expect(headerOf(jwt)).toEqual({ alg: 'ES256', kid: sessionKey.kid, typ: 'JWT' });
  expect(payloadOf(jwt)).toEqual({
    typ: 'at+JWT',
    iss: ISSUER,
    aud: 'countersign:session',
    sub: '0x5ee1',
    iat: NOW,
    exp: NOW + 300,
    jti: session,
    auth_time: NOW - 60,
    cs_kind: 'subkey',
    cs_id: '17',
    cs_key: '0xabc123',
  });
  expect(expiresAt).toBe(NOW + 300);
});

test('the JWT of a session says that it is isolated or interactive only when that was asked for', () => {
  const { jwt } = issuer.issueSession({ ...subkeySession, isolated: true, tokenUsage: 'interactive' }, NOW);
  expect(payloadOf(jwt)).toMatchObject({ iso: true, token_usage: 'interactive' });
});

test('the JWT of a read-only token is of its own kind, signed by its own key, and its jti is its lookup_id', () => {
  const { jwt, kid } = issuer.issueToken(tokenRequest, NOW);
  expect(kid).toBe(tokenKey.kid);
  expect(headerOf(jwt)).toEqual({ alg: 'ES256', kid, typ: 'readonly+JWT' });
  expect(payloadOf(jwt)).toEqual({
    typ: 'at+JWT',
    iss: ISSUER,
    aud: 'countersign:read-only-token',
    sub: '0x5ee1',
    iat: NOW,
    exp: NOW + 86_400,
    jti: tokenRequest.lookupId,
    auth_time: NOW,
    cs_kind: 'token',
    cs_id: 'tok_4Zq',
    lookup_id: tokenRequest.lookupId,
  });
});

describe('a terminal token', () => {
  test('a terminal token says whose account it is and nothing of a credential, under a key of its own, for 300 seconds', () => {
    const { jwt, id, expiresAt } = issuer.issueTerminalToken(terminalRequest, NOW);
    expect(headerOf(jwt)).toEqual({ alg: 'ES256', kid: terminalKey.kid, typ: 'terminal+JWT' });
    expect(payloadOf(jwt)).toEqual({
      iss: ISSUER,
      aud: 'dime-terminal',
      sub: '0x5ee1',
      iat: NOW,
      exp: NOW + 300,
      jti: id,
    });
    expect(expiresAt).toBe(NOW + 300);
    expect(issuer.issueTerminalToken(terminalRequest, NOW).id).not.toBe(id);
  });

  test('never outlives the session that asked for it', () => {
    const { jwt, expiresAt } = issuer.issueTerminalToken({ ...terminalRequest, sessionEndsAt: later(7) }, NOW);
    expect([expiresAt, payloadOf(jwt).exp]).toEqual([NOW + 7, NOW + 7]);
  });

  test.each([0, -1, Number.NaN])('a terminal token is never made for a session that ends in %d s', (seconds) => {
    const request = { ...terminalRequest, sessionEndsAt: unixSeconds(NOW + seconds) };
    expect(() => issuer.issueTerminalToken(request, NOW)).toThrow(RangeError);
  });
});

test('every session has an id of its own', () => {
  const ids = Array.from({ length: 50 }, () => issuer.issueSession(subkeySession, NOW).session);
  expect(new Set(ids).size).toBe(50);
});

test('every JWT has a signature of 64 bytes with a low s', () => {
  for (let round = 0; round < 50; round += 1) {
    const { jwt } = issuer.issueSession(subkeySession, NOW);
    expect(isCanonicalSignature(Buffer.from(part(jwt, 2), 'base64url'))).toBe(true);
  }
});

test('jose accepts each kind of our JWTs as itself and as no other, given our public document', async () => {
  const keys = jose.createLocalJWKSet({ keys: keyring.jwks().keys.map((listed) => ({ ...listed })) });
  const required = { algorithms: ['ES256'], issuer: ISSUER, currentDate: new Date((NOW + 10) * 1000) };
  const { jwt } = issuer.issueSession(subkeySession, NOW);
  const session = await jose.jwtVerify(jwt, keys, { ...required, typ: 'JWT', audience: 'countersign:session' });
  expect(session.payload.sub).toBe('0x5ee1');
  const token = await jose.jwtVerify(issuer.issueToken(tokenRequest, NOW).jwt, keys, {
    ...required,
    typ: 'readonly+JWT',
    audience: 'countersign:read-only-token',
  });
  expect(token.payload.jti).toBe(tokenRequest.lookupId);
  const attested = issuer.issueTerminalToken(terminalRequest, NOW).jwt;
  const ofTerminal = { ...required, typ: 'terminal+JWT', audience: 'dime-terminal' };
  expect((await jose.jwtVerify(attested, keys, ofTerminal)).payload.sub).toBe('0x5ee1');
  await expect(jose.jwtVerify(jwt, keys, ofTerminal)).rejects.toThrow(/"typ"/);
  await expect(jose.jwtVerify(attested, keys, { ...required, audience: 'countersign:session' })).rejects.toThrow(
    /"aud"/,
  );
});

describe('what our own verifier would refuse is never signed', () => {
  test.each([
    ['a label that is not hex', { label: 'alice' }],
    ['an empty label', { label: '' }],
    ['a time of login that is not whole', { authTime: NOW + 0.5 }],
    ['a main session with a row id', { credential: { ...subkeySession.credential, kind: 'main' as const } }],
    ['a row id with a slash', { credential: { ...subkeySession.credential, id: '1/2' } }],
  ])('a session with %s, which our own verifier would refuse, is never signed', (_, change) => {
    // @ts-expect-error: a fraction is not UnixSeconds, and that is the point
    expect(() => issuer.issueSession({ ...subkeySession, ...change }, NOW)).toThrow(RangeError);
  });

  test('a session for a read-only token is never signed', () => {
    // @ts-expect-error: the compiler refuses it too
    expect(() => issuer.issueSession({ ...subkeySession, credential: tokenRequest.credential }, NOW)).toThrow(
      RangeError,
    );
  });

  test('a read-only token that has already expired is never signed', () => {
    expect(() => issuer.issueToken({ ...tokenRequest, expiresAt: NOW }, NOW)).toThrow(RangeError);
  });

  test('no JWT is signed at a time that is not a number', () => {
    expect(() => issuer.issueSession(subkeySession, unixSeconds(Number.NaN))).toThrow(RangeError);
  });
});

test('no JWT is issued without an active key', () => {
  const empty = createIssuer({ keyring: createKeyring({ records: [], masterKey }), issuer: ISSUER });
  expect(() => empty.issueSession(subkeySession, NOW)).toThrow(NoSigningKey);
  expect(() => empty.issueToken(tokenRequest, NOW)).toThrow(NoSigningKey);
  expect(() => empty.issueTerminalToken(terminalRequest, NOW)).toThrow(NoSigningKey);
});
