// Fills a data folder with accounts, subkeys and tokens as a store would hold them after years: the tables are made by the real
// migrations, the rows are written directly, since a million registrations would take hours.
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AccountId } from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { systemWall } from '../../src/domain/time.ts';
import { DATABASE_FILE } from '../../src/store/database-file.ts';

export interface Seed {
  /** Subkeys and tokens in all. */
  readonly credentials: number;
  /** Accounts that exist already and get `each` subkeys and as many tokens; the rest is spread over new accounts, ten of each kind. */
  readonly owners: readonly { readonly account: AccountId; readonly each: number }[];
}

export interface SeededToken {
  readonly account: AccountId;
  readonly tokenId: string;
}

const EACH = 10;
const YEAR_NS = 31_536_000_000_000_000n;
const ALLOWLIST = '["10.0.0.0/8","192.0.2.0/24"]';

/** Numbers below 2^248 that look random and are the same in every run. */
const numberOf = (name: string): bigint => BigInt(`0x${createHash('sha256').update(name).digest('hex').slice(0, 62)}`);

/** Writes into the database of a server that has been stopped. Returns the tokens of the first new accounts, at most 20,000. */
export function seed(dataFolder: string, { credentials, owners }: Seed): readonly SeededToken[] {
  const database = new DatabaseSync(join(dataFolder, DATABASE_FILE));
  const now = systemWall();
  const tokens: SeededToken[] = [];
  database.exec('pragma journal_mode = delete; pragma synchronous = off; pragma cache_size = -262144; begin');
  const account = database.prepare(
    `insert into account (account_id, signer_type, main_public_key, eth_address, ethereum_label, valid_after, main_valid_after,
       locked_at, created_at) values (?, 'starknet', ?, '', '0x0', 0, 0, 0, ?)`,
  );
  const subkey = database.prepare(
    `insert into subkey (account_id, id, public_key, name, state, allowlist, encrypted_key, eph_public_key, pending_until,
       valid_after, expires_at, created_at, updated_at, revoked_at) values (?, ?, ?, ?, 'active', ?, '', '', 0, 0, 0, ?, ?, 0)`,
  );
  const token = database.prepare(
    `insert into token (account_id, token_id, lookup_id, name, kind, allowlist, created_at, expiry_at, last_updated_at, revoked_at)
       values (?, ?, ?, ?, 'readonly', 'anywhere', ?, ?, ?, 0)`,
  );
  let subkeyId = 1_000_000n;
  const give = (owner: AccountId, each: number, kept: number): void => {
    for (let i = 0; i < each; i += 1) {
      subkeyId += 1n;
      subkey.run(owner, subkeyId, feltOf(numberOf(`subkey ${subkeyId}`)), `bot ${i}`, ALLOWLIST, now, now);
      const tokenId = `tok_${randomUUID()}`;
      token.run(owner, tokenId, tokenId, `reader ${i}`, now, now + YEAR_NS, now);
      if (tokens.length < kept) tokens.push({ account: owner, tokenId });
    }
  };
  for (const owner of owners) give(owner.account, owner.each, 0);
  const others = Math.floor((credentials - owners.reduce((sum, { each }) => sum + 2 * each, 0)) / (2 * EACH));
  // In the order of the table's key, so that writing it takes seconds.
  const ids = Array.from({ length: others }, (_, i) => feltOf(numberOf(`account ${i}`))).sort();
  for (const [i, id] of ids.entries()) {
    account.run(id, feltOf(numberOf(`main key ${i}`)), now);
    give(id, EACH, 20_000);
  }
  database.prepare(`update meta set value = ? where name = 'next_subkey_id'`).run(subkeyId);
  database.exec('commit');
  database.close();
  return tokens;
}

/** Marks, nonces and pending subkeys whose time is over: what a purge deletes. */
export function seedExpired(dataFolder: string, owner: AccountId, marks: number): void {
  const database = new DatabaseSync(join(dataFolder, DATABASE_FILE));
  const mark = database.prepare(
    `insert into used_signature (account_id, purpose, message_hash, expires_at) values (?, 'login', ?, 1)`,
  );
  const nonce = database.prepare('insert into siwe_nonce (account_id, nonce, expires_at) values (?, ?, 1)');
  database.exec('begin');
  for (let i = 0; i < marks; i += 1) {
    mark.run(owner, feltOf(numberOf(`mark ${i}`)));
    nonce.run(owner, `nonce${i}`);
  }
  database.exec('commit');
  database.close();
}
