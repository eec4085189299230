// The kinds of credentials, one row each. Code reads the row and never compares kinds by name: a new kind is a row and its use case.
import type { AuditAction } from './audit-action.ts';
import { type Permission, permissions } from './permission.ts';

interface KindRow {
  /** As texts to people call it. */
  readonly noun: string;
  /** The table with its row. A main key or wallet is its account: an account has one, and it ends only with the account. */
  readonly table: 'account' | 'subkey' | 'token' | 'device';
  /** Set when it is its account: the kind of signer on the account's row. */
  readonly signer?: 'starknet' | 'eip191';
  /** What its row id looks like. */
  readonly id: RegExp;
  /** What names it to its owner and to the venue. */
  readonly label: 'public_key' | 'wallet' | 'lookup_id' | 'thumbprint';
  /** The JWT kind of its bearers (jwt/kinds.ts): sessions that it logs in for, or the credential itself. */
  readonly bearer: 'session' | 'token';
  readonly permissions: ReadonlySet<Permission>;
  /** An operator switch that widens its permissions; off is the strict default. */
  readonly widened?: { readonly by: keyof PermissionPolicy; readonly permissions: ReadonlySet<Permission> };
  /** The message when a permission is missing. */
  readonly ifNotPermitted: string;
  /** Whether it may use no method but GET. */
  readonly getOnly: boolean;
  /** Whether signing out everywhere ends what was made with it. */
  readonly endsWithSignOut: boolean;
  /** Whether it lives no longer than the main session that made it: the end of that session, by whatever, ends it. */
  readonly endsWithMaker: boolean;
  /** What a leak report ends: the credential itself, or its sessions up to the one that leaked. */
  readonly leakEnds: 'itself' | 'sessions';
  /** The audit action of its end by its owner or the operator. Undefined: it ends only with its account. */
  readonly endedAs: AuditAction | undefined;
  /** Whether any holder of its bearer may end it (POST self/revoke). */
  readonly endsItself: boolean;
  /** Whether its requests may reach the venue with an identity. */
  readonly reachesVenue: boolean;
  /** Whether it gets only a share of its account's limits, so that one credential cannot use them up. */
  readonly ownShare: boolean;
  /** Whether its requests are charged to the owner's bucket, and not to those of their routes. */
  readonly chargedAsOwner: boolean;
  /** The key that signs orders in its sessions: its label, the account's main key, or none. */
  readonly orderKey: 'label' | 'account' | 'none';
  /** Whether its sessions may send orders that any subkey of the account signed. */
  readonly ordersOfSubkeys: boolean;
}

/** Operator switches that widen a kind; everything off is the strict default. */
export interface PermissionPolicy {
  readonly tokensMayReadKeys: boolean;
}

const set = (...listed: readonly Permission[]): ReadonlySet<Permission> => new Set(listed);

const ownKey = {
  table: 'account',
  id: /^main$/,
  bearer: 'session',
  permissions: set(...permissions),
  ifNotPermitted: 'a main key or wallet does not end itself: it signs out everywhere, or revokes all',
  getOnly: false,
  endsWithSignOut: true,
  endsWithMaker: false,
  leakEnds: 'sessions',
  endedAs: undefined,
  endsItself: false,
  reachesVenue: true,
  ownShare: false,
  chargedAsOwner: false,
  ordersOfSubkeys: true,
} as const;

