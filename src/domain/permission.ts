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

/** Of these the venue is not told: they open nothing but routes of our own extension. */
const ofExtension: ReadonlySet<Permission> = new Set(['audit:read', 'keys:narrow', 'self:read'] as const);

/** What the venue is told that a caller may do: sorted, in one line. */
export const toldToVenue = (held: ReadonlySet<Permission>): string =>
  [...held]
    .filter((permission) => !ofExtension.has(permission))
    .sort()
    .join(' ');
