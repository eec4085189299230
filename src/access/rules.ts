// The rules themselves, as one pure function of facts: nothing here reads a clock, a store or a header.
import { allows, type IpAddress } from '../domain/allowlist.ts';
import type { DenyReason } from '../domain/decision.ts';
import { type CredentialKind, kindTable } from '../domain/kinds.ts';
import type { Permission } from '../domain/permission.ts';
import { isOver, nanosOfSeconds, type UnixNanos, type UnixSeconds } from '../domain/time.ts';
import type { Facts } from '../store/store.ts';

export interface Caller {
  readonly kind: CredentialKind;
  readonly permissions: ReadonlySet<Permission>;
  readonly authTime: UnixSeconds;
}

export interface Asked {
  readonly permission: Permission | 'possession';
  readonly method: string;
  /** Undefined when it could not be told: refused wherever it matters, and it matters everywhere. */
  readonly clientIp: IpAddress | undefined;
}

/** Why a credential is dead, whatever was made with it and whether or not its account is locked. */
export function credentialRefusal(facts: Facts, now: UnixNanos): DenyReason | undefined {
  if (!facts.signingKeyAlive) return 'signing_key_retired';
  if (!facts.accountKnown) return 'account_unknown';
  switch (facts.credential) {
    case 'unknown':
      return 'credential_unknown';
    case 'pending':
      return 'credential_pending';
    case 'revoked':
      return 'credential_revoked';
    case 'alive':
      break;
    default:
      return facts.credential satisfies never;
  }
  return isOver(facts.expiresAt, now) ? 'credential_expired' : undefined;
}

/** Why the credential behind a bearer is dead, or undefined when it lives. */
export function livenessRefusal(caller: Caller, facts: Facts, now: UnixNanos): DenyReason | undefined {
  const ended = credentialRefusal(facts, now);
  if (ended !== undefined) return ended;
  // A session is as old as the signature behind it.
  if (kindTable[caller.kind].endsWithSignOut && nanosOfSeconds(caller.authTime) <= facts.validAfter)
    return 'signed_out';
  if (facts.accountLocked) return 'account_locked';
  return undefined;
}

/** The whole decision: alive, then permission, then GET-only for tokens, then the allowlist (DESIGN 4.5). */
export function refusalOf(caller: Caller, facts: Facts, asked: Asked, now: UnixNanos): DenyReason | undefined {
  return (
    livenessRefusal(caller, facts, now) ?? permissionRefusal(caller, asked) ?? addressRefusal(facts, asked.clientIp)
  );
}

function permissionRefusal(caller: Caller, asked: Asked): DenyReason | undefined {
  const { endsItself, getOnly } = kindTable[caller.kind];
  if (asked.permission === 'possession') return endsItself ? undefined : 'permission_missing';
  if (!caller.permissions.has(asked.permission)) return 'permission_missing';
  if (getOnly && asked.method !== 'GET') return 'read_only_method';
  return undefined;
}

export function addressRefusal(
  facts: Pick<Facts, 'allowlist'>,
  clientIp: IpAddress | undefined,
): DenyReason | undefined {
  if (facts.allowlist.kind === 'damaged') return 'allowlist_damaged';
  if (clientIp === undefined) return 'client_ip_unknown';
  return allows(facts.allowlist, clientIp) ? undefined : 'ip_not_allowed';
}
