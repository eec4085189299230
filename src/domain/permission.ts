// What a credential may do. The list is closed: a new permission is a new release, never a string from outside.
import type { CredentialKind } from './credential.ts';

export const permissions = [
  'account:manage',
  'account:read',
  'funds:transfer',
  'keys:manage',
  'keys:read',
  'trade',
] as const;

export type Permission = (typeof permissions)[number];

/** Operator switches that widen a kind (WIRE 12.9); everything off is the strict default. */
export interface PermissionPolicy {
  readonly tokensMayReadKeys: boolean;
}

const all: ReadonlySet<Permission> = new Set(permissions);
const subkey: ReadonlySet<Permission> = new Set<Permission>(['account:read', 'keys:read', 'trade']);
const token: ReadonlySet<Permission> = new Set<Permission>(['account:read']);
const tokenWithKeys: ReadonlySet<Permission> = new Set<Permission>(['account:read', 'keys:read']);

/** WIRE section 7: main and wallet sessions hold everything, subkeys trade and read, tokens read. */
export function permissionsOf(kind: CredentialKind, policy: PermissionPolicy): ReadonlySet<Permission> {
  switch (kind) {
    case 'main':
    case 'evm':
      return all;
    case 'subkey':
      return subkey;
    case 'token':
      return policy.tokensMayReadKeys ? tokenWithKeys : token;
    default:
      return kind satisfies never;
  }
}
