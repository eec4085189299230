// Registering a subkey: the session asks, but only the main key or the wallet itself can bless a new key, so that a stolen
// 5-minute session never becomes a permanent key (WIRE 12.1).
import { createHash } from 'node:crypto';
import { encodeAllowlist, shownEntries, type UsableAllowlist } from '../domain/allowlist.ts';
import { type AccountId, actorOf, credentialSubject } from '../domain/credential.ts';
import { type Felt, feltOf } from '../domain/felt.ts';
import type { Subkey } from '../domain/subkey.ts';
import { subkeyStateAt } from '../domain/subkey.ts';
import {
  addSeconds,
  type Clock,
  NEVER,
  nanosOfSeconds,
  secondsOf,
  type UnixNanos,
  type UnixSeconds,
} from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Changes } from '../revocation/commit.ts';
import { isPossibleSignature, type StarkSignature } from '../starknet/signature.ts';
import type { Account, Store, StoreTransaction } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { alreadyUsed } from './already-used.ts';
import { type Caller, requireStill } from './caller.ts';
import { datedError, requireOpenWindow, signedOutError } from './login-window.ts';
import { record } from './record.ts';
import { requireUsable } from './require-usable.ts';
import { signatureText } from './signature-text.ts';
import type { WalletClaim, WalletProofs } from './wallet-proof.ts';

export interface SubkeyRegistration {
  readonly name: string;
  readonly publicKey: Felt;
  readonly allowlist: UsableAllowlist;
  /** 0 = never (our extension; absent means Paradex's behaviour). */
  readonly expiresIn: number;
  /** Set for a subkey that waits for its ephemeral key's proof (WIRE 4.2). */
  readonly pending: { readonly encryptedKey: string; readonly ephPublicKey: Felt } | undefined;
  /** The main key's signature over (account, public_key, timestamp, expiry), when sent. */
  readonly stark: { signature: StarkSignature; timestamp: UnixSeconds; expiry: UnixSeconds } | undefined;
  /** The wallet's EIP-4361 message and signature, when sent. */
  readonly wallet: { siweMessage: string; signature: string } | undefined;
}

export interface RegisterSubkeySettings {
  readonly signatureRequired: boolean;
  readonly maxLive: number;
  readonly maxPending: number;
  readonly pendingLifeSeconds: number;
  /** WIRE 12.7: whether a key that was revoked may be registered again, as a new credential. */
  readonly reregisterRevoked: boolean;
  readonly futureToleranceSeconds: number;
}

/** What the request brings along: in order, as far as that can be told without looking at a signature. */
type OfferedProof =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'stark'; readonly mainKey: Felt } & NonNullable<SubkeyRegistration['stark']>)
  | {
      readonly kind: 'wallet';
      readonly claim: WalletClaim;
      readonly issuedAt: UnixNanos;
      readonly expirationTime: UnixNanos;
      /** As sent, for the audit log. */
      readonly evmSignature: string;
    };

/** A signature counts once: what must be remembered in the transaction, and until when. */
type Proof =
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

/** WIRE 4.1: the signed window is at most 10 minutes. */
const MAX_WINDOW_SECONDS = 600;
/** As of logins. */
const MARK_GRACE_SECONDS = 60;

export type RegisterSubkey = (caller: Caller, registration: SubkeyRegistration) => Promise<Subkey>;

/**
 * The same registration again, with the same proof, resolves to what it made, while that lives; nothing is written then.
 * Throws PUBLIC_KEY_INVALID, INVALID_SUBKEY (400), INVALID_REQUEST_PARAMETER, INVALID_TIMESTAMP,
 * STARKNET_SIGNATURE_VERIFICATION_FAILED, SIGNATURE_ALREADY_USED, ETHEREUM_SIGNER_MISMATCH, NOT_UNIQUE,
 * VALIDATION_ERROR (too many), SERVICE_UNAVAILABLE, and what WalletProofs and requireStill throw.
 */
