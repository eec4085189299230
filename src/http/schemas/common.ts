// The pieces wire schemas are made of. Integers above 2^53 are bigint here and bare digits on the wire (WIRE section 11).
import Type from 'typebox';

/** Nanoseconds, or a database id: printed as a bare JSON integer without losing digits. */
export const BigInteger = Type.Unsafe<bigint>({ type: 'integer' });

/** Bodies may carry members we do not know (WIRE section 0): they are ignored, never refused. */
export const open = { additionalProperties: true } as const;

export const Empty = Type.Object({}, { additionalProperties: false });

export const AllowedCidrs = Type.Array(Type.String({ maxLength: 64 }));

export const AllowedCidrsBody = Type.Object({ allowed_cidrs: AllowedCidrs }, open);

/** Two of them, and of which form, is for the signature's own parser to say, with its own code. */
export const SignaturePair = Type.Array(Type.String());
