// The facts of a decision, all of them from one statement.
import { type Kysely, sql } from 'kysely';
import { type Allowlist, decodeAllowlist } from '../../domain/allowlist.ts';
import { kindTable } from '../../domain/kinds.ts';
import { NEVER, unixNanos } from '../../domain/time.ts';
import { isSigningKeyAlive } from '../../jwt/signing-key.ts';
import type { Facts, FactsQuery, FactsRead, FactsReads } from '../ports/facts.ts';
import { mainKeyOf } from './accounts.ts';
import { LOG_HEAD } from './meta.ts';
import { integer } from './rows.ts';
import { subkeyState } from './subkeys.ts';
import type { Tables } from './tables.ts';

const anywhere: Allowlist = { kind: 'anywhere' };

export const factsReads = (db: Kysely<Tables>): FactsReads => ({ facts: (query) => readFacts(db, query) });

interface FactsRow {
  position: bigint;
  signer_type: string | null;
  main_public_key: string | null;
  valid_after: bigint | null;
  own_valid_after: bigint | null;
  locked_at: bigint | null;
  kid_state: string | null;
  state: string | null;
  expires_at: bigint | null;
  allowlist: string | null;
  label: string | null;
}

// One statement: two could see two states, and the facts would be older than the position they are marked with.
async function readFacts(db: Kysely<Tables>, query: FactsQuery): Promise<FactsRead> {
  const credential = columnsOf[kindTable[query.kind].table](query.id);
  const { rows } = await sql<FactsRow>`
    select (select value from meta where name = ${LOG_HEAD}) as position,
           a.signer_type, a.main_public_key, a.valid_after, a.locked_at, k.state as kid_state,
           ${credential.columns}
      from (select 1) one
      left join account a on a.account_id = ${query.account}
      left join signing_key k on k.kid = ${query.kid}
      ${credential.join}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the facts query gave no row');
  return { position: integer(row.position, 'meta.log_head'), facts: factsOf(query, row) };
}

/** By the table of a kind. */
const columnsOf = {
  account: () => ({
    columns: sql`null as state, 0 as expires_at, null as allowlist, '' as label, a.main_valid_after as own_valid_after`,
    join: sql``,
  }),
  subkey: (id: string) => ({
    columns: sql`s.state, s.expires_at, s.allowlist, s.public_key as label, s.valid_after as own_valid_after`,
    join: sql`left join subkey s on s.account_id = a.account_id and s.id = ${integerId(id)}`,
  }),
  // What ends the sessions of the main key or wallet ends what one of them made.
  device: (id: string) => ({
    columns: sql`case when d.ended_at = 0 then 'active' when d.ended_at > 0 then 'revoked' end as state,
                 d.expires_at, 'anywhere' as allowlist, d.thumbprint as label, a.main_valid_after as own_valid_after`,
    join: sql`left join device d on d.account_id = a.account_id and d.device_id = ${id}`,
  }),
  token: (id: string) => ({
    columns: sql`case when t.revoked_at = 0 then 'active' when t.revoked_at > 0 then 'revoked' end as state,
                 t.expiry_at as expires_at, t.allowlist, t.lookup_id as label, 0 as own_valid_after`,
    join: sql`left join token t on t.account_id = a.account_id and t.token_id = ${id}`,
  }),
};

// Our own JWTs hold an integer here. Any other text must find nothing, and not throw.
const integerId = (id: string): bigint => (/^[0-9]{1,18}$/.test(id) ? BigInt(id) : -1n);

function factsOf(query: FactsQuery, row: FactsRow): Facts {
  const { signer } = kindTable[query.kind];
  const isMain = signer !== undefined;
  const accountKnown = row.signer_type !== null;
  // Null means that the left join found no row. In a row that was found, null is damage.
  const found = (isIt: boolean, value: bigint | null, column: string) => (isIt ? integer(value, column) : 0n);
  const credentialKnown = isMain ? accountKnown : row.state !== null;
  const validAfter = found(accountKnown, row.valid_after, 'account.valid_after');
  const ownValidAfter = found(credentialKnown, row.own_valid_after, `${query.kind} valid_after`);
  const common = {
    accountKnown,
    accountLocked: found(accountKnown, row.locked_at, 'account.locked_at') !== 0n,
    validAfter: unixNanos(validAfter > ownValidAfter ? validAfter : ownValidAfter),
    signingKeyAlive: isSigningKeyAlive(row.kid_state),
    label: row.label ?? '',
    mainKey: undefined,
  };
  if (isMain) {
    const credential = row.signer_type === signer ? 'alive' : 'unknown';
    const mainKey =
      signer === 'starknet' && credential === 'alive'
        ? mainKeyOf({ main_public_key: row.main_public_key ?? '' })
        : undefined;
    return { ...common, credential, expiresAt: NEVER, allowlist: anywhere, mainKey };
  }
  if (row.state === null) return { ...common, credential: 'unknown', expiresAt: NEVER, allowlist: anywhere };
  const state = subkeyState(row.state);
  return {
    ...common,
    credential: state === 'active' ? 'alive' : state,
    expiresAt: unixNanos(integer(row.expires_at, `${query.kind} expiry`)),
    allowlist: decodeAllowlist(row.allowlist),
  };
}
