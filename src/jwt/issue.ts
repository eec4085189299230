// Issues session JWTs, read-only token JWTs and terminal tokens. It signs what the caller has proven and decides nothing. It never signs
// a bearer that our own verifier would refuse.
import { randomUUID } from 'node:crypto';
import type { AccountId, CredentialRef, SessionCredentialRef } from '../domain/credential.ts';
import { type UnixSeconds, unixSeconds } from '../domain/time.ts';
import { encodeBase64url } from './base64url.ts';
import { type BearerClaims, readClaims, writeClaims } from './claims.ts';
import { signEs256 } from './es256.ts';
import { headerPart } from './header.ts';
import type { Keyring } from './keyring.ts';
import { type BearerUse, jwtKinds, type KeyUse } from './kinds.ts';
import { writeTerminalClaims } from './terminal-claims.ts';

export interface SessionRequest {
  readonly credential: SessionCredentialRef;
  /** Signing public key or wallet address, `0x` hex. */
  readonly label: string;
  /** PARADEX-TIMESTAMP, or SIWE Issued At. */
  readonly authTime: UnixSeconds;
  readonly isolated: boolean;
  readonly tokenUsage: 'interactive' | undefined;
  /** It ends no later. */
  readonly endsBy?: UnixSeconds | undefined;
}

export interface TokenRequest {
  readonly credential: CredentialRef & { readonly kind: 'token' };
  readonly lookupId: string;
  readonly expiresAt: UnixSeconds;
}

export interface IssuedSession {
  readonly jwt: string;
  /** Its jti. */
  readonly session: string;
  readonly expiresAt: UnixSeconds;
}

export interface SignedJwt {
  readonly jwt: string;
  /** Of the key that signed it. */
  readonly kid: string;
}

export interface TerminalTokenRequest {
  readonly account: AccountId;
  /** When the session that asks for it ends. */
  readonly sessionEndsAt: UnixSeconds;
}

export interface IssuedTerminalToken {
  readonly jwt: string;
  /** Its jti. */
  readonly id: string;
  readonly expiresAt: UnixSeconds;
}

export interface Issuer {
  /** A session of 300 s from `now`, or less, with a fresh random id. */
  issueSession(request: SessionRequest, now: UnixSeconds): IssuedSession;
  /** A read-only token whose jti is its lookup_id and whose auth_time is `now`. The text is shown once and kept nowhere. */
  issueToken(request: TokenRequest, now: UnixSeconds): SignedJwt;
  /** An attestation of 300 s from `now`, less when the session that asks for it ends sooner. */
  issueTerminalToken(request: TerminalTokenRequest, now: UnixSeconds): IssuedTerminalToken;
}

/** All throw NoSigningKey when there is no active key of their use, and RangeError for claims that could never be valid. */
export function createIssuer(options: { readonly keyring: Keyring; readonly issuer: string }): Issuer {
  function issue(use: BearerUse, claims: BearerClaims): SignedJwt {
    const payload = writeClaims(claims, use, options.issuer);
    if (readClaims(payload, use, options.issuer) === undefined) throw new RangeError(`not the claims of a ${use} JWT`);
    return sign(use, payload);
  }

  function sign(use: KeyUse, payload: string): SignedJwt {
    const { kid, privateKey } = options.keyring.signer(use);
    const signed = `${headerPart(kid, use)}.${encodeBase64url(payload)}`;
    return { jwt: `${signed}.${encodeBase64url(signEs256(privateKey, signed))}`, kid };
  }

  return {
    issueSession({ credential, label, authTime, isolated, tokenUsage, endsBy }, now) {
      const session = randomUUID();
      const whole = now + jwtKinds.session.lifetimeSeconds;
      const expiresAt = unixSeconds(endsBy === undefined ? whole : Math.min(whole, endsBy));
      const claims = { credential, label, session, issuedAt: now, expiresAt, authTime, isolated, tokenUsage };
      return { jwt: issue('session', claims).jwt, session, expiresAt };
    },
    issueToken({ credential, lookupId, expiresAt }, now) {
      return issue('token', {
        credential,
        label: lookupId,
        session: lookupId,
        issuedAt: now,
        expiresAt,
        authTime: now,
        isolated: false,
        tokenUsage: undefined,
      });
    },
    issueTerminalToken({ account, sessionEndsAt }, now) {
      const id = randomUUID();
      const expiresAt = unixSeconds(Math.min(now + jwtKinds.terminal.lifetimeSeconds, sessionEndsAt));
      if (!(expiresAt > now)) throw new RangeError('a terminal token for a session that is over');
      const payload = writeTerminalClaims({ account, id, issuedAt: now, expiresAt }, options.issuer);
      return { jwt: sign('terminal', payload).jwt, id, expiresAt };
    },
  };
}
