// The claims of our bearers, written and read in one place. They never hold mutable facts (allowlist, lock, revocation), and a claim that
// we do not write makes a bearer invalid.
import { type CredentialRef, MAIN_CREDENTIAL_ID } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import { isCredentialKind, isRevocableKind, kindTable } from '../domain/kinds.ts';
import { type UnixSeconds, unixSeconds } from '../domain/time.ts';
import { type BearerUse, bearerUses, hasRows, jwtKinds } from './kinds.ts';

/** As in Paradex's payload (docs/wire.md section 10). */
const PAYLOAD_TYP = 'at+JWT';

/** The content of a proven bearer. */
export interface BearerClaims {
  readonly credential: CredentialRef;
  /** Signing public key or wallet address of a session; lookup_id of a token. */
  readonly label: string;
  /** The JWT's id; for a token the same as its lookup_id. */
  readonly session: string;
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds;
  /** The signed timestamp behind a session; a token's time of creation. */
  readonly authTime: UnixSeconds;
  /** Isolated-market authorisation (docs/wire.md section 4). */
  readonly isolated: boolean;
  readonly tokenUsage: 'interactive' | undefined;
}

/** The payload text, members in the order of docs/decisions.md "JWT claims". */
export function writeClaims(claims: BearerClaims, use: BearerUse, issuer: string): string {
  return JSON.stringify({
    typ: PAYLOAD_TYP,
    iss: issuer,
    aud: jwtKinds[use].aud,
    sub: claims.credential.account,
    iat: claims.issuedAt,
    exp: claims.expiresAt,
    jti: claims.session,
    auth_time: claims.authTime,
    cs_kind: claims.credential.kind,
    cs_id: claims.credential.id,
    [jwtKinds[use].bearer.label.claim]: claims.label,
    ...(claims.isolated ? { iso: true } : {}),
    ...(claims.tokenUsage === undefined ? {} : { token_usage: claims.tokenUsage }),
  });
}

/**
 * The claims of a payload of this use and issuer; `undefined` if a member is missing, malformed, not for this use, or unknown. A claim
 * that a newer release adds may restrict, so skipping it could allow too much.
 */
export function readClaims(payload: string, use: BearerUse, issuer: string): BearerClaims | undefined {
  const members = membersOf(payload);
  if (members === undefined) return undefined;
  if (members.get('typ') !== PAYLOAD_TYP) return undefined;
  if (members.get('iss') !== issuer) return undefined;
  if (members.get('aud') !== jwtKinds[use].aud) return undefined;

  const credential = readCredential(members, use);
  const session = text(members.get('jti'), ID);
  const own = jwtKinds[use].bearer;
  const label = text(members.get(own.label.claim), own.label.form);
  const issuedAt = seconds(members.get('iat'));
  const expiresAt = seconds(members.get('exp'));
  const authTime = seconds(members.get('auth_time'));
  if (credential === undefined || session === undefined || label === undefined) return undefined;
  if (issuedAt === undefined || expiresAt === undefined || authTime === undefined) return undefined;
  if (issuedAt >= expiresAt) return undefined;
  // A token is named by its own id.
  if (hasRows(use) && label !== session) return undefined;

  const isolated = members.get('iso');
  const tokenUsage = members.get('token_usage');
  if (isolated !== undefined && isolated !== true) return undefined;
  if (tokenUsage !== undefined && tokenUsage !== 'interactive') return undefined;

  const known = membersOfUse.get(use);
  for (const name of members.keys()) if (known?.has(name) !== true) return undefined;
  return { credential, label, session, issuedAt, expiresAt, authTime, isolated: isolated === true, tokenUsage };
}

const commonMembers = ['typ', 'iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'auth_time', 'cs_kind', 'cs_id'];
const membersOfUse: ReadonlyMap<BearerUse, ReadonlySet<string>> = new Map(
  bearerUses.map((use) => {
    const { label, mayHave } = jwtKinds[use].bearer;
    return [use, new Set([...commonMembers, label.claim, ...mayHave])];
  }),
);

/** Row ids and JWT ids: no character with a meaning inside a subject, a header or a log line. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

function membersOf(payload: string): ReadonlyMap<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return undefined;
  }
  // A payload has one text, ours. Another reader could understand a repeated member or an escape differently.
  if (JSON.stringify(value) !== payload) return undefined;
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
}

function readCredential(members: ReadonlyMap<string, unknown>, use: BearerUse): CredentialRef | undefined {
  const sub = members.get('sub');
  const account = typeof sub === 'string' ? parseFelt(sub) : undefined;
  const kind = members.get('cs_kind');
  const id = text(members.get('cs_id'), ID);
  if (account === undefined || !isCredentialKind(kind) || id === undefined) return undefined;
  if (account !== sub) return undefined; // a second spelling of an account id
  if (kindTable[kind].bearer !== use) return undefined;
  if (isRevocableKind(kind) === (id === MAIN_CREDENTIAL_ID)) return undefined;
  return { account, kind, id };
}

const text = (value: unknown, form: RegExp): string | undefined =>
  typeof value === 'string' && form.test(value) ? value : undefined;

const seconds = (value: unknown): UnixSeconds | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? unixSeconds(value) : undefined;
