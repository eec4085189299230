// The pieces wire schemas are made of. Integers above 2^53 are bigint here and bare digits on the wire (WIRE section 11).
import Type from 'typebox';
import { MAX_ALLOWLIST_ENTRIES } from '../domain/allowlist.ts';

/**
 * `{ [SHOWN]: ... }` in the options of a schema: what openapi.json says more of a member than the validator checks, because a
 * handler checks it with a code and words of its own.
 */
export const SHOWN = 'x-shown';

/** Nanoseconds, or a database id: printed as a bare JSON integer without losing digits. */
export const BigInteger = Type.Unsafe<bigint>({ type: 'integer', format: 'int64' });

/** Seconds, as clients write them. */
export const Seconds = Type.Integer({ format: 'int64' });

/** Bodies may carry members we do not know (WIRE section 0): they are ignored, never refused. */
export const open = { additionalProperties: true } as const;
/** Of answers: nothing else is in them. */
export const closed = { additionalProperties: false } as const;

export const Empty = Type.Object({}, closed);

/** A number below the Stark prime, as we write it: without leading zeros. */
export const FeltWire = Type.String({ pattern: '^0x(?:0|[1-9a-f][0-9a-f]{0,62})$' });
export const feltText = { [SHOWN]: { pattern: '^0[xX][0-9a-fA-F]{1,64}$' } };
export const evmSignatureText = { [SHOWN]: { pattern: '^0[xX][0-9a-fA-F]{130}$' } };

/** Characters that no name may hold, and at least one that is seen: only the count can be told in a schema. */
export const NameText = Type.String({ [SHOWN]: { minLength: 1, maxLength: 64 } });

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  Type.Unsafe<Values[number]>({ type: 'string', enum: values });

export const AllowedCidrs = Type.Array(Type.String({ maxLength: 64 }), {
  [SHOWN]: { maxItems: MAX_ALLOWLIST_ENTRIES },
});

export const AllowedCidrsBody = Type.Object({ allowed_cidrs: AllowedCidrs }, open);

/** Two of them, and of which form, is for the signature's own parser to say, with its own code. */
export const SignaturePair = Type.Array(Type.String(), { [SHOWN]: { minItems: 2, maxItems: 2 } });

/** Query members of a list. */
export const pageMembers = {
  limit: Type.Optional(Type.String({ [SHOWN]: { pattern: '^(?:|[0-9]{1,3})$' } })),
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
};
