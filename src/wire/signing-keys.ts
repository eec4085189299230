// JWT signing keys as the operator sees them: public halves only.
import Type, { type Static } from 'typebox';
import { BigInteger } from './common.ts';

export const SigningKeyWire = Type.Object({
  kid: Type.String(),
  use: Type.String(),
  state: Type.String(),
  /** Times are nanoseconds. */
  created_at: BigInteger,
  /** While published: when it begins to sign; else 0. */
  signs_from: BigInteger,
  /** While verifying: when it retires; else 0. */
  verify_until: BigInteger,
});
export type SigningKeyWire = Static<typeof SigningKeyWire>;

export const RetiredKeyWire = Type.Object({
  ...SigningKeyWire.properties,
  /** Tokens that this ended; 0 when the key was retired already. */
  revoked_tokens: Type.Integer(),
});
export const WouldEndWire = Type.Object({
  ...SigningKeyWire.properties,
  /** Tokens it signed that are still accepted. Sessions and terminal tokens are not stored: counted from the audit log. */
  tokens: Type.Integer(),
  sessions: Type.Integer(),
  terminal_tokens: Type.Integer(),
});

export const SigningKeyListWire = Type.Object({ results: Type.Array(SigningKeyWire) });
