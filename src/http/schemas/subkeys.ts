// The wire form of subkeys (WIRE section 4).
import Type, { type Static } from 'typebox';
import { AllowedCidrs, BigInteger, open, SignaturePair } from './common.ts';

export const SubkeyWire = Type.Object({
  account_id: Type.String(),
  public_key: Type.String(),
  name: Type.String(),
  state: Type.String(),
  id: BigInteger,
  allowed_cidrs: Type.Array(Type.String()),
  created_at: BigInteger,
  updated_at: BigInteger,
  revoked_at: BigInteger,
  /** Ours: 0 = never. */
  expires_at: BigInteger,
});
export type SubkeyWire = Static<typeof SubkeyWire>;

export const SubkeyListWire = Type.Object({
  results: Type.Array(SubkeyWire),
  next: Type.Union([Type.String(), Type.Null()]),
});

export const SubkeyListQuery = Type.Object(
  {
    with_revoked: Type.Optional(Type.String()),
    include_revoked: Type.Optional(Type.String()),
    limit: Type.Optional(Type.String()),
    cursor: Type.Optional(Type.String({ maxLength: 64 })),
  },
  open,
);

export const CreateSubkeyBody = Type.Object(
  {
    name: Type.String(),
    public_key: Type.String(),
    state: Type.Optional(Type.String()),
    encrypted_key: Type.Optional(Type.String({ maxLength: 4096 })),
    eph_public_key: Type.Optional(Type.String()),
    allowed_cidrs: Type.Optional(AllowedCidrs),
    signature: Type.Optional(SignaturePair),
    signature_timestamp: Type.Optional(Type.Integer()),
    signature_expiry: Type.Optional(Type.Integer()),
    siwe_message: Type.Optional(Type.String({ maxLength: 4096 })),
    evm_signature: Type.Optional(Type.String({ maxLength: 256 })),
    expires_in: Type.Optional(Type.Integer()),
  },
  open,
);
export type CreateSubkeyBody = Static<typeof CreateSubkeyBody>;

export const ActivateSubkeyBody = Type.Object(
  {
    account_id: Type.String(),
    public_key: Type.String(),
    timestamp: Type.Integer(),
    signature: SignaturePair,
    name: Type.Optional(Type.String()),
  },
  open,
);
export type ActivateSubkeyBody = Static<typeof ActivateSubkeyBody>;
export const ActivatedSubkeyWire = Type.Object({ encrypted_key: Type.String() });

export const RenameSubkeyBody = Type.Object({ name: Type.String() }, open);
export const RevokedSubkeyWire = Type.Object({ public_key: Type.String() });
