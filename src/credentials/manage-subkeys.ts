// The owner renames, rebinds or revokes a registered subkey. Each is one transaction.
import { covers, shownEntries, type UsableAllowlist } from '../domain/allowlist.ts';
import { type AccountId, credentialSubject, type Subject } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import type { Subkey } from '../domain/subkey.ts';
import { subkeyStateAt } from '../domain/subkey.ts';
import type { Clock } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Store, StoreTransaction } from '../store/store.ts';
import { type Caller, requireStill } from './caller.ts';
import { endUnwritten } from './end-unwritten.ts';
import { record } from './record.ts';
import { requireMayReplace } from './require-may-replace.ts';

export interface ManageSubkeys {
  /** Throws NOT_FOUND for an unknown, revoked or expired key, and for another account's. */
  rename(caller: Caller, publicKey: Felt, name: string): Promise<Subkey>;
  /** Full replacement (docs/wire.md section 17). Throws NOT_FOUND as rename does, INVALID_TOKEN_SCOPE where requireMayReplace does. */
  replaceAllowlist(caller: Caller, publicKey: Felt, allowlist: UsableAllowlist): Promise<Changed<Subkey>>;
  /** Idempotent. Throws NOT_FOUND for a key that the account never had. */
  revoke(caller: Caller, publicKey: Felt): Promise<Changed<Subkey>>;
}

export function createManageSubkeys(deps: {
  store: Pick<Store, 'subkey'>;
  changes: Changes;
  clock: Clock;
}): ManageSubkeys {
  const { changes, clock } = deps;

  return {
    async rename(caller, publicKey, name) {
      const { result } = await changes.commit(async (tx) => {
        const subkey = await liveSubkey(tx, caller, publicKey, 'PUT');
        const { account } = caller.principal.credential;
        if (!(await tx.renameSubkey(account, subkey.id, name, clock.now()))) throw noSuchSubkey();
        const change = await record(tx, {
          by: caller,
          action: 'subkey.renamed',
          subject: subjectOf(subkey),
          detail: { from: subkey.name, to: name },
          narrows: false,
        });
        return { result: await reread(tx, account, publicKey), change };
      });
      return result;
    },

    replaceAllowlist: (caller, publicKey, allowlist) =>
      changes.commit(async (tx) => {
        const subkey = await liveSubkey(tx, caller, publicKey, 'PUT');
        const { account } = caller.principal.credential;
        requireMayReplace(caller, subkey.allowlist, allowlist);
        if (!(await tx.replaceSubkeyAllowlist(account, subkey.id, allowlist, clock.now()))) throw noSuchSubkey();
        const detail = { from: shownEntries(subkey.allowlist), to: shownEntries(allowlist) };
        const narrows = !covers(allowlist, subkey.allowlist);
        const change = await record(tx, {
          by: caller,
          action: 'subkey.allowlist_replaced',
          subject: subjectOf(subkey),
          detail,
          narrows,
        });
        return { result: await reread(tx, account, publicKey), change };
      }),

    async revoke(caller, publicKey) {
      const { account } = caller.principal.credential;
      const look = () => deps.store.subkey(account, publicKey);
      const options = await endUnwritten({ account, of: 'subkey', label: publicKey }, look, refOf);
      const { result, receipt } = await changes.commit(async (tx) => {
        await requireStill(tx, caller, { permission: 'keys:narrow', method: 'DELETE' }, clock);
        const subkey = await tx.subkey(account, publicKey);
        if (subkey === undefined) return { result: undefined, change: undefined };
        if (!(await tx.revokeSubkey(account, subkey.id, clock.now()))) return { result: subkey, change: undefined };
        const detail = { public_key: publicKey, name: subkey.name };
        const change = await record(tx, {
          by: caller,
          action: 'subkey.revoked',
          subject: subjectOf(subkey),
          detail,
          narrows: true,
        });
        return { result: await reread(tx, account, publicKey), change };
      }, options);
      if (result === undefined) throw noSuchSubkey();
      return { result, receipt };
    },
  };

  async function liveSubkey(tx: StoreTransaction, caller: Caller, publicKey: Felt, method: string): Promise<Subkey> {
    await requireStill(tx, caller, { permission: 'keys:narrow', method }, clock);
    const subkey = await tx.subkey(caller.principal.credential.account, publicKey);
    if (subkey === undefined) throw noSuchSubkey();
    const state = subkeyStateAt(subkey, clock.latest());
    if (state === 'revoked' || state === 'expired') throw noSuchSubkey();
    return subkey;
  }
}

const refOf = ({ account, id }: Subkey) => ({ account, kind: 'subkey', id: id.toString() }) as const;
const subjectOf = (subkey: Subkey): Subject => credentialSubject(refOf(subkey));

const noSuchSubkey = (): ApiError => new ApiError('NOT_FOUND', 'no such subkey');

async function reread(tx: StoreTransaction, account: AccountId, publicKey: Felt): Promise<Subkey> {
  const subkey = await tx.subkey(account, publicKey);
  if (subkey === undefined) throw noSuchSubkey();
  return subkey;
}
