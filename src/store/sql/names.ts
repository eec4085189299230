// Looks up what credentials are called.
import type { Kysely } from 'kysely';
import type { AccountId } from '../../domain/credential.ts';
import { type CredentialKind, kindTable } from '../../domain/kinds.ts';
import type { NamedRef, NameReads, RefWithin } from '../ports/names.ts';
import type { Tables } from './tables.ts';

type Table = (typeof kindTable)[CredentialKind]['table'];
type Named = Pick<NamedRef, 'id' | 'name' | 'label'>;

/** Ids of one statement. Every other number would be one more prepared statement to keep. */
const IDS_AT_ONCE = 50;

export const nameReads = (db: Kysely<Tables>): NameReads => ({
  async namesOf(account, refs) {
    const found: NamedRef[] = [];
    for (const [table, named] of Object.entries(readers)) {
      const ofTable = refs.filter(({ kind }) => kindTable[kind].table === table);
      for (const part of inParts(distinct(ofTable))) {
        const rows = await named(
          db,
          account,
          part.map(({ id }) => id),
        );
        const byId = new Map(rows.map((row) => [row.id, row]));
        for (const { kind, id } of part) {
          const row = byId.get(id);
          if (row !== undefined) found.push({ kind, id, name: row.name, label: row.label });
        }
      }
    }
    return found;
  },
});

const readers: Readonly<
  Record<Table, (db: Kysely<Tables>, account: AccountId, ids: readonly string[]) => Promise<readonly Named[]>>
> = {
  async account(db, account, ids) {
    const row = await db
      .selectFrom('account')
      .select(['main_public_key', 'eth_address'])
      .where('account_id', '=', account)
      .executeTakeFirst();
    if (row === undefined) return [];
    return ids.map((id) => ({ id, name: undefined, label: row.main_public_key || row.eth_address }));
  },
  async subkey(db, account, ids) {
    const rows = await db
      .selectFrom('subkey')
      .select(['id', 'name', 'public_key'])
      .where('account_id', '=', account)
      .where('id', 'in', padded(ids.map(BigInt)))
      .execute();
    return rows.map(({ id, name, public_key }) => ({ id: id.toString(), name, label: public_key }));
  },
  async device(db, account, ids) {
    const rows = await db
      .selectFrom('device')
      .select(['device_id', 'name', 'thumbprint'])
      .where('account_id', '=', account)
      .where('device_id', 'in', padded(ids))
      .execute();
    return rows.map(({ device_id, name, thumbprint }) => ({ id: device_id, name, label: thumbprint }));
  },
  async token(db, account, ids) {
    const rows = await db
      .selectFrom('token')
      .select(['token_id', 'name', 'lookup_id'])
      .where('account_id', '=', account)
      .where('token_id', 'in', padded(ids))
      .execute();
    return rows.map(({ token_id, name, lookup_id }) => ({ id: token_id, name, label: lookup_id }));
  },
};

const distinct = (refs: readonly RefWithin[]): readonly RefWithin[] => [
  ...new Map(refs.map((ref) => [`${ref.kind}:${ref.id}`, ref])).values(),
];

function* inParts<Item>(all: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < all.length; from += IDS_AT_ONCE) yield all.slice(from, from + IDS_AT_ONCE);
}

/** One id, or as many as one statement takes: the last is repeated. */
function padded<Id>(ids: readonly Id[]): readonly Id[] {
  const last = ids.at(-1);
  if (ids.length === 1 || last === undefined) return ids;
  return [...ids, ...new Array<Id>(IDS_AT_ONCE - ids.length).fill(last)];
}
