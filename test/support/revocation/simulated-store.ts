// A store whose every past state is kept: a read is taken at one moment and delivered at another, and a test can ask of each
// state what it allows. The rule of what is allowed is written here a second time, on purpose not through src/.
import { type Allowlist, anywhere, parseAllowlist, parseIp } from '../../../src/domain/allowlist.ts';
import type { AuditAction } from '../../../src/domain/audit-action.ts';
import {
  type AccountId,
  accountSubject,
  credentialSubject,
  type Subject,
  sessionsSubject,
  signingKeySubject,
} from '../../../src/domain/credential.ts';
import { parseFelt } from '../../../src/domain/felt.ts';
import { NEVER, nanosOfSeconds, type UnixNanos, type UnixSeconds, unixSeconds } from '../../../src/domain/time.ts';
import type { SigningKeyRecord } from '../../../src/jwt/signing-key.ts';
import type { Change, Facts, FactsQuery, FactsRead, StoreTransaction } from '../../../src/store/store.ts';

export const START = unixSeconds(1_800_000_000);

const alice = felt('0xa11ce');
const bob = felt('0xb0b');
export const accounts: readonly AccountId[] = [alice, bob];
export const kids = ['session-1', 'session-2', 'token-1'] as const;

/** Every kind of credential; two accounts whose subkeys have the same id; one credential under two signing keys. */
export const queries: readonly FactsQuery[] = [
  { account: alice, kind: 'main', id: 'main', kid: 'session-1' },
  { account: alice, kind: 'subkey', id: '1', kid: 'session-1' },
  { account: alice, kind: 'subkey', id: '1', kid: 'session-2' },
  { account: alice, kind: 'subkey', id: '2', kid: 'session-1' },
  { account: alice, kind: 'token', id: 'tok_1', kid: 'token-1' },
  { account: bob, kind: 'evm', id: 'main', kid: 'session-2' },
  { account: bob, kind: 'subkey', id: '1', kid: 'session-1' },
  { account: bob, kind: 'token', id: 'tok_2', kid: 'token-1' },
];

/** What an owner or operator changes; numbers pick from the lists above, modulo their length. */
export type Edit =
  | { readonly kind: 'revoke' | 'narrow' | 'widen' | 'register' | 'rename' | 'leak'; readonly credential: number }
  | { readonly kind: 'lock' | 'unlock' | 'sign out'; readonly account: number }
  | { readonly kind: 'retire'; readonly kid: number };

const actions: Readonly<Record<Edit['kind'], AuditAction>> = {
  revoke: 'subkey.revoked',
  narrow: 'subkey.allowlist_replaced',
  widen: 'subkey.allowlist_replaced',
  register: 'subkey.registered',
  rename: 'subkey.renamed',
  leak: 'credential.reported_leaked',
  lock: 'account.locked',
  unlock: 'account.unlocked',
  'sign out': 'account.signed_out_everywhere',
  retire: 'signing_key.retired',
};

interface AccountRow {
  readonly locked: boolean;
  readonly validAfter: UnixNanos;
}

interface CredentialRow {
  readonly state: Facts['credential'];
  readonly expiresAt: UnixNanos;
  readonly allowlist: Allowlist;
  /** Sessions of this credential alone are dead up to here. */
  readonly validAfter: UnixNanos;
}

interface State {
  readonly accounts: ReadonlyMap<AccountId, AccountRow>;
  readonly credentials: ReadonlyMap<Subject, CredentialRow>;
  readonly retired: ReadonlySet<string>;
}

export const insideIp = ip('10.1.1.1');
export const outsideIp = ip('192.0.2.1');
const onlyInside = rangesOf('10.0.0.0/8');
const revocable = queries.filter(({ kind }) => kind === 'subkey' || kind === 'token');

export interface Attempt {
  readonly query: FactsQuery;
  readonly authTime: UnixSeconds;
  readonly inside: boolean;
}

