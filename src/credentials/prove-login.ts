// Finds the key of an account that signed a login. The session gets this key's permissions, whatever path it was posted to.
import type { AuditJournal } from '../audit/journal.ts';
import { MAIN_CREDENTIAL_ID, type SessionCredentialRef } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import { type Felt, feltOf } from '../domain/felt.ts';
import type { Subkey } from '../domain/subkey.ts';
import type { Clock, UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { isPossibleSignature } from '../starknet/signature.ts';
import type { Account, SignedMessage, Store } from '../store/store.ts';
import type { LoginQuestion, SignerOfHash } from '../verification/questions.ts';
import type { Verifier } from '../verification/verifier.ts';
import type { LoginSettings, StarkLoginRequest } from './login.ts';
import { defaultExpiration, requireOpenWindow, type SignatureWindow } from './login-window.ts';
import { afterProof } from './proven-refusal.ts';

/** The key in the path. For a subkey that is not active, the signature is verified only to report it to the account. */
interface NamedKey {
  readonly credential: SessionCredentialRef;
  readonly publicKey: Felt;
  /** Why it opens no session; undefined while it is active. */
  readonly inactive: DenyReason | undefined;
}

export interface ProvenLogin {
  readonly credential: SessionCredentialRef;
  /** The Stark message and its key; absent for a wallet, whose nonce counts instead. */
  readonly signed?: SignedMessage;
  /** Signing public key or wallet address. */
  readonly label: string;
  readonly authTime: UnixSeconds;
  /** Its session ends no later. */
  readonly endsBy?: UnixSeconds;
}

/**
 * Throws INVALID_SUBKEY, INVALID_TIMESTAMP, INVALID_BLOCK_EXPIRATION, STARKNET_SIGNATURE_VERIFICATION_FAILED, SERVICE_UNAVAILABLE.
 */
export type ProveLogin = (
  account: Account,
  request: StarkLoginRequest,
  window: SignatureWindow,
) => Promise<ProvenLogin>;

export function createProveLogin(deps: {
  readonly store: Pick<Store, 'subkey'>;
  readonly clock: Clock;
  readonly verifier: Pick<Verifier, 'ask'>;
  readonly journal: AuditJournal;
  readonly settings: LoginSettings;
}): ProveLogin {
  const { store, clock, settings } = deps;

  return async function proveLogin(account, request, window) {
    const named = request.publicKey === undefined ? undefined : await namedKey(account, request.publicKey);
    if (named?.inactive !== undefined) return refuseInactive(named, named.inactive, request, window);
    requireOpenWindow(window, clock, settings);
    if (!isPossibleSignature(request.signature)) throw verificationFailed();
    return named === undefined ? provenByAnyKey(account, request) : provenByKey(named, request);
  };

  async function namedKey({ account, signer }: Account, publicKey: Felt): Promise<NamedKey> {
    if (signer.type === 'starknet' && signer.publicKey === publicKey) {
      return { credential: { account, kind: 'main', id: MAIN_CREDENTIAL_ID }, publicKey, inactive: undefined };
    }
    const subkey = await store.subkey(account, publicKey);
    if (subkey === undefined) throw invalidSubkey();
    const credential = { account, kind: 'subkey', id: subkey.id.toString() } as const;
    return { credential, publicKey, inactive: inactiveReason(subkey) };
  }

  async function provenByKey({ credential, publicKey }: NamedKey, request: StarkLoginRequest): Promise<ProvenLogin> {
    const { signer } = await ask(request, { keys: [publicKey], recover: false });
    if (signer === undefined) throw verificationFailed();
    return provenAs(credential, signer, request);
  }

  // A good signature by a revoked key means that somebody still holds it: the account must see that in its audit log. Without a good
  // signature the answer is the same as for an unknown key.
  async function refuseInactive(
    named: NamedKey,
    reason: DenyReason,
    request: StarkLoginRequest,
    window: SignatureWindow,
  ): Promise<never> {
    try {
      requireOpenWindow(window, clock, settings);
      if (!isPossibleSignature(request.signature)) throw verificationFailed();
      await provenByKey(named, request);
    } catch (error) {
      throw error instanceof ApiError && error.status < 500 ? invalidSubkey() : error;
    }
    return refuseProven(named.credential, reason, request);
  }

  function refuseProven(
    credential: SessionCredentialRef,
    reason: DenyReason,
    request: StarkLoginRequest,
  ): Promise<never> {
    const proven = { credential, authTime: request.timestamp };
    return afterProof(deps.journal, proven, request, () => Promise.reject(invalidSubkey(reason)));
  }

  // The main key first, then the two keys that the signature recovers to: the cost does not grow with the account's subkeys.
  async function provenByAnyKey({ account, signer: owner }: Account, request: StarkLoginRequest): Promise<ProvenLogin> {
    const keys = owner.type === 'starknet' ? [owner.publicKey] : [];
    const { signer, candidates } = await ask(request, { keys, recover: settings.plainSubkey });
    if (signer !== undefined) return provenAs({ account, kind: 'main', id: MAIN_CREDENTIAL_ID }, signer, request);
    const { signature, asker } = request;
    for (const candidate of candidates) {
      const subkey = await store.subkey(account, candidate.publicKey);
      if (subkey === undefined) continue;
      const { valid } = await deps.verifier.ask({ kind: 'signature', ...candidate, signature }, asker);
      if (!valid) continue;
      const credential = { account, kind: 'subkey', id: subkey.id.toString() } as const;
      const inactive = inactiveReason(subkey);
      if (inactive !== undefined) return refuseProven(credential, inactive, request);
      return provenAs(credential, candidate, request);
    }
    throw verificationFailed();
  }

  function ask(
    { account, timestamp, expiration, signature, asker }: StarkLoginRequest,
    among: Pick<LoginQuestion, 'keys' | 'recover'>,
  ) {
    return deps.verifier.ask(
      {
        kind: 'login',
        purpose: 'login',
        account,
        timestamp,
        expiration,
        defaultExpiration: defaultExpiration(timestamp, settings.defaultAgeSeconds),
        signature,
        ...among,
      },
      asker,
    );
  }
}

const provenAs = (
  { account, kind, id }: SessionCredentialRef,
  { publicKey, hash }: SignerOfHash,
  request: StarkLoginRequest,
): ProvenLogin => ({
  credential: { account, kind, id },
  label: publicKey,
  authTime: request.timestamp,
  signed: { hash: feltOf(hash), by: publicKey },
});

const verificationFailed = (): ApiError =>
  new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'the signature does not verify for a key of this account');

/** `reason`: for the account's own records alone. The caller learns no more than that the key is not active. */
export const invalidSubkey = (reason?: DenyReason): ApiError =>
  new ApiError(
    'INVALID_SUBKEY',
    'this key is not an active subkey of the account',
    reason === undefined ? {} : { reason },
  );

function inactiveReason({ state }: Pick<Subkey, 'state'>): DenyReason | undefined {
  switch (state) {
    case 'active':
      return undefined;
    case 'pending':
      return 'credential_pending';
    case 'revoked':
      return 'credential_revoked';
    default:
      return state satisfies never;
  }
}
