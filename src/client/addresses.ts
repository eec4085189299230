// What entries of allowed_cidrs mean, by the server's own reading: a form says yes exactly when the server does.
import { allows, covers, entriesOf, parseAllowlist, parseCidr, parseIp } from '../domain/allowlist.ts';
import { ipv4Text, ipv6Text } from '../domain/ip-text.ts';

export interface AddressRange {
  /** `network/prefix`, as it will be stored and answered. */
  readonly text: string;
  /** Its first and last address, as text. */
  readonly from: string;
  readonly to: string;
}

/** What an address or `address/prefix` stands for; undefined where the server refuses it. */
export function addressRange(entry: string): AddressRange | undefined {
  const read = parseCidr(entry);
  if (!read.ok) return undefined;
  const { family, first, last, text } = read.range;
  const shown = (value: bigint): string => (family === 4 ? ipv4Text(Number(value)) : ipv6Text(value));
  return { text, from: shown(first), to: shown(last) };
}

/** A list as it will be stored, each range once; undefined where the server refuses it. Empty is anywhere. */
export function storedAddresses(entries: readonly string[]): string[] | undefined {
  const read = parseAllowlist(entries);
  return read.ok ? entriesOf(read.list) : undefined;
}

/**
 * Whether whoever `narrower` lets in is let in by `wider` too: only then does a change from `wider` to `narrower` need no main key. Empty is
 * anywhere. False where either is no list.
 */
export function coversAddresses(wider: readonly string[], narrower: readonly string[]): boolean {
  const [from, to] = [parseAllowlist(wider), parseAllowlist(narrower)];
  return from.ok && to.ok && covers(from.list, to.list);
}

/** Whether a list lets an address in. Empty is anywhere. False where either cannot be read. */
export function allowsAddress(list: readonly string[], address: string): boolean {
  const [read, ip] = [parseAllowlist(list), parseIp(address)];
  return read.ok && ip !== undefined && allows(read.list, ip);
}
