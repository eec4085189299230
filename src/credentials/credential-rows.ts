// Operations on a credential's row by its kind, so that use cases need not know the table.
import type { AccountId, RevocableRef } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import type { RevocableKind } from '../domain/kinds.ts';
import type { UnixNanos } from '../domain/time.ts';
import type { StoreReads, StoreTransaction } from '../store/store.ts';

interface Rows {
  /** False when there is none, or it was revoked before. */
  revoke(tx: StoreTransaction, account: AccountId, id: string, now: UnixNanos): Promise<boolean>;
  /** Id of the row that this label names now. */
  idOf(reads: Pick<StoreReads, 'subkey' | 'token'>, account: AccountId, label: string): Promise<string | undefined>;
}

const rowsOf: Readonly<Record<RevocableKind, Rows>> = {
  subkey: {
    revoke: (tx, account, id, now) => tx.revokeSubkey(account, BigInt(id), now),
    async idOf(reads, account, label) {
      const publicKey = parseFelt(label);
      return publicKey === undefined ? undefined : (await reads.subkey(account, publicKey))?.id.toString();
    },
  },
  device: {
    revoke: (tx, account, id, now) => tx.endDevice(account, id, now),
    // Its owner names it by the id of its row.
    idOf: async () => undefined,
  },
  token: {
    revoke: (tx, account, id, now) => tx.revokeToken(account, id, now),
    idOf: async (reads, account, label) => (await reads.token(account, label))?.tokenId,
  },
};

/** False when there is no such row, or it was revoked before. */
export const revokeRow = (
  tx: StoreTransaction,
  { account, kind, id }: RevocableRef,
  now: UnixNanos,
): Promise<boolean> => rowsOf[kind].revoke(tx, account, id, now);

/** Whether the label names this row now. A public key that was registered again names the newer row. */
export const hasLabel = async (
  reads: Pick<StoreReads, 'subkey' | 'token'>,
  { account, kind, id }: RevocableRef,
  label: string,
): Promise<boolean> => (await rowsOf[kind].idOf(reads, account, label)) === id;
