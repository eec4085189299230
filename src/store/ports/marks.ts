// Marks that make something count once: signatures, nonces of wallet messages, and seconds that no signature may bear again.
import type { AccountId } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import type { UnixNanos, UnixSeconds } from '../../domain/time.ts';

/** The hash of a message, and the public key that signed it. */
export interface SignedMessage {
  readonly hash: Felt;
  readonly by: Felt;
}

export type SignaturePurpose = 'login' | 'registration' | 'revoke_all' | 'sign_out';

export interface EarlierUse {
  /** 0 = marked by a release that kept no time. */
  readonly at: UnixNanos;
}

export interface MarkReads {
  /** As `useSignature` answers, without marking: works when nothing can be written. */
  usedSignature(account: AccountId, purpose: SignaturePurpose, signed: SignedMessage): Promise<EarlierUse | undefined>;
  usedSiweNonce(account: AccountId, nonce: string): Promise<EarlierUse | undefined>;
  /**
   * Whether `markDated` marked this second for this credential: a signature that bears it was accepted while the clock was ahead.
   * Reads nothing if the clock never was.
   */
  isDated(account: AccountId, signer: string, seconds: UnixSeconds): Promise<boolean>;
}

export interface MarkWrites {
  /**
   * Marks the message as used by this key, or returns its earlier use and writes nothing. Never by signature: ECDSA has more than one
   * for a message.
   */
  useSignature(
    account: AccountId,
    purpose: SignaturePurpose,
    signed: SignedMessage,
    expiresAt: UnixNanos,
  ): Promise<EarlierUse | undefined>;
  /** As useSignature, for the nonce of a wallet message of any purpose, and for the jti of a device's proof behind its id. */
  useSiweNonce(account: AccountId, nonce: string, expiresAt: UnixNanos): Promise<EarlierUse | undefined>;
  /**
   * Refuses, until the mark expires, every signature of this credential that bears this second. `signer` is the credential as an actor.
   * Marks are per credential, or a stolen one could block the seconds of all others.
   */
  markDated(account: AccountId, signer: string, seconds: UnixSeconds, expiresAt: UnixNanos): Promise<void>;
}
