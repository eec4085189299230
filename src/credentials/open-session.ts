// Opening a session for a proven login, in the very turn in which its credential is found alive: a revocation that is acknowledged
// meanwhile leaves no session behind.
import { refusalErrorOf } from '../access/refusal.ts';
import { firstRefusal, loginRules } from '../access/rules.ts';
import type { AuditJournal } from '../audit/journal.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Issuer } from '../jwt/issue.ts';
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
  /** Throws what a session would be refused for now. */
  requireWelcome(proven: ProvenLogin, request: LoginRequest): Promise<void>;
  /** Takes one session from the account's limit. Throws RATE_LIMITED. */
  requireSessionsLeft(proven: ProvenLogin): void;
  /** Resolves to the JWT. `charge` runs just before it is signed, and may throw. */
  open(proven: ProvenLogin, request: LoginRequest, charge?: () => void): Promise<string>;
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

  // A login that is refused uses up neither its signature nor its nonce: the owner who mends the list may send it again.
  function requireWelcome(proven: ProvenLogin, request: LoginRequest): Promise<void> {
    return whileAlive(proven, request, () => undefined);
  }

  // Last of all, and where a signature or nonce is used up, with it or not at all: what no session comes of costs the account nothing,
  // so that nobody who could not open one keeps the owner from it.
  function requireSessionsLeft({ credential, signed }: ProvenLogin): void {
    const repeatable = settings.singleUse || signed === undefined ? undefined : `${signed.by} ${signed.hash}`;
    requireRoom(deps.limiter.chargeLogin(credential, repeatable), clock);
  }

  // The proof took time: what lives is asked again in the same turn in which the session is signed.
  function open(proven: ProvenLogin, request: LoginRequest, charge = () => {}): Promise<string> {
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
