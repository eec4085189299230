// Credentials of any account as the operator finds and ends them.
import Type, { type Static } from 'typebox';
import { credentialKinds } from '../domain/kinds.ts';
import { BigInteger, lastUseMembers } from './common.ts';
import { ReceiptWire } from './receipt.ts';

export const RowWire = Type.Object({
  at: BigInteger,
  action: Type.String(),
  actor: Type.String(),
  request_id: Type.String(),
  client_ip: Type.String(),
});
export const AddressWire = Type.Object({
  address: Type.String(),
  first_at: BigInteger,
  last_at: BigInteger,
  allowed: Type.Integer(),
  refused: Type.Integer(),
});
const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** No union: the serializer picks a member of a union by its type, and a bigint has none. */
const objectOrNull = <T extends Type.TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, nullable: true });
const credential = {
  account: Type.String(),
  account_locked: Type.Boolean(),
  kind: Type.Enum([...credentialKinds]),
  /** As logs and audit rows name it within its account: `subkey:42`. */
  credential: Type.String(),
  /** As the subjects of audit rows name it: unique over all accounts. */
  subject: Type.String(),
  /** A public key, a wallet's address or a lookup_id; empty when the credential is deleted. */
  label: Type.String(),
  name: Type.String(),
  state: Type.Enum(['active', 'pending', 'issued', 'expired', 'revoked', 'gone']),
  allowed_cidrs: Type.Array(Type.String()),
  /** Times are nanoseconds; 0 = never, or not known. */
  created_at: BigInteger,
  expires_at: BigInteger,
  revoked_at: BigInteger,
  ...lastUseMembers,
};
export const CredentialWire = Type.Object({
  ...credential,
  /** The row of the audit log that ended it. */
  ended_by: objectOrNull(RowWire),
  /** Where it was used from, newest first; of those that an address was asked for, that one alone. */
  addresses: Type.Array(AddressWire),
  /** Its actions from the address in question, in the rows of this page; null when there are none. */
  seen: objectOrNull(Type.Object({ rows: Type.Integer(), newest: RowWire, oldest: RowWire })),
});
export type CredentialWire = Static<typeof CredentialWire>;

export const BearerWire = Type.Object({
  /** False: no key of ours signed this text, so its claims prove nothing. */
  verified: Type.Boolean(),
  /** Why a request with it is refused from any address; null when it works. */
  refusal: orNull(Type.String()),
  kid: orNull(Type.String()),
  session: orNull(Type.String()),
  issued_at: BigInteger,
  expires_at: BigInteger,
});
export const FoundWire = Type.Object({
  results: Type.Array(CredentialWire),
  bearer: objectOrNull(BearerWire),
  /** Continues what an address did: further credentials, then older rows. */
  next: orNull(Type.String()),
});
export const RevokedWire = Type.Object({
  /** False: it was revoked already, and nothing was done. */
  revoked: Type.Boolean(),
  result: CredentialWire,
  receipt: ReceiptWire,
});
