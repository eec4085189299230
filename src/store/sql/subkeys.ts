// The rows of subkeys. Each state transition is one conditional UPDATE, and its row count is checked: of two racing requests only one
// can make it.
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import { decodeAllowlist, encodeAllowlist } from '../../domain/allowlist.ts';
import type { AccountId, CredentialRef } from '../../domain/credential.ts';
import type { Subkey, SubkeyState } from '../../domain/subkey.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { EndedByRestore } from '../ports/credentials.ts';
import type { SubkeyLists, SubkeyReads, SubkeyWrites } from '../ports/subkeys.ts';
import { columnList } from './column-list.ts';
import { NEXT_SUBKEY_ID, nextNumbers } from './meta.ts';
import { cursorOf, paged } from './pages.ts';
import type { Planner } from './planner.ts';
import { DamagedRow, felt, integer, isOne, nanos } from './rows.ts';
import type { SubkeyTable, Tables } from './tables.ts';

const columns = [
  'account_id',
  'id',
  'public_key',
  'name',
  'state',
  'allowlist',
  'encrypted_key',
  'eph_public_key',
  'pending_until',
  'registered_by',
  'activated_by',
  'activated_at',
  'activated_from',
  'expires_at',
  'created_at',
  'updated_at',
  'revoked_at',
] as const;

type Row = Pick<SubkeyTable, (typeof columns)[number]>;
const listed = columnList(columns);

/** The columns that a revocation of many returns. */
const named = ['account_id', 'id', 'public_key'] as const;
export type NamedSubkeyRow = Pick<SubkeyTable, (typeof named)[number]>;

function subkeyOf(row: Row): Subkey {
  return {
    account: felt(row.account_id, 'subkey.account_id'),
    id: integer(row.id, 'subkey.id'),
    publicKey: felt(row.public_key, 'subkey.public_key'),
    name: row.name,
    state: subkeyState(row.state),
    allowlist: decodeAllowlist(row.allowlist),
    expiresAt: nanos(row.expires_at, 'subkey.expires_at'),
    createdAt: nanos(row.created_at, 'subkey.created_at'),
    updatedAt: nanos(row.updated_at, 'subkey.updated_at'),
    revokedAt: nanos(row.revoked_at, 'subkey.revoked_at'),
    pending:
      row.state === 'pending'
        ? {
            encryptedKey: row.encrypted_key,
            ephPublicKey: felt(row.eph_public_key, 'subkey.eph_public_key'),
            until: nanos(row.pending_until, 'subkey.pending_until'),
          }
        : undefined,
    registeredBy: row.registered_by,
    activation:
      row.activated_by === ''
        ? undefined
        : {
            by: felt(row.activated_by, 'subkey.activated_by'),
            at: nanos(row.activated_at, 'subkey.activated_at'),
            from: row.activated_from,
          },
  };
}

export function subkeyState(text: string): SubkeyState {
  if (text === 'active' || text === 'pending' || text === 'revoked') return text;
  throw new DamagedRow('subkey.state');
}

/** The expiry, with 0 (never) as the end of time. Exactly the expression of the index subkey_unrevoked_by_end. */
const endsAt = sql<bigint>`case expires_at when 0 then 9223372036854775807 else expires_at end`;

/** True where `subkeyStateAt` is neither revoked nor expired. */
const isLive = (now: UnixNanos) => (e: ExpressionBuilder<Tables, 'subkey'>) =>
  e.and([
    e('state', '<>', sql.lit('revoked')),
    e(endsAt, '>', now),
    e.or([e('state', '=', sql.lit('active')), e('pending_until', '>', now)]),
  ]);

/** Erases everything that could activate it again. */
const revoked = (now: UnixNanos) =>
  ({
    ...{ state: 'revoked', encrypted_key: '', eph_public_key: '', pending_until: 0n },
    ...{ revoked_at: now, updated_at: now },
  }) as const;

export const subkeyReads = (db: Kysely<Tables>): SubkeyReads => ({
  async subkey(account, publicKey) {
    const { rows } = await sql<Row>`
      select ${listed} from subkey where account_id = ${account} and public_key = ${publicKey}
       order by state = 'revoked', id desc limit 1`.execute(db);
    return rows[0] && subkeyOf(rows[0]);
  },
});

export async function countLiveSubkeys(
  db: Kysely<Tables>,
  account: AccountId,
  now: UnixNanos,
): Promise<{ readonly active: number; readonly pending: number }> {
  const rows = await db
    .selectFrom('subkey')
    .select((e) => ['state', e.fn.countAll<bigint>().as('count')])
    .where('account_id', '=', account)
    .where(isLive(now))
    .groupBy('state')
    .execute();
  const count = (state: string) => Number(rows.find((row) => row.state === state)?.count ?? 0n);
  return { active: count('active'), pending: count('pending') };
}

export const subkeyLists = (db: Kysely<Tables>, planner: Planner): SubkeyLists => ({
  async subkeys(account, filter, page) {
    let query = db.selectFrom('subkey').select(columns).where('account_id', '=', account);
    if (!filter.withRevoked) query = query.where(isLive(filter.now));
    const after = cursorOf('subkeys', page);
    if (after !== undefined) {
      // Of the live ones only: the primary key holds every dead subkey too.
      const id = filter.withRevoked ? sql.ref<bigint>('id') : planner.integerWithoutIndex('id');
      query = query.where(id, '>', BigInt(after));
    }
    const rows = await query
      .orderBy('id')
      .limit(page.limit + 1)
      .execute();
    return paged(rows.map(subkeyOf), page, (subkey) => subkey.id.toString());
  },

  async subkeysNamed(by, limit) {
    const all = db.selectFrom('subkey').select(columns).orderBy('id', 'desc').limit(limit);
    const found = 'id' in by ? all.where('id', '=', by.id) : all.where('public_key', '=', by.publicKey);
    return (await found.execute()).map(subkeyOf);
  },
});

