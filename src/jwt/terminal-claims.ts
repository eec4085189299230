// The claims of a terminal token: it attests an account to the venue's terminal (docs/decisions.md "terminal token"). It opens nothing
// here: our verifier accepts neither its typ, nor its audience, nor its key.
import type { AccountId } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import { type UnixSeconds, unixSeconds } from '../domain/time.ts';
import { decodeBase64url } from './base64url.ts';
import { verifyEs256 } from './es256.ts';
import { headerPart, readHeader } from './header.ts';
import type { Keyring } from './keyring.ts';
import { jwtKinds } from './kinds.ts';

export interface TerminalClaims {
  readonly account: AccountId;
  /** Its jti, which the audit row of its issue holds. */
  readonly id: string;
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds;
}

/** The payload text: only what the terminal needs. No credential, no permission, no payload typ of an access token. */
export function writeTerminalClaims({ account, id, issuedAt, expiresAt }: TerminalClaims, issuer: string): string {
  return JSON.stringify({
    iss: issuer,
    aud: jwtKinds.terminal.aud,
    sub: account,
    iat: issuedAt,
    exp: expiresAt,
    jti: id,
  });
}

export interface VerifiedTerminal extends TerminalClaims {
  readonly kid: string;
}

/** For lookups by the operator, never for a decision: age and key state are not checked. Undefined unless a terminal key of ours signed it. */
export const createReadTerminalToken =
  ({ keyring, issuer }: { readonly keyring: Pick<Keyring, 'verifier'>; readonly issuer: string }) =>
  (token: string): VerifiedTerminal | undefined => {
    const [header = '', payload = '', signature = '', ...more] = token.split('.');
    const kid = readHeader(header)?.kid ?? '';
    const verifier = keyring.verifier(kid);
    if (more.length > 0 || verifier?.use !== 'terminal' || header !== headerPart(kid, 'terminal')) return undefined;
    const [bytes, signed] = [decodeBase64url(payload), decodeBase64url(signature)];
    if (bytes === undefined || signed === undefined) return undefined;
    if (!verifyEs256(verifier.publicKey, `${header}.${payload}`, signed)) return undefined;
    // We signed it, so the payload is well formed. Another issuer means that the setting was changed since.
    const { iss, sub, iat, exp, jti }: Record<string, unknown> = JSON.parse(bytes.toString());
    const account = typeof sub === 'string' ? parseFelt(sub) : undefined;
    if (account === undefined || iss !== issuer || typeof jti !== 'string') return undefined;
    return { kid, account, id: jti, issuedAt: unixSeconds(Number(iat)), expiresAt: unixSeconds(Number(exp)) };
  };
