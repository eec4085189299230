// What a terminal token says: whose account somebody has proven, to the venue's terminal and to nobody else (WIRE 12.11). It opens
// nothing: its typ, its audience and its key are each other ones than our own verifier accepts.
import type { AccountId } from '../domain/credential.ts';
import type { UnixSeconds } from '../domain/time.ts';

export const TERMINAL_AUDIENCE = 'dime-terminal';

/** WIRE 12.11: the longest life of one. */
export const TERMINAL_LIFETIME_SECONDS = 300;

export interface TerminalClaims {
  readonly account: AccountId;
  /** Its jti: by it the audit row of its issue is found. */
  readonly id: string;
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds;
}

/** The payload text. No more than the terminal needs: no credential, no permission, and no payload typ of an access token. */
export function writeTerminalClaims({ account, id, issuedAt, expiresAt }: TerminalClaims, issuer: string): string {
  return JSON.stringify({ iss: issuer, aud: TERMINAL_AUDIENCE, sub: account, iat: issuedAt, exp: expiresAt, jti: id });
}
