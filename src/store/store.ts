// The ports through which everything else sees the store. Only app.ts knows which database stands behind them.

import type { Allowlist, UsableAllowlist } from '../domain/allowlist.ts';
import type { AuditAction } from '../domain/audit-action.ts';
import type { AccountId, CredentialRef, SessionCredentialRef, Subject } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import type { Subkey } from '../domain/subkey.ts';
import type { UnixNanos, UnixSeconds } from '../domain/time.ts';
import type { Token } from '../domain/token.ts';
import type { StoreLost } from '../errors.ts';
import type { SigningKeyRecord } from '../jwt/signing-key.ts';

export type SignerType = 'starknet' | 'eip191';

export interface Account {
  readonly account: AccountId;
  readonly signer:
    | { readonly type: 'starknet'; readonly publicKey: Felt }
    | { readonly type: 'eip191'; readonly ethAddress: string };
  readonly validAfter: UnixNanos;
  /** 0 = not locked. */
  readonly lockedAt: UnixNanos;
  readonly createdAt: UnixNanos;
}

/** A damaged allowlist can be read, never written. */
export type NewSubkey = Omit<Subkey, 'id' | 'allowlist' | 'activation'> & { readonly allowlist: UsableAllowlist };

export type NewToken = Token & { readonly allowlist: UsableAllowlist };

/** What a decision asks about a bearer: the credential, its account and the key that signed the JWT. */
export interface FactsQuery extends CredentialRef {
  readonly kid: string;
}

/** Every mutable fact a decision reads; never taken from the JWT itself (DESIGN 4.4). */
export interface Facts {
  readonly accountKnown: boolean;
  readonly accountLocked: boolean;
  readonly validAfter: UnixNanos;
  readonly credential: 'unknown' | 'pending' | 'alive' | 'revoked';
  /** As its owner names it: a subkey's public key, a token's lookup_id; empty for the account's own key and for what is unknown. */
  readonly label: string;
  /** 0 = never. */
  readonly expiresAt: UnixNanos;
  readonly allowlist: Allowlist;
  readonly signingKeyAlive: boolean;
}

/** Facts and the log position they were read at, from one SQL statement. */
export interface FactsRead {
  readonly facts: Facts;
  readonly position: bigint;
}

/** One numbered row of the change log, as it is applied to the view. */
export interface Change {
  readonly position: bigint;
  readonly subjects: readonly Subject[];
  /** True when something that was allowed may now be forbidden: what is in flight must be cut. */
  readonly narrows: boolean;
}

export interface ChangeEntry {
  readonly account: AccountId;
  readonly action: AuditAction;
  readonly subjects: readonly Subject[];
  readonly narrows: boolean;
}

