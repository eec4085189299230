// A keyring with one key per use, an issuer, a verifier, and a pen to write JWTs that the issuer never would.
import { createSecretKey, randomBytes } from 'node:crypto';
import { parseFelt } from '../../src/domain/felt.ts';
import { unixNanos, unixSeconds } from '../../src/domain/time.ts';
import { encodeBase64url } from '../../src/jwt/base64url.ts';
import { signEs256 } from '../../src/jwt/es256.ts';
import { createIssuer, type SessionRequest, type TokenRequest } from '../../src/jwt/issue.ts';
import { createKeyring } from '../../src/jwt/keyring.ts';
import { createSigningKey, type SigningKey, toRecord } from '../../src/jwt/signing-key.ts';
import { type BearerResult, createVerifyBearer, type VerifiedClaims } from '../../src/jwt/verify.ts';

export const ISSUER = 'Countersign test';
export const NOW = unixSeconds(1_800_000_000);
export const later = (by: number) => unixSeconds(NOW + by);

const account = parseFelt('0x5ee1');
if (account === undefined) throw new Error('not a felt');

export const subkeySession: SessionRequest = {
  credential: { account, kind: 'subkey', id: '17' },
  label: '0xabc123',
  authTime: later(-60),
  isolated: false,
  tokenUsage: undefined,
};

export const tokenRequest: TokenRequest & { readonly expiresAt: number } = {
  credential: { account, kind: 'token', id: 'tok_4Zq' },
  lookupId: '7f4df2ad-4a57-4b1c-9f3c-1d1a4b6e2d11',
  expiresAt: later(86_400),
};

export function bearerSetup(options: { cacheCapacity?: number } = {}) {
  const masterKey = createSecretKey(randomBytes(32));
  const sessionKey = createSigningKey('session');
  const tokenKey = createSigningKey('token');
  const terminalKey = createSigningKey('terminal');
  const records = [sessionKey, tokenKey, terminalKey].map((signingKey) =>
    toRecord(masterKey, signingKey, { state: 'active', createdAt: unixNanos(1n) }),
  );
  const keyring = createKeyring({ records, masterKey });
  const verifyBearer = createVerifyBearer({ keyring, issuer: ISSUER, cacheCapacity: options.cacheCapacity ?? 100 });
  return {
    masterKey,
    sessionKey,
    tokenKey,
    terminalKey,
    records,
    keyring,
    issuer: createIssuer({ keyring, issuer: ISSUER }),
    verifyBearer,
  };
}

/** A JWT of exactly these texts, properly signed. */
export function writeJwt(signingKey: SigningKey, header: string, payload: string): string {
  const signed = `${encodeBase64url(header)}.${encodeBase64url(payload)}`;
  return `${signed}.${encodeBase64url(signEs256(signingKey.privateKey, signed))}`;
}

export const sessionHeader = (kid: string) => ({ alg: 'ES256', kid, typ: 'JWT' });

/** The payload of a jwt as a plain object. */
export function payloadOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part(jwt, 1), 'base64url').toString());
}

export function headerOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part(jwt, 0), 'base64url').toString());
}

export function part(jwt: string, index: number): string {
  const found = jwt.split('.')[index];
  if (found === undefined) throw new Error(`no part ${index}`);
  return found;
}

export function withPart(jwt: string, index: number, text: string): string {
  return jwt
    .split('.')
    .map((old, at) => (at === index ? text : old))
    .join('.');
}

export function accepted(result: BearerResult): VerifiedClaims {
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.claims;
}
