// Which credentials an address used. No index has the address: it would be as large as the rows and be written with each new one, and
// only an operator asks.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { CredentialName, UsageReads } from '../ports/usage.ts';
import { felt } from './rows.ts';
import type { Tables, UsedAddressTable } from './tables.ts';

/** Rows passed over in one turn: 1 ms. A million take 0.3 s. */
const AT_ONCE = 2_000;

type Place = Pick<UsedAddressTable, 'account_id' | 'credential' | 'address'>;

const BEFORE_ALL: Place = { account_id: '', credential: '', address: '' };

export const usedFromReads = (db: Kysely<Tables>): Pick<UsageReads, 'usedFrom'> => ({
  async usedFrom(address, { from, after }, count) {
    const found: CredentialName[] = [];
    let place: Place =
      after === undefined ? BEFORE_ALL : { account_id: after.account, credential: after.credential, address };
    for (;;) {
      const end = await placeAfter(db, place);
      let some = db
        .selectFrom('used_address')
        .select(['account_id', 'credential'])
        .where('address', '=', address)
        .where('last_day', '>=', BigInt(from))
        .where(sql<boolean>`${key} > ${keyOf(place)}`)
        .orderBy('account_id')
        .orderBy('credential')
        .limit(count - found.length);
      if (end !== undefined) some = some.where(sql<boolean>`${key} <= ${keyOf(end)}`);
      for (const row of await some.execute()) {
        found.push({ account: felt(row.account_id, 'used_address.account_id'), credential: row.credential });
      }
      if (end === undefined || found.length >= count) return found;
      place = end;
      await nextTurn();
    }
  },
});

const key = sql`(account_id, credential, address)`;
const keyOf = ({ account_id, credential, address }: Place): RawBuilder<unknown> =>
  sql`(${account_id}, ${credential}, ${address})`;

/** The row that stands AT_ONCE rows further; undefined if there are not so many. */
const placeAfter = (db: Kysely<Tables>, place: Place): Promise<Place | undefined> =>
  db
    .selectFrom('used_address')
    .select(['account_id', 'credential', 'address'])
    .where(sql<boolean>`${key} > ${keyOf(place)}`)
    .orderBy('account_id')
    .orderBy('credential')
    .orderBy('address')
    .limit(1)
    .offset(AT_ONCE - 1)
    .executeTakeFirst();
