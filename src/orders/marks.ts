// Which orders were forwarded lately, so that none is forwarded twice. Bounded, in the memory of this process: a restart forgets it.
// Never forgets a mark while the order it stands for could still be accepted, and tells of each when and by which request it was made.

import { hash, randomBytes } from 'node:crypto';
import { type AccountId, type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { kindTable } from '../domain/kinds.ts';

/** An order by what is signed, never by its signature: (r, N-s) verifies too. Made by `of` of the marks that it is for. */
export interface OrderMark {
  /** Of the session. Not part of the digest: an order of an account is the same, whoever sends it. */
  readonly credential: CredentialRef;
  /** Equal for equal orders of one account. For two others with a probability of 2^-96, and nobody can look for such two. */
  readonly digest: Digest;
  /** From this Unix millisecond on, the order is too old to be accepted. Part of what was signed, so one order has one. */
  readonly endsAt: number;
}
type Digest = readonly [number, number, number];

/** How an order was first forwarded. */
export interface FirstSent {
  /** Unix milliseconds. */
  readonly at: number;
  /** The last 32 bits of the request's number. */
  readonly request: number;
}

export interface OrderMarksOptions {
  /** Marks of all accounts together. Each takes at most MARK_BYTES. */
  readonly maxMarks: number;
  readonly maxPerAccount: number;
  /** As many an account may have whenever a place is left. What accounts have beyond that is together at most half of all. */
  readonly guaranteed: number;
  /** What one subkey may have of both: the main key, whose all of it is, must find room beside it. At least one mark. */
  readonly subkeyPercent: number;
}

/**
 * What single orders need, as fast as an account's limit allows: what comes between a mark and the end of its second is a whole
 * bucket and what flows into it meanwhile. At most a twentieth of all, so that it takes ten accounts at least to fill the memory.
 */
export function guaranteedMarks(settings: {
  readonly maxMarks: number;
  readonly ordersPerMinute: number;
  readonly maxAgeSeconds: number;
  readonly futureToleranceSeconds: number;
  /** The most that one order takes. */
  readonly marksPerOrder: number;
}): number {
  const seconds = settings.maxAgeSeconds + settings.futureToleranceSeconds + 1;
  const needed = Math.ceil(settings.marksPerOrder * settings.ordersPerMinute * (1 + seconds / 60));
  return Math.min(needed, Math.floor(settings.maxMarks / 20));
}

export interface OrderMarks {
  /** `signed`: all that is signed besides the account, in one form. */
  of(credential: CredentialRef, signed: string, endsAt: number): OrderMark;
  /** Undefined of an order that is not marked. */
  firstSent(mark: OrderMark): FirstSent | undefined;
  /**
   * Marks all, which are of one credential, or none when there is no room: then false. With what accounts have beyond their guarantee
   * they fill one half, and the other half is filled by no fewer accounts than it has room for guarantees; until then an account
   * below its own always finds room. What a subkey has beyond its part of the guarantee leaves the rest of it to others of its account,
   * the main key among them. The caller has asked `firstSent` in this same turn. `nowMs`: Unix milliseconds. `request`: its number.
   */
  add(marks: readonly OrderMark[], nowMs: number, request: number): boolean;
  stats(nowMs: number): OrderMarksStats;
}

export interface OrderMarksStats {
  /** With those that are over but not yet cleared away. */
  readonly held: number;
  readonly capacity: number;
  /** Orders that were not marked for want of room. */
  readonly refused: number;
}

/**
 * By open addressing: in each slot the number of the credential, 0 for none; the digest; how many milliseconds before its end the order
 * was sent; and the last 32 bits of the request's number.
 */
interface Shard {
  slots: Uint32Array;
  used: number;
  /** So many of the lowest bits of the last word are the same in all digests. */
  readonly bits: number;
}
/** Marks that end in one second, by extendible hashing: at the lowest bits of a digest's last word, the shard that it belongs to. */
type Shards = Shard[];

const SLOT_WORDS = 6;
const MAX_WORD = 2 ** 32 - 1;
/** Places in a slot. */
const BEFORE_END = 4;
const REQUEST = 5;
const FIRST_SLOTS = 16;
/** What one turn has to move or to clear away at most, or twice that. */
const MAX_SLOTS = 2 ** 14;
const MAX_LOAD = 3 / 4;
/** A shard that has just grown is half as full as it may be. */
export const MARK_BYTES = (SLOT_WORDS * Uint32Array.BYTES_PER_ELEMENT * 2) / MAX_LOAD;

interface AccountMarks {
  readonly account: AccountId;
  marks: number;
  /** Of them, those within the parts of the guarantee that its credentials have: each of its own, and all together of the whole. */
  within: number;
}

interface CredentialMarks {
  readonly subject: string;
  readonly number: number;
  readonly of: AccountMarks;
  /** Its part of the guarantee. */
  readonly part: number;
  marks: number;
}

/** Every call costs O(marks given), and at most a shard for each that grows and two that are over, however many marks a second has. */
export function createOrderMarks(options: OrderMarksOptions): OrderMarks {
  const { maxMarks, maxPerAccount, guaranteed } = options;
  // Without it somebody could compute two orders with one digest.
  const key = randomBytes(16).toString('base64url');
  // By the second in which they end: a whole second is forgotten at a time.
  const seconds = new Map<number, Shards>();
  /** Of seconds that are over, to be cleared away. */
  const over: Shard[] = [];
  const accounts = new Map<AccountId, AccountMarks>();
  /** Credentials, by subject. */
  const holders = new Map<string, CredentialMarks>();
  /** Nobody has number 0. */
  const byNumber: (CredentialMarks | undefined)[] = [undefined];
  const freeNumbers: number[] = [];
  const maxBeyond = Math.floor(maxMarks / 2);
  let held = 0;
  /** Of them, what accounts have beyond their guarantee. */
  let beyond = 0;
  let refused = 0;
  let swept = 0;

  return {
    of(credential, signed, endsAt) {
      const bytes = hash('sha256', `${key} ${credential.account} ${signed}`, 'buffer');
      return { credential, endsAt, digest: [bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)] };
    },

    firstSent({ digest, endsAt }) {
      const shards = seconds.get(secondOf(endsAt));
      if (shards === undefined) return undefined;
      const { slots } = shardOf(shards, digest);
      const at = slotOf(slots, ...digest);
      if (slots[at] === 0) return undefined;
      return { at: endsAt - (slots[at + BEFORE_END] ?? 0), request: slots[at + REQUEST] ?? 0 };
    },

    add(marks, nowMs, request) {
      sweep(secondOf(nowMs));
      const credential = marks[0]?.credential;
      if (credential === undefined) return true;
      if (!hasRoom(credential, marks.length)) {
        refused += marks.length;
        return false;
      }
      for (const mark of marks) insert(mark, nowMs, request);
      return true;
    },

    stats(nowMs) {
      sweep(secondOf(nowMs));
      return { held, capacity: maxMarks, refused };
    },
  };

  function hasRoom(credential: CredentialRef, more: number): boolean {
    const account = accounts.get(credential.account) ?? { marks: 0, within: 0 };
    const had = holders.get(credentialSubject(credential))?.marks ?? 0;
    const part = partOf(guaranteed, credential);
    const then = {
      marks: account.marks + more,
      within: account.within + Math.min(had + more, part) - Math.min(had, part),
    };
    return (
      then.marks <= maxPerAccount &&
      had + more <= partOf(maxPerAccount, credential) &&
      held + more <= maxMarks &&
      beyond + beyondOf(then) - beyondOf(account) <= maxBeyond
    );
  }

  function partOf(whole: number, { kind }: CredentialRef): number {
    return kindTable[kind].ownShare ? Math.max(1, Math.ceil((whole * options.subkeyPercent) / 100)) : whole;
  }

  function beyondOf({ marks, within }: Pick<AccountMarks, 'marks' | 'within'>): number {
    return marks - Math.min(guaranteed, within);
  }

  /** One mark more or less. */
  function count(holder: CredentialMarks, change: 1 | -1): void {
    const account = holder.of;
    beyond -= beyondOf(account);
    if (Math.max(holder.marks, holder.marks + change) <= holder.part) account.within += change;
    holder.marks += change;
    account.marks += change;
    held += change;
    beyond += beyondOf(account);
  }

  function insert({ credential, digest, endsAt }: OrderMark, nowMs: number, request: number): void {
    const shards = seconds.get(secondOf(endsAt)) ?? [createShard(FIRST_SLOTS, 0)];
    seconds.set(secondOf(endsAt), shards);
    const shard = shardOf(shards, digest);
    if (shard.slots[slotOf(shard.slots, ...digest)] !== 0) return;
    const holder = holderOf(credential);
    // Not below 0, nor beyond a word, wherever the clock has been set meanwhile.
    const beforeEnd = Math.min(Math.max(endsAt - nowMs, 0), MAX_WORD);
    put(shard, holder.number, ...digest, beforeEnd, request);
    count(holder, 1);
    if (shard.used > (shard.slots.length / SLOT_WORDS) * MAX_LOAD) grow(shards, shard, digest);
  }

  function holderOf(credential: CredentialRef): CredentialMarks {
    const subject = credentialSubject(credential);
    const known = holders.get(subject);
    if (known !== undefined) return known;
    const { account } = credential;
    const of = accounts.get(account) ?? { account, marks: 0, within: 0 };
    accounts.set(account, of);
    const number = freeNumbers.pop() ?? byNumber.length;
    const holder = { subject, number, of, part: partOf(guaranteed, credential), marks: 0 };
    holders.set(subject, holder);
    byNumber[number] = holder;
    return holder;
  }

  // Marks lie at most orders.max_age and the future tolerance ahead, so there are few seconds to look at, and only once each.
  function sweep(now: number): void {
    if (now !== swept) {
      swept = now;
      for (const [second, shards] of seconds) {
        if (second >= now) continue;
        seconds.delete(second);
        for (const shard of new Set(shards)) over.push(shard);
      }
    }
    // The rest with the next calls: each adds far fewer than it clears away.
    for (let cleared = 0; cleared < MAX_SLOTS; ) {
      const shard = over.pop();
      if (shard === undefined) return;
      const { slots } = shard;
      for (let at = 0; at < slots.length; at += SLOT_WORDS) release(slots[at] ?? 0);
      cleared += slots.length / SLOT_WORDS;
    }
  }

  function release(number: number): void {
    const holder = byNumber[number];
    if (holder === undefined) return;
    count(holder, -1);
    if (holder.of.marks === 0) accounts.delete(holder.of.account);
    if (holder.marks > 0) return;
    holders.delete(holder.subject);
    byNumber[number] = undefined;
    freeNumbers.push(number);
  }
}

