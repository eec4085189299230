// What is written into the box of addresses: read into entries, or told line by line, all at once, why it cannot be one.
import { addressRange, allowsAddress, coversAddresses, storedAddresses } from '../../src/client/addresses.ts';

/** Neither at first: the owner decides. The text stays while the other is chosen. */
export interface AddressChoice {
  readonly from: 'anywhere' | 'listed' | undefined;
  readonly text: string;
}

export const undecided: AddressChoice = { from: undefined, text: '' };

export interface Problem {
  /** From 1; undefined: of the whole box. */
  readonly line: number | undefined;
  readonly words: string;
}

export interface ReadBox {
  /** As they will be stored, each once, in the order written; undefined where the server would refuse them. */
  readonly entries: readonly string[] | undefined;
  /** One for each entry that is none, and one when they are too many, or none. */
  readonly problems: readonly Problem[];
  /** Sentences on what is accepted and means more than is written. */
  readonly meanings: readonly string[];
}

const EMPTY = 'An empty list would let nobody in. Choose Anywhere if you mean that.';
const MOST_SHOWN = 50;

interface Entry {
  readonly line: number;
  readonly text: string;
}

/** Commas, blanks and line breaks separate; `#` begins a remark, to the end of its line. */
export function entriesIn(text: string): readonly Entry[] {
  return text
    .split(/\r\n|\r|\n|\u2028|\u2029/)
    .flatMap((line, index) =>
      (line.split('#')[0] ?? '')
        .split(/[\s,]+/)
        .flatMap((entry) => (entry === '' ? [] : [{ line: index + 1, text: entry }])),
    );
}

/** @param most entries that a list may have, those that are written twice counted twice, as the server counts. */
export function readBox(text: string, most: number): ReadBox {
  const entries = entriesIn(text);
  const problems: Problem[] = entries.flatMap(({ line, text: entry }) =>
    addressRange(entry) === undefined ? [{ line, words: `Line ${line}: ${causeOf(entry)}` }] : [],
  );
  if (entries.length > most) problems.push({ line: undefined, words: `At most ${most}; there are ${entries.length}.` });
  if (entries.length === 0) problems.push({ line: undefined, words: EMPTY });
  const stored = problems.length === 0 ? storedAddresses(entries.map((entry) => entry.text)) : undefined;
  return { entries: stored, problems, meanings: [...new Set(entries.flatMap((entry) => meaningOf(entry.text)))] };
}

/** The list to send: `[]` is anywhere; undefined where nothing is chosen, or the box cannot be sent. */
export function listOf(choice: AddressChoice, most: number): readonly string[] | undefined {
  if (choice.from === undefined) return undefined;
  return choice.from === 'anywhere' ? [] : readBox(choice.text, most).entries;
}

/** A list of the server as the box and its chips show it. */
export const choiceOf = (list: readonly string[]): AddressChoice =>
  list.length === 0 ? { from: 'anywhere', text: '' } : { from: 'listed', text: list.map(shownRange).join('\n') };

/** One address without its length: `203.0.113.7/32` is 203.0.113.7. */
export function shownRange(range: string): string {
  const { from, to } = addressRange(range) ?? {};
  return from !== undefined && from === to ? from : range;
}

/** The box with one more line; as it is when the address is let in already. */
export function withAddress(text: string, address: string): string {
  const entries = entriesIn(text).map((entry) => entry.text);
  const isIn = entries.some((entry) => addressRange(entry) !== undefined && allowsAddress([entry], address));
  if (isIn) return text;
  const before = text.trimEnd();
  return before === '' ? address : `${before}\n${address}`;
}

const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
];

export const isPrivate = (range: string): boolean => coversAddresses(PRIVATE, [range]);

/** The ranges of a list that no machine outside comes from, where this reader comes from outside. */
export const privateOnes = (list: readonly string[], current: string | undefined): readonly string[] =>
  current === undefined || isPrivate(current) ? [] : list.filter(isPrivate);

