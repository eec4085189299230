// What ends and narrows credentials may not widen them: a list that allows an address which the one in force does not is for keys:manage.
import { type Allowlist, covers } from '../domain/allowlist.ts';
import { ApiError } from '../errors.ts';
import type { Caller } from './caller.ts';

/**
 * Asked in the transaction that replaces the list, with the list that it has read there. Every list is wider than a damaged one, which
 * allows nobody. Throws INVALID_TOKEN_SCOPE.
 */
export function requireMayReplace(caller: Caller, inForce: Allowlist, list: Allowlist): void {
  if (covers(inForce, list) || caller.principal.permissions.has('keys:manage')) return;
  throw new ApiError('INVALID_TOKEN_SCOPE', 'a wider list needs the main key', {
    reason: 'permission_missing',
    facts: { permissionNeeded: 'keys:manage', permissionsHeld: [...caller.principal.permissions].sort() },
  });
}
