// The wire form of subkeys (WIRE section 4).
import Type, { type Static } from 'typebox';
import {
  AllowedCidrs,
  BigInteger,
  closed,
  evmSignatureText,
  FeltWire,
  feltText,
  NameText,
  oneOf,
  open,
  pageMembers,
  Seconds,
  SHOWN,
  SignaturePair,
} from './common.ts';

export const SubkeyWire = Type.Object(
  {
    account_id: FeltWire,
    public_key: FeltWire,
    name: Type.String(),
    state: oneOf(['active', 'pending', 'revoked', 'expired']),
    id: BigInteger,
    allowed_cidrs: Type.Array(Type.String()),
    created_at: BigInteger,
    updated_at: BigInteger,
    revoked_at: BigInteger,
    /** Ours: 0 = never. */
    expires_at: BigInteger,
  },
  closed,
);
export type SubkeyWire = Static<typeof SubkeyWire>;

export const SubkeyListWire = Type.Object(
  { results: Type.Array(SubkeyWire), next: Type.Union([Type.String(), Type.Null()]) },
  closed,
);

export const SubkeyListQuery = Type.Object(
  {
    with_revoked: Type.Optional(Type.String()),
    include_revoked: Type.Optional(Type.String()),
    ...pageMembers,
  },
  open,
);

export const CreateSubkeyBody = Type.Object(
  {
    name: NameText,
    public_key: Type.String(feltText),
    state: Type.Optional(
      Type.String({
        description: 'What is asked for: active (default), or pending until it is activated.',
        [SHOWN]: { enum: ['active', 'pending'] },
      }),
    ),
    encrypted_key: Type.Optional(Type.String({ maxLength: 4096 })),
    eph_public_key: Type.Optional(Type.String(feltText)),
    allowed_cidrs: Type.Optional(AllowedCidrs),
    signature: Type.Optional(SignaturePair),
    signature_timestamp: Type.Optional(Seconds),
    signature_expiry: Type.Optional(Seconds),
    siwe_message: Type.Optional(Type.String({ maxLength: 4096 })),
    evm_signature: Type.Optional(Type.String({ maxLength: 256, ...evmSignatureText })),
    expires_in: Type.Optional(Seconds),
  },
  open,
);
export type CreateSubkeyBody = Static<typeof CreateSubkeyBody>;

export const ActivateSubkeyBody = Type.Object(
  {
    account_id: Type.String(feltText),
    public_key: Type.String(feltText),
    timestamp: Seconds,
    signature: SignaturePair,
    name: Type.Optional(NameText),
  },
  open,
);
export type ActivateSubkeyBody = Static<typeof ActivateSubkeyBody>;
export const ActivatedSubkeyWire = Type.Object({ encrypted_key: Type.String() }, closed);

export const RenameSubkeyBody = Type.Object({ name: NameText }, open);
export const RevokedSubkeyWire = Type.Object({ public_key: FeltWire }, closed);
