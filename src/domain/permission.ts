// Permissions: a closed list, never a string from outside. kinds.ts says which kind of credential holds which.

export const permissions = [
  'account:manage',
  'account:read',
  'audit:read',
  'funds:transfer',
  'keys:manage',
  'keys:narrow',
  'keys:read',
  'self:read',
  'trade',
] as const;

export type Permission = (typeof permissions)[number];
