// Wraps the functions that log in and change, and counts. Arguments, answers and errors pass through untouched.
import type { Login } from '../credentials/login.ts';
import { ProvenRefusal } from '../credentials/proven-refusal.ts';
import type { AuditAction } from '../domain/audit-action.ts';
import { ApiError, type ErrorCode, StoreFailure } from '../errors.ts';
import type { RateLimiter, Verdict } from '../ratelimit/limiter.ts';
import type { Changes, ChangesStats } from '../revocation/commit.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Counters, LoginProof } from './counters.ts';

type LoginCounters = Pick<Counters, 'logins' | 'provenRefusals'>;

export const countLogins = (login: Login, counters: LoginCounters): Login => ({
  stark: (request) => counted(counters, 'starknet', () => login.stark(request)),
  wallet: (request) => counted(counters, 'wallet', () => login.wallet(request)),
});

export const countDeviceSessions =
  <Request, Session>(open: (request: Request) => Promise<Session>, counters: LoginCounters) =>
  (request: Request): Promise<Session> =>
    counted(counters, 'device', () => open(request));

async function counted<Session>(
  { logins, provenRefusals }: LoginCounters,
  proof: LoginProof,
  work: () => Promise<Session>,
): Promise<Session> {
  try {
    const session = await work();
    logins.add(proof, 'ok');
    return session;
  } catch (error) {
    logins.add(proof, codeOf(error));
    if (error instanceof ProvenRefusal) provenRefusals.add(error.code);
    throw error;
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof ApiError) return error.code;
  return error instanceof StoreFailure ? 'SERVICE_UNAVAILABLE' : 'INTERNAL_ERROR';
}

type ChangesWithStats = Changes & { stats(): ChangesStats };

export function countChanges(changes: ChangesWithStats, counters: Counters): ChangesWithStats {
  return {
    ...changes,
    async commit(work, options) {
      const actions: AuditAction[] = [];
      const began = performance.now();
      const changed = await changes.commit((tx, stored) => {
        const counted: StoreTransaction = {
          ...tx,
          appendChange(entry) {
            actions.push(entry.action);
            return tx.appendChange(entry);
          },
        };
        return work(counted, stored);
      }, options);
      for (const action of actions) counters.changes.add(action);
      if (changed.receipt !== undefined) {
        counters.changing.observe((performance.now() - began) / 1000);
        counters.barrier.observe(changed.receipt.ms / 1000);
        counters.revokedInFlight += changed.receipt.inFlight;
      }
      return changed;
    },
  };
}

/** For limits charged outside the front, which counts its own refusals. */
export function countLimited(
  limiter: RateLimiter,
  { rateLimited }: Counters,
): Pick<RateLimiter, 'chargeCredential' | 'chargeLogin'> {
  const counted = (verdict: Verdict): Verdict => {
    if (!verdict.allowed) rateLimited.add(verdict.bucket, verdict.scope);
    return verdict;
  };
  return {
    chargeCredential: (credential, bucket) => counted(limiter.chargeCredential(credential, bucket)),
    chargeLogin: (credential, signature) => counted(limiter.chargeLogin(credential, signature)),
  };
}
