// What a terminal token says: whose account somebody has proven, to the venue's terminal and to nobody else (WIRE 12.11). It opens
// nothing: its typ, its audience and its key are each other ones than our own verifier accepts.
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
  /** Its jti: by it the audit row of its issue is found. */
  readonly id: string;
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds;
}

/** The payload text. No more than the terminal needs: no credential, no permission, and no payload typ of an access token. */
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

/**
 * For who looks up whose one is, however old it or its key: never for a decision. Undefined for every text that no terminal key of ours
 * signed.
 */
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
    // Signed by us, so it is the text that we write; one of another issuer was written under another setting.
    const { iss, sub, iat, exp, jti }: Record<string, unknown> = JSON.parse(bytes.toString());
    const account = typeof sub === 'string' ? parseFelt(sub) : undefined;
    if (account === undefined || iss !== issuer || typeof jti !== 'string') return undefined;
    return { kid, account, id: jti, issuedAt: unixSeconds(Number(iat)), expiresAt: unixSeconds(Number(exp)) };
  };
