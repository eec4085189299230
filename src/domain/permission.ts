// What a credential may do. The list is closed: a new permission is a new release, never a string from outside. Which kind of
// credential holds which stands in kinds.ts.

export const permissions = [
  'account:manage',
  'account:read',
  'funds:transfer',
  'keys:manage',
  'keys:read',
  'trade',
] as const;

export type Permission = (typeof permissions)[number];
