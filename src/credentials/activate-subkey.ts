// Activating a pending subkey: the phone that scanned the code proves the ephemeral key, gets the ciphertext once, and the subkey
// becomes active. The answer never tells an unknown account from an unknown key (docs/wire.md section 7). A second caller that proves
// the same key learns when and from which address it was activated: only the address tells a lost answer from a theft.
import { refusalErrorOf } from '../access/refusal.ts';
import { type AccountId, credentialSubject } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import { ACTIVATION_AGE_SECONDS } from '../domain/lifetimes.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { type Subkey, type SubkeyActivation, subkeyStateAt } from '../domain/subkey.ts';
import { type Clock, isOver, isoTime, NEVER, secondsOf, type UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Changes } from '../revocation/commit.ts';
import { isPossibleSignature, type StarkSignature } from '../starknet/signature.ts';
import type { Store } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import type { Actor } from './caller.ts';
import { requireNotFromFuture, timestampError } from './login-window.ts';
import { auditOnly, record } from './record.ts';

export interface Activation extends RequestOrigin {
  readonly account: AccountId;
  readonly publicKey: Felt;
  readonly timestamp: UnixSeconds;
  readonly signature: StarkSignature;
  /** Replaces the name when present. */
  readonly name: string | undefined;
  readonly asker: OnBehalfOf;
}

/**
 * Resolves to the ciphertext. Throws NOT_FOUND, SUBKEY_NOT_ACTIVATABLE, SUBKEY_ALREADY_ACTIVATED (only after proof of the ephemeral
 * key), INVALID_TIMESTAMP, STARKNET_SIGNATURE_VERIFICATION_FAILED (403), SERVICE_UNAVAILABLE.
 */
export type ActivateSubkey = (activation: Activation) => Promise<string>;

export function createActivateSubkey(deps: {
  store: Pick<Store, 'subkey'>;
  changes: Changes;
  clock: Clock;
  verifier: Pick<Verifier, 'ask'>;
  settings: { readonly futureToleranceSeconds: number };
}): ActivateSubkey {
  const { clock, store } = deps;

  return async function activateSubkey(activation) {
    const { account, publicKey } = activation;
    const subkey = await store.subkey(account, publicKey);
    if (subkey === undefined) throw new ApiError('NOT_FOUND', 'no such subkey');
    if (subkey.activation !== undefined) return refuseSecond(subkey.activation.by, activation);
    const { pending } = subkey;
    if (pending === undefined || subkeyStateAt(subkey, clock.latest()) !== 'pending') throw notActivatable();
    const { ephPublicKey } = pending;
    await requireProof(ephPublicKey, activation);
    const { result } = await deps.changes.commit<string | undefined>(async (tx) => {
      const now = clock.now();
      if (isOver(pending.until, clock.latest())) throw notActivatable();
      const owner = await tx.account(account);
      if (owner === undefined || owner.lockedAt !== NEVER) throw refusalErrorOf('account_locked');
      // Read through `tx`: a subkey whose revocation could not be written is still pending in the database.
      const current = await tx.subkey(account, publicKey);
      if (current?.activation?.by === ephPublicKey) return { result: undefined, change: undefined };
      if (current?.id !== subkey.id || current.state !== 'pending') throw notActivatable();
      const name = activation.name ?? subkey.name;
      // One conditional update decides: the second caller, or one after a revocation, finds nothing pending.
      if (!(await tx.activateSubkey(account, subkey.id, name, now, activation.clientIpText))) throw notActivatable();
      const detail = { public_key: publicKey, timestamp: activation.timestamp, eph_public_key: ephPublicKey };
      const change = await record(tx, {
        by: actorOf(subkey, activation),
        action: 'subkey.activated',
        subject: credentialSubject(refOf(subkey)),
        detail,
        narrows: false,
      });
      return { result: pending.encryptedKey, change };
    });
    // Of two concurrent callers one comes second.
    return result ?? refuseSecond(ephPublicKey, activation);
  };

  /** Without proof of the ephemeral key the answer is the same as for a subkey that was never pending. */
  async function refuseSecond(ephPublicKey: Felt, activation: Activation): Promise<never> {
    await requireProof(ephPublicKey, activation).catch((error: unknown) => {
      throw error instanceof ApiError && error.status < 500 ? notActivatable() : error;
    });
    const { account, publicKey } = activation;
    const { result } = await deps.changes.commit(async (tx) => {
      const subkey = await tx.subkey(account, publicKey);
      if (subkey?.activation?.by !== ephPublicKey) throw notActivatable();
      const { at, from } = subkey.activation;
      const detail = { public_key: publicKey, timestamp: activation.timestamp, activated_at: at, activated_from: from };
      await auditOnly(tx, {
        by: actorOf(subkey, activation),
        action: 'subkey.activation_repeated',
        subject: credentialSubject(refOf(subkey)),
        detail,
      });
      return { result: subkey.activation, change: undefined };
    });
    throw alreadyActivated(result);
  }

  async function requireProof(ephPublicKey: Felt, { timestamp, signature, asker }: Activation): Promise<void> {
    requireFresh(timestamp);
    if (!isPossibleSignature(signature)) throw notByEphemeralKey();
    const { valid } = await deps.verifier.ask({ kind: 'activation', timestamp, ephPublicKey, signature }, asker);
    if (!valid) throw notByEphemeralKey();
  }

  function requireFresh(timestamp: UnixSeconds): void {
    requireNotFromFuture(timestamp, clock, deps.settings.futureToleranceSeconds);
    if (secondsOf(clock.latest()) - timestamp > ACTIVATION_AGE_SECONDS) throw timestampError(timestamp, clock);
  }
}

const notByEphemeralKey = (): ApiError =>
  new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'the signature is not by the ephemeral key', { status: 403 });

function alreadyActivated({ at, from }: SubkeyActivation): ApiError {
  const where = from === '' ? 'an address that could not be told' : from;
  return new ApiError(
    'SUBKEY_ALREADY_ACTIVATED',
    `this subkey was activated before, at ${isoTime(at)} from ${where}: if that was not you, revoke it`,
    { data: { activated_at: at, client_ip: from === '' ? null : from } },
  );
}

const refOf = ({ account, id }: Subkey) => ({ account, kind: 'subkey', id: id.toString() }) as const;

const actorOf = (subkey: Subkey, { requestId, clientIpText }: Activation): Actor => ({
  principal: { credential: refOf(subkey) },
  requestId,
  clientIpText,
});

const notActivatable = (): ApiError =>
  new ApiError('SUBKEY_NOT_ACTIVATABLE', 'the subkey is not pending: active already, revoked, or too late');
