// The parts of wire schemas. Integers above 2^53 are bigint here and bare digits on the wire.
import Type, { type TSchema } from 'typebox';
import { MAX_ALLOWLIST_ENTRIES } from '../domain/allowlist.ts';

/**
 * `{ [SHOWN]: ... }` in the options of a schema: what openapi.json says more of a member than the validator checks, because a
 * handler checks it with a code and words of its own.
 */
export const SHOWN = 'x-shown';

/** The same schema with words of its own for openapi.json. */
export const described = <T extends TSchema>(schema: T, description: string): T => ({ ...schema, description });

/** Nanoseconds, or a database id: printed as a bare JSON integer without losing digits. */
export const BigInteger = Type.Unsafe<bigint>({ type: 'integer', format: 'int64' });

/** Seconds, as clients write them. */
export const Seconds = Type.Integer({ format: 'int64' });

/** Members that we do not know are ignored in a body, never refused (docs/wire.md section 1). */
export const open = { additionalProperties: true } as const;
/** For answers: they have no other members. */
export const closed = { additionalProperties: false } as const;

export const Empty = Type.Object({}, closed);

/** A number below the Stark prime, as we write it: without leading zeros. */
export const FeltWire = Type.String({ pattern: '^0x(?:0|[1-9a-f][0-9a-f]{0,62})$' });
export const AccountId = described(FeltWire, 'The account: its Starknet address.');
export const PublicKeyWire = described(FeltWire, 'Stark public key, 0x hex.');
export const feltText = { [SHOWN]: { pattern: '^0[xX][0-9a-fA-F]{1,64}$' } };
export const evmSignatureText = { [SHOWN]: { pattern: '^0[xX][0-9a-fA-F]{130}$' } };

/** Texts that a handler reads as a felt, with codes of its own. */
export const AccountIdText = Type.String({ ...feltText, description: 'The account: its Starknet address.' });
export const PublicKeyText = Type.String({ ...feltText, description: 'Stark public key, 0x hex.' });

const nameDescription = '1 to 64 characters, for people.';
/** Names have forbidden characters and need a visible one; a schema can only say the length. */
export const NameText = Type.String({ [SHOWN]: { minLength: 1, maxLength: 64 }, description: nameDescription });
export const NameWire = Type.String({ description: nameDescription });

export const UnixNanosWire = described(BigInteger, 'Unix nanoseconds.');
export const RevokedAtWire = described(BigInteger, 'Unix nanoseconds; 0 = not revoked.');
export const ValidAfterWire = described(
  BigInteger,
  'Unix nanoseconds. Sessions and login signatures made at or before it are dead.',
);
export const LookupIdWire = Type.String({ description: 'Id of the token: a UUID, and the jti of the JWT.' });
export const NextCursor = Type.Union([Type.String(), Type.Null()], {
  description: 'The cursor of the next page; null on the last one. Not in Paradex.',
});

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  Type.Unsafe<Values[number]>({ type: 'string', enum: values });

const allowedCidrsDescription = `IP addresses and CIDR ranges that it may be used from, at most ${MAX_ALLOWLIST_ENTRIES}. Empty = anywhere.`;
export const AllowedCidrs = Type.Array(Type.String({ maxLength: 64 }), {
  [SHOWN]: { maxItems: MAX_ALLOWLIST_ENTRIES },
  description: allowedCidrsDescription,
});
export const AllowedCidrsWire = Type.Array(Type.String(), { description: allowedCidrsDescription });

export const AllowedCidrsBody = Type.Object({ allowed_cidrs: AllowedCidrs }, open);

/** The parser of signatures refuses another number of strings or another form, with its own code. */
export const SignaturePair = Type.Array(Type.String(), {
  [SHOWN]: { minItems: 2, maxItems: 2 },
  description: 'Two strings r and s, decimal or 0x hex.',
});

/** Members of answers about a credential that can be used. */
export const lastUseMembers = {
  last_used_at: described(
    BigInteger,
    'When a request of it was last allowed, in unix nanoseconds; 0 = never, or not kept. Not in Paradex.',
  ),
  last_used_ip: Type.String({
    description: 'From which address that request came; empty when unknown. Not in Paradex.',
  }),
};

/** Query members of a list. */
export const pageMembers = {
  limit: Type.Optional(
    Type.String({ [SHOWN]: { pattern: '^(?:|[0-9]{1,3})$' }, description: 'Rows per page, 1 to 500; default 100.' }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 96, description: 'The next of the page before.' })),
};
