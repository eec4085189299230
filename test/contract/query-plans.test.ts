// How SQLite finds the rows of each statement of the store: what one caller asks for must not cost what everybody has, nor what
// an account has ever ended. A plan is the same for ten rows and for ten million.
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { anywhere } from '../../src/domain/allowlist.ts';
import { secondsOf, unixSeconds } from '../../src/domain/time.ts';
import type { AuditFilter, Store, StoreReads, StoreTransaction } from '../../src/store/store.ts';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import {
  alice,
  at,
  auditOf,
  bob,
  changeOf,
  keyOne,
  starkAccount,
  subkeyOf,
  T0,
  tokenOf,
} from '../support/store/rows.ts';

let database: SqliteTestDatabase;
beforeEach(() => {
  database = sqliteDatabase();
});
afterEach(() => {
  vi.restoreAllMocks();
  database.remove();
});

/** Passing over all of these is meant: in brackets, the index that holds nothing else than what is looked for. */
const allowed: readonly RegExp[] = [
  // Three, five rows.
  /^SCAN (meta|signing_key)\b/,
  /^SCAN (one|CONSTANT ROW)$/,
  // A page, in the order of the key.
  /^SCAN account USING INDEX sqlite_autoindex_account_1$/,
  // Pending subkeys alone.
  /^SCAN subkey USING INDEX subkey_ephemeral$/,
  // Its last entry.
  /^SCAN (token USING COVERING INDEX token_unrevoked_by_expiry|audit USING COVERING INDEX audit_by_time)$/,
];
/** A restore, and a clock that is set, are about everybody. */
const aboutEverybody = [
  /^update "account" set "valid_after" = \?( where "valid_after" < \?)?$/,
  /^update "account" set "main_valid_after" = \? where "main_valid_after" > \?$/,
  /^update "subkey" set "valid_after" = \? where "valid_after" > \?$/,
  /^update "(subkey|token)" set .* where .*"created_at" > \?/,
];

const credential = { account: alice, kind: 'subkey', id: '1' } as const;
const auditFilters: readonly Partial<AuditFilter>[] = [
  {},
  { account: alice },
  { account: alice, from: T0 },
  { action: 'login' },
  { action: 'token.revoked' },
  { address: '192.0.2.7' },
  { address: '192.0.2.7', newestFirst: true },
  { requestId: 'request-1' },
  { credential },
  { credential, newestFirst: true },
  { account: alice, action: 'token.revoked' },
  { account: alice, credential, action: 'token.revoked', address: '192.0.2.7', requestId: 'request-1' },
  { account: alice, credential, action: 'token.revoked', address: '192.0.2.7' },
];

const page = { limit: 10, cursor: undefined };
const after = (cursor: string) => ({ limit: 10, cursor });
const signingKey = {
  kid: 'kid-1',
  use: 'session',
  publicJwk: '{}',
  sealedPrivateKey: 'sealed',
  state: 'published',
  createdAt: T0,
} as const;

type Asked<Port> = { readonly [Name in keyof Port]: () => Promise<unknown> };

const reads = (store: StoreReads): Asked<StoreReads> => ({
  async facts() {
    for (const kind of ['main', 'evm', 'subkey', 'token'] as const) {
      await store.facts({ account: alice, kind, id: '1', kid: 'kid-1' });
    }
  },
  account: () => store.account(alice),
  subkey: () => store.subkey(alice, keyOne),
  token: () => store.token(alice, 'lookup-1'),
  countLive: () => store.countLive(alice, T0),
});

