// The wire form of read-only tokens (docs/wire.md section 16 "Tokens").
import Type, { type Static } from 'typebox';
import { MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS } from '../domain/lifetimes.ts';
import type { TokenKind } from '../domain/token.ts';
import {
  AllowedCidrs,
  AllowedCidrsWire,
  closed,
  LookupIdWire,
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
export const RevokedTokenWire = Type.Object({ lookup_id: LookupIdWire }, closed);
export const LookupIdParams = Type.Object({ lookup_id: LookupIdWire });