export function createSimulatedStore() {
  const states: State[] = [initial()];
  const takenAt = new WeakMap<Facts, bigint>();

  return {
    head: (): bigint => BigInt(states.length - 1),

    /** Commits at once; the change has the next number. */
    commit(edit: Edit, now: UnixNanos): Change {
      const { state, subjects, narrows } = edited(stateAt(states.length - 1), edit, now);
      states.push(state);
      return { position: BigInt(states.length - 1), action: actions[edit.kind], subjects, narrows };
    },

    /** The rows of the signing keys, as they stand now. */
    signingKeys(): readonly SigningKeyRecord[] {
      const { retired } = stateAt(states.length - 1);
      return kids.map((kid) => ({
        kid,
        use: kid === 'token-1' ? 'token' : 'session',
        publicJwk: '',
        sealedPrivateKey: '',
        state: retired.has(kid) ? 'retired' : 'active',
        createdAt: NEVER,
      }));
    },

    snapshot(query: FactsQuery): FactsRead {
      const facts = factsOf(stateAt(states.length - 1), query);
      const position = BigInt(states.length - 1);
      takenAt.set(facts, position);
      return { facts, position };
    },

    /** Where facts were really read, whatever position was told of them. */
    takenAt(facts: Facts): bigint {
      const position = takenAt.get(facts);
      if (position === undefined) throw new Error('facts that no read gave');
      return position;
    },

    /** Whether any state from `position` on allows this. */
    allowsSince(position: bigint, attempt: Attempt, now: UnixNanos): boolean {
      return states.slice(Number(position)).some((state) => allowed(state, attempt, now));
    },
  };

  function stateAt(index: number): State {
    const state = states[index];
    if (state === undefined) throw new RangeError('no such position');
    return state;
  }
}

export type SimulatedStore = ReturnType<typeof createSimulatedStore>;

export function pick<Item>(list: readonly Item[], index: number): Item {
  const item = list[index % list.length];
  if (item === undefined) throw new RangeError('picked from an empty list');
  return item;
}

function initial(): State {
  const row = (state: Facts['credential'], expiresAt: UnixNanos, allowlist: Allowlist = anywhere): CredentialRow => ({
    state,
    expiresAt,
    allowlist,
    validAfter: NEVER,
  });
  // Only the second subkey does not exist yet. Times of expiry are within the reach of a schedule.
  return {
    accounts: new Map(accounts.map((account) => [account, { locked: false, validAfter: NEVER }])),
    credentials: new Map([
      [credentialSubject({ account: alice, kind: 'subkey', id: '1' }), row('alive', NEVER)],
      [credentialSubject({ account: alice, kind: 'subkey', id: '2' }), row('unknown', NEVER)],
      [credentialSubject({ account: alice, kind: 'token', id: 'tok_1' }), row('alive', expiry(4_000))],
      [credentialSubject({ account: bob, kind: 'subkey', id: '1' }), row('pending', expiry(9_000), onlyInside)],
      [credentialSubject({ account: bob, kind: 'token', id: 'tok_2' }), row('alive', expiry(6_000), onlyInside)],
    ]),
    retired: new Set(),
  };
}

const expiry = (seconds: number): UnixNanos => nanosOfSeconds(unixSeconds(START + seconds));

function edited(state: State, edit: Edit, now: UnixNanos) {
  switch (edit.kind) {
    case 'revoke':
      return withCredential(edit.credential, true, (row) => ({ ...row, state: 'revoked' }));
    case 'narrow':
      return withCredential(edit.credential, true, (row) => ({ ...row, allowlist: onlyInside }));
    case 'widen':
      return withCredential(edit.credential, false, (row) => ({ ...row, allowlist: anywhere }));
    case 'register':
      return withCredential(edit.credential, false, (row) =>
        row.state === 'revoked' ? row : { ...row, state: 'alive' },
      );
    case 'rename':
      return withCredential(edit.credential, false, (row) => row);
    case 'leak':
      return withCredential(edit.credential, true, (row) => ({ ...row, validAfter: now }));
    case 'lock':
      return withAccount(edit.account, accountSubject, true, (row) => ({ ...row, locked: true }));
    case 'unlock':
      return withAccount(edit.account, accountSubject, false, (row) => ({ ...row, locked: false }));
    case 'sign out':
      return withAccount(edit.account, sessionsSubject, true, (row) => ({ ...row, validAfter: now }));
    case 'retire': {
      const kid = pick(kids, edit.kid);
      return {
        state: { ...state, retired: new Set([...state.retired, kid]) },
        subjects: [signingKeySubject(kid)],
        narrows: true,
      };
    }
    default:
      return edit satisfies never;
  }

  function withCredential(index: number, narrows: boolean, change: (row: CredentialRow) => CredentialRow) {
    const subject = credentialSubject(pick(revocable, index));
    const row = state.credentials.get(subject);
    if (row === undefined) throw new Error('no such credential');
    return {
      state: { ...state, credentials: new Map([...state.credentials, [subject, change(row)]]) },
      subjects: [subject],
      narrows,
    };
  }

  function withAccount(
    index: number,
    subjectOf: (account: AccountId) => Subject,
    narrows: boolean,
    change: (row: AccountRow) => AccountRow,
  ) {
    const account = pick(accounts, index);
    const row = state.accounts.get(account);
    if (row === undefined) throw new Error('no such account');
    return {
      state: { ...state, accounts: new Map([...state.accounts, [account, change(row)]]) },
      subjects: [subjectOf(account)],
      narrows,
    };
  }
}

