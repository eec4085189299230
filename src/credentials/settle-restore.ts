// Prepares a restored database before it serves anyone. A backup does not know what was ended after it was taken: so every session and
// every signature made until now is dead, and tokens and subkeys are revoked unless the operator keeps them. One transaction; it only
// ever takes away.
import type { KeyObject } from 'node:crypto';
import { NO_ACCOUNT, type Subject, signingKeySubject, storeSubject } from '../domain/credential.ts';
import { type Clock, signedUntil, type UnixNanos, unixNanos } from '../domain/time.ts';
import type { KeyUse } from '../jwt/kinds.ts';
import { hasRows } from '../jwt/kinds.ts';
import { createSigningKey, toRecord } from '../jwt/signing-key.ts';
import type { Store, StoreTransaction } from '../store/store.ts';
import type { OperatorAct } from './operator-act.ts';
import { auditOnly, record, recordAll } from './record.ts';
import { revokedChange } from './revoked-credentials.ts';
import { keyChange } from './signing-keys.ts';

export interface RestoreChoice {
  /** Tokens and active subkeys stay as in the backup; those revoked since then live again. */
  readonly keepCredentials: boolean;
}

export interface Settled {
  readonly epoch: string;
  /** Whatever was signed at or before this is dead, for every account. */
  readonly validAfter: UnixNanos;
  readonly revoked: { readonly subkeys: number; readonly tokens: number; readonly devices: number };
}

export type SettleRestore = (choice: RestoreChoice, act: OperatorAct) => Promise<Settled>;

/** Accounts per statement, within SQLite's limit on parameters. */
const PAGE_ACCOUNTS = 500;

export function createSettleRestore(deps: {
  readonly store: Pick<Store, 'accounts' | 'transaction' | 'epoch'>;
  readonly clock: Clock;
  readonly masterKey: KeyObject;
  readonly settings: { readonly futureToleranceSeconds: number };
}): SettleRestore {
  const { store, clock, masterKey } = deps;

  return ({ keepCredentials }, act) =>
    store.transaction(async (tx) => {
      const now = clock.now();
      // Above now, so that a captured signature dated into the future dies too.
      const validAfter = signedUntil(clock, deps.settings.futureToleranceSeconds);
      const epoch = await tx.renewEpoch();
      await tx.raiseEveryValidAfter(validAfter);
      const keys = await replaceKeys(tx, keepCredentials ? (use) => !hasRows(use) : () => true, now, act);
      const revoked = { subkeys: 0, tokens: 0, devices: 0 };
      for await (const accounts of pages()) {
        // A pending subkey may have been activated after the backup: it is never kept.
        const kinds = keepCredentials
          ? ({ subkeys: 'pending', tokens: false } as const)
          : ({ subkeys: 'all', tokens: true } as const);
        const ended = await tx.revokeCredentials(accounts, kinds, now);
        for (const { subkeys, tokens, devices } of ended) {
          revoked.subkeys += subkeys.length;
          revoked.tokens += tokens.length;
          revoked.devices += devices.length;
        }
        await recordAll(
          tx,
          ended.map((one) => revokedChange(one, 'account.revoked_by_restore', act)),
        );
      }
      const detail = {
        previous_epoch: store.epoch,
        epoch,
        valid_after: validAfter,
        kept_credentials: keepCredentials,
        ...keys.detail,
        revoked_subkeys: revoked.subkeys,
        revoked_tokens: revoked.tokens,
        ended_devices: revoked.devices,
      };
      const subjects: readonly Subject[] = [storeSubject, ...keys.subjects];
      await record(tx, {
        by: act,
        account: NO_ACCOUNT,
        action: 'store.restored',
        subject: storeSubject,
        subjects,
        detail,
        narrows: true,
      });
      return { epoch, validAfter, revoked };
    });

  async function* pages() {
    let cursor: string | undefined;
    do {
      const { rows, next } = await store.accounts({ limit: PAGE_ACCOUNTS, cursor });
      if (rows.length > 0) yield rows.map(({ account }) => account);
      cursor = next;
    } while (cursor !== undefined);
  }

  // A signing key that was retired as compromised after the backup would sign again, so all are replaced. The new ones sign at once.
  async function replaceKeys(
    tx: StoreTransaction,
    isReplaced: (use: KeyUse) => boolean,
    now: UnixNanos,
    act: OperatorAct,
  ) {
    const all = await tx.signingKeys();
    const live = all.filter(({ state }) => state !== 'retired');
    const old = live.filter(({ use }) => isReplaced(use));
    for (const key of old) {
      await tx.retireSigningKey(key.kid, now);
      await auditOnly(tx, keyChange(key, 'signing_key.retired', act, { why: 'restored' }));
    }
    // The newest active key of a use signs, so no two may have the same time.
    const newest = all.at(-1)?.createdAt ?? 0n;
    const createdAt = now > newest ? now : unixNanos(newest + 1n);
    const fresh = [...new Set(old.map(({ use }) => use))].map((use) =>
      toRecord(masterKey, createSigningKey(use), { state: 'active', createdAt }),
    );
    for (const key of fresh) {
      await tx.insertSigningKey(key);
      await auditOnly(tx, keyChange(key, 'signing_key.activated', act, { why: 'restored' }));
    }
    return {
      subjects: [...old, ...fresh].map(({ kid }) => signingKeySubject(kid)),
      detail: { retired_signing_keys: old.length, kept_signing_keys: live.length - old.length },
    };
  }
}
