// Who asks for a change, and the proof inside the change's own transaction that they still may.

import { refusalErrorOf } from '../access/refusal.ts';
import { type Asked, refusalOf } from '../access/rules.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Principal } from '../domain/principal.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import type { StoreReads } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';

/** Who does something, as the audit log names it. */
export interface Actor extends RequestOrigin {
  readonly principal: Pick<Principal, 'credential'>;
}

export interface Caller extends Actor {
  readonly principal: Principal;
  readonly clientIp: IpAddress | undefined;
  readonly asker: OnBehalfOf;
  /** Why this node refuses the caller by now, written or not: DESIGN section 6. */
  refusal(): DenyReason | undefined;
}

/**
 * Re-reads the caller's credential, account and valid_after in this transaction: it may have died since it was authenticated, also
 * by a change that could not be written, which a transaction reads as if it had been. Throws the ApiError of whatever refuses it now.
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
  const refusal = refusalOf(who, facts, { ...asked, clientIp }, now);
  if (refusal !== undefined) throw refusalErrorOf(refusal);
}
