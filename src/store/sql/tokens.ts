// The rows of tokens. Each state transition is one conditional UPDATE, and its row count is checked.
import { type Kysely, sql } from 'kysely';
import { decodeAllowlist, encodeAllowlist } from '../../domain/allowlist.ts';
import type { AccountId } from '../../domain/credential.ts';
import { type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { Token, TokenKind } from '../../domain/token.ts';
import type { TokenLists, TokenReads, TokenWrites } from '../ports/tokens.ts';
import { columnList } from './column-list.ts';
import { cursorOf, paged } from './pages.ts';
import type { Planner } from './planner.ts';
import { DamagedRow, felt, integer, isOne, nanos } from './rows.ts';
import type { Tables, TokenTable } from './tables.ts';

const columns = [
  'account_id',
  'token_id',
  'lookup_id',
  'name',
  'kind',
  'kid',
  'allowlist',
  'created_at',
  'expiry_at',
  'last_updated_at',
  'revoked_at',
  'replaced_by',
  'replaces',
  'lifetime',
] as const;

type Row = Pick<TokenTable, (typeof columns)[number]>;
const listed = columnList(columns);

/** The columns that a revocation of many returns. */
const named = ['account_id', 'token_id', 'lookup_id'] as const;
export type NamedTokenRow = Pick<TokenTable, (typeof named)[number]>;

function tokenOf(row: Row): Token {
  return {
    account: felt(row.account_id, 'token.account_id'),
    tokenId: row.token_id,
    lookupId: row.lookup_id,
    name: row.name,
    kind: tokenKind(row.kind),
    kid: row.kid,
    allowlist: decodeAllowlist(row.allowlist),
    createdAt: nanos(row.created_at, 'token.created_at'),
    expiryAt: nanos(row.expiry_at, 'token.expiry_at'),
    lastUpdatedAt: nanos(row.last_updated_at, 'token.last_updated_at'),
    revokedAt: nanos(row.revoked_at, 'token.revoked_at'),
    lifetimeSeconds: lifetimeOf(row),
    replacedBy: row.replaced_by,
    replaces: row.replaces,
  };
}

const SECOND = 1_000_000_000n;

/** A row of an older release was not replaced by any: it ends as it was made, a whole life after the second it was made in. */
function lifetimeOf(row: Row): number {
  const written = integer(row.lifetime, 'token.lifetime');
  const derived = row.expiry_at / SECOND - row.created_at / SECOND;
  return Number(written === 0n ? derived : written);
}

function tokenKind(text: string): TokenKind {
  if (text === 'readonly' || text === 'jwt' || text === 'api_key') return text;
  throw new DamagedRow('token.kind');
}

const revoked = (now: UnixNanos) => ({ revoked_at: now, last_updated_at: now });

export const tokenReads = (db: Kysely<Tables>): TokenReads => ({
  async token(account, lookupId) {
    const { rows } = await sql<Row>`
      select ${listed} from token where account_id = ${account} and lookup_id = ${lookupId}`.execute(db);
    return rows[0] && tokenOf(rows[0]);
  },
});

export async function countLiveTokens(db: Kysely<Tables>, account: AccountId, now: UnixNanos): Promise<number> {
  const { tokens } = await db
    .selectFrom('token')
    .select((e) => e.fn.countAll<bigint>().as('tokens'))
    .where('account_id', '=', account)
    .where('revoked_at', '=', sql.lit(0n))
    .where('expiry_at', '>', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('token as successor')
            .select('successor.token_id')
            .whereRef('successor.account_id', '=', 'token.account_id')
            .whereRef('successor.lookup_id', '=', 'token.replaced_by')
            .where('successor.revoked_at', '=', sql.lit(0n))
            .where('successor.expiry_at', '>', now),
        ),
      ),
    )
    .executeTakeFirstOrThrow();
  return Number(tokens);
}

export const tokenLists = (db: Kysely<Tables>, planner: Planner): TokenLists => ({
  async tokens(account, filter, page) {
    let query = db.selectFrom('token').select(columns).where('account_id', '=', account);
    if (!filter.withInvalid) query = query.where('revoked_at', '=', sql.lit(0n)).where('expiry_at', '>', filter.now);
    if (filter.kind !== undefined) {
      // By the index of kinds among all tokens. Live ones are few: look through them.
      const kind = filter.withInvalid ? sql.ref<string>('kind') : planner.textWithoutIndex('kind');
      query = query.where(kind, '=', filter.kind);
    }
    const after = cursorOf('tokens', page);
    if (after !== undefined) {
      // Of the live ones only: the primary key holds every dead token too.
      const tokenId = filter.withInvalid ? sql.ref<string>('token_id') : planner.textWithoutIndex('token_id');
      query = query.where(tokenId, '>', after);
    }
    const rows = await query
      .orderBy('token_id')
      .limit(page.limit + 1)
      .execute();
    return paged(rows.map(tokenOf), page, (token) => token.tokenId);
  },

  async tokensNamed(by, limit) {
    const all = db.selectFrom('token').select(columns).limit(limit);
    const found = 'tokenId' in by ? all.where('token_id', '=', by.tokenId) : all.where('lookup_id', '=', by.lookupId);
    return (await found.execute()).map(tokenOf);
  },

  async countTokensSignedBy(kid, now) {
    const { tokens } = await db
      .selectFrom('token')
      .select((e) => e.fn.countAll<bigint>().as('tokens'))
      .where('kid', '=', kid)
      .where('revoked_at', '=', sql.lit(0n))
      .where('expiry_at', '>', now)
      .executeTakeFirstOrThrow();
    return Number(tokens);
  },
});