export function subkeyWrites(db: Kysely<Tables>, planner: Planner): SubkeyWrites {
  return {
    async insertSubkey(subkey) {
      const row = {
        account_id: subkey.account,
        id: await nextNumbers(db, NEXT_SUBKEY_ID, 1),
        public_key: subkey.publicKey,
        name: subkey.name,
        state: subkey.state,
        allowlist: encodeAllowlist(subkey.allowlist),
        encrypted_key: subkey.pending?.encryptedKey ?? '',
        eph_public_key: subkey.pending?.ephPublicKey ?? '',
        pending_until: subkey.pending?.until ?? 0n,
        registered_by: subkey.registeredBy,
        activated_by: '',
        activated_at: 0n,
        activated_from: '',
        valid_after: 0n,
        expires_at: subkey.expiresAt,
        created_at: subkey.createdAt,
        updated_at: subkey.updatedAt,
        revoked_at: subkey.revokedAt,
      };
      const inserted = await db
        .insertInto('subkey')
        .values(row)
        .onConflict((c) => c.doNothing())
        .executeTakeFirstOrThrow();
      return isOne(inserted.numInsertedOrUpdatedRows) ? subkeyOf(row) : undefined;
    },

    renameSubkey: (account, id, name, now) => updateUnrevoked(account, id, { name, updated_at: now }),

    replaceSubkeyAllowlist: (account, id, allowlist, now) =>
      updateUnrevoked(account, id, { allowlist: encodeAllowlist(allowlist), updated_at: now }),

    revokeSubkey: (account, id, now) => updateUnrevoked(account, id, revoked(now)),

    async activateSubkey(account, id, name, now, from) {
      const { numUpdatedRows } = await db
        .updateTable('subkey')
        .set((e) => ({
          ...{ state: 'active', name, updated_at: now, encrypted_key: '', eph_public_key: '', pending_until: 0n },
          ...{ activated_by: e.ref('eph_public_key'), activated_at: now, activated_from: from },
        }))
        .where('account_id', '=', account)
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where(isLive(now))
        .executeTakeFirstOrThrow();
      return isOne(numUpdatedRows);
    },

    // The literal finds the partial index of what is not revoked. The order hides the primary key, which the planner would prefer.
    async revokeSubkeys(account, now) {
      const live = await db
        .selectFrom('subkey')
        .select(['id', 'public_key as publicKey', 'name'])
        .where('account_id', '=', account)
        .where('state', '<>', sql.lit('revoked'))
        .orderBy(planner.integerWithoutIndex('id'))
        .execute();
      await db
        .updateTable('subkey')
        .set(revoked(now))
        .where('account_id', '=', account)
        .where('state', '<>', sql.lit('revoked'))
        .execute();
      return live;
    },
  };

  async function updateUnrevoked(account: AccountId, id: bigint, set: Partial<SubkeyTable>): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('subkey')
      .set(set)
      .where('account_id', '=', account)
      .where('id', '=', id)
      .where('state', '<>', 'revoked')
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  }
}

export async function raiseSubkeyValidAfter(
  db: Kysely<Tables>,
  { account, id }: Pick<CredentialRef, 'account' | 'id'>,
  to: UnixNanos,
): Promise<void> {
  await db
    .updateTable('subkey')
    .set({ valid_after: to })
    .where('account_id', '=', account)
    .where('id', '=', BigInt(id))
    .where('valid_after', '<', to)
    .execute();
}

/** Of every account. */
export async function lowerSubkeysValidAfter(db: Kysely<Tables>, to: UnixNanos): Promise<void> {
  await db.updateTable('subkey').set({ valid_after: to }).where('valid_after', '>', to).execute();
}

export function revokeSubkeysOf(
  db: Kysely<Tables>,
  accounts: readonly AccountId[],
  which: EndedByRestore['subkeys'],
  now: UnixNanos,
): Promise<readonly NamedSubkeyRow[]> {
  return db
    .updateTable('subkey')
    .set(revoked(now))
    .where('account_id', 'in', accounts)
    .where('state', which === 'all' ? '<>' : '=', which === 'all' ? 'revoked' : 'pending')
    .returning(named)
    .execute();
}

/** As `CredentialWrites.revokeUntimely` says. */
export function revokeUntimelySubkeys(
  db: Kysely<Tables>,
  now: UnixNanos,
  latest: UnixNanos,
): Promise<readonly NamedSubkeyRow[]> {
  return db
    .updateTable('subkey')
    .set(revoked(now))
    .where('state', '<>', sql.lit('revoked'))
    .where((e) =>
      e.or([
        e.and([e('expires_at', '>', now), e('expires_at', '<=', latest)]),
        e.and([e('pending_until', '>', now), e('pending_until', '<=', latest)]),
        e.and([
          e('created_at', '>', now),
          e.or([e('expires_at', '<>', sql.lit(0n)), e('state', '=', sql.lit('pending'))]),
        ]),
      ]),
    )
    .returning(named)
    .execute();
}
