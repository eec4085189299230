// The wire form of subkeys (docs/wire.md section 6).
import Type, { type Static } from 'typebox';
import {
  AccountId,
  AccountIdText,
  AllowedCidrs,
  AllowedCidrsWire,
  BigInteger,
  closed,
  described,
  evmSignatureText,
  feltText,
  lastUseMembers,
  NameText,
  NameWire,
  NextCursor,
  oneOf,
  open,
  PublicKeyText,
  PublicKeyWire,
  pageMembers,
  RevokedAtWire,
  Seconds,
  SHOWN,
  SignaturePair,
  UnixNanosWire,
} from './common.ts';

export const SubkeyWire = Type.Object(
  {
    account_id: AccountId,
    public_key: PublicKeyWire,
    name: NameWire,
    state: described(
      oneOf(['active', 'pending', 'revoked', 'expired']),
      'What it is now. Expired: past expires_at, or not activated in time.',
    ),
    id: BigInteger,
    allowed_cidrs: AllowedCidrsWire,
    created_at: UnixNanosWire,
    updated_at: UnixNanosWire,
    revoked_at: RevokedAtWire,
    expires_at: described(BigInteger, 'Unix nanoseconds; 0 = never. Not in Paradex.'),
    ...lastUseMembers,
  },
  closed,
);
export type SubkeyWire = Static<typeof SubkeyWire>;

export const SubkeyListWire = Type.Object({ results: Type.Array(SubkeyWire), next: NextCursor }, closed);

export const SubkeyListQuery = Type.Object(
  {
    with_revoked: Type.Optional(Type.String({ description: 'true or 1: revoked subkeys too.' })),
    include_revoked: Type.Optional(Type.String({ description: 'As with_revoked.' })),
    ...pageMembers,
  },
  open,
);

const encryptedKey = 'The private key of a pending subkey, encrypted by its maker: opaque to the server.';

export const CreateSubkeyBody = Type.Object(
  {
    name: NameText,
    public_key: PublicKeyText,
    state: Type.Optional(
      Type.String({
        description: 'What is asked for: active (default), or pending until it is activated.',
        [SHOWN]: { enum: ['active', 'pending'] },
      }),
    ),
    encrypted_key: Type.Optional(Type.String({ maxLength: 4096, description: encryptedKey })),
    eph_public_key: Type.Optional(
      Type.String({ ...feltText, description: 'Stark public key whose holder may activate the pending subkey.' }),
    ),
    allowed_cidrs: Type.Optional(AllowedCidrs),
    signature: Type.Optional(SignaturePair),
    signature_timestamp: Type.Optional(described(Seconds, 'Unix seconds.')),
    signature_expiry: Type.Optional(described(Seconds, 'Unix seconds, at most 600 after signature_timestamp.')),
    siwe_message: Type.Optional(
      Type.String({ maxLength: 4096, description: 'The EIP-4361 message itself, not base64.' }),
    ),
    evm_signature: Type.Optional(
      Type.String({ maxLength: 256, ...evmSignatureText, description: '0x hex of 65 bytes, over siwe_message.' }),
    ),
    expires_in: Type.Optional(
      described(Seconds, 'Seconds until the subkey expires; 0 or left out = never. Not in Paradex.'),
    ),
    pending_expires_in: Type.Optional(
      described(
        Seconds,
        'Of a pending one: seconds in which it may be activated, 30 to subkeys.pending_life, which is also the default. Not in Paradex.',
      ),
    ),
  },
  open,
);
export type CreateSubkeyBody = Static<typeof CreateSubkeyBody>;

export const ActivateSubkeyBody = Type.Object(
  {
    account_id: AccountIdText,
    public_key: PublicKeyText,
    timestamp: described(Seconds, 'When it was signed, in unix seconds.'),
    signature: SignaturePair,
    name: Type.Optional(NameText),
  },
  open,
);
export type ActivateSubkeyBody = Static<typeof ActivateSubkeyBody>;
export const ActivatedSubkeyWire = Type.Object({ encrypted_key: Type.String({ description: encryptedKey }) }, closed);

export const RenameSubkeyBody = Type.Object({ name: NameText }, open);
export const RevokedSubkeyWire = Type.Object({ public_key: PublicKeyWire }, closed);
