// Activating a pending subkey: the phone that scanned the code proves the ephemeral key, gets the ciphertext once, and the subkey
// becomes active. It never says whether it is the account or the key that is unknown (WIRE 4.2).
import { refusalErrorOf } from '../access/refusal.ts';
import { type AccountId, actorOf, credentialSubject } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import { subkeyStateAt } from '../domain/subkey.ts';
import { type Clock, isOver, NEVER, secondsOf, type UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Changes } from '../revocation/barrier.ts';
import { isPossibleSignature, type StarkSignature } from '../starknet/signature.ts';
import type { Store, Subkey } from '../store/store.ts';
import type { Asker, Verifier } from '../verification/verifier.ts';
import { requireNotFromFuture, timestampError } from './login-window.ts';

export interface Activation {
  readonly account: AccountId;
  readonly publicKey: Felt;
  readonly timestamp: UnixSeconds;
  readonly signature: StarkSignature;
  /** Replaces the name when present. */
  readonly name: string | undefined;
  readonly requestId: string;
  readonly clientIpText: string;
  readonly asker: Asker;
}

/** WIRE 4.2: the signed timestamp is within 5 minutes of now. */
const MAX_AGE_SECONDS = 300;

/** Resolves to the ciphertext. Throws NOT_FOUND, SUBKEY_NOT_ACTIVATABLE, INVALID_TIMESTAMP, STARKNET_SIGNATURE_VERIFICATION_FAILED (403), SERVICE_UNAVAILABLE. */
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
    const { account, publicKey, timestamp, signature, asker } = activation;
    const subkey = await store.subkey(account, publicKey);
    if (subkey === undefined) throw new ApiError('NOT_FOUND', 'no such subkey');
    const pending = requirePending(subkey);
    requireFresh(timestamp);
    if (!isPossibleSignature(signature)) throw notByEphemeralKey();
    const { ephPublicKey } = pending;
    const { valid } = await deps.verifier.ask({ kind: 'activation', timestamp, ephPublicKey, signature }, asker);
    if (!valid) throw notByEphemeralKey();
    const { result } = await deps.changes.commit(async (tx) => {
      const now = clock.now();
      if (isOver(pending.until, clock.latest())) throw notActivatable();
      const owner = await tx.account(account);
      if (owner === undefined || owner.lockedAt !== NEVER) throw refusalErrorOf('account_locked');
      // What was ended and could not be written is pending in the database still.
      const current = await tx.subkey(account, publicKey);
      if (current?.id !== subkey.id || current.state !== 'pending') throw notActivatable();
      // The one conditional update decides: whoever comes second, or after a revocation, finds nothing pending.
      if (!(await tx.activateSubkey(account, subkey.id, activation.name ?? subkey.name, now))) throw notActivatable();
      const credential = { account, kind: 'subkey', id: subkey.id.toString() } as const;
      const subject = credentialSubject(credential);
      await tx.appendAudit({
        account,
        action: 'subkey.activated',
        actor: actorOf(credential),
        subject,
        requestId: activation.requestId,
        clientIp: activation.clientIpText,
        detail: { public_key: publicKey, timestamp, eph_public_key: ephPublicKey },
      });
      const change = await tx.appendChange({
        account,
        action: 'subkey.activated',
        subjects: [subject],
        narrows: false,
      });
      return { result: pending.encryptedKey, change };
    });
    return result;
  };

  function requirePending(subkey: Subkey): NonNullable<Subkey['pending']> {
    const { pending } = subkey;
    if (pending === undefined || subkeyStateAt(subkey, clock.latest()) !== 'pending') throw notActivatable();
    return pending;
  }

  function requireFresh(timestamp: UnixSeconds): void {
    requireNotFromFuture(timestamp, clock, deps.settings.futureToleranceSeconds);
    if (secondsOf(clock.latest()) - timestamp > MAX_AGE_SECONDS) throw timestampError(timestamp, clock);
  }
}

const notByEphemeralKey = (): ApiError =>
  new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'the signature is not by the ephemeral key', { status: 403 });

const notActivatable = (): ApiError =>
  new ApiError('SUBKEY_NOT_ACTIVATABLE', 'the subkey is not pending: active already, revoked, or too late');
