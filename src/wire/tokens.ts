// The wire form of read-only tokens (WIRE section 5).
import Type, { type Static } from 'typebox';
import type { TokenKind } from '../domain/token.ts';
import { AllowedCidrs, BigInteger, closed, NameText, oneOf, open, pageMembers, SHOWN } from './common.ts';

/** What `token_type` may say, and which kind of token it asks for. */
export const kindOfType: Readonly<Record<string, TokenKind>> = {
  readonly: 'readonly',
  read_only: 'readonly',
  jwt: 'jwt',
  api_key: 'api_key',
};

// WIRE section 5: one minute to one year.
export const MIN_LIFETIME_SECONDS = 60;
export const MAX_LIFETIME_SECONDS = 31_536_000;

export const ApiTokenWire = Type.Object(
  {
    token_id: Type.String(),
    lookup_id: Type.String(),
    name: Type.String(),
    kind: oneOf(['readonly', 'jwt', 'api_key']),
    created_at: BigInteger,
    expiry_at: BigInteger,
    last_updated_at: BigInteger,
    revoked_at: BigInteger,
    allowed_cidrs: Type.Array(Type.String()),
  },
  closed,
);
export type ApiTokenWire = Static<typeof ApiTokenWire>;

export const ApiTokenListWire = Type.Object(
  { results: Type.Array(ApiTokenWire), next: Type.Union([Type.String(), Type.Null()]) },
  closed,
);

export const ApiTokenListQuery = Type.Object(
  {
    kind: Type.Optional(Type.String({ maxLength: 64 })),
    with_invalid: Type.Optional(Type.String()),
    ...pageMembers,
  },
  open,
);

export const CreateTokenBody = Type.Object(
  {
    name: Type.Optional(NameText),
    expiry_duration: Type.Optional(
      Type.Integer({ format: 'int64', [SHOWN]: { minimum: MIN_LIFETIME_SECONDS, maximum: MAX_LIFETIME_SECONDS } }),
    ),
    token_type: Type.Optional(Type.String({ [SHOWN]: { enum: Object.keys(kindOfType) } })),
    allowed_cidrs: Type.Optional(AllowedCidrs),
  },
  open,
);
export type CreateTokenBody = Static<typeof CreateTokenBody>;

export const CreatedTokenWire = Type.Object({ api_token: ApiTokenWire, token: Type.String() }, closed);
export const RevokedTokenWire = Type.Object({ lookup_id: Type.String() }, closed);
export const TerminalTokenWire = Type.Object({ jwt_token: Type.String() }, closed);
