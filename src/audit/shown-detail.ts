// What owners see of `detail`: by action, the members that are named here and no others. Signatures and wallet messages are evidence for an
// auditor, and stay with the operator.
import { type AuditAction, isAuditAction } from '../domain/audit-action.ts';
import { nanosOfSeconds, unixSeconds } from '../domain/time.ts';

const signed = ['proof', 'signature_timestamp', 'signature_expiry'];
const revoked = ['subkeys', 'tokens', 'devices'];
const grouped = ['count', 'first_at', 'last_at', 'happened_at'];

const shown: Readonly<Record<AuditAction, readonly string[]>> = {
  'account.onboarded': ['signer', 'key'],
  'account.signed_out_everywhere': ['valid_after', 'devices', ...signed],
  'account.revoked_all': ['valid_after', ...revoked, ...signed],
  'account.locked': [],
  'account.unlocked': [],
  'account.revoked_by_restore': revoked,
  'account.revoked_by_clock': revoked,
  login: ['session', 'auth_time', 'happened_at'],
  'login.refused': ['reason', 'others', ...grouped],
  'request.refused': ['reason', 'route', ...grouped, 'uncounted_in_this_minute'],
  'subkey.registered': ['public_key', 'name', 'state', 'expires_at', 'allowed_cidrs', ...signed],
  'subkey.activated': ['public_key', 'timestamp', 'eph_public_key'],
  'subkey.activation_repeated': ['public_key', 'timestamp', 'activated_at', 'activated_from'],
  'subkey.renamed': ['from', 'to'],
  'subkey.allowlist_replaced': ['from', 'to'],
  'subkey.revoked': ['public_key', 'name'],
  'subkey.expired': ['public_key', 'name', 'pending_until'],
  'token.created': ['lookup_id', 'name', 'expiry_at', 'allowed_cidrs', 'replaces'],
  'token.allowlist_replaced': ['from', 'to'],
  'token.renamed': ['from', 'to'],
  'token.rotated': ['lookup_id', 'name', 'replaced_by', 'ends_at'],
  'token.revoked': ['lookup_id', 'name'],
  'terminal_token.issued': ['jti', 'expires_at', 'happened_at'],
  'credential.reported_leaked': ['credential', 'session', 'auth_time'],
  'credential.revoked_itself': ['public_key', 'lookup_id', 'thumbprint'],
  'ending.receipt': ['action', 'nodes', 'ms', 'in_flight', 'happened_at'],
  'device.added': ['thumbprint', 'name', 'expires_at', 'idle_seconds'],
  'device.ended': ['thumbprint', 'name', 'why'],
  // About the service, not about an account.
  'signing_key.published': [],
  'signing_key.activated': [],
  'signing_key.retired': [],
  'clock.accepted': [],
  'backup.taken': [],
  'store.restored': [],
};

/** Times: nanoseconds, stored as text since a number loses digits, or seconds, stored as a number. All are shown as nanoseconds. */
const times = /^(?:[a-z]+_(?:at|until)|valid_after)$/;

/** `stored`: JSON text. Empty for a damaged row, and for an action of another release. */
export function shownDetail(action: string, stored: string): Readonly<Record<string, unknown>> {
  const names = new Set(isAuditAction(action) ? [...shown[action], 'truncated'] : []);
  const members = Object.entries(membersOf(stored)).filter(([name]) => names.has(name));
  return Object.fromEntries(members.map(([name, value]) => [name, shownValue(name, value)]));
}

function shownValue(name: string, value: unknown): unknown {
  if (!times.test(name)) return value;
  if (typeof value === 'string' && /^(?:0|[1-9][0-9]{0,18})$/.test(value)) return JSON.rawJSON(value);
  return Number.isSafeInteger(value) ? JSON.rawJSON(nanosOfSeconds(unixSeconds(Number(value))).toString()) : value;
}

function membersOf(stored: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(stored);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