const writes = (tx: StoreTransaction): Asked<Omit<StoreTransaction, keyof StoreReads>> => ({
  insertAccount: () => tx.insertAccount(starkAccount(alice), '0x0'),
  insertSubkey: () => tx.insertSubkey(subkeyOf(alice)),
  insertToken: () => tx.insertToken(tokenOf(alice, '1')),
  renameSubkey: () => tx.renameSubkey(alice, 1n, 'x', T0),
  replaceSubkeyAllowlist: () => tx.replaceSubkeyAllowlist(alice, 1n, anywhere, T0),
  revokeSubkey: () => tx.revokeSubkey(alice, 1n, T0),
  replaceTokenAllowlist: () => tx.replaceTokenAllowlist(alice, 'tok_1', anywhere, T0),
  revokeToken: () => tx.revokeToken(alice, 'tok_1', T0),
  activateSubkey: () => tx.activateSubkey(alice, 1n, 'x', T0, '192.0.2.1'),
  raiseValidAfter: () => tx.raiseValidAfter(alice, T0),
  async raiseCredentialValidAfter() {
    await tx.raiseCredentialValidAfter({ account: alice, kind: 'main', id: 'main' }, T0);
    await tx.raiseCredentialValidAfter({ account: alice, kind: 'subkey', id: '1' }, T0);
  },
  revokeSubkeys: () => tx.revokeSubkeys(alice, T0),
  revokeTokens: () => tx.revokeTokens(alice, T0),
  lockAccount: () => tx.lockAccount(alice, T0),
  unlockAccount: () => tx.unlockAccount(alice),
  useSignature: () => tx.useSignature(alice, 'login', { hash: keyOne, by: keyOne }, T0),
  useSiweNonce: () => tx.useSiweNonce(alice, 'nonce', T0),
  signingKeys: () => tx.signingKeys(),
  insertSigningKey: () => tx.insertSigningKey(signingKey),
  activateSigningKey: () => tx.activateSigningKey('kid-1'),
  stopSigningKey: () => tx.stopSigningKey('kid-1', T0),
  retireSigningKey: () => tx.retireSigningKey('kid-1', T0),
  revokeTokensSignedBy: () => tx.revokeTokensSignedBy('kid-1', T0),
  latestTokenExpiry: () => tx.latestTokenExpiry(),
  renewEpoch: () => tx.renewEpoch(),
  raiseEveryValidAfter: () => tx.raiseEveryValidAfter(T0),
  async revokeCredentials() {
    for (const subkeys of ['all', 'pending'] as const) {
      await tx.revokeCredentials([alice, bob], { subkeys, tokens: true }, T0);
    }
  },
  setEveryValidAfter: () => tx.setEveryValidAfter(T0),
  revokeUntimely: () => tx.revokeUntimely(T0, at(9n)),
  dateSigningKey: () => tx.dateSigningKey('kid-1', T0),
  // Beyond the second that isDated is asked about, which it would not look up otherwise.
  markDated: () => tx.markDated(alice, 'main:main', unixSeconds(secondsOf(T0) + 1), at(9n)),
  appendAudit: () => tx.appendAudit(auditOf(alice)),
  appendAll: () => tx.appendAll([auditOf(alice)], [changeOf(alice)]),
  appendChange: () => tx.appendChange(changeOf(alice)),
});

const others = (
  store: Store,
): Asked<Omit<Store, keyof StoreReads | 'epoch' | 'whenLost' | 'transaction' | 'snapshot' | 'close'>> => ({
  async subkeys() {
    for (const asked of [page, after('7')]) {
      for (const withRevoked of [true, false]) await store.subkeys(alice, { withRevoked, now: T0 }, asked);
    }
  },
  async tokens() {
    for (const asked of [page, after('tok_7')]) {
      for (const withInvalid of [true, false]) {
        for (const kind of [undefined, 'readonly']) await store.tokens(alice, { withInvalid, kind, now: T0 }, asked);
      }
    }
  },
  async accounts() {
    await store.accounts(page);
    await store.accounts(after(alice));
  },
  async audit() {
    for (const asked of [page, after('7.7')]) {
      for (const filter of auditFilters) await store.audit({ from: undefined, to: at(1n), ...filter }, asked);
    }
  },
  async subkeysNamed() {
    await store.subkeysNamed({ id: 1n }, 10);
    await store.subkeysNamed({ publicKey: keyOne }, 10);
  },
  async tokensNamed() {
    await store.tokensNamed({ tokenId: 'tok_1' }, 10);
    await store.tokensNamed({ lookupId: 'lookup-1' }, 10);
  },
  async accountsNamed() {
    await store.accountsNamed({ publicKey: keyOne }, 10);
    await store.accountsNamed({ ethAddress: '0x1' }, 10);
  },
  receipts: () => store.receipts(['request-1', 'request-2']),
  countTokensSignedBy: () => store.countTokensSignedBy('kid-1', T0),
  countAudit: () => store.countAudit('login', T0),
  signingKeys: () => store.signingKeys(),
  insertSigningKey: () => store.insertSigningKey({ ...signingKey, kid: 'kid-2' }),
  appendAudit: () => store.appendAudit([auditOf(alice)]),
  purgeExpired: () => store.purgeExpired(T0),
  setTime: () => store.setTime(),
  isDated: () => store.isDated(alice, 'main:main', secondsOf(T0)),
  usedSignature: () => store.usedSignature(alice, 'login', { hash: keyOne, by: keyOne }),
  usedSiweNonce: () => store.usedSiweNonce(alice, 'nonce'),
  lastAuditTime: () => store.lastAuditTime(),
  emptyLog: () => store.emptyLog(),
  ping: () => store.ping(),
  position: () => store.position(),
});

