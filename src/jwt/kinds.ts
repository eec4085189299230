// The kinds of JWTs, one row each. No two kinds share a signing key, so a key's use is the name of a kind. A new kind is a row and the
// code that writes its claims.
import type { AuditAction } from '../domain/audit-action.ts';
import { SESSION_SECONDS, TERMINAL_TOKEN_SECONDS } from '../domain/lifetimes.ts';

/** A claim that names the credential, and its form. */
interface LabelClaim {
  readonly claim: 'cs_key' | 'lookup_id';
  readonly form: RegExp;
}

interface JwtKind {
  /** `typ` of the JOSE header. Each kind has its own, so that no JWT can pass for another kind (RFC 8725 section 3.11). */
  readonly typ: string;
  readonly aud: string;
  /** Undefined: each has a row with its own expiry. */
  readonly lifetimeSeconds: number | undefined;
  /** The audit action of its issue. Kinds without rows are counted by it. */
  readonly issuedAs: AuditAction;
  /** The claims of a bearer besides the common ones; undefined when our verifier does not accept it. */
  readonly bearer: { readonly label: LabelClaim; readonly mayHave: readonly string[] } | undefined;
  /** The setting that switches it on; while off it has no key. Undefined: always on. */
  readonly setting: 'terminal_token.enabled' | undefined;
}

const rows = {
  session: {
    typ: 'JWT',
    aud: 'countersign:session',
    lifetimeSeconds: SESSION_SECONDS,
    issuedAs: 'login',
    bearer: { label: { claim: 'cs_key', form: /^0x[0-9a-fA-F]{1,64}$/ }, mayHave: ['iso', 'token_usage'] },
    setting: undefined,
  },
  /** Read-only tokens. */
  token: {
    typ: 'readonly+JWT',
    aud: 'countersign:read-only-token',
    lifetimeSeconds: undefined,
    issuedAs: 'token.created',
    bearer: { label: { claim: 'lookup_id', form: /^[A-Za-z0-9_-]{1,64}$/ }, mayHave: [] },
    setting: undefined,
  },
  /** For the venue's terminal: attests an account. */
  terminal: {
    typ: 'terminal+JWT',
    aud: 'dime-terminal',
    lifetimeSeconds: TERMINAL_TOKEN_SECONDS,
    issuedAs: 'terminal_token.issued',
    bearer: undefined,
    setting: 'terminal_token.enabled',
  },
} as const satisfies Readonly<Record<string, JwtKind>>;

/** What a key may sign. */
export type KeyUse = keyof typeof rows;

/** Kinds that our verifier accepts as a bearer. */
export type BearerUse = {
  [Use in KeyUse]: (typeof rows)[Use]['bearer'] extends undefined ? never : Use;
}[KeyUse];

export const jwtKinds: typeof rows = rows;

const isKeyUse = (text: string): text is KeyUse => Object.hasOwn(rows, text);

export const keyUses: readonly KeyUse[] = Object.keys(rows).filter(isKeyUse);

/** `undefined` for a text that is no use. */
export const keyUse = (text: string): KeyUse | undefined => (isKeyUse(text) ? text : undefined);

const isBearerUse = (use: KeyUse): use is BearerUse => rows[use].bearer !== undefined;

export const bearerUses: readonly BearerUse[] = keyUses.filter(isBearerUse);

/** The bearer with this `typ`; undefined when no bearer has it. */
export const bearerOfTyp = (typ: string): BearerUse | undefined => bearerUses.find((use) => rows[use].typ === typ);

/** Uses that need a signing key under these settings. */
export const usesWith = (settings: Readonly<Record<NonNullable<JwtKind['setting']>, boolean>>): readonly KeyUse[] =>
  keyUses.filter((use) => {
    const { setting }: JwtKind = rows[use];
    return setting === undefined || settings[setting];
  });

/** Whether each JWT of this kind has a row of its own. */
export const hasRows = (use: KeyUse): boolean => rows[use].lifetimeSeconds === undefined;
