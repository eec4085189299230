// IP addresses as text, read and written. Strict: one machine must not be one address to us and another to somebody else, so octal,
// hexadecimal and short IPv4, zone ids, ports, brackets and blanks are no addresses. Imports nothing, as browsers run it too.

const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const dottedDecimal = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`);
const hexGroup = /^[0-9A-Fa-f]{1,4}$/;
const GROUPS = 8;

/** Below 2^32; undefined unless the text is four octets in decimal without leading zeros, which is also its canonical text. */
export function ipv4Value(text: string): number | undefined {
  if (!dottedDecimal.test(text)) return undefined;
  let value = 0;
  for (const part of text.split('.')) value = value * 256 + Number(part);
  return value;
}

export const ipv4Text = (value: number): string =>
  `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`;

/** Below 2^128; undefined unless the text is one of the three forms of RFC 4291 section 2.2. */
export function ipv6Value(text: string): bigint | undefined {
  const groups = text.includes('.') ? withoutDots(text) : text;
  if (groups === undefined) return undefined;
  const [head = '', tail, more] = groups.split('::');
  if (more !== undefined) return undefined;
  const left = head === '' && tail !== undefined ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = GROUPS - left.length - right.length;
  // `::` stands for one group at least.
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined;
  let digits = '0x';
  for (const group of left) {
    if (!hexGroup.test(group)) return undefined;
    digits += group.padStart(4, '0');
  }
  digits += '0000'.repeat(zeros);
  for (const group of right) {
    if (!hexGroup.test(group)) return undefined;
    digits += group.padStart(4, '0');
  }
  return BigInt(digits);
}

/** The dotted quad at the end as the two groups that it stands for. */
function withoutDots(text: string): string | undefined {
  const dotted = text.lastIndexOf(':') + 1;
  const value = ipv4Value(text.slice(dotted));
  if (value === undefined) return undefined;
  return `${text.slice(0, dotted)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

/** RFC 5952: small letters, no leading zeros, the first longest run of two or more zero groups written `::`. */
export function ipv6Text(value: bigint): string {
  const groups = Array.from({ length: GROUPS }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  let start = 0;
  let length = 1;
  for (let from = 0; from < GROUPS; from += 1) {
    let to = from;
    while (groups[to] === '0') to += 1;
    if (to - from > length) {
      start = from;
      length = to - from;
    }
  }
  if (length === 1) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}
