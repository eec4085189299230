// The rows of the audit log as the owner of an account reads them: newest first, by the account's own index.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { type AccountId, actorOf, credentialSubject } from '../../domain/credential.ts';
import type { ActivityFilter, AuditLists, AuditRow } from '../ports/audit.ts';
import type { PageRequest } from '../ports/page.ts';
import { auditColumns, auditRowOf } from './audit-row.ts';
import { cursorOf } from './pages.ts';
import type { Planner } from './planner.ts';
import type { Tables } from './tables.ts';

/** Rows that one page looks at. */
const MAX_LOOKED_AT = 10_000;
/** Rows of the account looked at in one turn: 3 ms if each must be read. Then others have their turn. */
const AT_ONCE = 2_000;
const END = 2n ** 63n - 1n;

export const activityLists = (db: Kysely<Tables>, planner: Planner): Pick<AuditLists, 'activity'> => ({
  async activity(account, filter, page) {
    const rows: AuditRow[] = [];
    // Actions of no outcome: no row has them, however many are looked at.
    if (filter.actions?.length === 0) return pageOf(rows, undefined);
    const after = cursorOf('activity', page);
    let below = after === undefined ? END : BigInt(after);
    for (let looked = 0; looked < MAX_LOOKED_AT; looked += AT_ONCE) {
      if (looked > 0) await nextTurn();
      // The last span has no other end than the account's first row.
      const last = await idBelow(db, account, below, AT_ONCE);
      const floor = last ?? 1n;
      rows.push(
        ...(await matching(db, planner, account, filter, { below, floor, limit: page.limit + 1 - rows.length })),
      );
      if (rows.length > page.limit) return pageOf(rows.slice(0, page.limit), rows[page.limit - 1]?.id);
      if (last === undefined) return pageOf(rows, undefined);
      below = floor;
    }
    return pageOf(rows, below);
  },
});

const pageOf = (rows: readonly AuditRow[], next: bigint | undefined) => ({ rows, next: next?.toString() });

/** The id of the row that stands `count` rows below; undefined if there are not so many. */
async function idBelow(
  db: Kysely<Tables>,
  account: AccountId,
  below: bigint,
  count: number,
): Promise<bigint | undefined> {
  const row = await db
    .selectFrom('audit')
    .select('id')
    .where('account_id', '=', account)
    .where('id', '>', 0n)
    .where('id', '<', below)
    .orderBy('id', 'desc')
    .limit(1)
    .offset(count - 1)
    .executeTakeFirst();
  return row?.id;
}

async function matching(
  db: Kysely<Tables>,
  planner: Planner,
  account: AccountId,
  { credential, actions, from, to }: ActivityFilter,
  span: { readonly below: bigint; readonly floor: bigint } & Pick<PageRequest, 'limit'>,
): Promise<readonly AuditRow[]> {
  const at = planner.integerWithoutIndex('at');
  let all = db
    .selectFrom('audit')
    .select(auditColumns)
    .where('account_id', '=', account)
    .where('id', '>', span.floor - 1n)
    .where('id', '<', span.below)
    .orderBy('id', 'desc')
    .limit(span.limit);
  if (from !== undefined) all = all.where(at, '>=', from);
  if (to !== undefined) all = all.where(at, '<', to);
  if (actions !== undefined) all = all.where(planner.textWithoutIndex('action'), 'in', actions);
  if (credential !== undefined) {
    const [subject, actor] = [credentialSubject(credential), actorOf(credential)];
    all = all.where((e) => e.or([e('subject', '=', subject), e('actor', '=', actor)]));
  }
  return (await all.execute()).map(auditRowOf);
}
