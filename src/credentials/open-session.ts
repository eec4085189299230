// Opens a session for a proven login in the same turn that finds its credential alive: after an acknowledged revocation no session can
// be left over.
import { refusalError, refusalErrorOf } from '../access/refusal.ts';
import { firstRefusal, loginRules } from '../access/rules.ts';
import type { AuditJournal } from '../audit/journal.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import { deny } from '../domain/decision.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { IssuedSession, Issuer } from '../jwt/issue.ts';
import type { Keyring } from '../jwt/keyring.ts';
import type { RateLimiter } from '../ratelimit/limiter.ts';
import type { View } from '../revocation/view.ts';
import { ViewStale } from '../revocation/view.ts';
import type { Facts } from '../store/store.ts';
import type { LoginRequest, LoginSettings } from './login.ts';
import { signedOutError } from './login-window.ts';
import { invalidSubkey, type ProvenLogin } from './prove-login.ts';
import { requireRoom } from './rate-limited.ts';

export interface SessionOpening {
  /** Throws the error that a session would get now. */
  requireWelcome(proven: ProvenLogin, request: LoginRequest): Promise<void>;
  /** Takes one session from the account's limit. Throws RATE_LIMITED. */
  requireSessionsLeft(proven: ProvenLogin): void;
  /** `charge` runs just before the JWT is signed, and may throw. */
  open(proven: ProvenLogin, request: LoginRequest, charge?: () => void): Promise<IssuedSession>;
}

export function createSessionOpening(deps: {
  readonly view: View;
  readonly clock: Clock;
  readonly issuer: Issuer;
  readonly keyring: Keyring;
  readonly journal: AuditJournal;
  readonly limiter: Pick<RateLimiter, 'chargeLogin'>;
  readonly settings: LoginSettings;
}): SessionOpening {
  const { clock, settings } = deps;

  return { requireWelcome, requireSessionsLeft, open };

  // A refused login uses up neither its signature nor its nonce: the owner may correct the allowlist and send it again.
  function requireWelcome(proven: ProvenLogin, request: LoginRequest): Promise<void> {
    return whileAlive(proven, request, () => undefined);
  }

  // Charged last, together with the signature or nonce: a login that opens no session costs the account nothing, or others could lock
  // the owner out.
  function requireSessionsLeft({ credential, signed }: ProvenLogin): void {
    const repeatable = settings.singleUse || signed === undefined ? undefined : `${signed.by} ${signed.hash}`;
    requireRoom(deps.limiter.chargeLogin(credential, repeatable), clock);
  }

  // Verification took time: liveness is asked again in the turn that signs the session.
  function open(proven: ProvenLogin, request: LoginRequest, charge = () => {}): Promise<IssuedSession> {
    return whileAlive(proven, request, () => {
      charge();
      const now = secondsOf(clock.now());
      if (proven.endsBy !== undefined && proven.endsBy <= now) throw refusalErrorOf('credential_expired');
      const issued = deps.issuer.issueSession(
        {
          credential: proven.credential,
          label: proven.label,
          authTime: proven.authTime,
          isolated: request.isolated,
          tokenUsage: request.tokenUsage,
          endsBy: proven.endsBy,
        },
        now,
      );
      deps.journal.login(proven.credential, request, { session: issued.session, auth_time: proven.authTime });
      return issued;
    });
  }

  async function whileAlive<T>(proven: ProvenLogin, request: LoginRequest, use: () => T): Promise<T> {
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
  function requireAlive({ credential, authTime }: ProvenLogin, facts: Facts, clientIp: IpAddress | undefined): void {
    const by = { kind: credential.kind, authTime };
    const refusal = firstRefusal(loginRules, facts, clock.latest(), by, { clientIp });
    switch (refusal) {
      case undefined:
        return;
      case 'credential_unknown':
      case 'credential_pending':
      case 'credential_revoked':
      case 'credential_expired':
        throw invalidSubkey(refusal);
      case 'signed_out':
        throw signedOutError(facts.validAfter, clock);
      // The key that would sign the session was retired a moment ago: the next one signs the next attempt.
      case 'signing_key_retired':
        throw new ApiError('SERVICE_UNAVAILABLE', 'the signing key was retired meanwhile; try again');
      default:
        throw refusalError(deny(refusal, { allowlist: facts.allowlist }));
    }
  }
}