/** What the answer to a query can change with. */
export const dependsOn = (query: FactsQuery): readonly Subject[] => [
  credentialSubject(query),
  accountSubject(query.account),
  signingKeySubject(query.kid),
  // A token outlives a sign-out.
  ...(query.kind === 'token' ? [] : [sessionsSubject(query.account)]),
];

/** The credential that an edit's number means. */
export function editedCredential(index: number) {
  const { account, kind, id } = pick(revocable, index);
  if (kind !== 'subkey' && kind !== 'token') throw new Error('it cannot be revoked');
  return { account, kind, id };
}

function rowsOf(state: State, query: FactsQuery) {
  const account = state.accounts.get(query.account);
  if (account === undefined) throw new Error('no such account');
  const own: CredentialRow = { state: 'alive', expiresAt: NEVER, allowlist: anywhere, validAfter: NEVER };
  const isOwn = query.kind === 'main' || query.kind === 'evm';
  const credential = isOwn ? own : state.credentials.get(credentialSubject(query));
  if (credential === undefined) throw new Error('no such credential');
  return { account, credential };
}

/** As the owner of a credential names it. */
export const labelOf = ({ kind, id }: FactsQuery): string =>
  kind === 'subkey' || kind === 'token' ? `label-${id}` : '';

const later = (a: UnixNanos, b: UnixNanos): UnixNanos => (a > b ? a : b);

function factsOf(state: State, query: FactsQuery): Facts {
  const { account, credential } = rowsOf(state, query);
  return {
    accountKnown: true,
    accountLocked: account.locked,
    validAfter: query.kind === 'token' ? NEVER : later(account.validAfter, credential.validAfter),
    credential: credential.state,
    expiresAt: credential.expiresAt,
    allowlist: credential.allowlist,
    label: labelOf(query),
    mainKey: undefined,
    signingKeyAlive: !state.retired.has(query.kid),
  };
}

function allowed(state: State, { query, authTime, inside }: Attempt, now: UnixNanos): boolean {
  const { account, credential } = rowsOf(state, query);
  const signedAt = nanosOfSeconds(authTime);
  return (
    !state.retired.has(query.kid) &&
    !account.locked &&
    credential.state === 'alive' &&
    (credential.expiresAt === NEVER || now < credential.expiresAt) &&
    (query.kind === 'token' || signedAt > account.validAfter) &&
    (query.kind === 'token' || signedAt > credential.validAfter) &&
    (inside || credential.allowlist === anywhere)
  );
}

function felt(text: string): AccountId {
  const account = parseFelt(text);
  if (account === undefined) throw new Error('not a felt');
  return account;
}

function ip(text: string) {
  const address = parseIp(text);
  if (address === undefined) throw new Error('not an address');
  return address;
}

function rangesOf(...entries: string[]): Allowlist {
  const parsed = parseAllowlist(entries);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.list;
}

const unused = (): never => {
  throw new Error('a simulated transaction has only its own work');
};

/** A transaction for work that does not touch it. */
export const noTransaction: StoreTransaction = {
  facts: unused,
  account: unused,
  subkey: unused,
  token: unused,
  device: unused,
  countLive: unused,
  insertAccount: unused,
  insertSubkey: unused,
  insertToken: unused,
  insertDevice: unused,
  countLiveDevices: unused,
  isDeviceKey: unused,
  useDevice: unused,
  endDevice: unused,
  endDevices: unused,
  renameToken: unused,
  replaceToken: unused,
  renameSubkey: unused,
  replaceSubkeyAllowlist: unused,
  revokeSubkey: unused,
  replaceTokenAllowlist: unused,
  revokeToken: unused,
  activateSubkey: unused,
  raiseValidAfter: unused,
  raiseCredentialValidAfter: unused,
  revokeSubkeys: unused,
  revokeTokens: unused,
  lockAccount: unused,
  unlockAccount: unused,
  useSignature: unused,
  useSiweNonce: unused,
  signingKeys: unused,
  insertSigningKey: unused,
  activateSigningKey: unused,
  stopSigningKey: unused,
  retireSigningKey: unused,
  revokeTokensSignedBy: unused,
  latestTokenExpiry: unused,
  renewEpoch: unused,
  raiseEveryValidAfter: unused,
  revokeCredentials: unused,
  setEveryValidAfter: unused,
  revokeUntimely: unused,
  endEveryDevice: unused,
  dateSigningKey: unused,
  markDated: unused,
  appendAll: unused,
  appendAudit: unused,
  appendChange: unused,
};
