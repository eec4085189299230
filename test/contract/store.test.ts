// What every database behind the store's ports must keep. The statements of `sql` are those of an administrator beside us.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anywhere } from '../../src/domain/allowlist.ts';
import { type CredentialRef, MAIN_CREDENTIAL_ID } from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { NEVER, unixNanos } from '../../src/domain/time.ts';
import { StoreFailure } from '../../src/errors.ts';
import type { SigningKeyRecord } from '../../src/jwt/signing-key.ts';
import type { OpenedStore } from '../../src/store/open.ts';
import { DamagedRow } from '../../src/store/sql/rows.ts';
import type { EarlierUse, FactsQuery, NewSubkey, Store, StoreTransaction } from '../../src/store/store.ts';
import { databases, type TestDatabase, type TestTime } from '../support/store/databases.ts';
import {
  alice,
  allowlist,
  at,
  auditOf,
  bob,
  changeOf,
  insertAccounts,
  insertSubkey,
  insertTokens,
  keyOne,
  keyTwo,
  starkAccount,
  subkeyOf,
  T0,
  tokenOf,
  walletAccount,
} from '../support/store/rows.ts';

const signingKey: SigningKeyRecord = {
  kid: 'kid-session',
  use: 'session',
  publicJwk: '{}',
  sealedPrivateKey: 'sealed',
  state: 'active',
  createdAt: T0,
};

const everything = { limit: 100, cursor: undefined };

