// The store with unwritten denials laid over every read, outside and inside a transaction. Writes are the store's own. All code but
// view.ts and commit.ts gets this one.
import type { AccountId } from '../domain/credential.ts';
import { NEVER } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Store, StoreReads, StoreTransaction } from '../store/store.ts';
import type { Denials, Overlay } from './denials.ts';

type RowReads = Omit<StoreReads, 'countLive'>;

/** `told` hears of each account whose rows are read. */
function currentReads(stored: RowReads, overlay: Overlay, told: (account: AccountId) => void): RowReads {
  return {
    async facts(query) {
      told(query.account);
      const { facts, position } = await stored.facts(query);
      return { facts: overlay.overFacts(query, facts), position };
    },
    async account(id) {
      told(id);
      const account = await stored.account(id);
      return account && overlay.overAccount(account);
    },
    async subkey(account, publicKey) {
      told(account);
      const subkey = await stored.subkey(account, publicKey);
      return subkey && overlay.overSubkey(subkey);
    },
    async token(account, lookupId) {
      told(account);
      const token = await stored.token(account, lookupId);
      return token && overlay.overToken(token);
    },
    async device(deviceId) {
      const device = await stored.device(deviceId);
      if (device !== undefined) told(device.account);
      return device && overlay.overDevice(device);
    },
  };
}

export interface CurrentTransaction {
  readonly tx: StoreTransaction;
  /**
   * Call it last, in the turn that ends the work. Throws SERVICE_UNAVAILABLE when something of an account was ended after its row was
   * read here: a change that allows more must not commit on old facts.
   */
  requireCurrent(): void;
}

export function currentTransaction(stored: StoreTransaction, denials: Denials): CurrentTransaction {
  const since = denials.version;
  const asked = new Set<AccountId>();
  return {
    tx: { ...stored, ...currentReads(stored, denials, (account) => asked.add(account)) },
    requireCurrent() {
      for (const account of asked) {
        if (denials.changedSince(account, since)) {
          throw new ApiError('SERVICE_UNAVAILABLE', 'something of this account was ended meanwhile; try again');
        }
      }
    },
  };
}

/** Lists treat an unwritten ending as a revocation. Limits go on counting the row until the ending is written. */
export function createCurrentStore(stored: Store, denials: Denials): Store {
  return {
    ...stored,
    ...currentReads(stored, denials, () => undefined),

    async subkeys(account, filter, page) {
      const { rows, next } = await stored.subkeys(account, filter, page);
      const current = rows.map((row) => denials.overSubkey(row));
      return { rows: current.filter(({ state }) => filter.withRevoked || state !== 'revoked'), next };
    },
    async tokens(account, filter, page) {
      const { rows, next } = await stored.tokens(account, filter, page);
      const current = rows.map((row) => denials.overToken(row));
      return { rows: current.filter(({ revokedAt }) => filter.withInvalid || revokedAt === NEVER), next };
    },
    async devices(account, filter, page) {
      const { rows, next } = await stored.devices(account, filter, page);
      const current = rows.map((row) => denials.overDevice(row));
      return { rows: current.filter(({ endedAt }) => filter.withEnded || endedAt === NEVER), next };
    },
    async accounts(page) {
      const { rows, next } = await stored.accounts(page);
      return { rows: rows.map((row) => denials.overAccount(row)), next };
    },

    async subkeysNamed(by, limit) {
      return (await stored.subkeysNamed(by, limit)).map((row) => denials.overSubkey(row));
    },
    async tokensNamed(by, limit) {
      return (await stored.tokensNamed(by, limit)).map((row) => denials.overToken(row));
    },
    async accountsNamed(by, limit) {
      return (await stored.accountsNamed(by, limit)).map((row) => denials.overAccount(row));
    },

    transaction: (work) => stored.transaction((tx) => work(currentTransaction(tx, denials).tx)),
  };
}