export interface AuditEntry {
  readonly account: AccountId;
  readonly action: AuditAction;
  /** The acting credential as `kind:id`, empty when none existed yet. */
  readonly actor: string;
  readonly subject: Subject;
  readonly requestId: string;
  readonly clientIp: string;
  /** JSON-able; bigint members are written as decimal text. Never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** One row of the audit log as it is stored. */
export interface AuditRow {
  /** NO_ACCOUNT on rows about the service itself. */
  readonly account: string;
  readonly id: bigint;
  readonly at: UnixNanos;
  readonly action: string;
  readonly actor: string;
  readonly subject: string;
  readonly requestId: string;
  readonly clientIp: string;
  /** JSON text. */
  readonly detail: string;
}

/** All that is given must hold. */
export interface AuditFilter {
  readonly account?: AccountId | undefined;
  /** Rows about it, and rows of what it did. */
  readonly credential?: CredentialRef | undefined;
  readonly action?: AuditAction | undefined;
  /** Canonical text of the client's address. */
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
  /** Inclusive. */
  readonly from: UnixNanos | undefined;
  /** Exclusive. */
  readonly to: UnixNanos;
  /** The newest first: a page ends with its oldest row. */
  readonly newestFirst?: boolean;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Reads that may run anywhere: outside a transaction they see only what is committed. */
export interface StoreReads {
  facts(query: FactsQuery): Promise<FactsRead>;
  account(account: AccountId): Promise<Account | undefined>;
  /** The live row of a key if there is one, else its newest revoked row. */
  subkey(account: AccountId, publicKey: Felt): Promise<Subkey | undefined>;
  token(account: AccountId, lookupId: string): Promise<Token | undefined>;
  /** Live tokens and subkeys, neither revoked nor expired at `now`: what the limits count. */
  countLive(
    account: AccountId,
    now: UnixNanos,
  ): Promise<{ readonly tokens: number; readonly active: number; readonly pending: number }>;
}

/** A message, by its hash, and the public key that signed it. */
export interface SignedMessage {
  readonly hash: Felt;
  readonly by: Felt;
}

export type SignaturePurpose = 'login' | 'registration' | 'revoke_all' | 'sign_out';

export interface EarlierUse {
  /** 0 = an older release did not note it. */
  readonly at: UnixNanos;
}

/** Which credentials, of many accounts, a restore ends. */
export interface RevokedKinds {
  readonly subkeys: 'all' | 'pending';
  readonly tokens: boolean;
}

export interface RevokedCredentials {
  readonly account: AccountId;
  readonly subkeys: readonly { readonly id: bigint; readonly publicKey: string }[];
  readonly tokens: readonly { readonly tokenId: string; readonly lookupId: string }[];
}

/** What names a revoked credential, as stored: a row that is damaged elsewhere can still be revoked. */
export interface RevokedSubkey {
  readonly id: bigint;
  readonly publicKey: string;
  readonly name: string;
}

export interface RevokedToken {
  readonly tokenId: string;
  readonly lookupId: string;
  readonly name: string;
}

export interface StoreTransaction extends StoreReads {
  /** False when the account exists already: nothing was written. */
  insertAccount(account: Account, ethereumLabel: string): Promise<boolean>;
  /** Assigns the id. Undefined when a live row of this key, or a pending one of its ephemeral key, exists. */
  insertSubkey(subkey: NewSubkey): Promise<Subkey | undefined>;
  insertToken(token: NewToken): Promise<void>;
  /** Conditional updates: false when the row was not in the expected state, and nothing was written. */
  renameSubkey(account: AccountId, id: bigint, name: string, now: UnixNanos): Promise<boolean>;
  replaceSubkeyAllowlist(account: AccountId, id: bigint, allowlist: UsableAllowlist, now: UnixNanos): Promise<boolean>;
  revokeSubkey(account: AccountId, id: bigint, now: UnixNanos): Promise<boolean>;
  replaceTokenAllowlist(
    account: AccountId,
    tokenId: string,
    allowlist: UsableAllowlist,
    now: UnixNanos,
  ): Promise<boolean>;
  revokeToken(account: AccountId, tokenId: string, now: UnixNanos): Promise<boolean>;
  /**
   * From pending, and only while it lives and may still be activated, to active. The ciphertext is forgotten; that the ephemeral key
   * took it, now and from this client address, is not.
   */
  activateSubkey(account: AccountId, id: bigint, name: string, now: UnixNanos, from: string): Promise<boolean>;
  /** Never lowers: sessions of every credential of the account whose auth_time is at or before `to` are dead. */
  raiseValidAfter(account: AccountId, to: UnixNanos): Promise<void>;
  /** The same for the sessions of one main key, wallet or subkey. */
  raiseCredentialValidAfter(credential: SessionCredentialRef, to: UnixNanos): Promise<void>;
  /** Revokes every live subkey and pending one; returns them as they were. */
  revokeSubkeys(account: AccountId, now: UnixNanos): Promise<readonly RevokedSubkey[]>;
  /** Revokes every token that is not revoked; returns them as they were. */
  revokeTokens(account: AccountId, now: UnixNanos): Promise<readonly RevokedToken[]>;
  /** False when it was in that state already. */
  lockAccount(account: AccountId, now: UnixNanos): Promise<boolean>;
  unlockAccount(account: AccountId): Promise<boolean>;
  /** When this key used this message before, and then nothing was written. Marks are by message and key, never by signature. */
  useSignature(
    account: AccountId,
    purpose: SignaturePurpose,
    signed: SignedMessage,
    expiresAt: UnixNanos,
  ): Promise<EarlierUse | undefined>;
  /** The same for the nonce of a wallet's message, whatever the message is for. */
  useSiweNonce(account: AccountId, nonce: string, expiresAt: UnixNanos): Promise<EarlierUse | undefined>;
  /** Oldest first. */
  signingKeys(): Promise<readonly SigningKeyRecord[]>;
  insertSigningKey(record: SigningKeyRecord): Promise<void>;
  /** From published to active. */
  activateSigningKey(kid: string): Promise<boolean>;
  /** From active to verifying. */
  stopSigningKey(kid: string, verifyUntil: UnixNanos): Promise<boolean>;
  /** From any state but retired to retired. */
  retireSigningKey(kid: string, now: UnixNanos): Promise<boolean>;
  /** All that this key signed and that lives at `now`, of every account. Returns how many they were. */
  revokeTokensSignedBy(kid: string, now: UnixNanos): Promise<number>;
  /** When the last token that is not revoked expires; 0 = there is none. */
  latestTokenExpiry(): Promise<UnixNanos>;
  /** A new epoch, and ids that the lost rows of the old one cannot have had. Returns it; `Store.epoch` says it after reopening. */
  renewEpoch(): Promise<string>;
  /** Never lowers: for every account there is, and as the least for every one that is onboarded later. */
  raiseEveryValidAfter(to: UnixNanos): Promise<void>;
  /** Revokes what these accounts have of the kinds asked for; accounts without any are left out of the answer. */
  revokeCredentials(
    accounts: readonly AccountId[],
    kinds: RevokedKinds,
    now: UnixNanos,
  ): Promise<readonly RevokedCredentials[]>;
  /** Raises and lowers: for every account there is, and for every one that is onboarded later. */
  setEveryValidAfter(to: UnixNanos): Promise<void>;
  /**
   * Revokes, for a clock that is set from `latest` to `now`, what was over by the first and is not by the second, and what was made
   * after the second and would end too late.
   */
  revokeUntimely(now: UnixNanos, latest: UnixNanos): Promise<readonly RevokedCredentials[]>;
  dateSigningKey(kid: string, createdAt: UnixNanos): Promise<void>;
  /**
   * No signature by this credential of the account, named as an actor, that bears this second is taken again before the mark expires.
   * By credential, or one that was stolen could mark the seconds of all others.
   */
  markDated(account: AccountId, signer: string, seconds: UnixSeconds, expiresAt: UnixNanos): Promise<void>;
  appendAudit(entry: AuditEntry): Promise<void>;
  /** The same as appendAudit and appendChange for each, in the order given; for up to a thousand of them. */
  appendAll(audits: readonly AuditEntry[], changes: readonly ChangeEntry[]): Promise<void>;
  /** Numbers the change in commit order. */
  appendChange(entry: ChangeEntry): Promise<Change>;
}

export interface Store extends StoreReads {
  /** Renewed when a database is restored or promoted: positions of two epochs never compare. */
  readonly epoch: string;
  /**
   * Resolves, with why, when the database is no longer the one that was opened or another process writes to it: within a second, and
   * before anything more is acknowledged. From then on every call throws it, and nothing that was read before counts. Never rejects.
   */
  readonly whenLost: Promise<StoreLost>;
  /** Without `withRevoked` those alone that countLive counts. */
  subkeys(
    account: AccountId,
    filter: { withRevoked: boolean; now: UnixNanos },
    page: PageRequest,
  ): Promise<Page<Subkey>>;
  tokens(
    account: AccountId,
    filter: { withInvalid: boolean; kind: string | undefined; now: UnixNanos },
    page: PageRequest,
  ): Promise<Page<Token>>;
  /** By account id. */
  accounts(page: PageRequest): Promise<Page<Account>>;
  /** Of any account, revoked ones too, the newest first: at most `limit`. */
  subkeysNamed(by: { readonly id: bigint } | { readonly publicKey: Felt }, limit: number): Promise<readonly Subkey[]>;
  tokensNamed(
    by: { readonly tokenId: string } | { readonly lookupId: string },
    limit: number,
  ): Promise<readonly Token[]>;
  /** By the main public key or the wallet's address, in lower case. */
  accountsNamed(
    by: { readonly publicKey: Felt } | { readonly ethAddress: string },
    limit: number,
  ): Promise<readonly Account[]>;
  /** In the order in which they were written, which is that of time except where a clock was set back. */
  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRow>>;
  /** The rows `ending.receipt` of these requests. */
  receipts(requestIds: readonly string[]): Promise<readonly AuditRow[]>;
  signingKeys(): Promise<readonly SigningKeyRecord[]>;
  insertSigningKey(record: SigningKeyRecord): Promise<void>;
  /** Tokens that this key signed and that live at `now`, of every account. */
  countTokensSignedBy(kid: string, now: UnixNanos): Promise<number>;
  /** Rows of the audit log with this action, at or after `from`. */
  countAudit(action: string, from: UnixNanos): Promise<number>;
  /** All or nothing, one at a time, durable when it resolves. Nothing slow may be awaited inside. */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>;
  /** Audit rows that belong to no change: grouped logins, aggregated refusals. One durable write for all. */
  appendAudit(entries: readonly AuditEntry[]): Promise<void>;
  /** Deletes signature marks, nonces and pending subkeys whose time is over; the audit and the change log keep the last. */
  purgeExpired(now: UnixNanos): Promise<void>;
  /** What the clock says becomes the highest time seen, also when that was higher, and marks of markDated begin to count. */
  setTime(): Promise<void>;
  /**
   * Whether a signature of this credential that bears this second was taken while the clock was ahead of it. Costs nothing where
   * it never was.
   */
  isDated(account: AccountId, signer: string, seconds: UnixSeconds): Promise<boolean>;
  /** What `useSignature` would find, for who must know it also where nothing can be written. */
  usedSignature(account: AccountId, purpose: SignaturePurpose, signed: SignedMessage): Promise<EarlierUse | undefined>;
  usedSiweNonce(account: AccountId, nonce: string): Promise<EarlierUse | undefined>;
  /** That of the newest row by time: after a clock that was wrong it may lie in the future. 0 = there is none. */
  lastAuditTime(): Promise<UnixNanos>;
  /**
   * Empties the write-ahead log, where everything stands that was written lately: what was overwritten or deleted since is then gone
   * from the disk. False when somebody still reads an earlier state, a copy under way for one; nothing waits for that.
   */
  emptyLog(): Promise<boolean>;
  /** Throws when the database cannot be read. */
  ping(): Promise<void>;
  /** Number of the last change in the log. */
  position(): Promise<bigint>;
  /**
   * Copies everything that is committed now to a new file of mode 0600, while reads and writes go on. Rejects with
   * StoreFailure, and then leaves no file.
   */
  snapshot(to: string): Promise<void>;
  /** Waits for a copy under way. */
  close(): Promise<void>;
}
