// The caller of a change, and the check inside the change's transaction that the caller is still allowed to make it.
import { refusalErrorOf } from '../access/refusal.ts';
import { type Asked, refusalOf } from '../access/rules.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Principal } from '../domain/principal.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import type { StoreReads } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';

/** The credential that acts, and its request, as the audit log names them. */
export interface Actor extends RequestOrigin {
  readonly principal: Pick<Principal, 'credential'>;
}

export interface Caller extends Actor {
  readonly principal: Principal;
  readonly clientIp: IpAddress | undefined;
  readonly asker: OnBehalfOf;
  /** Why this node refuses the caller now; a revocation that could not be written counts. */
  refusal(): DenyReason | undefined;
}

/**
 * Re-reads the caller's credential, account and valid_after in this transaction: it may have been revoked since it was authenticated.
 * `tx` reads an unwritten revocation as if it were written. Throws the ApiError of the first rule that refuses the caller now.
 */
export async function requireStill(
  tx: Pick<StoreReads, 'facts'>,
  caller: Caller,
  asked: Pick<Asked, 'permission' | 'method'>,
  clock: Clock,
): Promise<void> {
  const { principal, clientIp } = caller;
  const ended = caller.refusal();
  if (ended !== undefined) throw refusalErrorOf(ended);
  const now = clock.latest();
  if (principal.expiresAt <= secondsOf(now)) throw refusalErrorOf('bearer_expired');
  const { facts } = await tx.facts({ ...principal.credential, kid: principal.kid });
  const who = { kind: principal.credential.kind, permissions: principal.permissions, authTime: principal.authTime };
  const refusal = refusalOf(who, facts, { ...asked, toVenue: false, clientIp }, now);
  if (refusal !== undefined) throw refusalErrorOf(refusal);
}
