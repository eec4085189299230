// Subkeys, tokens and devices together: their limits, and revocations of many accounts by a restore or by setting the clock.
import type { Kysely } from 'kysely';
import type { CredentialReads, CredentialWrites, RevokedCredentials } from '../ports/credentials.ts';
import { endDevicesOf, type NamedDeviceRow } from './devices.ts';
import { accountIdOf } from './rows.ts';
import { countLiveSubkeys, type NamedSubkeyRow, revokeSubkeysOf, revokeUntimelySubkeys } from './subkeys.ts';
import type { Tables } from './tables.ts';
import { countLiveTokens, type NamedTokenRow, revokeTokensOf, revokeUntimelyTokens } from './tokens.ts';

export const credentialReads = (db: Kysely<Tables>): CredentialReads => ({
  async countLive(account, now) {
    const tokens = await countLiveTokens(db, account, now);
    return { tokens, ...(await countLiveSubkeys(db, account, now)) };
  },
});

export const credentialWrites = (db: Kysely<Tables>): CredentialWrites => ({
  async revokeCredentials(accounts, ended, now) {
    const subkeys = await revokeSubkeysOf(db, accounts, ended.subkeys, now);
    const tokens = ended.tokens ? await revokeTokensOf(db, accounts, now) : [];
    return revokedByAccount(subkeys, tokens, await endDevicesOf(db, accounts, now));
  },

  async revokeUntimely(now, latest) {
    const subkeys = await revokeUntimelySubkeys(db, now, latest);
    const tokens = await revokeUntimelyTokens(db, now, latest);
    return revokedByAccount(subkeys, tokens, await endDevicesOf(db, undefined, now));
  },

  endEveryDevice: async (now) => revokedByAccount([], [], await endDevicesOf(db, undefined, now)),
});

/** The revoked rows, grouped by account. Throws DamagedRow. */
function revokedByAccount(
  subkeys: readonly NamedSubkeyRow[],
  tokens: readonly NamedTokenRow[],
  devices: readonly NamedDeviceRow[],
): readonly RevokedCredentials[] {
  const [subkeysOf, tokensOf, devicesOf] = [byAccount(subkeys), byAccount(tokens), byAccount(devices)];
  return [...new Set([...subkeysOf.keys(), ...tokensOf.keys(), ...devicesOf.keys()])].map((account) => ({
    account: accountIdOf(account),
    subkeys: (subkeysOf.get(account) ?? []).map(({ id, public_key }) => ({ id, publicKey: public_key })),
    tokens: (tokensOf.get(account) ?? []).map((row) => ({ tokenId: row.token_id, lookupId: row.lookup_id })),
    devices: (devicesOf.get(account) ?? []).map(({ device_id, name }) => ({ deviceId: device_id, name })),
  }));
}

const byAccount = <Row extends { account_id: string }>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> =>
  Map.groupBy(rows, (row) => row.account_id);
