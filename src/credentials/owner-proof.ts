// The owner's signature instead of a bearer: the main key or wallet signs for revoke-all or for sign-out. It counts once and for that one
// purpose. It is accepted from any address, after a sign-out and of a locked account, since all it can do is what the owner asks for.
// No subkey can make one.
import type { AuditJournal } from '../audit/journal.ts';
import { type AccountId, actorOf, MAIN_CREDENTIAL_ID } from '../domain/credential.ts';
import { feltOf } from '../domain/felt.ts';
import { MARK_GRACE_SECONDS } from '../domain/lifetimes.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { addSeconds, type Clock, nanosOfSeconds, secondsOf, type UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { RateLimiter } from '../ratelimit/limiter.ts';
import { isPossibleSignature, type StarkSignature } from '../starknet/signature.ts';
import type { Account, EarlierUse, Store, StoreTransaction } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { alreadyUsed } from './already-used.ts';
import type { Actor } from './caller.ts';
import { knownAccount } from './known-account.ts';
import { datedError, requireOpenWindow } from './login-window.ts';
import { afterProof } from './proven-refusal.ts';
import { requireRoom } from './rate-limited.ts';
import { signatureText } from './signature-text.ts';
import { ownersClaim, type WalletProofs } from './wallet-proof.ts';

export type OwnerPurpose = 'revoke_all' | 'sign_out';

export interface OwnerSignature extends RequestOrigin {
  readonly account: AccountId;
  readonly by:
    | {
        readonly kind: 'main_key';
        readonly signature: StarkSignature;
        readonly timestamp: UnixSeconds;
        readonly expiration: UnixSeconds;
      }
    | { readonly kind: 'wallet'; readonly siweMessage: string; readonly signature: string };
  readonly asker: OnBehalfOf;
}

export interface ProvenOwner extends Actor {
  /** What was signed, for the audit log. */
  readonly signed: Readonly<Record<string, unknown>>;
  /** Uses it up, in the transaction of its purpose. Throws SIGNATURE_ALREADY_USED and RATE_LIMITED. */
  use(tx: StoreTransaction): Promise<void>;
}

/**
 * Checks in the order of a login. Throws NOT_ONBOARDED, INVALID_TIMESTAMP, INVALID_BLOCK_EXPIRATION,
 * STARKNET_SIGNATURE_VERIFICATION_FAILED, ETHEREUM_SIGNER_MISMATCH, SIGNATURE_ALREADY_USED, SERVICE_UNAVAILABLE, and what WalletProofs throw.
 */
export type ProveOwner = (request: OwnerSignature, purpose: OwnerPurpose) => Promise<ProvenOwner>;

export function createProveOwner(deps: {
  store: Pick<Store, 'account' | 'isDated' | 'usedSignature' | 'usedSiweNonce'>;
  clock: Clock;
  verifier: Pick<Verifier, 'ask'>;
  wallets: WalletProofs;
  journal: Pick<AuditJournal, 'loginRefused'>;
  limiter: Pick<RateLimiter, 'chargeCredential'>;
  settings: { readonly maxAgeSeconds: number; readonly futureToleranceSeconds: number };
}): ProveOwner {
  const { store, clock, settings } = deps;

  return async function proveOwner(request, purpose) {
    const account = await knownAccount(store, request.account);
    const { by } = request;
    const { signedAt, usedBefore, ...proven } =
      by.kind === 'main_key'
        ? await byMainKey(account, by, request, purpose)
        : await byWallet(account, by, request, purpose);
    const { requestId, clientIpText } = request;
    const { credential } = proven.principal;
    const refusable = <T>(work: () => Promise<T>) =>
      afterProof(deps.journal, { credential, authTime: signedAt }, request, work);
    await refusable(async () => {
      if (await store.isDated(account.account, actorOf(credential), signedAt)) throw datedError();
      // An ending that cannot be written still holds on this node, so a replayed signature must be refused before it.
      await usedBefore();
    });
    const use = (tx: StoreTransaction) =>
      refusable(async () => {
        await proven.use(tx);
        // Charged last: somebody else's replays must not use up the owner's limit.
        requireRoom(deps.limiter.chargeCredential(credential, 'signed-emergency'), clock);
      });
    return { ...proven, use, requestId, clientIpText };
  };

  async function byMainKey(
    { account, signer: owner }: Account,
    { signature, timestamp, expiration }: Extract<OwnerSignature['by'], { kind: 'main_key' }>,
    { asker }: OwnerSignature,
    purpose: OwnerPurpose,
  ): Promise<Proven> {
    requireOpenWindow({ timestamp, expiration }, clock, settings);
    if (owner.type !== 'starknet' || !isPossibleSignature(signature)) throw notByMainKey();
    const { signer } = await deps.verifier.ask(
      {
        kind: 'login',
        purpose,
        account,
        ...{ timestamp, expiration, defaultExpiration: expiration, signature },
        ...{ keys: [owner.publicKey], recover: false },
      },
      asker,
    );
    if (signer === undefined) throw notByMainKey();
    // Verification may have queued past the signature's expiration, and past the mark that it was used.
    requireOpenWindow({ timestamp, expiration }, clock, settings);
    const message = { hash: feltOf(signer.hash), by: signer.publicKey };
    const until = addSeconds(nanosOfSeconds(expiration), MARK_GRACE_SECONDS);
    return {
      principal: { credential: { account, kind: 'main', id: MAIN_CREDENTIAL_ID } },
      signedAt: timestamp,
      signed: { signature_timestamp: timestamp, signature_expiry: expiration, ...signatureText(signature) },
      usedBefore: () => requireFirst('this signature', store.usedSignature(account, purpose, message)),
      use: (tx) => requireFirst('this signature', tx.useSignature(account, purpose, message, until)),
    };
  }

  async function byWallet(
    owner: Account,
    { siweMessage, signature }: Extract<OwnerSignature['by'], { kind: 'wallet' }>,
    { asker }: OwnerSignature,
    purpose: OwnerPurpose,
  ): Promise<Proven> {
    const claim = ownersClaim(deps.wallets, owner, { siweMessage, signature }, { kind: purpose });
    await deps.wallets.prove(claim, asker);
    const { account } = owner;
    const { nonce } = claim.message;
    const until = addSeconds(claim.expirationTime, MARK_GRACE_SECONDS);
    return {
      principal: { credential: { account, kind: 'evm', id: MAIN_CREDENTIAL_ID } },
      signedAt: secondsOf(claim.issuedAt),
      signed: { siwe_message: siweMessage, evm_signature: signature },
      usedBefore: () => requireFirst('the nonce of this message', store.usedSiweNonce(account, nonce)),
      use: (tx) => requireFirst('the nonce of this message', tx.useSiweNonce(account, nonce, until)),
    };
  }
}

type Proven = Pick<ProvenOwner, 'principal' | 'signed' | 'use'> & {
  readonly signedAt: UnixSeconds;
  /** A read. Throws SIGNATURE_ALREADY_USED. */
  usedBefore(): Promise<void>;
};

async function requireFirst(what: string, use: Promise<EarlierUse | undefined>): Promise<void> {
  const earlier = await use;
  if (earlier !== undefined) throw alreadyUsed(what, earlier);
}

const notByMainKey = (): ApiError =>
  new ApiError(
    'STARKNET_SIGNATURE_VERIFICATION_FAILED',
    'the signature is not by the main key of this account over this request',
  );
