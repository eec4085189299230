// The owner's signature over a new subkey: everything that needs no curve work is checked first, then the signature.
import { createHash } from 'node:crypto';
import type { AccountId } from '../domain/credential.ts';
import { type Felt, feltOf } from '../domain/felt.ts';
import { MARK_GRACE_SECONDS, OWNER_WINDOW_SECONDS } from '../domain/lifetimes.ts';
import { addSeconds, type Clock, nanosOfSeconds, type UnixNanos, type UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { isPossibleSignature } from '../starknet/signature.ts';
import type { Account } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { requireOpenWindow } from './login-window.ts';
import type { RegisterSubkeySettings, SubkeyRegistration } from './register-subkey.ts';
import { signatureText } from './signature-text.ts';
import { type OwnersClaim, ownersClaim, type WalletProofs } from './wallet-proof.ts';

/** The proof in the request, checked as far as possible without verifying a signature. */
export type OfferedProof =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'stark'; readonly mainKey: Felt } & NonNullable<SubkeyRegistration['stark']>)
  | {
      readonly kind: 'wallet';
      readonly claim: OwnersClaim;
      /** As sent, for the audit log. */
      readonly evmSignature: string;
    };

/** A verified proof. It counts once: `until` is how long its use is remembered. */
export type RegistrationProof =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'stark';
      readonly hash: Felt;
      readonly by: Felt;
      readonly signedAt: UnixNanos;
      readonly until: UnixNanos;
      readonly signed: Record<string, unknown>;
    }
  | {
      readonly kind: 'wallet';
      readonly nonce: string;
      readonly text: string;
      readonly signedAt: UnixNanos;
      readonly until: UnixNanos;
      readonly signed: Record<string, unknown>;
    };

export interface RegistrationProofs {
  /** Makes every check that needs no signature to be verified. */
  offeredProof(account: Account, registration: SubkeyRegistration, isRequired: boolean): OfferedProof;
  /** Verifies the signature. */
  prove(account: AccountId, publicKey: Felt, offered: OfferedProof, asker: OnBehalfOf): Promise<RegistrationProof>;
}

export function createRegistrationProofs(deps: {
  clock: Clock;
  verifier: Pick<Verifier, 'ask'>;
  wallets: WalletProofs;
  settings: RegisterSubkeySettings;
}): RegistrationProofs {
  const { clock, settings } = deps;

  return { offeredProof, prove };

  // A proof that is present is always verified, required or not. So a proof of the other kind of account is refused, not ignored.
  function offeredProof(
    account: Account,
    { publicKey, stark, wallet }: SubkeyRegistration,
    isRequired: boolean,
  ): OfferedProof {
    if (account.signer.type === 'starknet') {
      if (stark !== undefined) {
        requireOpen(stark.timestamp, stark.expiry);
        if (!isPossibleSignature(stark.signature)) throw notByMainKey();
        return { kind: 'stark', mainKey: account.signer.publicKey, ...stark };
      }
      if (!isRequired && wallet === undefined) return { kind: 'none' };
      throw new ApiError(
        'INVALID_REQUEST_PARAMETER',
        "signature, signature_timestamp and signature_expiry are required: the main key's signature over the new subkey",
      );
    }
    if (wallet !== undefined) {
      const claim = ownersClaim(deps.wallets, account, wallet, { kind: 'registration', publicKey });
      return { kind: 'wallet', claim, evmSignature: wallet.signature };
    }
    if (!isRequired && stark === undefined) return { kind: 'none' };
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'evm_signature is required for EIP-191 accounts');
  }

  function requireOpen(timestamp: UnixSeconds, expiration: UnixSeconds): void {
    const limits = { futureToleranceSeconds: settings.futureToleranceSeconds, maxAgeSeconds: OWNER_WINDOW_SECONDS };
    requireOpenWindow({ timestamp, expiration }, clock, limits, 'INVALID_TIMESTAMP');
  }

  async function prove(
    account: AccountId,
    publicKey: Felt,
    offered: OfferedProof,
    asker: OnBehalfOf,
  ): Promise<RegistrationProof> {
    switch (offered.kind) {
      case 'none':
        return offered;
      case 'stark': {
        const { mainKey, signature, timestamp, expiry } = offered;
        const message = { account, publicKey, timestamp, expiry };
        const { hash } = await deps.verifier.ask({ kind: 'registration', message, signature, mainKey }, asker);
        if (hash === undefined) throw notByMainKey();
        // Verification may have queued past the signature's expiration, and past the mark that it was used.
        requireOpen(timestamp, expiry);
        return {
          kind: 'stark',
          hash: feltOf(hash),
          by: mainKey,
          signedAt: nanosOfSeconds(timestamp),
          until: addSeconds(nanosOfSeconds(expiry), MARK_GRACE_SECONDS),
          signed: { signature_timestamp: timestamp, signature_expiry: expiry, ...signatureText(signature) },
        };
      }
      case 'wallet': {
        const { claim, evmSignature } = offered;
        await deps.wallets.prove(claim, asker);
        return {
          kind: 'wallet',
          nonce: claim.message.nonce,
          text: claim.text,
          signedAt: claim.issuedAt,
          until: addSeconds(claim.expirationTime, MARK_GRACE_SECONDS),
          signed: { siwe_message: claim.text, evm_signature: evmSignature },
        };
      }
      default:
        return offered satisfies never;
    }
  }
}

/** The proof's name on the subkey's row: what was signed, and by which key. */
export function nameOf(proof: RegistrationProof): string {
  switch (proof.kind) {
    case 'none':
      return '';
    case 'stark':
      return `stark:${proof.hash}/${proof.by}`;
    case 'wallet':
      return `siwe:${createHash('sha256').update(proof.text).digest('hex')}`;
    default:
      return proof satisfies never;
  }
}

const notByMainKey = (): ApiError =>
  new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'the signature is not by the main key over this subkey');
