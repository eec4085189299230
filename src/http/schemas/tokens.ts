// The wire form of read-only tokens (WIRE section 5).
import Type, { type Static } from 'typebox';
import { AllowedCidrs, BigInteger, open } from './common.ts';

export const ApiTokenWire = Type.Object({
  token_id: Type.String(),
  lookup_id: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  created_at: BigInteger,
  expiry_at: BigInteger,
  last_updated_at: BigInteger,
  revoked_at: BigInteger,
  allowed_cidrs: Type.Array(Type.String()),
});
export type ApiTokenWire = Static<typeof ApiTokenWire>;

export const ApiTokenListWire = Type.Object({
  results: Type.Array(ApiTokenWire),
  next: Type.Union([Type.String(), Type.Null()]),
});

export const ApiTokenListQuery = Type.Object(
  {
    kind: Type.Optional(Type.String({ maxLength: 64 })),
    with_invalid: Type.Optional(Type.String()),
    limit: Type.Optional(Type.String()),
    cursor: Type.Optional(Type.String({ maxLength: 64 })),
  },
  open,
);

export const CreateTokenBody = Type.Object(
  {
    name: Type.Optional(Type.String()),
    expiry_duration: Type.Optional(Type.Integer()),
    token_type: Type.Optional(Type.String()),
    allowed_cidrs: Type.Optional(AllowedCidrs),
  },
  open,
);
export type CreateTokenBody = Static<typeof CreateTokenBody>;

export const CreatedTokenWire = Type.Object({ api_token: ApiTokenWire, token: Type.String() });
export const RevokedTokenWire = Type.Object({ lookup_id: Type.String() });
export const TerminalTokenWire = Type.Object({ jwt_token: Type.String() });