export interface AddressChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Nobody is let in who was not before: the device may do it. */
  readonly isNarrower: boolean;
  readonly isSame: boolean;
}

/** From one list of the server to another; `Anywhere` stands among the added or removed as a word. */
export function changeOf(before: readonly string[], after: readonly string[]): AddressChange {
  const words = (list: readonly string[]): readonly string[] =>
    list.length === 0 ? ['Anywhere'] : list.map(shownRange);
  const [old, next] = [words(before), words(after)];
  const added = next.filter((one) => !old.includes(one));
  const removed = old.filter((one) => !next.includes(one));
  return {
    added,
    removed,
    isNarrower: coversAddresses(before, after),
    isSame: added.length === 0 && removed.length === 0,
  };
}

/** For a cell: `Anywhere`, the one range, or their number. A list that the server cannot read lets nobody in. */
export function worksFromWords(list: readonly string[]): string {
  const [first] = list;
  if (first === undefined) return 'Anywhere';
  if (list.length > 1) return `${list.length} ranges`;
  return addressRange(first) === undefined ? 'Nowhere: the list is damaged' : shownRange(first);
}

function meaningOf(entry: string): readonly string[] {
  const range = addressRange(entry);
  const [written = '', prefix] = entry.split('/');
  if (range === undefined || prefix === undefined || addressRange(written)?.from === range.from) return [];
  return [`${entry} means ${range.from} to ${range.to}`];
}

/** Of an entry that is none. What a reader cannot see is shown as a sign, so that it cannot turn the sentence around. */
function causeOf(entry: string): string {
  const cut = [...entry].slice(0, MOST_SHOWN);
  const shown = `${cut.join('').replace(/\p{C}/gu, '\ufffd')}${cut.length < [...entry].length ? '…' : ''}`;
  if (/\p{C}/u.test(entry)) return `${shown} has a hidden character. Type it anew.`;
  const [address = '', ...after] = entry.split('/');
  if (address.includes('%')) return `${shown} names a network card after the %. Leave that out.`;
  if (after.length > 0 && addressRange(address) !== undefined)
    return `${shown}: ${prefixCause(address, after.join('/'))}`;
  const because = addressCause(address);
  return because === undefined ? `${shown} is not an address.` : `${shown} is not an address. ${because}`;
}

function prefixCause(address: string, prefix: string): string {
  const isMapped = address.includes(':') && !addressRange(address)?.from.includes(':');
  const most = address.includes(':') ? 128 : 32;
  if (prefix === '') return 'the number after the slash is missing.';
  if (!/^[0-9]+$/.test(prefix)) return 'after the slash stands one number, as in 203.0.113.0/24.';
  if (/^0[0-9]/.test(prefix)) return 'the number after the slash has no zero in front.';
  if (isMapped && Number(prefix) <= most) return 'write the IPv4 range instead, as in 203.0.113.0/24.';
  return `the number after the slash goes up to ${most}.`;
}

function addressCause(address: string): string | undefined {
  if (address.includes('[') || address.includes(']')) return 'Leave out the brackets.';
  if (/^[0-9.]+:[0-9]+$/.test(address)) return 'Leave out the port.';
  if (/^[0-9.]+-[0-9.]+$/.test(address)) return 'Write a range as 203.0.113.0/24.';
  if (/^[0-9.]+$/.test(address)) return dottedCause(address.split('.'));
  if (address.includes(':')) return undefined;
  return /[\p{L}]/u.test(address) ? 'A name is none: write the numbers.' : undefined;
}

function dottedCause(parts: readonly string[]): string {
  if (parts.length !== 4 || parts.includes('')) return 'It has four parts, as in 203.0.113.7.';
  if (parts.some((part) => Number(part) > 255)) return 'Each part goes up to 255.';
  return 'No part has a zero in front.';
}