const secondOf = (millis: number): number => Math.floor(millis / 1000);

const createShard = (slots: number, bits: number): Shard => ({
  slots: new Uint32Array(slots * SLOT_WORDS),
  used: 0,
  bits,
});

function shardOf(shards: Shards, [, , last]: Digest): Shard {
  const shard = shards[last & (shards.length - 1)];
  if (shard === undefined) throw new Error('a second has as many shards as its bits can name');
  return shard;
}

/** Where the digest is, or else the slot that is free for it. Of a table that is not full. */
function slotOf(slots: Uint32Array, a: number, b: number, c: number): number {
  const first = (a & (slots.length / SLOT_WORDS - 1)) * SLOT_WORDS;
  for (let at = first; ; at = at + SLOT_WORDS === slots.length ? 0 : at + SLOT_WORDS) {
    if (slots[at] === 0 || (slots[at + 1] === a && slots[at + 2] === b && slots[at + 3] === c)) return at;
  }
}

function put(shard: Shard, number: number, a: number, b: number, c: number, beforeEnd: number, request: number): void {
  const { slots } = shard;
  const at = slotOf(slots, a, b, c);
  slots[at] = number;
  slots[at + 1] = a;
  slots[at + 2] = b;
  slots[at + 3] = c;
  slots[at + BEFORE_END] = beforeEnd;
  slots[at + REQUEST] = request;
  shard.used += 1;
}

