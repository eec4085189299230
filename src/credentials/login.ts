// Proving a main key, a subkey or a wallet, and getting a 5-minute session for it. The session's power is that of the key that
// verified, never of the path it was posted to (WIRE section 2).

import { refusalErrorOf } from '../access/refusal.ts';
import { firstRefusal, loginRules } from '../access/rules.ts';
import type { AuditJournal } from '../audit/journal.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import {
  type AccountId,
  actorOf,
  type CredentialRef,
  MAIN_CREDENTIAL_ID,
  type SessionCredentialRef,
} from '../domain/credential.ts';
import { type Felt, feltOf } from '../domain/felt.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { addSeconds, type Clock, nanosOfSeconds, secondsOf, type UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Issuer } from '../jwt/issue.ts';
import type { Keyring } from '../jwt/keyring.ts';
import type { RateLimiter } from '../ratelimit/limiter.ts';
import type { View } from '../revocation/view.ts';
import { ViewStale } from '../revocation/view.ts';
import { isPossibleSignature, type StarkSignature } from '../starknet/signature.ts';
import type { Account, EarlierUse, Facts, SignedMessage, Store, StoreTransaction } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { LoginQuestion, SignerOfHash } from '../verification/questions.ts';
import type { Verifier } from '../verification/verifier.ts';
import { alreadyUsed } from './already-used.ts';
import { knownAccount } from './known-account.ts';
import {
  datedError,
  defaultExpiration,
  requireOpenWindow,
  type SignatureWindow,
  signedOutError,
} from './login-window.ts';
import { afterProof } from './proven-refusal.ts';
import { requireRoom } from './rate-limited.ts';
import type { WalletProofs } from './wallet-proof.ts';

/** What every login asks for beside its proof. */
export interface LoginRequest extends RequestOrigin {
  readonly account: AccountId;
  readonly isolated: boolean;
  readonly tokenUsage: 'interactive' | undefined;
  readonly clientIp: IpAddress | undefined;
  readonly asker: OnBehalfOf;
}

export interface StarkLoginRequest extends LoginRequest {
  /** The key in the path; undefined on plain /v1/auth, where the signature itself tells. */
  readonly publicKey: Felt | undefined;
  readonly signature: StarkSignature;
  readonly timestamp: UnixSeconds;
  readonly expiration: UnixSeconds | undefined;
}

export interface WalletLoginRequest extends LoginRequest {
  readonly siweMessage: string;
  readonly signature: string;
}

export interface LoginSettings {
  readonly maxAgeSeconds: number;
  readonly defaultAgeSeconds: number;
  readonly futureToleranceSeconds: number;
  /** WIRE 12.4: accept subkey signatures on plain /v1/auth. */
  readonly plainSubkey: boolean;
  /** A login signature opens one session: off by default, because two processes with one key sign byte-identical logins. */
  readonly singleUse: boolean;
}

export interface LoginDeps {
  readonly store: Pick<Store, 'account' | 'subkey' | 'transaction' | 'isDated'>;
  readonly view: View;
  readonly clock: Clock;
  readonly verifier: Pick<Verifier, 'ask'>;
  readonly wallets: WalletProofs;
  readonly issuer: Issuer;
  readonly keyring: Keyring;
  readonly journal: AuditJournal;
  readonly limiter: Pick<RateLimiter, 'chargeLogin'>;
  readonly settings: LoginSettings;
}

/** That a signature or nonce was used is remembered this long after it expired (DECISIONS "repeats"). */
const MARK_GRACE_SECONDS = 60;

/** The key in a path; of a subkey that is not active, only whether it signed is asked. */
interface NamedKey {
  readonly credential: SessionCredentialRef;
  readonly publicKey: Felt;
  readonly isActive: boolean;
}

interface Proven {
  readonly credential: SessionCredentialRef;
  /** The Stark message, and the key that signed it; absent for a wallet, whose nonce is used up instead. */
  readonly signed?: SignedMessage;
  /** Signing public key or wallet address. */
  readonly label: string;
  readonly authTime: UnixSeconds;
}

export interface Login {
  /**
   * POST /v1/auth and /v1/auth/{public_key}. Checks in DECISIONS' order. Throws NOT_ONBOARDED, INVALID_SUBKEY, INVALID_TIMESTAMP,
   * INVALID_BLOCK_EXPIRATION, STARKNET_SIGNATURE_VERIFICATION_FAILED, SIGNATURE_ALREADY_USED, SERVICE_UNAVAILABLE, IP_NOT_ALLOWED, REQUEST_NOT_ALLOWED,
   * RATE_LIMITED.
   */
  stark(request: StarkLoginRequest): Promise<string>;
  /** POST /v2/auth. Throws as WalletProofs do, and NOT_ONBOARDED, ETHEREUM_SIGNER_MISMATCH, SIGNATURE_ALREADY_USED. */
  wallet(request: WalletLoginRequest): Promise<string>;
}

