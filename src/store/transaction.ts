// The writes of one change. Each state transition is one conditional UPDATE whose row count is checked, so that two racing
// requests can never both make it (DESIGN 4.8).

import { type Kysely, sql } from 'kysely';
import { encodeAllowlist } from '../domain/allowlist.ts';
import { isRevocableKind } from '../domain/kinds.ts';
import type { Clock } from '../domain/time.ts';
import { createRestoreWrites, validAfterFloor } from './sql/credentials.ts';
import { createReads, isLiveSubkey, LOG_HEAD } from './sql/facts.ts';
import { createUsedMarks } from './sql/marks.ts';
import { NEXT_AUDIT_ID, NEXT_SUBKEY_ID } from './sql/meta.ts';
import { subkeyOf } from './sql/rows.ts';
import { createSigningKeyWrites } from './sql/signing-keys.ts';
import { revokedSubkey, type Tables } from './sql/tables.ts';
import { createClockWrites } from './sql/tokens.ts';
import type { AuditEntry, ChangeEntry, StoreTransaction } from './store.ts';

/** Stored text of one audit row's detail, at most, in UTF-16 units. */
const AUDIT_DETAIL_CAP = 8_192;
/** Of one member that stays one where the detail is longer than that; most messages of wallets are. */
const SHORT_MEMBER_CAP = 1_024;

export function createTransaction(db: Kysely<Tables>, clock: Clock): StoreTransaction {
  const used = createUsedMarks(db);
  return {
    ...createReads(db),
    ...createSigningKeyWrites(db),
    ...createRestoreWrites(db),
    ...createClockWrites(db),

    async insertAccount(account, ethereumLabel) {
      const floor = await validAfterFloor(db);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('account')
        .values({
          account_id: account.account,
          signer_type: account.signer.type,
          main_public_key: account.signer.type === 'starknet' ? account.signer.publicKey : '',
          eth_address: account.signer.type === 'eip191' ? account.signer.ethAddress : '',
          ethereum_label: ethereumLabel,
          valid_after: account.validAfter > floor ? account.validAfter : floor,
          main_valid_after: 0n,
          locked_at: account.lockedAt,
          created_at: account.createdAt,
        })
        .onConflict((c) => c.doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },

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
      return inserted.numInsertedOrUpdatedRows === 1n ? subkeyOf(row) : undefined;
    },

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
        })
        .execute();
    },

    renameSubkey: (account, id, name, now) => updateLiveSubkey(account, id, { name, updated_at: now }),

    replaceSubkeyAllowlist: (account, id, allowlist, now) =>
      updateLiveSubkey(account, id, { allowlist: encodeAllowlist(allowlist), updated_at: now }),

    revokeSubkey: (account, id, now) =>
      updateLiveSubkey(account, id, { ...revokedSubkey, revoked_at: now, updated_at: now }),

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
        .where(isLiveSubkey(now))
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async raiseValidAfter(account, to) {
      await db
        .updateTable('account')
        .set({ valid_after: to })
        .where('account_id', '=', account)
        .where('valid_after', '<', to)
        .execute();
    },

    async raiseCredentialValidAfter(credential, to) {
      if (isRevocableKind(credential.kind)) {
        await db
          .updateTable('subkey')
          .set({ valid_after: to })
          .where('account_id', '=', credential.account)
          .where('id', '=', BigInt(credential.id))
          .where('valid_after', '<', to)
          .execute();
        return;
      }
      await db
        .updateTable('account')
        .set({ main_valid_after: to })
        .where('account_id', '=', credential.account)
        .where('main_valid_after', '<', to)
        .execute();
    },

    // Written out, a condition finds the index of what lives, unless the order of the primary key can be had.
    async revokeSubkeys(account, now) {
      const live = await db
        .selectFrom('subkey')
        .select(['id', 'public_key as publicKey', 'name'])
        .where('account_id', '=', account)
        .where('state', '<>', sql.lit('revoked'))
        .orderBy(sql`id + 0`)
        .execute();
      await db
        .updateTable('subkey')
        .set({ ...revokedSubkey, revoked_at: now, updated_at: now })
        .where('account_id', '=', account)
        .where('state', '<>', sql.lit('revoked'))
        .execute();
      return live;
    },

    async revokeTokens(account, now) {
      const live = await db
        .selectFrom('token')
        .select(['token_id as tokenId', 'lookup_id as lookupId', 'name'])
        .where('account_id', '=', account)
        .where('revoked_at', '=', sql.lit(0n))
        .orderBy(sql`token_id || ''`)
        .execute();
      await db
        .updateTable('token')
        .set({ revoked_at: now, last_updated_at: now })
        .where('account_id', '=', account)
        .where('revoked_at', '=', sql.lit(0n))
        .execute();
      return live;
    },

    async lockAccount(account, now) {
      const { numUpdatedRows } = await db
        .updateTable('account')
        .set({ locked_at: now })
        .where('account_id', '=', account)
        .where('locked_at', '=', 0n)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async unlockAccount(account) {
      const { numUpdatedRows } = await db
        .updateTable('account')
        .set({ locked_at: 0n })
        .where('account_id', '=', account)
        .where('locked_at', '<>', 0n)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    replaceTokenAllowlist: (account, tokenId, allowlist, now) =>
      updateLiveToken(account, tokenId, { allowlist: encodeAllowlist(allowlist), last_updated_at: now }),

    revokeToken: (account, tokenId, now) =>
      updateLiveToken(account, tokenId, { revoked_at: now, last_updated_at: now }),

    async useSignature(account, purpose, signed, expiresAt) {
      const earlier = await used.usedSignature(account, purpose, signed);
      if (earlier !== undefined) return earlier;
      const message_hash = `${signed.hash}/${signed.by}`;
      await db
        .insertInto('used_signature')
        .values({ account_id: account, purpose, message_hash, expires_at: expiresAt, used_at: clock.now() })
        .execute();
      return undefined;
    },

    async useSiweNonce(account, nonce, expiresAt) {
      const earlier = await used.usedSiweNonce(account, nonce);
      if (earlier !== undefined) return earlier;
      await db
        .insertInto('siwe_nonce')
        .values({ account_id: account, nonce, expires_at: expiresAt, used_at: clock.now() })
        .execute();
      return undefined;
    },

    appendAudit: (entry) => insertAudit(db, clock, [entry]),

    async appendChange(entry) {
      const position = await insertChanges(db, clock, [entry]);
      return { position, action: entry.action, subjects: entry.subjects, narrows: entry.narrows };
    },

    async appendAll(audits, changes) {
      if (audits.length > 0) await insertAudit(db, clock, audits);
      if (changes.length > 0) await insertChanges(db, clock, changes);
    },
  };

  async function updateLiveSubkey(account: string, id: bigint, set: Partial<Tables['subkey']>): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('subkey')
      .set(set)
      .where('account_id', '=', account)
      .where('id', '=', id)
      .where('state', '<>', 'revoked')
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  async function updateLiveToken(account: string, tokenId: string, set: Partial<Tables['token']>): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('token')
      .set(set)
      .where('account_id', '=', account)
      .where('token_id', '=', tokenId)
      .where('revoked_at', '=', 0n)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }
}

