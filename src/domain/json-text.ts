// JSON with integers of any size: nanoseconds are bigint here and plain digits on the wire.

declare global {
  interface JSON {
    /** A value that JSON.stringify writes as this very text (ECMAScript proposal "JSON.parse source text access"; V8 has it). */
    rawJSON(text: string): unknown;
  }
}

/** As JSON.stringify, but a bigint is written as an integer. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'bigint' ? JSON.rawJSON(member.toString()) : member,
  );

export const isJsonObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
