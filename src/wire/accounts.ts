// Accounts as the operator sees them.
import Type, { type Static } from 'typebox';
import { BigInteger } from './common.ts';
import { DeviceWire } from './devices.ts';
import { ReceiptWire } from './receipt.ts';
import { SubkeyWire } from './subkeys.ts';
import { ApiTokenWire } from './tokens.ts';

export const AccountWire = Type.Object({
  account: Type.String(),
  signer_type: Type.String(),
  /** The main public key, or the wallet's address. */
  signer: Type.String(),
  locked: Type.Boolean(),
  /** Times are nanoseconds; 0 = not locked, or never signed out. */
  locked_at: BigInteger,
  valid_after: BigInteger,
  created_at: BigInteger,
});
export type AccountWire = Static<typeof AccountWire>;

export const AccountListWire = Type.Object({
  results: Type.Array(AccountWire),
  next: Type.Union([Type.String(), Type.Null()]),
});
/** On the public API a token's state follows from its times; the operator's table names it. */
export const TokenWire = Type.Object({
  ...ApiTokenWire.properties,
  state: Type.Enum(['issued', 'expired', 'revoked']),
});
export const AccountDetailWire = Type.Object({
  ...AccountWire.properties,
  subkeys: Type.Array(SubkeyWire),
  tokens: Type.Array(TokenWire),
  devices: Type.Array(DeviceWire),
  /** True when there are more of a kind than are shown. */
  more: Type.Boolean(),
});
export const LockedWire = Type.Object({ ...AccountWire.properties, receipt: ReceiptWire });
