// Unwritten denials: endings that could not be written. They are laid over everything that is read, so that facts and rows look as if
// they had been written and no caller can forget to ask. They only ever deny.
import {
  type AccountId,
  accountSubject,
  credentialSubject,
  kindSubject,
  namedSubject,
  ownSubjects,
  type RevocableRef,
  type Subject,
  sessionsSubject,
} from '../domain/credential.ts';
import type { Device } from '../domain/device.ts';
import { type CredentialKind, isRevocableKind, kindTable, revocableKinds } from '../domain/kinds.ts';
import type { Subkey } from '../domain/subkey.ts';
import { type Clock, NEVER, nanosOfSeconds, type UnixNanos } from '../domain/time.ts';
import type { Token } from '../domain/token.ts';
import type { Account, Facts, FactsQuery } from '../store/store.ts';
import {
  accountOf,
  type Denial,
  FOREVER,
  isSingle,
  kindOf,
  type SingleDenial,
  subjectOf,
  upToOf,
  type WideDenial,
} from './denial.ts';

export interface DenialsStats {
  /** Credentials, accounts and signing keys that are denied in this process alone. */
  readonly unwritten: number;
}

/** Lays the denials over what was read. */
export interface Overlay {
  overFacts(query: FactsQuery, facts: Facts): Facts;
  overAccount(account: Account): Account;
  overSubkey(subkey: Subkey): Subkey;
  overToken(token: Token): Token;
  overDevice(device: Device): Device;
}

export interface Denials extends Overlay {
  /**
   * Adds all of them. Returns the accounts that went over a limit: all their subkeys, tokens and sessions made until now are denied
   * instead, and the caller must cut their requests.
   */
  remember(denials: readonly Denial[]): readonly AccountId[];
  /** Forgets denials that are written by now. Keeps those remembered after version `asOf`, and sessions signed after `upTo`. */
  lift(denials: readonly Denial[], asOf: number): void;
  /** False when lifting these would change nothing. */
  mayHold(denials: readonly Denial[]): boolean;
  /** Rises with each `remember`. */
  readonly version: number;
  /** Whether something about the account was remembered after `version`. */
  changedSince(account: AccountId, version: number): boolean;
  stats(): DenialsStats;
}

/** Above these many credentials, of one account and of all together, an account is denied as a whole. */
export interface DenialLimits {
  readonly perAccount: number;
  readonly total: number;
}

// About 200 bytes each. The wide denials of an account are five entries at most.
const limitsByDefault: DenialLimits = { perAccount: 1_000, total: 100_000 };

interface Entry {
  /** The latest signature it ends; FOREVER for a credential as a whole. */
  readonly upTo: UnixNanos;
  /** When it was ended. */
  readonly at: UnixNanos;
  readonly version: number;
}

interface SingleEntry extends Entry {
  readonly of: CredentialKind;
  readonly label: string | undefined;
}

interface AccountDenials {
  readonly wide: Map<Subject, Entry>;
  readonly single: Map<Subject, SingleEntry>;
  /** The version of the last one that was added. */
  newest: number;
}

