// From which addresses a credential may be used: strict parsing once, then matching on integers.
// A list that cannot be read back refuses everything; it must never come to mean "anywhere".
import { ipv4Text, ipv4Value, ipv6Text, ipv6Value } from './ip-text.ts';

/** One address. An IPv4-mapped IPv6 address is folded to IPv4 when it is parsed, so one machine is one value. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** Canonical text: dotted decimal, or RFC 5952. */
  readonly text: string;
}

/** One CIDR block as the inclusive interval it stands for. */
export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  /** Canonical `network/prefix`, host bits cleared. */
  readonly text: string;
}

export interface Anywhere {
  readonly kind: 'anywhere';
}

/** At least one range, no two of them equal, in the order the owner gave. */
export interface Ranges {
  readonly kind: 'ranges';
  readonly ranges: readonly IpRange[];
}

/** What was stored is not a list we wrote. It allows nobody. */
export interface Damaged {
  readonly kind: 'damaged';
  readonly reason: string;
}

/** A list that may be shown and stored: showing a damaged one as `[]` would call it unrestricted. */
export type UsableAllowlist = Anywhere | Ranges;
export type Allowlist = UsableAllowlist | Damaged;

export type CidrResult =
  | { readonly ok: true; readonly range: IpRange }
  | { readonly ok: false; readonly problem: string };

export type AllowlistResult =
  | { readonly ok: true; readonly list: UsableAllowlist }
  | { readonly ok: false; readonly problem: string };

/** docs/wire.md section 17 "Allowlists". */
export const MAX_ALLOWLIST_ENTRIES = 50;

export const anywhere: Anywhere = { kind: 'anywhere' };

// The longest IPv6 spelling: six groups and a dotted quad.
const MAX_IP_TEXT = 45;
// 50 entries of at most 43 characters with quotes and commas, rounded up.
const MAX_STORED_TEXT = 4096;

/**
 * The address that `text` spells, or `undefined`. Exactly the forms of RFC 4291 and dotted decimal: no zone id, port,
 * bracket, blank, leading zero, octal or hexadecimal IPv4.
 */
export function parseIp(text: string): IpAddress | undefined {
  if (text.length > MAX_IP_TEXT) return undefined;
  const short = ipv4Value(text);
  if (short !== undefined) return { family: 4, value: BigInt(short), text };
  const value = ipv6Value(text);
  if (value === undefined) return undefined;
  return isMapped(value) ? addressOf(4, value & 0xffff_ffffn) : addressOf(6, value);
}

/**
 * The block that `address/prefix` or a bare address spells; host bits are cleared. `::ffff:a.b.c.d/n` is the IPv4 block
 * /n-96; with n under 96 it would silently take in addresses that are not IPv4, so it is refused (docs/wire.md section 17).
 */
export function parseCidr(text: string): CidrResult {
  const slash = text.indexOf('/');
  const addressText = slash === -1 ? text : text.slice(0, slash);
  const ip = parseIp(addressText);
  if (ip === undefined) {
    return addressText.includes('%')
      ? refuse('zone ids are not accepted')
      : refuse('not an IPv4 or IPv6 address (leading zeros, ports, brackets and blanks are not accepted)');
  }
  const writtenBits = addressText.includes(':') ? 128 : 32;
  const prefix = slash === -1 ? writtenBits : parsePrefix(text.slice(slash + 1), writtenBits);
  if (prefix === undefined) return refuse(`the prefix must be a number from 0 to ${writtenBits} without leading zeros`);
  if (ip.family === 6 || writtenBits === 32) return { ok: true, range: rangeOf(ip, prefix) };
  if (prefix < 96) return refuse('an IPv4-mapped block must be /96 or narrower; write the IPv4 block instead');
  return { ok: true, range: rangeOf(ip, prefix - 96) };
}

/**
 * The list an owner asks for; `[]` is anywhere. A problem names the entry, counted from 0, and never repeats its text.
 * The maximum counts entries as sent, duplicates included (docs/wire.md section 17).
 */
export function parseAllowlist(entries: readonly string[]): AllowlistResult {
  if (entries.length === 0) return { ok: true, list: anywhere };
  if (entries.length > MAX_ALLOWLIST_ENTRIES) {
    return refuse(`at most ${MAX_ALLOWLIST_ENTRIES} entries are accepted, got ${entries.length}`);
  }
  const ranges = new Map<string, IpRange>();
  for (const [index, entry] of entries.entries()) {
    const parsed = parseCidr(entry);
    if (!parsed.ok) return refuse(`entry ${index}: ${parsed.problem}`);
    if (!ranges.has(parsed.range.text)) ranges.set(parsed.range.text, parsed.range);
  }
  return { ok: true, list: { kind: 'ranges', ranges: [...ranges.values()] } };
}