/** Every statement that looks for rows, with the lines of its plan. */
async function plans(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { store } = await database.open();
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  await store.transaction(async (tx) => {
    for (const ask of Object.values({ ...writes(tx), ...reads(tx) })) await ask();
  });
  for (const ask of Object.values({ ...reads(store), ...others(store) })) await ask();
  const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
  prepare.mockRestore();
  await store.close();
  const looking = [...statements].filter((sql) => /^\s*(select|update|delete)\b/.test(sql) && sql !== 'select null');
  return new Map(
    looking.map((sql) => [sql, database.sql(`explain query plan ${sql}`).map(({ detail }) => String(detail))]),
  );
}

test('no statement passes over a whole table, but for those that are meant to', async () => {
  const found = await plans();
  expect(found.size).toBeGreaterThan(40);
  const scans = [...found].flatMap(([sql, plan]) =>
    aboutEverybody.some((form) => form.test(sql))
      ? []
      : plan
          .filter((line) => line.startsWith('SCAN') && !allowed.some((form) => form.test(line)))
          .map((line) => `${line}: ${sql}`),
  );
  expect(scans).toEqual([]);
});

test('tokens of one kind are looked up among all that an account ever had', async () => {
  const found = await plans();
  const byKind = [...found].filter(([sql]) => sql.startsWith('select') && sql.includes('and "kind" = ?'));
  expect(byKind).toHaveLength(2);
  for (const [, plan] of byKind) {
    expect(plan.join()).toMatch(
      /^SEARCH token USING INDEX token_by_kind \(account_id=\? AND kind=\?( AND token_id>\?)?\)$/,
    );
  }
});

test('a page of the audit log is read where it begins, in the order in which it was written, by what fewest rows have', async () => {
  const pages = [...(await plans())].filter(([sql]) => sql.includes('from "audit"') && sql.includes('order by "id"'));
  const used = pages.map(([, plan]) => plan.join());
  // Each alone is the whole plan: no row is sorted, none outside of the span between two ids is read.
  for (const plan of used) expect(plan).toMatch(/^SEARCH audit USING INDEX \w+ \(([\w<>]+=\? AND )*id>\? AND id<\?\)$/);
  const ways = used.map((plan) => /INDEX (.*) AND id>/.exec(plan)?.[1] ?? plan.slice(0, 36));
  expect([...new Set(ways)].sort()).toEqual([
    'SEARCH audit USING INDEX audit_by_id',
    'audit_by_action (action=?',
    'audit_by_client (client_ip=?',
    'audit_by_request (request_id=?',
    'sqlite_autoindex_audit_1 (account_id=?',
  ]);
});

test('a credential is looked up among those of all accounts by whatever names it', async () => {
  const found = [...(await plans())].filter(([sql]) =>
    /from "(subkey|token|account)" where "\w+" = \?.* limit \?$/.test(sql),
  );
  expect(
    found
      .map(([, plan]) => plan.join())
      .filter((plan) => !plan.includes('account_id=?'))
      .sort(),
  ).toEqual([
    'SEARCH account USING INDEX account_by_public_key (main_public_key=?)',
    'SEARCH account USING INDEX account_by_wallet (eth_address=?)',
    'SEARCH subkey USING INDEX subkey_by_id (id=?)',
    'SEARCH subkey USING INDEX subkey_by_public_key (public_key=?)',
    'SEARCH token USING INDEX token_by_id (token_id=?)',
    'SEARCH token USING INDEX token_by_lookup_id (lookup_id=?)',
  ]);
});

test('lists and counts of what lives do not pass over what an account has revoked', async () => {
  const found = await plans();
  const live = (table: string) =>
    [...found].filter(
      ([sql]) => sql.startsWith('select') && sql.includes(`from "${table}"`) && / (= 0|<> 'revoked') /.test(sql),
    );
  expect(live('token')).toHaveLength(8);
  for (const [, plan] of live('token')) expect(plan.join()).toMatch(/USING (COVERING )?INDEX token_unrevoked/);
  expect(live('subkey')).toHaveLength(4);
  // Nor over subkeys that ended by themselves; a revocation of all takes those, too.
  const byEnd = live('subkey').map(
    ([, plan]) => /USING INDEX subkey_unrevoked_by_end \((.*?)\)/.exec(plan.join())?.[1],
  );
  expect(byEnd.sort()).toEqual(['account_id=?', ...Array(3).fill('account_id=? AND <expr>>?')]);
});