export function tokenWrites(db: Kysely<Tables>, planner: Planner): TokenWrites {
  return {
    async insertToken(token) {
      await db
        .insertInto('token')
        .values({
          account_id: token.account,
          token_id: token.tokenId,
          lookup_id: token.lookupId,
          name: token.name,
          kind: token.kind,
          kid: token.kid,
          allowlist: encodeAllowlist(token.allowlist),
          created_at: token.createdAt,
          expiry_at: token.expiryAt,
          last_updated_at: token.lastUpdatedAt,
          revoked_at: token.revokedAt,
          replaced_by: token.replacedBy,
          replaces: token.replaces,
          lifetime: BigInt(token.lifetimeSeconds),
        })
        .execute();
    },

    replaceTokenAllowlist: (account, tokenId, allowlist, now) =>
      updateUnrevoked(account, tokenId, { allowlist: encodeAllowlist(allowlist), last_updated_at: now }),

    renameToken: (account, tokenId, name, now) => updateUnrevoked(account, tokenId, { name, last_updated_at: now }),

    replaceToken: (account, tokenId, { by, expiryAt, lifetimeSeconds }, now) =>
      updateUnrevoked(account, tokenId, {
        replaced_by: by,
        expiry_at: expiryAt,
        lifetime: BigInt(lifetimeSeconds),
        last_updated_at: now,
      }),

    revokeToken: (account, tokenId, now) => updateUnrevoked(account, tokenId, revoked(now)),

    // As with subkeys, the order hides the primary key from the planner.
    async revokeTokens(account, now) {
      const live = await db
        .selectFrom('token')
        .select(['token_id as tokenId', 'lookup_id as lookupId', 'name'])
        .where('account_id', '=', account)
        .where('revoked_at', '=', sql.lit(0n))
        .orderBy(planner.textWithoutIndex('token_id'))
        .execute();
      await db
        .updateTable('token')
        .set(revoked(now))
        .where('account_id', '=', account)
        .where('revoked_at', '=', sql.lit(0n))
        .execute();
      return live;
    },

    // An expired token stays expired, and is listed so.
    async revokeTokensSignedBy(kid, now) {
      const { numUpdatedRows } = await db
        .updateTable('token')
        .set(revoked(now))
        .where('kid', '=', kid)
        .where('revoked_at', '=', sql.lit(0n))
        .where('expiry_at', '>', now)
        .executeTakeFirstOrThrow();
      return Number(numUpdatedRows);
    },

    // One read, at the end of the index of unrevoked tokens.
    async latestTokenExpiry() {
      const row = await db
        .selectFrom('token')
        .select('expiry_at')
        .where('revoked_at', '=', sql.lit(0n))
        .orderBy('expiry_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return unixNanos(row?.expiry_at ?? 0n);
    },
  };

  async function updateUnrevoked(account: AccountId, tokenId: string, set: Partial<TokenTable>): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('token')
      .set(set)
      .where('account_id', '=', account)
      .where('token_id', '=', tokenId)
      .where('revoked_at', '=', 0n)
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  }
}

export function revokeTokensOf(
  db: Kysely<Tables>,
  accounts: readonly AccountId[],
  now: UnixNanos,
): Promise<readonly NamedTokenRow[]> {
  return db
    .updateTable('token')
    .set(revoked(now))
    .where('account_id', 'in', accounts)
    .where('revoked_at', '=', 0n)
    .returning(named)
    .execute();
}

/** As `CredentialWrites.revokeUntimely` says. */
export function revokeUntimelyTokens(
  db: Kysely<Tables>,
  now: UnixNanos,
  latest: UnixNanos,
): Promise<readonly NamedTokenRow[]> {
  return db
    .updateTable('token')
    .set(revoked(now))
    .where('revoked_at', '=', sql.lit(0n))
    .where((e) => e.or([e('created_at', '>', now), e.and([e('expiry_at', '>', now), e('expiry_at', '<=', latest)])]))
    .returning(named)
    .execute();
}