/** Whether the list lets this address in. A damaged list lets nobody in. */
export function allows(list: Allowlist, ip: IpAddress): boolean {
  switch (list.kind) {
    case 'anywhere':
      return true;
    case 'ranges':
      return list.ranges.some((range) => contains(range, ip));
    case 'damaged':
      return false;
    default:
      return list satisfies never;
  }
}

/** Whether one block holds the address. An IPv6 block never holds an IPv4 address, `::/0` included. */
export function contains(range: IpRange, ip: IpAddress): boolean {
  return range.family === ip.family && range.first <= ip.value && ip.value <= range.last;
}

/** Whether one of many blocks holds an address, by binary search. */
export function rangeSet(ranges: readonly IpRange[]): (ip: IpAddress) => boolean {
  const of = (family: IpRange['family']) => disjoint(ranges.filter((range) => range.family === family));
  const sorted = { 4: of(4), 6: of(6) };
  return (ip) => {
    const among = sorted[ip.family];
    let [low, high] = [0, among.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = among[middle];
      if (range === undefined || ip.value < range.first) high = middle;
      else if (ip.value > range.last) low = middle + 1;
      else return true;
    }
    return false;
  };
}

/** Sorted. When two CIDR blocks overlap, one contains the other: the inner one is left out. */
function disjoint(ranges: readonly IpRange[]): readonly IpRange[] {
  const kept: IpRange[] = [];
  for (const range of ranges.toSorted((a, b) => compare(a.first, b.first) || compare(b.last, a.last))) {
    const before = kept.at(-1);
    if (before === undefined || range.first > before.last) kept.push(range);
  }
  return kept;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * True only if everyone `narrower` lets in is let in by `wider` too, so that replacing `narrower` by `wider` takes
 * nothing away. Ranges never cover `anywhere`, not even 0.0.0.0/0 with ::/0. A damaged list is unknown, not empty: on either side the
 * answer is false.
 */
export function covers(wider: Allowlist, narrower: Allowlist): boolean {
  if (wider.kind === 'damaged' || narrower.kind === 'damaged') return false;
  if (wider.kind === 'anywhere') return true;
  if (narrower.kind === 'anywhere') return false;
  const sorted = wider.ranges.toSorted((a, b) => compare(a.first, b.first));
  return narrower.ranges.every((range) => {
    let uncovered = range.first;
    for (const { family, first, last } of sorted) {
      if (family === range.family && first <= uncovered && uncovered <= last) uncovered = last + 1n;
    }
    return uncovered > range.last;
  });
}

/** As requests and answers write it: `[]` is anywhere. */
export function entriesOf(list: UsableAllowlist): string[] {
  return list.kind === 'anywhere' ? [] : list.ranges.map((range) => range.text);
}

/** For answers and audit rows: a damaged list reads `damaged`, as `[]` would mean unrestricted. */
export function shownEntries(list: Allowlist): string[] {
  return list.kind === 'damaged' ? ['damaged'] : entriesOf(list);
}

/** The text of the database column: the word `anywhere`, or a JSON array of canonical blocks. */
export function encodeAllowlist(list: UsableAllowlist): string {
  return list.kind === 'anywhere' ? 'anywhere' : JSON.stringify(entriesOf(list));
}

/** Reads back exactly what `encodeAllowlist` writes. Anything else, an empty array or one odd entry included, is damaged. */
export function decodeAllowlist(stored: unknown): Allowlist {
  if (stored === 'anywhere') return anywhere;
  if (typeof stored !== 'string') return damaged('the stored list is not text');
  if (stored.length > MAX_STORED_TEXT) return damaged('the stored list is too long');
  const entries = parseJson(stored);
  if (!isTextArray(entries)) return damaged('the stored list is not a JSON array of strings');
  // On the wire [] means anywhere; the database never stores it, so that something was lost.
  if (entries.length === 0) return damaged('the stored list is empty');
  const parsed = parseAllowlist(entries);
  if (!parsed.ok) return damaged(`the stored list is not valid: ${parsed.problem}`);
  return encodeAllowlist(parsed.list) === stored ? parsed.list : damaged('the stored list is not in canonical form');
}

const refuse = (problem: string) => ({ ok: false, problem }) as const;
const damaged = (reason: string): Damaged => ({ kind: 'damaged', reason });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTextArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function parsePrefix(text: string, max: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const prefix = Number(text);
  return prefix <= max ? prefix : undefined;
}

function rangeOf(ip: IpAddress, prefix: number): IpRange {
  const hostBits = BigInt((ip.family === 4 ? 32 : 128) - prefix);
  const first = (ip.value >> hostBits) << hostBits;
  const last = first + (1n << hostBits) - 1n;
  return { family: ip.family, first, last, text: `${addressOf(ip.family, first).text}/${prefix}` };
}

const addressOf = (family: 4 | 6, value: bigint): IpAddress => ({
  family,
  value,
  text: family === 4 ? ipv4Text(Number(value)) : ipv6Text(value),
});

/** RFC 4291 section 2.5.5.2: ::ffff:0:0/96 and nothing else. */
const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn;