export function createRegisterSubkey(deps: {
  store: Pick<Store, 'account' | 'isDated'>;
  changes: Changes;
  clock: Clock;
  verifier: Pick<Verifier, 'ask'>;
  wallets: WalletProofs;
  settings: RegisterSubkeySettings;
}): RegisterSubkey {
  const { clock, settings } = deps;

  return async function registerSubkey(caller, registration) {
    const { account: id } = caller.principal.credential;
    const account = await deps.store.account(id);
    if (account === undefined) throw accountUnknown();
    if (account.signer.type === 'starknet' && account.signer.publicKey === registration.publicKey) {
      throw new ApiError('INVALID_SUBKEY', 'the main key cannot be a subkey', { status: 400 });
    }
    const offered = offeredProof(account, registration);
    await requirePublicKeys(registration, caller.asker);
    const proof = await prove(account.account, registration.publicKey, offered, caller.asker);
    if (
      proof.kind !== 'none' &&
      (await deps.store.isDated(id, actorOf(caller.principal.credential), secondsOf(proof.signedAt)))
    ) {
      throw datedError();
    }
    const { result } = await deps.changes.commit(async (tx) => {
      await requireStill(tx, caller, { permission: 'keys:manage', method: 'POST' }, clock);
      await requireSignedSince(tx, id, proof);
      const known = await registered(tx, id, registration, proof);
      if (known !== undefined) return { result: known, change: undefined };
      await useOnce(tx, id, proof);
      const subkey = await insert(tx, id, registration, proof);
      const credential = { account: id, kind: 'subkey', id: subkey.id.toString() } as const;
      await requireUsable(tx, credential, caller.principal.kid);
      const subject = credentialSubject(credential);
      const change = await record(tx, {
        by: caller,
        action: 'subkey.registered',
        subject,
        detail: {
          public_key: subkey.publicKey,
          name: subkey.name,
          state: subkey.state,
          expires_at: subkey.expiresAt,
          allowed_cidrs: shownEntries(subkey.allowlist),
          proof: proof.kind,
          ...(proof.kind === 'none' ? {} : proof.signed),
        },
        narrows: false,
      });
      return { result: subkey, change };
    });
    return result;
  };

  // A proof that is present is always verified, even where it is not required: so one of the other kind of account, which cannot
  // be, is refused rather than passed over. Everything that can be refused before a signature is looked at is refused here.
  function offeredProof(account: Account, { publicKey, stark, wallet }: SubkeyRegistration): OfferedProof {
    if (account.signer.type === 'starknet') {
      if (stark !== undefined) {
        requireOpen(stark.timestamp, stark.expiry);
        if (!isPossibleSignature(stark.signature)) throw notByMainKey();
        return { kind: 'stark', mainKey: account.signer.publicKey, ...stark };
      }
      if (!settings.signatureRequired && wallet === undefined) return { kind: 'none' };
      throw new ApiError(
        'INVALID_REQUEST_PARAMETER',
        "signature, signature_timestamp and signature_expiry are required: the main key's signature over the new subkey",
      );
    }
    if (wallet !== undefined) {
      const claim = deps.wallets.read(wallet.siweMessage, wallet.signature, { kind: 'registration', publicKey });
      const { address, issuedAt, expirationTime } = claim.message;
      if (address !== account.signer.ethAddress)
        throw new ApiError('ETHEREUM_SIGNER_MISMATCH', 'the message is not by the wallet of this account');
      if (issuedAt === undefined || expirationTime === undefined)
        throw new ApiError('INVALID_TIMESTAMP', 'the message has no Issued At or no Expiration Time');
      return { kind: 'wallet', claim, issuedAt, expirationTime, evmSignature: wallet.signature };
    }
    if (!settings.signatureRequired && stark === undefined) return { kind: 'none' };
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'evm_signature is required for EIP-191 accounts');
  }

  function requireOpen(timestamp: UnixSeconds, expiration: UnixSeconds): void {
    const limits = { futureToleranceSeconds: settings.futureToleranceSeconds, maxAgeSeconds: MAX_WINDOW_SECONDS };
    requireOpenWindow({ timestamp, expiration }, clock, limits, 'INVALID_TIMESTAMP');
  }

  async function requirePublicKeys({ publicKey, pending }: SubkeyRegistration, asker: OnBehalfOf): Promise<void> {
    const isPublicKey = async (key: Felt) =>
      (await deps.verifier.ask({ kind: 'public_key', publicKey: key }, asker)).valid;
    if (!(await isPublicKey(publicKey))) {
      throw new ApiError('PUBLIC_KEY_INVALID', 'public_key is not a point of the Stark curve');
    }
    if (pending !== undefined && !(await isPublicKey(pending.ephPublicKey))) {
      throw new ApiError('PUBLIC_KEY_INVALID', 'eph_public_key is not a point of the Stark curve');
    }
  }

  async function prove(account: AccountId, publicKey: Felt, offered: OfferedProof, asker: OnBehalfOf): Promise<Proof> {
    switch (offered.kind) {
      case 'none':
        return offered;
      case 'stark': {
        const { mainKey, signature, timestamp, expiry } = offered;
        const message = { account, publicKey, timestamp, expiry };
        const { hash } = await deps.verifier.ask({ kind: 'registration', message, signature, mainKey }, asker);
        if (hash === undefined) throw notByMainKey();
        // The proof may have waited its turn past the end of the signature's life, and of the mark that it was used.
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
        const { claim, issuedAt, expirationTime, evmSignature } = offered;
        await deps.wallets.prove(claim, asker);
        return {
          kind: 'wallet',
          nonce: claim.message.nonce,
          text: claim.text,
          signedAt: issuedAt,
          until: addSeconds(expirationTime, MARK_GRACE_SECONDS),
          signed: { siwe_message: claim.text, evm_signature: evmSignature },
        };
      }
      default:
        return offered satisfies never;
    }
  }

  // That a signature was used is forgotten by a restore from a backup, which raises valid_after instead: a registration that was
  // used after the backup, and its subkey revoked, must not be sent again.
  async function requireSignedSince(tx: StoreTransaction, id: AccountId, proof: Proof): Promise<void> {
    if (proof.kind === 'none') return;
    const account = await tx.account(id);
    if (account === undefined) throw accountUnknown();
    if (proof.signedAt <= account.validAfter) {
      throw signedOutError(account.validAfter, clock);
    }
  }

  async function useOnce(tx: StoreTransaction, account: AccountId, proof: Proof): Promise<void> {
    if (proof.kind === 'none') return;
    const [what, earlier] =
      proof.kind === 'stark'
        ? ['this registration signature', await tx.useSignature(account, 'registration', proof, proof.until)]
        : ['the nonce of this message', await tx.useSiweNonce(account, proof.nonce, proof.until)];
    if (earlier !== undefined) throw alreadyUsed(what, earlier);
  }

  // The same again, after a lost answer: it is registered, and by this proof, so nothing is left to do.
  async function registered(
    tx: StoreTransaction,
    account: AccountId,
    registration: SubkeyRegistration,
    proof: Proof,
  ): Promise<Subkey | undefined> {
    const subkey = await tx.subkey(account, registration.publicKey);
    if (subkey === undefined || subkey.registeredBy !== nameOf(proof)) return undefined;
    const state = subkeyStateAt(subkey, clock.latest());
    if (state !== (registration.pending === undefined ? 'active' : 'pending')) return undefined;
    const isSame =
      subkey.name === registration.name &&
      subkey.allowlist.kind !== 'damaged' &&
      encodeAllowlist(subkey.allowlist) === encodeAllowlist(registration.allowlist) &&
      subkey.expiresAt === expiryOf(registration, subkey.createdAt) &&
      subkey.pending?.encryptedKey === registration.pending?.encryptedKey &&
      subkey.pending?.ephPublicKey === registration.pending?.ephPublicKey;
    return isSame ? subkey : undefined;
  }

  async function insert(
    tx: StoreTransaction,
    account: AccountId,
    registration: SubkeyRegistration,
    proof: Proof,
  ): Promise<Subkey> {
    const known = await tx.subkey(account, registration.publicKey);
    const state = known === undefined ? undefined : subkeyStateAt(known, clock.latest());
    if (state === 'active' || state === 'pending') throw alreadyRegistered();
    if (state !== undefined && !settings.reregisterRevoked) {
      throw new ApiError('INVALID_SUBKEY', `this key is ${state} and cannot be registered again`, { status: 400 });
    }
    if (state === 'expired')
      throw new ApiError('NOT_UNIQUE', 'this key is registered and has expired: revoke it first');
    // What only a clock in doubt is past may live again, and has its place until then.
    const now = clock.now();
    const { active, pending } = await tx.countLive(account, now);
    if (active + pending >= settings.maxLive) {
      throw new ApiError(
        'VALIDATION_ERROR',
        `the account has ${active + pending} live subkeys, the most allowed: revoke one first`,
      );
    }
    if (registration.pending !== undefined && pending >= settings.maxPending) {
      throw new ApiError('VALIDATION_ERROR', `the account has ${pending} pending subkeys, the most allowed`);
    }
    const subkey = await tx.insertSubkey({
      account,
      publicKey: registration.publicKey,
      name: registration.name,
      state: registration.pending === undefined ? 'active' : 'pending',
      allowlist: registration.allowlist,
      expiresAt: expiryOf(registration, now),
      createdAt: now,
      updatedAt: now,
      revokedAt: NEVER,
      registeredBy: nameOf(proof),
      pending:
        registration.pending === undefined
          ? undefined
          : { ...registration.pending, until: addSeconds(now, settings.pendingLifeSeconds) },
    });
    // The key itself was looked up in this transaction: it stands there still if it was revoked and that could not be written.
    if (subkey === undefined) throw registration.pending === undefined ? alreadyRegistered() : ephemeralKeyInUse();
    return subkey;
  }
}

const expiryOf = ({ expiresIn }: SubkeyRegistration, from: UnixNanos): UnixNanos =>
  expiresIn === 0 ? NEVER : addSeconds(from, expiresIn);

/** As it stands on the subkey's row: what was signed, and by which key; an account has one wallet. */
function nameOf(proof: Proof): string {
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

const accountUnknown = (): ApiError => new ApiError('ACCOUNT_NOT_FOUND', 'the account is unknown');

const notByMainKey = (): ApiError =>
  new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'the signature is not by the main key over this subkey');

const alreadyRegistered = (): ApiError => new ApiError('NOT_UNIQUE', 'this key is registered already');

const ephemeralKeyInUse = (): ApiError =>
  new ApiError('NOT_UNIQUE', 'this eph_public_key is in use by another pending subkey');