/** Rows of one statement: each number of rows is a statement of its own, and the store keeps only so many of them. */
const AUDIT_CHUNK_ROWS = 16;

/** Writes audit rows in the order given. */
export async function insertAudit(db: Kysely<Tables>, clock: Clock, entries: readonly AuditEntry[]): Promise<void> {
  const first = await nextNumbers(db, NEXT_AUDIT_ID, entries.length);
  const rows = auditRows(clock, first, entries);
  const whole = rows.length - (rows.length % AUDIT_CHUNK_ROWS);
  for (let from = 0; from < whole; from += AUDIT_CHUNK_ROWS) {
    await db
      .insertInto('audit')
      .values(rows.slice(from, from + AUDIT_CHUNK_ROWS))
      .execute();
  }
  for (const row of rows.slice(whole)) await db.insertInto('audit').values(row).execute();
}

const auditRows = (clock: Clock, first: bigint, entries: readonly AuditEntry[]): Tables['audit'][] =>
  entries.map((entry, index) => ({
    account_id: entry.account,
    id: first + BigInt(index),
    at: clock.now(),
    action: entry.action,
    actor: entry.actor,
    subject: entry.subject,
    request_id: entry.requestId,
    client_ip: entry.clientIp,
    detail: detailText(entry.detail),
  }));

/** The position of the first; the others follow it. */
async function insertChanges(db: Kysely<Tables>, clock: Clock, entries: readonly ChangeEntry[]): Promise<bigint> {
  const first = await nextNumbers(db, LOG_HEAD, entries.length);
  const rows = entries.map((entry, index) => ({
    position: first + BigInt(index),
    at: clock.now(),
    account_id: entry.account,
    action: entry.action,
    subjects: JSON.stringify(entry.subjects),
    narrows: entry.narrows ? 1n : 0n,
  }));
  await db.insertInto('change_log').values(rows).execute();
  return first;
}

function detailText(detail: Readonly<Record<string, unknown>>): string {
  const text = plainText(detail);
  if (text.length <= AUDIT_DETAIL_CAP) return text;
  // It is lists that are long. What is short, a signature and its time above all, is read by its name: by who verifies it years later,
  // and by this service when its clock is set back.
  const short = Object.entries(detail).filter(([, value]) => (plainText(value)?.length ?? 0) <= SHORT_MEMBER_CAP);
  const all = { ...Object.fromEntries(short), truncated: true };
  const kept = plainText(all).length <= AUDIT_DETAIL_CAP / 2 ? all : { truncated: true };
  // Half of what is left: quoting JSON once more doubles it at worst.
  const left = (AUDIT_DETAIL_CAP - plainText(kept).length) / 2 - 32;
  return plainText({ ...kept, text: text.slice(0, left) });
}

const plainText = (value: unknown): string =>
  JSON.stringify(value, (_name, member) => (typeof member === 'bigint' ? member.toString() : member));

// A counter row: taking a number locks it until commit, so numbers follow commit order on every database. The first of `count`.
async function nextNumbers(db: Kysely<Tables>, name: string, count: number): Promise<bigint> {
  const { value } = await db
    .updateTable('meta')
    .set((e) => ({ value: e('value', '+', BigInt(count)) }))
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow();
  return value - BigInt(count) + 1n;
}

export const counters = [LOG_HEAD, NEXT_SUBKEY_ID, NEXT_AUDIT_ID] as const;
