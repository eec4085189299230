// Which compressed form of a file a client takes (RFC 9110 section 12.5.3).

export type Coding = 'br' | 'gzip';

/** Smallest first. */
const codings: readonly Coding[] = ['br', 'gzip'];

/** `accepted`: Accept-Encoding; of the `offered` codings the smallest that it names and does not refuse with q=0. */
export function takenCoding(accepted = '', offered: readonly Coding[] = codings): Coding | undefined {
  const named = accepted.split(',').flatMap((entry) => {
    const [coding = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    return parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter)) ? [] : [coding];
  });
  return codings.find((coding) => offered.includes(coding) && named.includes(coding));
}
