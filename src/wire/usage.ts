// The wire form of usage and of the addresses a credential was used from (docs/wire.md section 21).
import Type, { type Static } from 'typebox';
import { credentialKinds } from '../domain/kinds.ts';
import { closed, NextCursor, oneOf, pageMembers, UnixNanosWire } from './common.ts';

const count = (description: string) => Type.Integer({ format: 'int64', minimum: 0, description });
const allowed = count('Requests that were let through.');
const refused = count('Requests that were denied, logins too.');

const credentialDescription = 'Kind and row id, as in the audit log: subkey:42, main:main.';

export const UsageQuery = Type.Object(
  {
    credential: Type.Optional(
      Type.String({
        maxLength: 64,
        description: `${credentialDescription} Left out: every credential of the account.`,
      }),
    ),
    from: Type.Optional(
      Type.String({ maxLength: 64, description: 'First UTC day, 2026-11-28; default 29 days before to.' }),
    ),
    to: Type.Optional(Type.String({ maxLength: 64, description: 'Last UTC day, inclusive; default today.' })),
    ...pageMembers,
  },
  closed,
);
export type UsageQuery = Static<typeof UsageQuery>;

export const UsageListWire = Type.Object(
  {
    results: Type.Array(
      Type.Object(
        {
          credential: Type.Object({ kind: oneOf(credentialKinds), id: Type.String() }, closed),
          day: Type.String({ description: 'In UTC.', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' }),
          allowed,
          refused,
          limited: count('Requests over a rate limit: 429.'),
          failed: count('Requests that failed here: 503, also where the venue could not be reached.'),
        },
        closed,
      ),
    ),
    next: NextCursor,
  },
  closed,
);

export const AddressQuery = Type.Object(
  { credential: Type.String({ maxLength: 64, description: credentialDescription }), ...pageMembers },
  closed,
);

export const AddressListWire = Type.Object(
  {
    results: Type.Array(
      Type.Object(
        {
          address: Type.String({ description: 'As this server saw it.' }),
          first_at: UnixNanosWire,
          last_at: UnixNanosWire,
          allowed,
          refused,
        },
        closed,
      ),
    ),
    next: NextCursor,
  },
  closed,
);