describe.each(databases)('the store on $name', ({ create }) => {
  let database: TestDatabase;
  let opened: OpenedStore;
  let store: Store;

  beforeEach(async () => {
    database = create();
    await open();
  });
  afterEach(async () => {
    await store.close();
    database.remove();
  });

  async function open(time?: TestTime): Promise<void> {
    opened = await database.open(time);
    store = opened.store;
  }

  async function reopen(time?: TestTime): Promise<void> {
    await store.close();
    await open(time);
  }

  /** Everything the service wrote, so that "nothing was written" can be said of all of it at once. */
  function allRows(): Record<string, unknown> {
    const tables = ['account', 'subkey', 'token', 'signing_key', 'used_signature', 'siwe_nonce', 'audit', 'change_log'];
    const counters = database.sql("select name, value from meta where name <> 'highest_time' order by name");
    return { counters, ...Object.fromEntries(tables.map((table) => [table, database.sql(`select * from ${table}`)])) };
  }

  const factsOf = async (query: Omit<FactsQuery, 'kid'> & { kid?: string }) =>
    (await store.facts({ kid: signingKey.kid, ...query })).facts;

  const position = async () =>
    (await store.facts({ account: alice, kind: 'main', id: MAIN_CREDENTIAL_ID, kid: '' })).position;

  describe('facts', () => {
    const mainOf = (account: typeof alice): CredentialRef => ({ account, kind: 'main', id: MAIN_CREDENTIAL_ID });
    const walletOf = (account: typeof alice): CredentialRef => ({ account, kind: 'evm', id: MAIN_CREDENTIAL_ID });

    test('facts of a Stark account: its main key lives, unlocked, from anywhere, for ever', async () => {
      await insertAccounts(store, alice);
      await store.insertSigningKey(signingKey);
      expect(await store.facts({ ...mainOf(alice), kid: signingKey.kid })).toEqual({
        position: 0n,
        facts: {
          accountKnown: true,
          accountLocked: false,
          validAfter: NEVER,
          credential: 'alive',
          expiresAt: NEVER,
          allowlist: anywhere,
          mainKey: feltOf(BigInt(alice) + 1n),
          signingKeyAlive: true,
          label: '',
        },
      });
    });

    test('a wallet is no credential of a Stark account, and a main Stark key none of a wallet account', async () => {
      await store.transaction(async (tx) => {
        await tx.insertAccount(starkAccount(alice), '');
        await tx.insertAccount(walletAccount(bob), '');
      });
      expect((await factsOf(walletOf(alice))).credential).toBe('unknown');
      expect((await factsOf(mainOf(bob))).credential).toBe('unknown');
      expect((await factsOf(walletOf(bob))).credential).toBe('alive');
      for (const none of [walletOf(alice), mainOf(bob), walletOf(bob)]) {
        expect((await factsOf(none)).mainKey).toBeUndefined();
      }
    });

    test.each(['main', 'evm', 'subkey', 'token'] as const)(
      'facts of a %s of an unknown account: nothing lives',
      async (kind) => {
        const facts = await factsOf({ account: alice, kind, id: '1' });
        expect(facts).toMatchObject({ accountKnown: false, credential: 'unknown', signingKeyAlive: false });
      },
    );

    test('a subkey is alive, pending or revoked, with its list and its expiry', async () => {
      await insertAccounts(store, alice);
      const list = allowlist('192.0.2.0/24');
      const { id } = await insertSubkey(store, subkeyOf(alice, { allowlist: list }));
      const waiting = await insertSubkey(store, subkeyOf(alice, { publicKey: keyTwo, state: 'pending' }));
      const ref = { account: alice, kind: 'subkey', id: id.toString() } as const;
      expect(await factsOf(ref)).toMatchObject({ credential: 'alive', allowlist: list, expiresAt: NEVER });
      expect((await factsOf({ ...ref, id: waiting.id.toString() })).credential).toBe('pending');
      database.sql(`update subkey set expires_at = ${at(9n)} where id = ${id}`);
      expect((await factsOf(ref)).expiresAt).toBe(at(9n));
      await store.transaction((tx) => tx.revokeSubkey(alice, id, at(10n)));
      expect((await factsOf(ref)).credential).toBe('revoked');
    });

    test('a token is alive or revoked, with its list and its expiry', async () => {
      await insertAccounts(store, alice);
      const list = allowlist('2001:db8::/32');
      await insertTokens(store, tokenOf(alice, '1', { allowlist: list }));
      const ref = { account: alice, kind: 'token', id: 'tok_1' } as const;
      expect(await factsOf(ref)).toMatchObject({ credential: 'alive', allowlist: list, expiresAt: at(1_000n) });
      await store.transaction((tx) => tx.revokeToken(alice, 'tok_1', at(10n)));
      expect((await factsOf(ref)).credential).toBe('revoked');
    });

    test('a credential is unknown under every account but its own', async () => {
      await insertAccounts(store, alice, bob);
      const { id } = await insertSubkey(store, subkeyOf(alice));
      await insertTokens(store, tokenOf(alice, '1'));
      const foreign = [
        { account: bob, kind: 'subkey', id: id.toString() },
        { account: bob, kind: 'token', id: 'tok_1' },
        { account: feltOf(0xdeadn), kind: 'subkey', id: id.toString() },
        { account: feltOf(0xdeadn), kind: 'token', id: 'tok_1' },
      ] as const;
      for (const ref of foreign) expect((await factsOf(ref)).credential).toBe('unknown');
    });

    test('a token is not found by its lookup_id, nor a subkey by a text that is no integer', async () => {
      await insertAccounts(store, alice);
      const { id } = await insertSubkey(store, subkeyOf(alice));
      await insertTokens(store, tokenOf(alice, '1'));
      expect((await factsOf({ account: alice, kind: 'token', id: 'lookup-1' })).credential).toBe('unknown');
      for (const text of ['', ' ', `${id} `, `${id}.0`, `0x${id}`, `-${id}`, `${id} or 1=1`, '9'.repeat(19), 'main']) {
        expect((await factsOf({ account: alice, kind: 'subkey', id: text })).credential, text).toBe('unknown');
      }
    });

    test('a signing key lives while it is active, and an unknown one never', async () => {
      await insertAccounts(store, alice);
      await store.insertSigningKey(signingKey);
      expect((await factsOf(mainOf(alice))).signingKeyAlive).toBe(true);
      expect((await factsOf({ ...mainOf(alice), kid: 'another' })).signingKeyAlive).toBe(false);
      database.sql("update signing_key set state = 'retired'");
      expect((await factsOf(mainOf(alice))).signingKeyAlive).toBe(false);
    });

    test('an account is locked from the moment its lock is stored, and carries its floor', async () => {
      await insertAccounts(store, alice);
      database.sql(`update account set locked_at = ${at(1n)}, valid_after = ${at(2n)}`);
      expect(await factsOf(mainOf(alice))).toMatchObject({ accountLocked: true, validAfter: at(2n) });
    });

    test.each(['', '[]', '["10.0.0.0/8"', '["nonsense"]', '["10.0.0.1/8"]', 'ANYWHERE', 'null'])(
      'a stored list %j is damaged, never anywhere',
      async (text) => {
        await insertAccounts(store, alice);
        const { id } = await insertSubkey(store, subkeyOf(alice, { allowlist: allowlist('10.0.0.0/8') }));
        await insertTokens(store, tokenOf(alice, '1', { allowlist: allowlist('10.0.0.0/8') }));
        database.sql(`update subkey set allowlist = '${text}'`);
        database.sql(`update token set allowlist = '${text}'`);
        const kinds = [
          (await factsOf({ account: alice, kind: 'subkey', id: id.toString() })).allowlist.kind,
          (await factsOf({ account: alice, kind: 'token', id: 'tok_1' })).allowlist.kind,
          (await store.subkey(alice, keyOne))?.allowlist.kind,
          (await store.token(alice, 'lookup-1'))?.allowlist.kind,
          (await store.subkeys(alice, { withRevoked: false, now: T0 }, everything)).rows[0]?.allowlist.kind,
        ];
        expect(kinds).toEqual(kinds.map(() => 'damaged'));
      },
    );

    test('facts are not told from a row that was damaged, nor at a position that is no number', async () => {
      await insertAccounts(store, alice);
      database.sql("update account set valid_after = 'never'");
      await expect(store.facts({ account: alice, kind: 'main', id: MAIN_CREDENTIAL_ID, kid: '' })).rejects.toThrow(
        DamagedRow,
      );
      database.sql('update account set valid_after = 0');
      database.sql("update meta set value = 'first' where name = 'log_head'");
      await expect(store.facts({ account: alice, kind: 'main', id: MAIN_CREDENTIAL_ID, kid: '' })).rejects.toThrow(
        DamagedRow,
      );
    });

    test('stand at the head of the change log', async () => {
      expect(await position()).toBe(0n);
      await store.transaction((tx) => tx.appendChange(changeOf(alice)));
      await store.transaction((tx) => tx.appendChange(changeOf(bob)));
      expect(await position()).toBe(2n);
    });

    test('facts and their position are of one state of the database, however reads and changes interleave', async () => {
      await insertAccounts(store, alice);
      await insertTokens(store, tokenOf(alice, '1', { allowlist: allowlist('10.0.0.0/32') }));
      const query = { account: alice, kind: 'token', id: 'tok_1', kid: '' } as const;
      const writes = (async () => {
        for (let n = 1; n <= 60; n += 1) {
          await store.transaction(async (tx) => {
            await tx.replaceTokenAllowlist(alice, 'tok_1', allowlist(`10.0.0.${n}/32`), at(5n));
            await tx.appendChange(changeOf(alice));
          });
        }
      })();
      const reads = Array.from({ length: 4 }, async () => {
        const seen = new Set<bigint>();
        for (let n = 0; n < 200; n += 1) {
          const read = await store.facts(query);
          expect(read.facts.allowlist).toEqual(allowlist(`10.0.0.${read.position}/32`));
          seen.add(read.position);
        }
        return seen.size;
      });
      const positionsSeen = await Promise.all(reads);
      await writes;
      expect(Math.max(...positionsSeen), 'the reads saw changes happen').toBeGreaterThan(3);
    });
  });

  describe('accounts', () => {
    test('come back as they were written, to the nanosecond', async () => {
      const stark = { ...starkAccount(alice), validAfter: at(7n), lockedAt: at(8n) };
      const wallet = walletAccount(bob);
      await store.transaction(async (tx) => {
        expect(await tx.insertAccount(stark, '0xlabel')).toBe(true);
        expect(await tx.insertAccount(wallet, '')).toBe(true);
      });
      expect(await store.account(alice)).toEqual(stark);
      expect(await store.account(bob)).toEqual(wallet);
      expect(await store.account(feltOf(1n))).toBeUndefined();
      expect(database.sql(`select ethereum_label from account where account_id = '${alice}'`)).toEqual([
        { ethereum_label: '0xlabel' },
      ]);
    });

    test('accounts are made once: a second insert says so and changes nothing', async () => {
      await insertAccounts(store, alice);
      const again = await store.transaction((tx) => tx.insertAccount(walletAccount(alice), 'other'));
      expect(again).toBe(false);
      expect(await store.account(alice)).toEqual(starkAccount(alice));
    });

    test('a stored id that is not in canonical form is an error, never another account', async () => {
      await insertAccounts(store, alice);
      database.sql("update account set main_public_key = '0x0001'");
      await expect(store.account(alice)).rejects.toThrow(DamagedRow);
    });
  });

  describe('subkeys', () => {
    beforeEach(() => insertAccounts(store, alice, bob));

    test('come back as they were written, with an id of their own', async () => {
      const subkey = subkeyOf(alice, { allowlist: allowlist('192.0.2.0/24', '2001:db8::/32'), name: 'ユーザー "x"' });
      const first = await insertSubkey(store, subkey);
      expect(first).toEqual({ ...subkey, id: first.id, activation: undefined });
      expect(await store.subkey(alice, keyOne)).toEqual(first);
      const second = await insertSubkey(store, subkeyOf(bob));
      expect(second.id).not.toBe(first.id);
    });

    test('one subkey is live once per account, and on two accounts it is two credentials', async () => {
      const first = await insertSubkey(store, subkeyOf(alice));
      expect(await store.transaction((tx) => tx.insertSubkey(subkeyOf(alice, { name: 'again' })))).toBeUndefined();
      expect(await store.transaction((tx) => tx.insertSubkey(subkeyOf(alice, { state: 'pending' })))).toBeUndefined();
      expect(await store.subkey(alice, keyOne)).toEqual(first);
      const twin = await insertSubkey(store, subkeyOf(bob));
      await store.transaction((tx) => tx.revokeSubkey(alice, first.id, at(5n)));
      expect((await store.subkey(bob, keyOne))?.state).toBe('active');
      expect((await factsOf({ account: bob, kind: 'subkey', id: twin.id.toString() })).credential).toBe('alive');
    });

    test('a key registered again after its revocation is a new credential, and the old one stays dead', async () => {
      const old = await insertSubkey(store, subkeyOf(alice));
      await store.transaction((tx) => tx.revokeSubkey(alice, old.id, at(5n)));
      const again = await insertSubkey(store, subkeyOf(alice, { name: 'second life' }));
      expect(again.id).not.toBe(old.id);
      expect((await store.subkey(alice, keyOne))?.id).toBe(again.id);
      expect((await factsOf({ account: alice, kind: 'subkey', id: old.id.toString() })).credential).toBe('revoked');
      await store.transaction((tx) => tx.revokeSubkey(alice, again.id, at(6n)));
      expect(await store.subkey(alice, keyOne)).toMatchObject({ id: again.id, state: 'revoked', revokedAt: at(6n) });
    });

    test('a subkey of an unknown account is not written', async () => {
      await expect(store.transaction((tx) => tx.insertSubkey(subkeyOf(feltOf(0xdeadn))))).rejects.toThrow(StoreFailure);
    });

    test('subkeys are renamed, rebound and revoked, each with its time', async () => {
      const { id } = await insertSubkey(store, subkeyOf(alice));
      const list = allowlist('198.51.100.7');
      expect(await store.transaction((tx) => tx.renameSubkey(alice, id, 'renamed', at(11n)))).toBe(true);
      expect(await store.subkey(alice, keyOne)).toMatchObject({ name: 'renamed', updatedAt: at(11n) });
      expect(await store.transaction((tx) => tx.replaceSubkeyAllowlist(alice, id, list, at(12n)))).toBe(true);
      expect(await store.subkey(alice, keyOne)).toMatchObject({ allowlist: list, updatedAt: at(12n), revokedAt: 0n });
      expect(await store.transaction((tx) => tx.revokeSubkey(alice, id, at(13n)))).toBe(true);
      const revoked = { state: 'revoked', revokedAt: at(13n), updatedAt: at(13n), name: 'renamed', allowlist: list };
      expect(await store.subkey(alice, keyOne)).toMatchObject(revoked);
    });

    test('once revoked, never change again', async () => {
      const { id } = await insertSubkey(store, subkeyOf(alice));
      await store.transaction((tx) => tx.revokeSubkey(alice, id, at(5n)));
      const before = allRows();
      await store.transaction(async (tx) => {
        expect(await tx.revokeSubkey(alice, id, at(6n))).toBe(false);
        expect(await tx.renameSubkey(alice, id, 'risen', at(6n))).toBe(false);
        expect(await tx.replaceSubkeyAllowlist(alice, id, allowlist('10.0.0.0/8'), at(6n))).toBe(false);
      });
      expect(allRows()).toEqual(before);
    });

    test('subkeys do not change under another account, nor under an unknown id', async () => {
      const { id } = await insertSubkey(store, subkeyOf(alice));
      await insertSubkey(store, subkeyOf(bob, { publicKey: keyTwo }));
      const before = allRows();
      await store.transaction(async (tx) => {
        for (const [account, row] of [
          [bob, id],
          [alice, id + 1_000n],
        ] as const) {
          expect(await tx.revokeSubkey(account, row, at(6n))).toBe(false);
          expect(await tx.renameSubkey(account, row, 'mine', at(6n))).toBe(false);
          expect(await tx.replaceSubkeyAllowlist(account, row, anywhere, at(6n))).toBe(false);
        }
      });
      expect(allRows()).toEqual(before);
    });

    test('subkeys are listed page by page, each once, and never another account’s', async () => {
      const ids: bigint[] = [];
      for (let n = 1n; n <= 5n; n += 1n) {
        ids.push((await insertSubkey(store, subkeyOf(alice, { publicKey: feltOf(n) }))).id);
        await insertSubkey(store, subkeyOf(bob, { publicKey: feltOf(n) }));
      }
      const pages: bigint[][] = [];
      let cursor: string | undefined;
      do {
        const page = await store.subkeys(alice, { withRevoked: false, now: T0 }, { limit: 2, cursor });
        pages.push(page.rows.map((row) => row.id));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    });

    test('a full last page has no next', async () => {
      for (let n = 1n; n <= 4n; n += 1n) await insertSubkey(store, subkeyOf(alice, { publicKey: feltOf(n) }));
      const first = await store.subkeys(alice, { withRevoked: false, now: T0 }, { limit: 2, cursor: undefined });
      const last = await store.subkeys(alice, { withRevoked: false, now: T0 }, { limit: 2, cursor: first.next });
      expect(last.rows).toHaveLength(2);
      expect(last.next).toBeUndefined();
    });

    test('revoked ones are listed only when asked for', async () => {
      const gone = await insertSubkey(store, subkeyOf(alice));
      await store.transaction((tx) => tx.revokeSubkey(alice, gone.id, at(5n)));
      const live = await insertSubkey(store, subkeyOf(alice));
      const idsOf = async (withRevoked: boolean) =>
        (await store.subkeys(alice, { withRevoked, now: T0 }, everything)).rows.map((row) => row.id);
      expect(await idsOf(false)).toEqual([live.id]);
      expect(await idsOf(true)).toEqual([gone.id, live.id]);
    });

    test('expired ones are listed only when asked for, from the moment they expire', async () => {
      const brief = await insertSubkey(store, subkeyOf(alice, { expiresAt: at(5n) }));
      const idsAt = async (now: bigint, withRevoked = false) =>
        (await store.subkeys(alice, { withRevoked, now: at(now) }, everything)).rows.map((row) => row.id);
      expect(await idsAt(4n)).toEqual([brief.id]);
      expect(await idsAt(5n)).toEqual([]);
      expect(await idsAt(5n, true)).toEqual([brief.id]);
    });

    test.each(['x', '-1', '1e9', '9'.repeat(19), ' 1', ''])(
      'a cursor %j that is not ours is an error, never the end of the list',
      async (cursor) => {
        await insertSubkey(store, subkeyOf(alice));
        const listed = store.subkeys(alice, { withRevoked: true, now: T0 }, { limit: 10, cursor });
        await expect(listed).rejects.toThrow('not a cursor of subkeys');
      },
    );

    test('a cursor beyond the last is an empty page', async () => {
      await insertSubkey(store, subkeyOf(alice));
      const page = { limit: 10, cursor: '9'.repeat(18) };
      const none = { rows: [], next: undefined };
      expect(await store.subkeys(alice, { withRevoked: true, now: T0 }, page)).toEqual(none);
    });
  });

  describe('pending subkeys', () => {
    const ephemeral = feltOf(0xe1n);
    const pendingOf = (account: typeof alice, more: Partial<NewSubkey> = {}): NewSubkey =>
      subkeyOf(account, {
        state: 'pending',
        pending: { encryptedKey: 'ciphertext', ephPublicKey: ephemeral, until: at(100n) },
        ...more,
      });

    beforeEach(() => insertAccounts(store, alice, bob));

    test('come back as they were written', async () => {
      const pending = await insertSubkey(store, pendingOf(alice, { expiresAt: at(900n) }));
      expect(await store.subkey(alice, keyOne)).toEqual({
        ...pendingOf(alice, { expiresAt: at(900n) }),
        id: pending.id,
      });
    });

    test('no two share an ephemeral key, whoever owns them; one that is active or revoked gives it free', async () => {
      const first = await insertSubkey(store, pendingOf(alice));
      const again = () => store.transaction((tx) => tx.insertSubkey(pendingOf(bob, { publicKey: keyTwo })));
      expect(await again()).toBeUndefined();
      await store.transaction((tx) => tx.activateSubkey(alice, first.id, 'bot', at(5n), '192.0.2.1'));
      const second = await again();
      expect(second?.state).toBe('pending');
      await store.transaction((tx) => tx.revokeSubkey(bob, second?.id ?? -1n, at(6n)));
      expect(await again()).toBeDefined();
    });

    test('become active once, under the name that was signed, and keep nothing of what they waited with', async () => {
      const { id } = await insertSubkey(store, pendingOf(alice, { expiresAt: at(900n) }));
      const activate = () =>
        store.transaction((tx) => tx.activateSubkey(alice, id, 'signed name', at(99n), '192.0.2.1'));
      expect(await activate()).toBe(true);
      expect(await store.subkey(alice, keyOne)).toEqual({
        ...subkeyOf(alice, { name: 'signed name', updatedAt: at(99n), expiresAt: at(900n) }),
        id,
        activation: { by: ephemeral, at: at(99n), from: '192.0.2.1' },
      });
      expect(database.sql('select encrypted_key, eph_public_key, pending_until from subkey')).toEqual([
        { encrypted_key: '', eph_public_key: '', pending_until: 0n },
      ]);
      expect(await activate()).toBe(false);
    });

    test('pending subkeys are never activated at or after their time or their expiry, once revoked, or under another account', async () => {
      const { id } = await insertSubkey(store, pendingOf(alice));
      const brief = await insertSubkey(
        store,
        pendingOf(alice, {
          publicKey: feltOf(0x3333n),
          expiresAt: at(5n),
          pending: { encryptedKey: 'x', ephPublicKey: feltOf(0xe3n), until: at(100n) },
        }),
      );
      const gone = await insertSubkey(
        store,
        pendingOf(alice, {
          publicKey: keyTwo,
          pending: { encryptedKey: 'x', ephPublicKey: feltOf(0xe2n), until: at(100n) },
        }),
      );
      await store.transaction((tx) => tx.revokeSubkey(alice, gone.id, at(5n)));
      const before = allRows();
      await store.transaction(async (tx) => {
        expect(await tx.activateSubkey(alice, id, 'late', at(100n), '192.0.2.1')).toBe(false);
        expect(await tx.activateSubkey(alice, brief.id, 'expired', at(5n), '192.0.2.1')).toBe(false);
        expect(await tx.activateSubkey(bob, id, 'mine', at(5n), '192.0.2.1')).toBe(false);
        expect(await tx.activateSubkey(alice, gone.id, 'risen', at(5n), '192.0.2.1')).toBe(false);
      });
      expect(allRows()).toEqual(before);
    });

    test('pending subkeys keep no ciphertext once revoked', async () => {
      const { id } = await insertSubkey(store, pendingOf(alice));
      await store.transaction((tx) => tx.revokeSubkey(alice, id, at(5n)));
      expect((await store.subkey(alice, keyOne))?.pending).toBeUndefined();
      expect(database.sql('select encrypted_key, eph_public_key from subkey')).toEqual([
        { encrypted_key: '', eph_public_key: '' },
      ]);
    });

    test('pending subkeys are purged when their time is over, and only they', async () => {
      await insertSubkey(store, pendingOf(alice));
      const active = await insertSubkey(store, subkeyOf(bob));
      await store.purgeExpired(at(100n));
      expect((await store.subkey(alice, keyOne))?.state).toBe('pending');
      await store.purgeExpired(at(101n));
      expect(await store.subkey(alice, keyOne)).toBeUndefined();
      expect(await store.subkey(bob, keyOne)).toEqual(active);
    });

    test('leave a row in the audit and in the change log when they are purged, without their ciphertext', async () => {
      const { id } = await insertSubkey(store, pendingOf(alice, { name: 'phone' }));
      const before = await position();
      await store.purgeExpired(at(101n));
      const subject = `credential/${alice}/subkey/${id}`;
      const detail = `{"public_key":"${keyOne}","name":"phone","pending_until":"${at(100n)}"}`;
      expect(database.sql('select account_id, action, actor, subject, detail from audit')).toEqual([
        { account_id: alice, action: 'subkey.expired', actor: 'schedule', subject, detail },
      ]);
      expect(database.sql('select position, account_id, action, subjects, narrows from change_log')).toEqual([
        {
          position: before + 1n,
          account_id: alice,
          action: 'subkey.expired',
          subjects: JSON.stringify([subject]),
          narrows: 0n,
        },
      ]);
      await store.purgeExpired(at(102n));
      expect(await position()).toBe(before + 1n);
    });

    test('pending subkeys are all purged, but never so many at once that a change waits for the last of them', async () => {
      await store.transaction(async (tx) => {
        for (let n = 1n; n <= 1_001n; n += 1n) {
          const pending = { encryptedKey: 'x', ephPublicKey: feltOf(n), until: at(100n) };
          await tx.insertSubkey(pendingOf(alice, { publicKey: feltOf(n), pending }));
        }
      });
      const left = async () =>
        (await store.subkeys(alice, { withRevoked: true, now: T0 }, { ...everything, limit: 2_000 })).rows.length;
      let isDone = false;
      const purged = store.purgeExpired(at(101n)).finally(() => {
        isDone = true;
      });
      // What each of many changes, one after the other, finds.
      const seen = new Set<number>();
      while (!isDone) seen.add(await store.transaction(left));
      await purged;
      expect([...seen]).toEqual(expect.arrayContaining([1_001, 501, 1]));
      expect(await left()).toBe(0);
      expect(database.sql("select count(*) as rows from audit where action = 'subkey.expired'")).toEqual([
        { rows: 1_001n },
      ]);
      expect(await position()).toBe(1_001n);
    });
  });

  describe('signing out', () => {
    const sessionsOf = async (account: typeof alice, kind: 'main' | 'subkey' | 'token', id: string) =>
      (await factsOf({ account, kind, id })).validAfter;

    test('everywhere raises the floor of every credential of the account, of no other account, and never lowers it', async () => {
      await insertAccounts(store, alice, bob);
      const { id } = await insertSubkey(store, subkeyOf(alice));
      await store.transaction((tx) => tx.raiseValidAfter(alice, at(50n)));
      expect(await sessionsOf(alice, 'main', MAIN_CREDENTIAL_ID)).toBe(at(50n));
      expect(await sessionsOf(alice, 'subkey', id.toString())).toBe(at(50n));
      expect(await sessionsOf(bob, 'main', MAIN_CREDENTIAL_ID)).toBe(NEVER);
      await store.transaction((tx) => tx.raiseValidAfter(alice, at(49n)));
      expect((await store.account(alice))?.validAfter).toBe(at(50n));
    });

    test('signing out one subkey raises its floor alone, and never lowers it', async () => {
      await insertAccounts(store, alice);
      const one = await insertSubkey(store, subkeyOf(alice));
      const two = await insertSubkey(store, subkeyOf(alice, { publicKey: keyTwo }));
      const ref = { account: alice, kind: 'subkey', id: one.id.toString() } as const;
      await store.transaction((tx) => tx.raiseCredentialValidAfter(ref, at(50n)));
      await store.transaction((tx) => tx.raiseCredentialValidAfter(ref, at(49n)));
      expect(await sessionsOf(alice, 'subkey', one.id.toString())).toBe(at(50n));
      expect(await sessionsOf(alice, 'subkey', two.id.toString())).toBe(NEVER);
      expect(await sessionsOf(alice, 'main', MAIN_CREDENTIAL_ID)).toBe(NEVER);
    });

    test('the main key raises its floor alone', async () => {
      await insertAccounts(store, alice);
      const { id } = await insertSubkey(store, subkeyOf(alice));
      const ref = { account: alice, kind: 'main', id: MAIN_CREDENTIAL_ID } as const;
      await store.transaction((tx) => tx.raiseCredentialValidAfter(ref, at(50n)));
      expect(await sessionsOf(alice, 'main', MAIN_CREDENTIAL_ID)).toBe(at(50n));
      expect(await sessionsOf(alice, 'subkey', id.toString())).toBe(NEVER);
    });

    test('of the sign-outs of a subkey and of its account the later one counts', async () => {
      await insertAccounts(store, alice);
      const { id } = await insertSubkey(store, subkeyOf(alice));
      const ref = { account: alice, kind: 'subkey', id: id.toString() } as const;
      await store.transaction((tx) => tx.raiseValidAfter(alice, at(50n)));
      await store.transaction((tx) => tx.raiseCredentialValidAfter(ref, at(40n)));
      expect(await sessionsOf(alice, 'subkey', id.toString())).toBe(at(50n));
      await store.transaction((tx) => tx.raiseCredentialValidAfter(ref, at(60n)));
      expect(await sessionsOf(alice, 'subkey', id.toString())).toBe(at(60n));
    });
  });

  test('revoking all ends every live and pending subkey and every token of the account, and tells which', async () => {
    await insertAccounts(store, alice, bob);
    const live = await insertSubkey(store, subkeyOf(alice));
    const pending = await insertSubkey(store, subkeyOf(alice, { publicKey: keyTwo, state: 'pending' }));
    const gone = await insertSubkey(store, subkeyOf(alice, { publicKey: feltOf(3n) }));
    await insertSubkey(store, subkeyOf(bob));
    await insertTokens(store, tokenOf(alice, '1'), tokenOf(alice, '2', { revokedAt: at(1n) }), tokenOf(bob, '3'));
    await store.transaction((tx) => tx.revokeSubkey(alice, gone.id, at(5n)));
    await store.transaction(async (tx) => {
      const named = [live, pending].map(({ id, publicKey, name }) => ({ id, publicKey, name }));
      expect(await tx.revokeSubkeys(alice, at(20n))).toEqual(named);
      const { tokenId, lookupId, name } = tokenOf(alice, '1');
      expect(await tx.revokeTokens(alice, at(20n))).toEqual([{ tokenId, lookupId, name }]);
      expect(await tx.revokeSubkeys(alice, at(21n))).toEqual([]);
      expect(await tx.revokeTokens(alice, at(21n))).toEqual([]);
    });
    const subkeys = await store.subkeys(alice, { withRevoked: true, now: T0 }, everything);
    expect(subkeys.rows.map((row) => [row.state, row.revokedAt, row.pending])).toEqual([
      ['revoked', at(20n), undefined],
      ['revoked', at(20n), undefined],
      ['revoked', at(5n), undefined],
    ]);
    expect((await store.token(alice, 'lookup-1'))?.revokedAt).toBe(at(20n));
    expect((await store.token(alice, 'lookup-2'))?.revokedAt).toBe(at(1n));
    expect(await store.countLive(bob, T0)).toEqual({ tokens: 1, active: 1, pending: 0 });
  });

  test('an account is locked once and unlocked once, and no other with it', async () => {
    await insertAccounts(store, alice, bob);
    const lock = (now: bigint) => store.transaction((tx) => tx.lockAccount(alice, at(now)));
    const unlock = () => store.transaction((tx) => tx.unlockAccount(alice));
    expect(await unlock()).toBe(false);
    expect(await lock(5n)).toBe(true);
    expect(await lock(6n)).toBe(false);
    expect((await store.account(alice))?.lockedAt).toBe(at(5n));
    expect((await store.account(bob))?.lockedAt).toBe(NEVER);
    expect(await unlock()).toBe(true);
    expect((await store.account(alice))?.lockedAt).toBe(NEVER);
    expect(await store.transaction((tx) => tx.lockAccount(feltOf(0xdeadn), at(5n)))).toBe(false);
  });

  describe('tokens', () => {
    beforeEach(() => insertAccounts(store, alice, bob));

    test('come back as they were written, and only to their account', async () => {
      const token = tokenOf(alice, '1', { kind: 'api_key', allowlist: allowlist('192.0.2.1'), name: 'lines; -- drop' });
      await insertTokens(store, token);
      expect(await store.token(alice, 'lookup-1')).toEqual(token);
      expect(await store.token(bob, 'lookup-1')).toBeUndefined();
      expect(await store.token(alice, 'tok_1')).toBeUndefined();
    });

    test('a second one of the same id or lookup_id fails, and takes its whole transaction with it', async () => {
      await insertTokens(store, tokenOf(alice, '1'));
      const before = allRows();
      for (const twin of [tokenOf(alice, '2', { tokenId: 'tok_1' }), tokenOf(alice, '2', { lookupId: 'lookup-1' })]) {
        const attempt = store.transaction(async (tx) => {
          await tx.appendAudit(auditOf(alice));
          await tx.insertToken(twin);
        });
        await expect(attempt).rejects.toThrow(StoreFailure);
      }
      expect(allRows()).toEqual(before);
    });

    test('tokens are renamed and replaced, each with its time', async () => {
      await insertTokens(store, tokenOf(alice, '1'));
      expect(await store.transaction((tx) => tx.renameToken(alice, 'tok_1', 'x', at(11n)))).toBe(true);
      const replaced = { by: 'lookup-2', expiryAt: at(500n), lifetimeSeconds: 7 };
      expect(await store.transaction((tx) => tx.replaceToken(alice, 'tok_1', replaced, at(12n)))).toBe(true);
      expect(await store.token(alice, 'lookup-1')).toEqual({
        ...tokenOf(alice, '1'),
        ...{ name: 'x', replacedBy: 'lookup-2', expiryAt: at(500n), lifetimeSeconds: 7, lastUpdatedAt: at(12n) },
      });
    });

    test('a token that a live one replaces does not count, and counts again when that one ends first', async () => {
      const old = tokenOf(alice, 'old', { replacedBy: 'lookup-new', expiryAt: at(600n) });
      await insertTokens(store, old, tokenOf(alice, 'new', { replaces: 'lookup-old', expiryAt: at(500n) }));
      // Another account's token of that name replaces nothing.
      await insertTokens(store, tokenOf(bob, 'one', { replacedBy: 'lookup-elsewhere' }), tokenOf(alice, 'elsewhere'));
      expect((await store.countLive(alice, at(499n))).tokens).toBe(2);
      expect((await store.countLive(bob, at(499n))).tokens).toBe(1);
      expect((await store.countLive(alice, at(500n))).tokens).toBe(2);
      expect((await store.countLive(alice, at(600n))).tokens).toBe(1);
      await store.transaction((tx) => tx.revokeToken(alice, 'tok_new', at(4n)));
      expect((await store.countLive(alice, at(499n))).tokens).toBe(2);
    });

    test('a token of an older release tells its life by its times', async () => {
      const [createdAt, expiryAt] = [unixNanos(1_999_999_999n), unixNanos(61_000_000_000n)];
      await insertTokens(store, tokenOf(alice, '1', { createdAt, expiryAt, lifetimeSeconds: 0 }));
      expect((await store.token(alice, 'lookup-1'))?.lifetimeSeconds).toBe(60);
    });

    test('tokens are rebound and revoked, each with its time', async () => {
      await insertTokens(store, tokenOf(alice, '1'));
      const list = allowlist('198.51.100.0/24');
      expect(await store.transaction((tx) => tx.replaceTokenAllowlist(alice, 'tok_1', list, at(11n)))).toBe(true);
      expect(await store.token(alice, 'lookup-1')).toMatchObject({ allowlist: list, lastUpdatedAt: at(11n) });
      expect(await store.transaction((tx) => tx.revokeToken(alice, 'tok_1', at(12n)))).toBe(true);
      expect(await store.token(alice, 'lookup-1')).toEqual({
        ...tokenOf(alice, '1'),
        allowlist: list,
        revokedAt: at(12n),
        lastUpdatedAt: at(12n),
      });
    });

    test('once revoked, or under another account, never change', async () => {
      await insertTokens(store, tokenOf(alice, '1'), tokenOf(alice, '2'));
      await store.transaction((tx) => tx.revokeToken(alice, 'tok_1', at(12n)));
      const before = allRows();
      await store.transaction(async (tx) => {
        for (const [account, id] of [
          [alice, 'tok_1'],
          [bob, 'tok_2'],
          [alice, 'tok_3'],
        ] as const) {
          expect(await tx.revokeToken(account, id, at(13n))).toBe(false);
          expect(await tx.replaceTokenAllowlist(account, id, anywhere, at(13n))).toBe(false);
          expect(await tx.renameToken(account, id, 'x', at(13n))).toBe(false);
          const replaced = { by: 'x', expiryAt: at(13n), lifetimeSeconds: 1 };
          expect(await tx.replaceToken(account, id, replaced, at(13n))).toBe(false);
        }
      });
      expect(allRows()).toEqual(before);
    });

    test('tokens are listed by kind and by validity: neither revoked nor expired, the moment of expiry included', async () => {
      await insertTokens(
        store,
        tokenOf(alice, '1'),
        tokenOf(alice, '2', { kind: 'jwt' }),
        tokenOf(alice, '3', { expiryAt: at(500n) }),
        tokenOf(alice, '4', { revokedAt: at(1n) }),
        tokenOf(bob, '5'),
      );
      const list = async (filter: { withInvalid?: boolean; kind?: string; now?: bigint }) => {
        const { withInvalid = false, kind, now = 500n } = filter;
        const page = await store.tokens(alice, { withInvalid, kind, now: at(now) }, everything);
        return page.rows.map((row) => row.tokenId);
      };
      expect(await list({})).toEqual(['tok_1', 'tok_2']);
      expect(await list({ now: 499n })).toEqual(['tok_1', 'tok_2', 'tok_3']);
      expect(await list({ withInvalid: true })).toEqual(['tok_1', 'tok_2', 'tok_3', 'tok_4']);
      expect(await list({ kind: 'jwt' })).toEqual(['tok_2']);
      expect(await list({ kind: 'api_key' })).toEqual([]);
    });

    test('tokens are listed page by page, and what is made meanwhile moves nothing', async () => {
      await insertTokens(store, ...['b', 'd', 'f'].map((id) => tokenOf(alice, id)));
      const filter = { withInvalid: false, kind: undefined, now: T0 };
      const first = await store.tokens(alice, filter, { limit: 2, cursor: undefined });
      await insertTokens(store, tokenOf(alice, 'a'), tokenOf(alice, 'e'));
      const second = await store.tokens(alice, filter, { limit: 2, cursor: first.next });
      expect([...first.rows, ...second.rows].map((row) => row.tokenId)).toEqual(['tok_b', 'tok_d', 'tok_e', 'tok_f']);
      expect(second.next).toBeUndefined();
    });
  });

  test('live tokens and subkeys are counted per account, revoked and expired ones never', async () => {
    await insertAccounts(store, alice, bob);
    const none = { tokens: 0, active: 0, pending: 0 };
    expect(await store.countLive(alice, T0)).toEqual(none);
    await insertTokens(
      store,
      tokenOf(alice, '1'),
      tokenOf(alice, '2', { expiryAt: at(500n) }),
      tokenOf(alice, '3', { revokedAt: at(1n) }),
    );
    for (let n = 1n; n <= 3n; n += 1n) await insertSubkey(store, subkeyOf(alice, { publicKey: feltOf(n) }));
    const gone = await insertSubkey(store, subkeyOf(alice, { publicKey: feltOf(4n) }));
    await insertSubkey(store, subkeyOf(alice, { publicKey: feltOf(5n), state: 'pending' }));
    await store.transaction((tx) => tx.revokeSubkey(alice, gone.id, at(5n)));
    await insertSubkey(store, subkeyOf(alice, { publicKey: feltOf(6n), expiresAt: at(500n) }));
    const until = (nanos: bigint, key: bigint) => ({ encryptedKey: 'x', ephPublicKey: feltOf(key), until: at(nanos) });
    await insertSubkey(
      store,
      subkeyOf(alice, { publicKey: feltOf(7n), state: 'pending', pending: until(500n, 0xe7n) }),
    );
    expect(await store.countLive(alice, at(499n))).toEqual({ tokens: 2, active: 4, pending: 2 });
    expect(await store.countLive(alice, at(500n))).toEqual({ tokens: 1, active: 3, pending: 1 });
    expect(await store.countLive(bob, T0)).toEqual(none);
  });

  describe('signing keys', () => {
    test('come back as they were written, oldest first', async () => {
      const newer = { ...signingKey, kid: 'kid-token', use: 'token', createdAt: at(1n), state: 'retired' } as const;
      await store.insertSigningKey(newer);
      await store.insertSigningKey(signingKey);
      expect(await store.signingKeys()).toEqual([signingKey, newer]);
    });

    test('signing keys are never replaced', async () => {
      await store.insertSigningKey(signingKey);
      await expect(store.insertSigningKey({ ...signingKey, sealedPrivateKey: 'other' })).rejects.toThrow(StoreFailure);
      expect(await store.signingKeys()).toEqual([signingKey]);
    });

    test.each(["use = 'console'", "state = 'unsure'"])('a row with %s is an error', async (damage) => {
      await store.insertSigningKey(signingKey);
      database.sql(`update signing_key set ${damage}`);
      await expect(store.signingKeys()).rejects.toThrow(DamagedRow);
    });
  });

  describe('what counts once', () => {
    const signed = { hash: feltOf(0xabcn), by: keyOne };

    const isFirst = async (use: (tx: StoreTransaction) => Promise<EarlierUse | undefined>) =>
      (await store.transaction(use)) === undefined;

    test('the second use learns when the first one was, where that was noted', async () => {
      const use = () =>
        store.transaction(async (tx) => [
          await tx.useSignature(alice, 'login', signed, at(5n)),
          await tx.useSiweNonce(alice, 'nonce', at(5n)),
        ]);
      expect(await use()).toEqual([undefined, undefined]);
      const [{ used_at } = { used_at: 0n }] = database.sql('select used_at from used_signature');
      expect(used_at).toBeGreaterThan(0n);
      const [earlier, nonce] = await use();
      expect([earlier, nonce?.at]).toEqual([
        { at: used_at },
        database.sql('select used_at from siwe_nonce')[0]?.used_at,
      ]);
      database.sql('update used_signature set used_at = 0');
      expect((await use())[0]).toEqual({ at: 0n });
    });

    test('a signature is used once per account, purpose and key, also after reopening', async () => {
      const use = (account: typeof alice, purpose: 'login' | 'registration', by = keyOne) =>
        isFirst((tx) => tx.useSignature(account, purpose, { ...signed, by }, at(5n)));
      expect(await use(alice, 'registration')).toBe(true);
      expect(await use(alice, 'registration')).toBe(false);
      expect(await use(alice, 'login')).toBe(true);
      expect(await use(bob, 'registration')).toBe(true);
      expect(await use(alice, 'registration', keyTwo)).toBe(true);
      await reopen();
      expect(await use(alice, 'registration')).toBe(false);
      expect(await use(alice, 'registration', keyTwo)).toBe(false);
    });

    test('a mark of an older release, which names no key, holds for every key until its time is over', async () => {
      database.sql(
        `insert into used_signature (account_id, purpose, message_hash, expires_at) values ('${alice}', 'login', '${signed.hash}', 5)`,
      );
      const use = (by: typeof keyOne) => isFirst((tx) => tx.useSignature(alice, 'login', { ...signed, by }, at(5n)));
      expect([await use(keyOne), await use(keyTwo)]).toEqual([false, false]);
      await store.purgeExpired(at(6n));
      expect([await use(keyOne), await use(keyTwo)]).toEqual([true, true]);
    });

    test('a nonce is used once per account, also after reopening', async () => {
      const use = (account: typeof alice) => isFirst((tx) => tx.useSiweNonce(account, 'nonce', at(5n)));
      expect(await use(alice)).toBe(true);
      expect(await use(alice)).toBe(false);
      expect(await use(bob)).toBe(true);
      await reopen();
      expect(await use(alice)).toBe(false);
    });

    test('of many parallel uses of what counts once exactly one wins', async () => {
      const signatures = await Promise.all(
        Array.from({ length: 8 }, () => isFirst((tx) => tx.useSignature(alice, 'login', signed, at(5n)))),
      );
      const nonces = await Promise.all(
        Array.from({ length: 8 }, () => isFirst((tx) => tx.useSiweNonce(alice, 'nonce', at(5n)))),
      );
      expect(signatures.filter((won) => won)).toHaveLength(1);
      expect(nonces.filter((won) => won)).toHaveLength(1);
    });

    test('a use that is rolled back never happened', async () => {
      const attempt = store.transaction(async (tx) => {
        await tx.useSignature(alice, 'registration', signed, at(5n));
        throw new Error('changed my mind');
      });
      await expect(attempt).rejects.toThrow('changed my mind');
      expect(await isFirst((tx) => tx.useSignature(alice, 'registration', signed, at(5n)))).toBe(true);
    });

    test('marks are kept until their time is over, that moment included', async () => {
      await store.transaction(async (tx) => {
        await tx.useSignature(alice, 'registration', signed, at(5n));
        await tx.useSiweNonce(alice, 'nonce', at(5n));
      });
      await store.purgeExpired(at(5n));
      const used = () =>
        store.transaction(async (tx) => [
          (await tx.useSignature(alice, 'registration', signed, at(5n))) === undefined,
          (await tx.useSiweNonce(alice, 'nonce', at(5n))) === undefined,
        ]);
      expect(await used()).toEqual([false, false]);
      await store.purgeExpired(at(6n));
      expect(await used()).toEqual([true, true]);
    });
  });

  describe('a transaction', () => {
    test('a transaction that throws leaves nothing: state, audit, change log, marks and counters are as before', async () => {
      await insertAccounts(store, alice);
      const { id } = await insertSubkey(store, subkeyOf(alice));
      await insertTokens(store, tokenOf(alice, '1'));
      const before = allRows();
      const attempt = store.transaction(async (tx) => {
        await tx.insertAccount(starkAccount(bob), '');
        await tx.insertSubkey(subkeyOf(bob));
        await tx.insertToken(tokenOf(bob, '2'));
        await tx.renameSubkey(alice, id, 'renamed', at(5n));
        await tx.revokeSubkey(alice, id, at(5n));
        await tx.revokeToken(alice, 'tok_1', at(5n));
        await tx.useSignature(alice, 'registration', { hash: keyOne, by: keyTwo }, at(5n));
        await tx.useSiweNonce(alice, 'nonce', at(5n));
        await tx.appendAudit(auditOf(alice));
        await tx.appendChange(changeOf(alice));
        throw new Error('no');
      });
      await expect(attempt).rejects.toThrow('no');
      expect(allRows()).toEqual(before);
    });

    test('a transaction after one that threw works as if that had never been', async () => {
      await expect(
        store.transaction(async (tx) => {
          await tx.appendChange(changeOf(alice));
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(1n);
    });

    test('a transaction sees its own writes, and a read outside sees none of them before it is committed', async () => {
      await insertAccounts(store, alice);
      await insertTokens(store, tokenOf(alice, '1'));
      const outside = async () => ({
        facts: await store.facts({ account: alice, kind: 'token', id: 'tok_1', kid: '' }),
        token: await store.token(alice, 'lookup-1'),
        subkey: await store.subkey(alice, keyOne),
        account: await store.account(bob),
        live: await store.countLive(alice, T0),
        listed: await store.tokens(alice, { withInvalid: true, kind: undefined, now: T0 }, everything),
      });
      const before = await outside();
      await store.transaction(async (tx) => {
        await tx.insertAccount(starkAccount(bob), '');
        await tx.insertSubkey(subkeyOf(alice));
        await tx.revokeToken(alice, 'tok_1', at(5n));
        await tx.appendChange(changeOf(alice));
        expect((await tx.facts({ account: alice, kind: 'token', id: 'tok_1', kid: '' })).facts.credential).toBe(
          'revoked',
        );
        expect(await tx.account(bob)).toEqual(starkAccount(bob));
        expect(await tx.countLive(alice, T0)).toEqual({ tokens: 0, active: 1, pending: 0 });
        expect(await outside()).toEqual(before);
      });
      const after = await outside();
      expect(after.facts).toMatchObject({ position: 1n, facts: { credential: 'revoked' } });
      expect(after.live).toEqual({ tokens: 0, active: 1, pending: 0 });
    });

    test('waits for the one before it: a limit that both count is never passed', async () => {
      await insertAccounts(store, alice);
      const insertIfRoom = (id: string) =>
        store.transaction(async (tx) => {
          const { tokens } = await tx.countLive(alice, T0);
          if (tokens >= 3) return false;
          await tx.insertToken(tokenOf(alice, id));
          return true;
        });
      const won = await Promise.all(Array.from({ length: 10 }, (_, n) => insertIfRoom(String(n))));
      expect(won.filter((inserted) => inserted)).toHaveLength(3);
      expect((await store.countLive(alice, T0)).tokens).toBe(3);
    });

    test('a transaction does not begin while another is open, however long that one waits', async () => {
      const order: string[] = [];
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const first = store.transaction(async (tx) => {
        await tx.appendChange(changeOf(alice));
        order.push('first begins');
        begun.resolve();
        await gate.promise;
        order.push('first ends');
      });
      await begun.promise;
      const second = store.transaction(async (tx) => {
        order.push('second begins');
        return tx.appendChange(changeOf(bob));
      });
      const journal = store.appendAudit([auditOf(alice)]).then(() => order.push('audit is written'));
      expect(await position()).toBe(0n);
      gate.resolve();
      await Promise.all([first, second, journal]);
      expect(order).toEqual(['first begins', 'first ends', 'second begins', 'audit is written']);
    });

    test('a transaction cannot be used once it is over', async () => {
      await insertAccounts(store, alice);
      const escaped = await store.transaction(async (tx) => ({ tx }));
      const before = allRows();
      await expect(escaped.tx.insertToken(tokenOf(alice, '1'))).rejects.toThrow();
      expect(allRows()).toEqual(before);
    });

    test('hides no failure: a value that cannot be stored fails it whole', async () => {
      await insertAccounts(store, alice);
      const before = allRows();
      const attempt = store.transaction(async (tx) => {
        await tx.appendChange(changeOf(alice));
        await tx.insertToken(tokenOf(alice, '1', { expiryAt: unixNanos(2n ** 64n) }));
      });
      await expect(attempt).rejects.toThrow(StoreFailure);
      expect(allRows()).toEqual(before);
    });
  });

  describe('the change log', () => {
    test('numbers changes from 1 without gaps, in the order in which they were committed', async () => {
      const committed: bigint[] = [];
      await Promise.all(
        Array.from({ length: 30 }, async (_, n) => {
          const attempt = store.transaction(async (tx) => {
            const change = await tx.appendChange(changeOf(alice));
            if (n % 3 === 0) throw new Error('taken back');
            return change;
          });
          await attempt.then(
            (change) => committed.push(change.position),
            () => undefined,
          );
        }),
      );
      const expected = Array.from({ length: 20 }, (_, n) => BigInt(n + 1));
      expect(committed).toEqual(expected);
      expect(database.sql('select position from change_log order by position').map((row) => row.position)).toEqual(
        expected,
      );
      expect(await position()).toBe(20n);
    });

    test('goes on after reopening where it stood, in the same epoch', async () => {
      const { epoch } = store;
      await store.transaction((tx) => tx.appendChange(changeOf(alice)));
      await reopen();
      expect(await position()).toBe(1n);
      expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(2n);
      expect(store.epoch).toBe(epoch);
      expect(epoch).toMatch(/^[0-9a-f-]{36}$/);
    });

    test('the change log keeps what a change was about, and gives it back as it is applied', async () => {
      const entry = changeOf(alice, { action: 'token.revoked', narrows: true });
      const change = await store.transaction((tx) => tx.appendChange(entry));
      expect(change).toEqual({ position: 1n, action: 'token.revoked', subjects: entry.subjects, narrows: true });
      const [row] = database.sql('select * from change_log');
      expect(row).toMatchObject({ position: 1n, account_id: alice, action: 'token.revoked', narrows: 1n });
      expect(JSON.parse(String(row?.subjects))).toEqual(entry.subjects);
    });
  });

  describe('the audit', () => {
    const details = () => database.sql('select detail from audit order by id').map((row) => String(row.detail));

    test('the audit log keeps who did what to whom, from where, in the order of events', async () => {
      await store.transaction(async (tx) => {
        await tx.appendAudit(auditOf(alice, { detail: { name: 'a' } }));
        await tx.appendAudit(auditOf(bob, { action: 'login', actor: 'subkey:4' }));
      });
      await store.appendAudit([auditOf(alice, { action: 'request.refused' }), auditOf(alice)]);
      const rows = database.sql('select * from audit order by id');
      expect(rows.map((row) => row.id)).toEqual([1n, 2n, 3n, 4n]);
      expect(rows.map((row) => row.action)).toEqual(['token.created', 'login', 'request.refused', 'token.created']);
      expect(rows[0]).toMatchObject({
        account_id: alice,
        actor: 'main:main',
        subject: `account/${alice}`,
        request_id: 'request-1',
        client_ip: '192.0.2.7',
        detail: '{"name":"a"}',
      });
      expect(rows[0]?.at).toBeTypeOf('bigint');
    });

    test('the audit log writes a bigint as its exact decimal text', async () => {
      await store.transaction((tx) => tx.appendAudit(auditOf(alice, { detail: { at: T0, list: [T0] } })));
      expect(details()).toEqual([`{"at":"${T0}","list":["${T0}"]}`]);
    });

    test.each([
      ['letters', 'a'],
      ['what JSON must escape', '"'],
      ['what JSON must escape at length', '\u0001'],
      ['pairs of surrogates', '😀'],
      ['halves of them', '\ud83d'],
    ])('caps the text of one row, made of %s, and says so', async (_what, letter) => {
      await store.appendAudit([auditOf(alice, { detail: { first: 'kept', text: letter.repeat(100_000) } })]);
      const [text = ''] = details();
      expect(text.length).toBeLessThanOrEqual(8_192);
      const stored = JSON.parse(text);
      expect(stored.truncated).toBe(true);
      expect(stored.text).toContain('"first":"kept"');
    });

    test('the audit log keeps what is short by its name in a detail above the cap: the lists are what is long', async () => {
      const proof = {
        valid_after: T0,
        proof: 'signature',
        signature_timestamp: 1_800_000_000,
        signature: ['0x1', '0x2'],
      };
      const tokens = Array.from({ length: 1_000 }, (_, n) => `token-${n}`);
      await store.appendAudit([auditOf(alice, { detail: { tokens, ...proof } })]);
      const [text = ''] = details();
      expect(text.length).toBeLessThanOrEqual(8_192);
      const { text: beginning, ...rest } = JSON.parse(text);
      expect(rest).toEqual({ ...proof, valid_after: String(T0), truncated: true });
      expect(beginning).toMatch(/^\{"tokens":\["token-0",/);
    });

    test('caps a detail of many short members, too', async () => {
      const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`member_${n}`, 'x'.repeat(20)]));
      await store.appendAudit([auditOf(alice, { detail: many })]);
      expect(details()[0]?.length).toBeLessThanOrEqual(8_192);
    });

    test('the audit log keeps a detail below the cap whole', async () => {
      const text = 'a'.repeat(8_192 - '{"text":""}'.length);
      await store.appendAudit([auditOf(alice, { detail: { text } })]);
      expect(details()).toEqual([JSON.stringify({ text })]);
    });

    test('rows of one call are all written or none', async () => {
      const circular: Record<string, unknown> = {};
      circular.self = circular;
      await expect(store.appendAudit([auditOf(alice), auditOf(alice, { detail: circular })])).rejects.toThrow();
      expect(details()).toEqual([]);
    });
  });

  describe('reopening', () => {
    test('reopening a store finds everything, and changes neither tables nor rows', async () => {
      await insertAccounts(store, alice);
      await insertSubkey(store, subkeyOf(alice));
      await insertTokens(store, tokenOf(alice, '1'));
      await store.insertSigningKey(signingKey);
      await store.transaction(async (tx) => {
        await tx.appendAudit(auditOf(alice));
        await tx.appendChange(changeOf(alice));
      });
      const migrations = () => database.sql('select name, timestamp from kysely_migration');
      const before = { rows: allRows(), migrations: migrations() };
      await reopen();
      await reopen();
      expect({ rows: allRows(), migrations: migrations() }).toEqual(before);
      expect(await store.token(alice, 'lookup-1')).toEqual(tokenOf(alice, '1'));
    });

    test('a database of a newer release is refused', async () => {
      database.sql("insert into kysely_migration (name, timestamp) values ('9999-from-the-future', '2026-01-01')");
      await store.close();
      await expect(database.open()).rejects.toThrow(/9999-from-the-future/);
      database.sql("delete from kysely_migration where name = '9999-from-the-future'");
      await open();
      await store.ping();
    });
  });

  describe('the clock', () => {
    const HOUR_NS = 3_600_000_000_000n;
    const timeAt = (wall: bigint): TestTime => ({ wall: () => wall, monotonic: () => 0 });

    test('the clock of the store does not go below the highest time the store has seen when the wall clock was set back', async () => {
      const future = unixNanos(opened.clock.now() + HOUR_NS);
      await reopen(timeAt(future));
      await insertAccounts(store, alice);
      const seen = opened.clock.now();
      expect(seen).toBe(future);
      let monotonic = 0;
      await reopen({ wall: () => future - HOUR_NS, monotonic: () => monotonic });
      expect(opened.clock.now()).toBe(seen);
      monotonic = 1_500;
      expect(opened.clock.now()).toBe(seen + 1_500_000_000n);
    });

    test.each([
      ['a transaction', (s: Store) => s.transaction((tx) => tx.appendChange(changeOf(alice)))],
      ['rows of the audit', (s: Store) => s.appendAudit([auditOf(alice)])],
      ['the purge that runs every minute', (s: Store) => s.purgeExpired(T0)],
      ['closing', (s: Store) => s.close()],
    ])('is kept by %s, and never lowered', async (_what, write: (s: Store) => Promise<unknown>) => {
      const kept = () => database.sql("select value from meta where name = 'highest_time'")[0]?.value;
      // Beyond the wall clock of the machine, which beforeEach may have stored.
      const future = unixNanos(opened.clock.now() + HOUR_NS);
      await reopen(timeAt(future));
      await write(store);
      expect(kept()).toBe(future);
      await reopen(timeAt(future - HOUR_NS));
      await write(store);
      expect(kept()).toBe(future);
    });

    test('stamps audit rows and log rows', async () => {
      const future = unixNanos(opened.clock.now() + HOUR_NS);
      await reopen(timeAt(future));
      await store.transaction(async (tx) => {
        await tx.appendAudit(auditOf(alice));
        await tx.appendChange(changeOf(alice));
      });
      expect(database.sql('select at from audit union all select at from change_log')).toEqual([
        { at: future },
        { at: future },
      ]);
    });
  });
});