const rows = {
  /** A Stark main key. */
  main: { ...ownKey, noun: 'main key', signer: 'starknet', label: 'public_key', orderKey: 'account' },
  /** An Ethereum wallet, whose own key signs no orders. */
  evm: { ...ownKey, noun: 'wallet', signer: 'eip191', label: 'wallet', orderKey: 'none' },
  subkey: {
    noun: 'subkey',
    table: 'subkey',
    id: /^[0-9]{1,18}$/,
    label: 'public_key',
    bearer: 'session',
    permissions: set('account:read', 'keys:read', 'self:read', 'trade'),
    ifNotPermitted: 'a subkey session may not do that: it needs the main key',
    getOnly: false,
    endsWithSignOut: true,
    endsWithMaker: false,
    leakEnds: 'sessions',
    endedAs: 'subkey.revoked',
    endsItself: true,
    reachesVenue: true,
    ownShare: true,
    chargedAsOwner: false,
    orderKey: 'label',
    ordersOfSubkeys: false,
  },
  /** Read-only. It outlives sign-outs, and ends by revocation or when its time is over. */
  token: {
    noun: 'read-only token',
    table: 'token',
    id: /^tok_[0-9a-z]{1,40}$/,
    label: 'lookup_id',
    bearer: 'token',
    permissions: set('account:read', 'self:read'),
    widened: { by: 'tokensMayReadKeys', permissions: set('account:read', 'keys:read', 'self:read') },
    ifNotPermitted: 'a read-only token may not do that',
    getOnly: true,
    endsWithSignOut: false,
    endsWithMaker: false,
    leakEnds: 'itself',
    endedAs: 'token.revoked',
    endsItself: true,
    reachesVenue: true,
    ownShare: true,
    chargedAsOwner: false,
    orderKey: 'none',
    ordersOfSubkeys: false,
  },
  /** A browser or command line of the owner: it sees and ends, and never makes or widens. All its sessions have one auth_time. */
  device: {
    noun: 'device',
    table: 'device',
    id: /^dev_[0-9a-z]{1,40}$/,
    label: 'thumbprint',
    bearer: 'session',
    permissions: set('audit:read', 'keys:narrow', 'keys:read', 'self:read'),
    ifNotPermitted: 'a device may not do that: it needs the main key',
    getOnly: false,
    endsWithSignOut: true,
    endsWithMaker: true,
    leakEnds: 'itself',
    endedAs: 'device.ended',
    endsItself: true,
    reachesVenue: false,
    ownShare: true,
    chargedAsOwner: true,
    orderKey: 'none',
    ordersOfSubkeys: false,
  },
} as const satisfies Readonly<Record<string, KindRow>>;

/** As in the JWT claim `cs_kind`. */
export type CredentialKind = keyof typeof rows;

type KindsWith<Column extends 'table' | 'bearer', Value> = {
  [Kind in CredentialKind]: (typeof rows)[Kind][Column] extends Value ? Kind : never;
}[CredentialKind];

/** Kinds with a row of their own, which can be revoked. */
export type RevocableKind = Exclude<CredentialKind, KindsWith<'table', 'account'>>;
/** Kinds that log in. */
export type SessionKind = KindsWith<'bearer', 'session'>;

export const kindTable: Readonly<Record<CredentialKind, KindRow>> = rows;

export const isCredentialKind = (text: unknown): text is CredentialKind =>
  typeof text === 'string' && Object.hasOwn(rows, text);

export const credentialKinds: readonly CredentialKind[] = Object.keys(rows).filter(isCredentialKind);

export const isRevocableKind = (kind: CredentialKind): kind is RevocableKind => kindTable[kind].table !== 'account';

export const revocableKinds: readonly RevocableKind[] = credentialKinds.filter(isRevocableKind);

/** What an owner with such a signer logs in as. */
export function kindOfSigner(signer: NonNullable<KindRow['signer']>): CredentialKind {
  const kind = credentialKinds.find((one) => kindTable[one].signer === signer);
  if (kind === undefined) throw new Error(`no kind of credential has the signer ${signer}`);
  return kind;
}

/** The kinds that are their account. */
export const ownKinds: readonly CredentialKind[] = credentialKinds.filter((kind) => !isRevocableKind(kind));

export const isSessionKind = (kind: CredentialKind): kind is SessionKind => kindTable[kind].bearer === 'session';

/** Main and wallet sessions hold everything, subkeys trade and read, tokens read, devices see and end. */
export function permissionsOf(kind: CredentialKind, policy: PermissionPolicy): ReadonlySet<Permission> {
  const { permissions: held, widened } = kindTable[kind];
  return widened !== undefined && policy[widened.by] ? widened.permissions : held;
}