export function createDenials(deps: { readonly clock: Clock; readonly limits?: DenialLimits }): Denials {
  const { clock, limits = limitsByDefault } = deps;
  const accounts = new Map<AccountId, AccountDenials>();
  const signingKeys = new Map<string, Pick<Entry, 'at' | 'version'>>();
  let singles = 0;
  let version = 0;

  return {
    remember(denials) {
      version += 1;
      const widened = new Set<AccountId>();
      for (const denial of denials) {
        if (denial.kind === 'signing_key') signingKeys.set(denial.kid, made());
        else if (!isSingle(denial)) rememberWide(denial);
        else for (const account of rememberSingle(denial)) widened.add(account);
      }
      return [...widened];
    },

    lift(denials, asOf) {
      for (const denial of denials) {
        if (denial.kind === 'signing_key') {
          if ((signingKeys.get(denial.kid)?.version ?? version) <= asOf) signingKeys.delete(denial.kid);
        } else liftFrom(accountOf(denial), denial, asOf);
      }
    },

    mayHold: (denials) =>
      denials.some((denial) =>
        denial.kind === 'signing_key' ? signingKeys.has(denial.kid) : accounts.has(accountOf(denial)),
      ),

    get version() {
      return version;
    },

    changedSince: (account, since) => (accounts.get(account)?.newest ?? 0) > since,

    overFacts(query, facts) {
      if (accounts.size === 0 && signingKeys.size === 0) return facts;
      const { account, kind } = query;
      const signingKeyAlive = facts.signingKeyAlive && !signingKeys.has(query.kid);
      const denied = accounts.get(account);
      if (denied === undefined)
        return signingKeyAlive === facts.signingKeyAlive ? facts : { ...facts, signingKeyAlive };
      const ended = isRevocableKind(kind) ? endOf(denied, { ...query, kind }, facts.label) : undefined;
      const own = ended === undefined ? denied.single.get(credentialSubject(query))?.upTo : undefined;
      return {
        ...facts,
        signingKeyAlive,
        accountLocked: facts.accountLocked || denied.wide.has(accountSubject(account)),
        credential: ended === undefined || facts.credential === 'unknown' ? facts.credential : 'revoked',
        validAfter: latest(facts.validAfter, sessionsEnd(account, denied), own ?? NEVER, makersEnd(query, denied)),
      };
    },

    overAccount(row) {
      const { account, lockedAt, validAfter } = row;
      const denied = accounts.get(account);
      if (denied === undefined) return row;
      const lock = denied.wide.get(accountSubject(account));
      return {
        ...row,
        lockedAt: lockedAt === NEVER ? (lock?.at ?? NEVER) : lockedAt,
        validAfter: latest(validAfter, sessionsEnd(account, denied)),
      };
    },

    overSubkey(row) {
      const { account, id, publicKey } = row;
      const denied = row.state === 'revoked' ? undefined : accounts.get(account);
      const end = denied && endOf(denied, { account, kind: 'subkey', id: id.toString() }, publicKey);
      return end === undefined ? row : { ...row, state: 'revoked', revokedAt: end.at, pending: undefined };
    },

    overToken(row) {
      const { account, tokenId, lookupId, kid } = row;
      if (row.revokedAt !== NEVER) return row;
      const denied = accounts.get(account);
      const own = denied && endOf(denied, { account, kind: 'token', id: tokenId }, lookupId);
      const end = own ?? signingKeys.get(kid);
      return end === undefined ? row : { ...row, revokedAt: end.at };
    },

    overDevice(row) {
      const { account, deviceId, thumbprint, authTime } = row;
      const denied = row.endedAt === NEVER ? accounts.get(account) : undefined;
      if (denied === undefined) return row;
      const ref = { account, kind: 'device', id: deviceId } as const;
      const maker = [sessionsSubject(account), ...ownSubjects(account)].map(
        (subject) => denied.wide.get(subject) ?? denied.single.get(subject),
      );
      const end =
        endOf(denied, ref, thumbprint) ??
        maker.find((entry) => entry !== undefined && entry.upTo >= nanosOfSeconds(authTime));
      return end === undefined ? row : { ...row, endedAt: end.at };
    },

    stats() {
      let unwritten = signingKeys.size + singles;
      for (const { wide } of accounts.values()) unwritten += wide.size;
      return { unwritten };
    },
  };

  function deniedOf(account: AccountId): AccountDenials {
    const known = accounts.get(account);
    if (known !== undefined) return known;
    const denied: AccountDenials = { wide: new Map(), single: new Map(), newest: 0 };
    accounts.set(account, denied);
    return denied;
  }

  function rememberWide(denial: WideDenial): void {
    const denied = deniedOf(denial.account);
    const subject = subjectOf(denial);
    denied.newest = version;
    denied.wide.set(subject, { upTo: latest(upToOf(denial), denied.wide.get(subject)?.upTo ?? NEVER), ...made() });
  }

  /** Returns the accounts that went over a limit. */
  function rememberSingle(denial: SingleDenial): readonly AccountId[] {
    const account = accountOf(denial);
    const denied = deniedOf(account);
    const subject = subjectOf(denial);
    const known = denied.single.get(subject);
    denied.newest = version;
    // Keep the wider ending: a report of a leaked session must not revive the subkey behind it.
    const upTo = latest(upToOf(denial), known?.upTo ?? NEVER);
    const label = denial.kind === 'credential_sessions' ? known?.label : denial.label;
    denied.single.set(subject, { upTo, of: kindOf(denial), label, ...made() });
    if (known === undefined) singles += 1;
    if (denied.single.size > limits.perAccount) return [widen(account, denied)];
    return singles > limits.total ? [widen(...largest(account, denied))] : [];
  }

  function made(): Pick<Entry, 'at' | 'version'> {
    return { at: clock.now(), version };
  }

  // Above the total the account with the most denials is widened: a few large accounts must not widen the others.
  function largest(account: AccountId, denied: AccountDenials): [AccountId, AccountDenials] {
    let found: [AccountId, AccountDenials] = [account, denied];
    for (const other of accounts) if (other[1].single.size > found[1].single.size) found = other;
    return found;
  }

  // Denies what revoke-all ends, for revoke-all lifts it: the owner can still log in with the main key and ask for that.
  function widen(account: AccountId, denied: AccountDenials): AccountId {
    const signed = [...denied.single.values()].map(({ upTo }) => upTo).filter((upTo) => upTo !== FOREVER);
    singles -= denied.single.size;
    denied.single.clear();
    rememberWide({ kind: 'sessions', account, upTo: latest(clock.latest(), ...signed) });
    for (const of of outlivingKinds) rememberWide({ kind: 'every', account, of });
    return account;
  }

  function liftFrom(account: AccountId, denial: WideDenial | SingleDenial, asOf: number): void {
    const denied = accounts.get(account);
    if (denied === undefined) return;
    const upTo = upToOf(denial);
    const isWritten = (entry: Entry | undefined) => entry !== undefined && entry.version <= asOf && entry.upTo <= upTo;
    const subject = subjectOf(denial);
    if (isWritten(denied.wide.get(subject))) denied.wide.delete(subject);
    for (const [name, entry] of denied.single) {
      // A wide ending that is written covers the single ones: all of a kind, all sessions until then, all of a name.
      const isPart =
        name === subject ||
        denial.kind === 'sessions' ||
        (denial.kind === 'every' && denial.of === entry.of) ||
        (denial.kind === 'named' && denial.of === entry.of && denial.label === entry.label);
      if (!isPart || !isWritten(entry)) continue;
      denied.single.delete(name);
      singles -= 1;
    }
    if (denied.wide.size + denied.single.size === 0) accounts.delete(account);
  }
}

/** The kinds that outlive the sessions made until now. */
const outlivingKinds = revocableKinds.filter((kind) => !kindTable[kind].endsWithMaker);

/** The entry that ends a credential as a whole, if one does. */
function endOf({ wide, single }: AccountDenials, ref: RevocableRef, label: string): Entry | undefined {
  const { account, kind } = ref;
  const own = single.get(credentialSubject(ref));
  if (own?.upTo === FOREVER) return own;
  return single.get(namedSubject({ account, kind, label })) ?? wide.get(kindSubject({ account, kind }));
}

const sessionsEnd = (account: AccountId, { wide }: AccountDenials): UnixNanos =>
  wide.get(sessionsSubject(account))?.upTo ?? NEVER;

/** Of the sessions of the main key or wallet, where they end a credential that one of them made. */
const makersEnd = ({ account, kind }: Pick<FactsQuery, 'account' | 'kind'>, { single }: AccountDenials): UnixNanos =>
  kindTable[kind].endsWithMaker
    ? latest(...ownSubjects(account).map((subject) => single.get(subject)?.upTo ?? NEVER))
    : NEVER;

const latest = (...times: readonly UnixNanos[]): UnixNanos => times.reduce((a, b) => (a > b ? a : b), NEVER);
