// Registering a subkey: a session asks, and the main key or the wallet must sign for the new key, so that a stolen 5-minute session never
// becomes a permanent key (docs/decisions.md "registration signature").
import { encodeAllowlist, shownEntries, type UsableAllowlist } from '../domain/allowlist.ts';
import { type AccountId, actorOf, credentialSubject, MAIN_CREDENTIAL_ID } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import { kindOfSigner } from '../domain/kinds.ts';
import { MIN_PENDING_SECONDS } from '../domain/lifetimes.ts';
import type { PendingSubkey, Subkey } from '../domain/subkey.ts';
import { subkeyStateAt } from '../domain/subkey.ts';
import { addSeconds, type Clock, NEVER, secondsOf, type UnixNanos, type UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Changes } from '../revocation/commit.ts';
import type { StarkSignature } from '../starknet/signature.ts';
import type { Account, Store, StoreTransaction } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { alreadyUsed } from './already-used.ts';
import { type Caller, requireStill } from './caller.ts';
import { datedError, signedOutError } from './login-window.ts';
import { record } from './record.ts';
import { createRegistrationProofs, nameOf, type RegistrationProof } from './registration-proof.ts';
import { requireUsable } from './require-usable.ts';
import type { WalletProofs } from './wallet-proof.ts';

export interface SubkeyRegistration {
  readonly name: string;
  readonly publicKey: Felt;
  readonly allowlist: UsableAllowlist;
  /** 0 = never. An extension of ours; Paradex's subkeys do not expire. */
  readonly expiresIn: number;
  /** Set for a subkey that waits for its activation (docs/wire.md section 7). */
  readonly pending:
    | {
        readonly encryptedKey: string;
        readonly ephPublicKey: Felt;
        /** How long it may be activated; left out: subkeys.pending_life. */
        readonly lifeSeconds?: number | undefined;
      }
    | undefined;
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
  /** A revoked key may be registered again, as a new credential (docs/decisions.md "revoked subkeys"). */
  readonly reregisterRevoked: boolean;
  readonly futureToleranceSeconds: number;
}

/** `session`: it needs keys:manage, and a signature unless subkeys.require_signature is off. `signature`: keys:narrow, and always one. */
export type RegistrationDoor = 'session' | 'signature';

export type RegisterSubkey = (
  caller: Caller,
  registration: SubkeyRegistration,
  door?: RegistrationDoor,
) => Promise<Subkey>;