/** Doubles a shard in place while it is small, and then puts two in its stead. */
function grow(shards: Shards, shard: Shard, [, , last]: Digest): void {
  const { slots, bits } = shard;
  if (slots.length < MAX_SLOTS * SLOT_WORDS) {
    // It is the only one of its second.
    const larger = createShard((slots.length / SLOT_WORDS) * 2, bits);
    putAll(slots, larger, larger, 0);
    shard.slots = larger.slots;
    return;
  }
  const step = 1 << bits;
  if (step === shards.length) shards.push(...shards);
  const [even, odd] = [createShard(MAX_SLOTS, bits + 1), createShard(MAX_SLOTS, bits + 1)];
  putAll(slots, even, odd, step);
  for (let at = last & (step - 1); at < shards.length; at += step) shards[at] = (at & step) === 0 ? even : odd;
}

function putAll(slots: Uint32Array, even: Shard, odd: Shard, bit: number): void {
  for (let at = 0; at < slots.length; at += SLOT_WORDS) {
    const number = slots[at] ?? 0;
    if (number === 0) continue;
    const last = slots[at + 3] ?? 0;
    const [a, b, beforeEnd, request] = [slots[at + 1], slots[at + 2], slots[at + BEFORE_END], slots[at + REQUEST]];
    put((last & bit) === 0 ? even : odd, number, a ?? 0, b ?? 0, last, beforeEnd ?? 0, request ?? 0);
  }
}
