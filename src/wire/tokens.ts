// The wire form of read-only tokens (docs/wire.md section 16 "Tokens").
import Type, { type Static } from 'typebox';
import { MAX_OVERLAP_SECONDS, MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS } from '../domain/lifetimes.ts';
import type { TokenKind } from '../domain/token.ts';
import {
  AllowedCidrs,
  AllowedCidrsWire,
  closed,
  LookupIdWire,
  lastUseMembers,
  NameText,
  NameWire,
  NextCursor,
  oneOf,
  open,
  pageMembers,
  RevokedAtWire,
  SHOWN,
  UnixNanosWire,
} from './common.ts';

/** What `token_type` may say, and which kind of token it asks for. */
export const kindOfType: Readonly<Record<string, TokenKind>> = {
  readonly: 'readonly',
  read_only: 'readonly',
  jwt: 'jwt',
  api_key: 'api_key',
};

const OtherToken = Type.Union([Type.String(), Type.Null()], {
  description:
    'The lookup_id of the token that a rotation made of this one, or of which it made this one; null if none. Not in Paradex.',
});

export const ApiTokenWire = Type.Object(
  {
    token_id: Type.String(),
    lookup_id: LookupIdWire,
    name: NameWire,
    kind: oneOf(['readonly', 'jwt', 'api_key']),
    created_at: UnixNanosWire,
    expiry_at: UnixNanosWire,
    last_updated_at: UnixNanosWire,
    revoked_at: RevokedAtWire,
    allowed_cidrs: AllowedCidrsWire,
    replaced_by: OtherToken,
    replaces: OtherToken,
    ...lastUseMembers,
  },
  closed,
);
export type ApiTokenWire = Static<typeof ApiTokenWire>;

export const ApiTokenListWire = Type.Object({ results: Type.Array(ApiTokenWire), next: NextCursor }, closed);

export const ApiTokenListQuery = Type.Object(
  {
    kind: Type.Optional(Type.String({ maxLength: 64 })),
    with_invalid: Type.Optional(Type.String({ description: 'true or 1: revoked and expired tokens too.' })),
    ...pageMembers,
  },
  open,
);

export const CreateTokenBody = Type.Object(
  {
    name: Type.Optional(NameText),
    expiry_duration: Type.Optional(
      Type.Integer({
        format: 'int64',
        [SHOWN]: { minimum: MIN_TOKEN_SECONDS, maximum: MAX_TOKEN_SECONDS },
        description: 'Life in seconds, 60 to 31536000; default 86400.',
      }),
    ),
    token_type: Type.Optional(
      Type.String({
        [SHOWN]: { enum: Object.keys(kindOfType) },
        description: 'readonly (default), read_only, jwt or api_key: all of them a read-only JWT.',
      }),
    ),
    allowed_cidrs: Type.Optional(AllowedCidrs),
  },
  open,
);
export type CreateTokenBody = Static<typeof CreateTokenBody>;

export const CreatedTokenWire = Type.Object(
  { api_token: ApiTokenWire, token: Type.String({ description: 'The bearer itself.' }) },
  closed,
);
export const RenameTokenBody = Type.Object({ name: NameText }, open);

export const RotateTokenBody = Type.Object(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({
        format: 'int64',
        [SHOWN]: { minimum: 0, maximum: MAX_OVERLAP_SECONDS },
        description: 'Seconds for which the replaced token goes on, 0 to 604800; default 86400. 0 revokes it at once.',
      }),
    ),
    expiry_duration: Type.Optional(
      Type.Integer({
        format: 'int64',
        [SHOWN]: { minimum: MIN_TOKEN_SECONDS, maximum: MAX_TOKEN_SECONDS },
        description:
          'Life of the new token in seconds, 60 to 31536000; default: as long as the replaced one was made for.',
      }),
    ),
  },
  open,
);
export type RotateTokenBody = Static<typeof RotateTokenBody>;

export const RotatedTokenWire = Type.Object(
  {
    api_token: ApiTokenWire,
    token: Type.String({ description: 'The bearer itself.' }),
    replaced: ApiTokenWire,
  },
  closed,
);
export const RevokedTokenWire = Type.Object({ lookup_id: LookupIdWire }, closed);
export const LookupIdParams = Type.Object({ lookup_id: LookupIdWire });