/**
 * The same registration with the same proof resolves to the subkey it made, while that is alive; nothing is written.
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
  const proofs = createRegistrationProofs(deps);

  return async function registerSubkey(caller, registration, door = 'session') {
    const { account: id } = caller.principal.credential;
    const account = await deps.store.account(id);
    if (account === undefined) throw accountUnknown();
    if (account.signer.type === 'starknet' && account.signer.publicKey === registration.publicKey) {
      throw new ApiError('INVALID_SUBKEY', 'the main key cannot be a subkey', { status: 400 });
    }
    requirePendingLife(registration);
    const offered = proofs.offeredProof(account, registration, door === 'signature' || settings.signatureRequired);
    await requirePublicKeys(registration, caller.asker);
    const proof = await proofs.prove(account.account, registration.publicKey, offered, caller.asker);
    if (proof.kind !== 'none' && (await deps.store.isDated(id, ownerActor(account), secondsOf(proof.signedAt)))) {
      throw datedError();
    }
    const { result } = await deps.changes.commit(async (tx) => {
      const permission = door === 'signature' ? 'keys:narrow' : 'keys:manage';
      await requireStill(tx, caller, { permission, method: 'POST' }, clock);
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

  function requirePendingLife({ pending }: SubkeyRegistration): void {
    const seconds = pending?.lifeSeconds;
    const most = settings.pendingLifeSeconds;
    if (seconds === undefined || (seconds >= MIN_PENDING_SECONDS && seconds <= most)) return;
    throw new ApiError('VALIDATION_ERROR', `pending_expires_in must be ${MIN_PENDING_SECONDS} to ${most} seconds`);
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

  // A restore forgets which signatures were used and raises valid_after instead: a registration from after the backup, whose subkey was
  // revoked, must not be replayed.
  async function requireSignedSince(tx: StoreTransaction, id: AccountId, proof: RegistrationProof): Promise<void> {
    if (proof.kind === 'none') return;
    const account = await tx.account(id);
    if (account === undefined) throw accountUnknown();
    if (proof.signedAt <= account.validAfter) {
      throw signedOutError(account.validAfter, clock);
    }
  }

  async function useOnce(tx: StoreTransaction, account: AccountId, proof: RegistrationProof): Promise<void> {
    if (proof.kind === 'none') return;
    const [what, earlier] =
      proof.kind === 'stark'
        ? ['this registration signature', await tx.useSignature(account, 'registration', proof, proof.until)]
        : ['the nonce of this message', await tx.useSiweNonce(account, proof.nonce, proof.until)];
    if (earlier !== undefined) throw alreadyUsed(what, earlier);
  }

  // The same registration again, after a lost answer.
  async function registered(
    tx: StoreTransaction,
    account: AccountId,
    registration: SubkeyRegistration,
    proof: RegistrationProof,
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
      subkey.pending?.ephPublicKey === registration.pending?.ephPublicKey &&
      isSameLife(subkey, registration);
    return isSame ? subkey : undefined;
  }

  async function insert(
    tx: StoreTransaction,
    account: AccountId,
    registration: SubkeyRegistration,
    proof: RegistrationProof,
  ): Promise<Subkey> {
    const known = await tx.subkey(account, registration.publicKey);
    const state = known === undefined ? undefined : subkeyStateAt(known, clock.latest());
    if (state === 'active' || state === 'pending') throw alreadyRegistered();
    if (state !== undefined && !settings.reregisterRevoked) {
      throw new ApiError('INVALID_SUBKEY', `this key is ${state} and cannot be registered again`, { status: 400 });
    }
    if (state === 'expired')
      throw new ApiError('NOT_UNIQUE', 'this key is registered and has expired: revoke it first');
    // Count by the kept time. Where only the machine's clock says that a subkey has expired, and that clock is in doubt, the subkey keeps its slot.
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
          : pendingFrom(registration.pending, now, settings.pendingLifeSeconds),
    });
    // This transaction found no live row of the key, so a unique index failed: an unwritten revocation left the old row live, or another
    // subkey has this ephemeral key.
    if (subkey === undefined) throw registration.pending === undefined ? alreadyRegistered() : ephemeralKeyInUse();
    return subkey;
  }
}

function pendingFrom(
  { encryptedKey, ephPublicKey, lifeSeconds }: NonNullable<SubkeyRegistration['pending']>,
  now: UnixNanos,
  usualSeconds: number,
): PendingSubkey {
  return { encryptedKey, ephPublicKey, until: addSeconds(now, lifeSeconds ?? usualSeconds) };
}

/** One that asks for none is the same whatever subkeys.pending_life was then. */
const isSameLife = ({ pending, createdAt }: Subkey, registration: SubkeyRegistration): boolean => {
  const seconds = registration.pending?.lifeSeconds;
  return seconds === undefined || pending?.until === addSeconds(createdAt, seconds);
};

/** Whoever asks: a signature is the owner's. */
const ownerActor = ({ signer }: Account): string =>
  actorOf({ kind: kindOfSigner(signer.type), id: MAIN_CREDENTIAL_ID });

const expiryOf = ({ expiresIn }: SubkeyRegistration, from: UnixNanos): UnixNanos =>
  expiresIn === 0 ? NEVER : addSeconds(from, expiresIn);

const accountUnknown = (): ApiError => new ApiError('ACCOUNT_NOT_FOUND', 'the account is unknown');

const alreadyRegistered = (): ApiError => new ApiError('NOT_UNIQUE', 'this key is registered already');

const ephemeralKeyInUse = (): ApiError =>
  new ApiError('NOT_UNIQUE', 'this eph_public_key is in use by another pending subkey');