export function createLogin(deps: LoginDeps): Login {
  const { store, clock, settings } = deps;

  return {
    async stark(request) {
      const account = await knownAccount(store, request.account);
      const { timestamp, expiration = defaultExpiration(timestamp, settings.defaultAgeSeconds) } = request;
      const named = request.publicKey === undefined ? undefined : await namedKey(account, request.publicKey);
      if (named?.isActive === false) return refuseInactive(named, request, { timestamp, expiration });
      requireOpenWindow({ timestamp, expiration }, clock, settings);
      if (!isPossibleSignature(request.signature)) throw verificationFailed();
      const proven = named === undefined ? await provenByAnyKey(account, request) : await provenByKey(named, request);
      return afterProofOf(proven.credential, request, async () => {
        // The proof may have waited its turn past the end of the signature's life, and of the mark that it was used.
        requireOpenWindow({ timestamp, expiration }, clock, settings);
        await requireUndated(proven);
        if (!settings.singleUse) return openSession(proven, request, () => requireSessionsLeft(proven));
        await useOnce(proven, request, expiration);
        return openSession(proven, request);
      });
    },

    async wallet(request) {
      const account = await knownAccount(store, request.account);
      const claim = deps.wallets.read(request.siweMessage, request.signature, { kind: 'auth' });
      const { address, nonce, issuedAt, expirationTime } = claim.message;
      if (account.signer.type !== 'eip191' || account.signer.ethAddress !== address) {
        throw new ApiError('ETHEREUM_SIGNER_MISMATCH', 'the message is not by the wallet of this account');
      }
      if (issuedAt === undefined || expirationTime === undefined) {
        throw new ApiError('INVALID_TIMESTAMP', 'the message has no Issued At or no Expiration Time');
      }
      await deps.wallets.prove(claim, request.asker);
      const proven: Proven = {
        credential: { account: account.account, kind: 'evm', id: MAIN_CREDENTIAL_ID },
        label: address,
        authTime: secondsOf(issuedAt),
      };
      return afterProofOf(proven.credential, request, async () => {
        await requireUndated(proven);
        await requireWelcome(proven, request);
        // An account has one wallet, and only what that has signed comes here: nobody else can use its nonces up.
        const until = addSeconds(expirationTime, MARK_GRACE_SECONDS);
        await once(proven, 'the nonce of this message', (tx) => tx.useSiweNonce(account.account, nonce, until));
        return openSession(proven, request);
      });
    },
  };

  function afterProofOf<T>(credential: CredentialRef, request: LoginRequest, work: () => Promise<T>): Promise<T> {
    return afterProof(deps.journal, credential, request, work);
  }

  async function namedKey({ account, signer }: Account, publicKey: Felt): Promise<NamedKey> {
    if (signer.type === 'starknet' && signer.publicKey === publicKey) {
      return { credential: { account, kind: 'main', id: MAIN_CREDENTIAL_ID }, publicKey, isActive: true };
    }
    const subkey = await store.subkey(account, publicKey);
    if (subkey === undefined) throw invalidSubkey();
    const credential = { account, kind: 'subkey', id: subkey.id.toString() } as const;
    return { credential, publicKey, isActive: subkey.state === 'active' };
  }

  async function provenByKey({ credential, publicKey }: NamedKey, request: StarkLoginRequest): Promise<Proven> {
    const { signer } = await ask(request, { keys: [publicKey], recover: false });
    if (signer === undefined) throw verificationFailed();
    return provenAs(credential, signer, request);
  }

  // Whoever signs with a key that was ended still holds it, which its account must see. Who does not sign learns no more than of a key
  // that nobody registered.
  async function refuseInactive(named: NamedKey, request: StarkLoginRequest, window: SignatureWindow): Promise<never> {
    try {
      requireOpenWindow(window, clock, settings);
      if (!isPossibleSignature(request.signature)) throw verificationFailed();
      await provenByKey(named, request);
    } catch (error) {
      throw error instanceof ApiError && error.status < 500 ? invalidSubkey() : error;
    }
    return refuseProven(named.credential, request);
  }

  function refuseProven(credential: SessionCredentialRef, request: StarkLoginRequest): Promise<never> {
    return afterProofOf(credential, request, () => Promise.reject(invalidSubkey()));
  }

  // The main key first; else the two keys that can have made the signature are looked up: the cost does not depend on how
  // many subkeys the account has.
  async function provenByAnyKey({ account, signer: owner }: Account, request: StarkLoginRequest): Promise<Proven> {
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
      if (subkey.state !== 'active') return refuseProven(credential, request);
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

  async function requireUndated({ credential, authTime }: Proven): Promise<void> {
    if (await store.isDated(credential.account, actorOf(credential), authTime)) throw datedError();
  }

  // Marked by the message, never by the signature: (r, N-s) verifies too. And by its key: what an owner will sign is known beforehand,
  // and any other key of the account could use it up first.
  async function useOnce(proven: Proven, request: StarkLoginRequest, expiration: UnixSeconds): Promise<void> {
    const { credential, signed } = proven;
    if (signed === undefined) throw new Error('a login by a Stark key names what was signed');
    await requireWelcome(proven, request);
    const until = addSeconds(nanosOfSeconds(expiration), MARK_GRACE_SECONDS);
    await once(proven, 'this login signature', (tx) => tx.useSignature(credential.account, 'login', signed, until));
  }

  async function once(
    proven: Proven,
    what: string,
    use: (tx: StoreTransaction) => Promise<EarlierUse | undefined>,
  ): Promise<void> {
    const earlier = await store.transaction(async (tx) => {
      const used = await use(tx);
      if (used === undefined) requireSessionsLeft(proven);
      return used;
    });
    if (earlier !== undefined) throw alreadyUsed(what, earlier);
  }

  // A login that is refused uses up neither its signature nor its nonce: the owner who mends the list may send it again.
  function requireWelcome(proven: Proven, request: LoginRequest): Promise<void> {
    return whileAlive(proven, request, () => undefined);
  }

  // Last of all, and where a signature or nonce is used up, with it or not at all: what no session comes of costs the account nothing,
  // so that nobody who could not open one keeps the owner from it.
  function requireSessionsLeft({ credential, signed }: Proven): void {
    const repeatable = settings.singleUse || signed === undefined ? undefined : `${signed.by} ${signed.hash}`;
    requireRoom(deps.limiter.chargeLogin(credential, repeatable), clock);
  }

  // The proof took time: what lives is asked again in the same turn in which the session is signed.
  function openSession(proven: Proven, request: LoginRequest, charge = () => {}): Promise<string> {
    return whileAlive(proven, request, () => {
      charge();
      const issued = deps.issuer.issueSession(
        {
          credential: proven.credential,
          label: proven.label,
          authTime: proven.authTime,
          isolated: request.isolated,
          tokenUsage: request.tokenUsage,
        },
        secondsOf(clock.now()),
      );
      deps.journal.login(proven.credential, request, { session: issued.session, auth_time: proven.authTime });
      return issued.jwt;
    });
  }

  async function whileAlive<T>(proven: Proven, request: LoginRequest, use: () => T): Promise<T> {
    const { kid } = deps.keyring.signer('session');
    try {
      return await deps.view.ask({ ...proven.credential, kid }, (facts) => {
        requireAlive(proven, facts, request.clientIp);
        return use();
      });
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (error instanceof ViewStale) throw refusalErrorOf('view_stale');
      throw new ApiError('SERVICE_UNAVAILABLE', 'the credential store is unavailable', { cause: error });
    }
  }

  // Last of all, so that only a key holder learns about the list, the lock and the sign-out (docs/decisions.md "login checks, in order").
  function requireAlive({ credential, authTime }: Proven, facts: Facts, clientIp: IpAddress | undefined): void {
    const by = { kind: credential.kind, authTime };
    const refusal = firstRefusal(loginRules, facts, clock.latest(), by, { clientIp });
    switch (refusal) {
      case undefined:
        return;
      case 'credential_unknown':
      case 'credential_pending':
      case 'credential_revoked':
      case 'credential_expired':
        throw invalidSubkey();
      case 'signed_out':
        throw signedOutError(facts.validAfter, clock);
      // The key that would sign the session was retired a moment ago: the next one signs the next attempt.
      case 'signing_key_retired':
        throw new ApiError('SERVICE_UNAVAILABLE', 'the signing key was retired meanwhile; try again');
      default:
        throw refusalErrorOf(refusal);
    }
  }
}

const provenAs = (
  { account, kind, id }: SessionCredentialRef,
  { publicKey, hash }: SignerOfHash,
  request: StarkLoginRequest,
): Proven => ({
  credential: { account, kind, id },
  label: publicKey,
  authTime: request.timestamp,
  signed: { hash: feltOf(hash), by: publicKey },
});

const verificationFailed = (): ApiError =>
  new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'the signature does not verify for a key of this account');

const invalidSubkey = (): ApiError => new ApiError('INVALID_SUBKEY', 'this key is not an active subkey of the account');
