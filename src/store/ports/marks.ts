// Marks of what counts once: signatures, nonces of wallets' messages, and seconds that no signature may bear again.
import type { AccountId } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import type { UnixNanos, UnixSeconds } from '../../domain/time.ts';

/** A message, by its hash, and the public key that signed it. */
export interface SignedMessage {
  readonly hash: Felt;
  readonly by: Felt;
}

export type SignaturePurpose = 'login' | 'registration' | 'revoke_all' | 'sign_out';

export interface EarlierUse {
  /** 0 = an older release did not note it. */
  readonly at: UnixNanos;
}

export interface MarkReads {
  /** What `useSignature` would find, for who must know it also where nothing can be written. */
  usedSignature(account: AccountId, purpose: SignaturePurpose, signed: SignedMessage): Promise<EarlierUse | undefined>;
  usedSiweNonce(account: AccountId, nonce: string): Promise<EarlierUse | undefined>;
  /**
   * Whether a signature of this credential that bears this second was taken while the clock was ahead of it. Costs nothing where
   * it never was.
   */
  isDated(account: AccountId, signer: string, seconds: UnixSeconds): Promise<boolean>;
}

export interface MarkWrites {
  /** When this key used this message before, and then nothing was written. Marks are by message and key, never by signature. */
  useSignature(
    account: AccountId,
    purpose: SignaturePurpose,
    signed: SignedMessage,
    expiresAt: UnixNanos,
  ): Promise<EarlierUse | undefined>;
  /** The same for the nonce of a wallet's message, whatever the message is for. */
  useSiweNonce(account: AccountId, nonce: string, expiresAt: UnixNanos): Promise<EarlierUse | undefined>;
  /**
   * No signature by this credential of the account, named as an actor, that bears this second is taken again before the mark expires.
   * By credential, or one that was stolen could mark the seconds of all others.
   */
  markDated(account: AccountId, signer: string, seconds: UnixSeconds, expiresAt: UnixNanos): Promise<void>;
}
