// Logging in: a main key, a subkey or a wallet proves itself and gets a session.
import type { AuditJournal } from '../audit/journal.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import { type AccountId, actorOf, MAIN_CREDENTIAL_ID } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import { MARK_GRACE_SECONDS } from '../domain/lifetimes.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { addSeconds, type Clock, nanosOfSeconds, secondsOf, type UnixSeconds } from '../domain/time.ts';
import type { Issuer } from '../jwt/issue.ts';
import type { Keyring } from '../jwt/keyring.ts';
import type { RateLimiter } from '../ratelimit/limiter.ts';
import type { View } from '../revocation/view.ts';
import type { StarkSignature } from '../starknet/signature.ts';
import type { EarlierUse, Store, StoreTransaction } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { alreadyUsed } from './already-used.ts';
import { knownAccount } from './known-account.ts';
import { datedError, defaultExpiration, requireOpenWindow } from './login-window.ts';
import { createSessionOpening } from './open-session.ts';
import { createProveLogin, type ProvenLogin } from './prove-login.ts';
import { afterProof } from './proven-refusal.ts';
import { ownersClaim, type WalletProofs } from './wallet-proof.ts';

/** What every login contains besides its proof. */
export interface LoginRequest extends RequestOrigin {
  readonly account: AccountId;
  readonly isolated: boolean;
  readonly tokenUsage: 'interactive' | undefined;
  readonly clientIp: IpAddress | undefined;
  readonly asker: OnBehalfOf;
}

export interface StarkLoginRequest extends LoginRequest {
  /** The key in the path; undefined on plain /v1/auth, where the signature tells which key it is. */
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
  /** Accept subkey signatures on plain /v1/auth (docs/decisions.md "plain /auth"). */
  readonly plainSubkey: boolean;
  /** A login signature opens one session only. Off by default: two processes with one key sign byte-identical logins. */
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

export interface Login {
  /**
   * POST /v1/auth and /v1/auth/{public_key}. Checks in the order of docs/decisions.md "login checks, in order". Throws NOT_ONBOARDED, INVALID_SUBKEY, INVALID_TIMESTAMP,
   * INVALID_BLOCK_EXPIRATION, STARKNET_SIGNATURE_VERIFICATION_FAILED, SIGNATURE_ALREADY_USED, SERVICE_UNAVAILABLE, IP_NOT_ALLOWED, REQUEST_NOT_ALLOWED,
   * RATE_LIMITED.
   */
  stark(request: StarkLoginRequest): Promise<string>;
  /** POST /v2/auth. Throws as WalletProofs do, and NOT_ONBOARDED, ETHEREUM_SIGNER_MISMATCH, SIGNATURE_ALREADY_USED. */
  wallet(request: WalletLoginRequest): Promise<string>;
}

export function createLogin(deps: LoginDeps): Login {
  const { store, clock, settings } = deps;
  const proveLogin = createProveLogin(deps);
  const session = createSessionOpening(deps);

  return {
    async stark(request) {
      const account = await knownAccount(store, request.account);
      const { timestamp, expiration = defaultExpiration(timestamp, settings.defaultAgeSeconds) } = request;
      const window = { timestamp, expiration };
      const proven = await proveLogin(account, request, window);
      return afterProof(deps.journal, proven, request, async () => {
        // Verification may have queued past the signature's expiration, and past the mark that it was used.
        requireOpenWindow(window, clock, settings);
        await requireUndated(proven);
        if (!settings.singleUse) {
          return (await session.open(proven, request, () => session.requireSessionsLeft(proven))).jwt;
        }
        await useOnce(proven, request, expiration);
        return (await session.open(proven, request)).jwt;
      });
    },

    async wallet(request) {
      const account = await knownAccount(store, request.account);
      const claim = ownersClaim(deps.wallets, account, request, { kind: 'auth' });
      await deps.wallets.prove(claim, request.asker);
      const proven: ProvenLogin = {
        credential: { account: account.account, kind: 'evm', id: MAIN_CREDENTIAL_ID },
        label: claim.message.address,
        authTime: secondsOf(claim.issuedAt),
      };
      return afterProof(deps.journal, proven, request, async () => {
        await requireUndated(proven);
        await session.requireWelcome(proven, request);
        // Only the account's one wallet gets this far, so nobody else can use up its nonces.
        const until = addSeconds(claim.expirationTime, MARK_GRACE_SECONDS);
        const { nonce } = claim.message;
        await once(proven, 'the nonce of this message', (tx) => tx.useSiweNonce(account.account, nonce, until));
        return (await session.open(proven, request)).jwt;
      });
    },
  };

  async function requireUndated({ credential, authTime }: ProvenLogin): Promise<void> {
    if (await store.isDated(credential.account, actorOf(credential), authTime)) throw datedError();
  }

  // The mark is the message, never the signature: (r, N-s) verifies too. The key is part of it: the message is predictable, and another
  // key of the account could use it up first.
  async function useOnce(proven: ProvenLogin, request: StarkLoginRequest, expiration: UnixSeconds): Promise<void> {
    const { credential, signed } = proven;
    if (signed === undefined) throw new Error('a login by a Stark key names what was signed');
    await session.requireWelcome(proven, request);
    const until = addSeconds(nanosOfSeconds(expiration), MARK_GRACE_SECONDS);
    await once(proven, 'this login signature', (tx) => tx.useSignature(credential.account, 'login', signed, until));
  }

  async function once(
    proven: ProvenLogin,
    what: string,
    use: (tx: StoreTransaction) => Promise<EarlierUse | undefined>,
  ): Promise<void> {
    const earlier = await store.transaction(async (tx) => {
      const used = await use(tx);
      if (used === undefined) session.requireSessionsLeft(proven);
      return used;
    });
    if (earlier !== undefined) throw alreadyUsed(what, earlier);
  }
}
