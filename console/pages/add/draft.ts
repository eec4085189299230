// What was typed into the form of a new key, read into what is asked of the server.
import type { About } from '../../../src/client/shapes.ts';
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { type AddressChoice, choiceOf, listOf, undecided } from '../../words/addresses.ts';
import { nameOf, nameProblem } from '../../words/names.ts';
import type { SnippetKind } from '../../words/snippets.ts';
import { type End, readEnd, usualEnd } from './ends.ts';

/** Where a subkey's private key will be: made in this page, on its way to a phone, or with whoever made the public key. */
export type Place = 'here' | 'phone' | 'elsewhere';

export interface Draft {
  readonly name: string;
  readonly end: End;
  /** Of the end that is exact: `2026-12-28T14:03`, in the reader's zone. */
  readonly date: string;
  readonly from: AddressChoice;
  readonly place: Place;
  /** Of the place that is elsewhere. */
  readonly publicKey: string;
}

/** Why no key can be handed to a phone; undefined: it can. */
export function noPhoneBecause({ hand_off, console_url }: Pick<About, 'hand_off' | 'console_url'>): string | undefined {
  if (!hand_off.on) return 'Your venue has switched this off.';
  const isForPhones = console_url !== null && !isOnThisMachine(new URL(console_url).hostname);
  return isForPhones ? undefined : 'This page has no address a phone can open (console.url).';
}

/** On a phone these names are the phone. */
const isOnThisMachine = (host: string): boolean =>
  /(?:^|\.)localhost\.?$/.test(host) || /^127\.[0-9.]+$/.test(host) || host === '[::1]';

/** `like`: a key whose name and addresses are taken over. */
export const newDraft = (kind: SnippetKind, like?: Pick<ListedKey, 'name' | 'worksFrom'>): Draft => ({
  name: like?.name ?? '',
  end: usualEnd[kind],
  date: '',
  from: like === undefined ? undecided : choiceOf(like.worksFrom),
  place: 'here',
  publicKey: '',
});

export const isSameDraft = (one: Draft, other: Draft): boolean =>
  one.name === other.name &&
  one.end === other.end &&
  one.date === other.date &&
  one.from.from === other.from.from &&
  one.from.text === other.from.text &&
  one.place === other.place &&
  one.publicKey === other.publicKey;

/** Sentences. Of the addresses their box says what is wrong itself. */
export interface DraftProblems {
  readonly name?: string | undefined;
  readonly end?: string | undefined;
  readonly publicKey?: string | undefined;
}

export interface AskedKey {
  readonly name: string;
  /** Seconds; 0: no end. */
  readonly seconds: number;
  readonly addresses: readonly string[];
  /** Of the place that is elsewhere. */
  readonly publicKey: string;
}

export interface ReadDraft {
  readonly problems: DraftProblems;
  /** Undefined while anything is wrong. */
  readonly asked: AskedKey | undefined;
}

/** `most`: entries that a list of addresses may have. */
export function readDraft(draft: Draft, nowMs: number, most: number): ReadDraft {
  const publicKey = draft.publicKey.trim();
  const end = readEnd(draft.end, draft.date, nowMs);
  const addresses = listOf(draft.from, most);
  const problems: DraftProblems = {
    name: nameProblem(draft.name),
    end: end.problem,
    publicKey: draft.place === 'elsewhere' ? publicKeyProblem(publicKey) : undefined,
  };
  const isWrong = Object.values(problems).some((problem) => problem !== undefined);
  if (isWrong || addresses === undefined || end.seconds === undefined) return { problems, asked: undefined };
  return { problems, asked: { name: nameOf(draft.name), seconds: end.seconds, addresses, publicKey } };
}

export const NO_PUBLIC_KEY = 'That is not a Starknet public key.';

/** The server tells whether it is a point of the curve. */
function publicKeyProblem(text: string): string | undefined {
  if (text === '') return 'Paste the public key.';
  return /^0x0*[1-9a-f][0-9a-f]{0,63}$/i.test(text) && text.length <= 66 ? undefined : NO_PUBLIC_KEY;
}
