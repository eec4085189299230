// Which orders were forwarded lately, so that none is forwarded twice. Bounded, in the memory of this process: a restart forgets it.
// Never forgets a mark while the order it stands for could still be accepted.
import { hash, randomBytes } from 'node:crypto';
import type { AccountId } from '../domain/credential.ts';

/** An order by what is signed, never by its signature: (r, N-s) verifies too. Made by `of` of the marks that it is for. */
export interface OrderMark {
  readonly account: AccountId;
  /** Equal for equal orders of one account. For two others with a probability of 2^-96, and nobody can look for such two. */
  readonly digest: Digest;
  /** From this Unix millisecond on, the order is too old to be accepted. Part of what was signed, so one order has one. */
  readonly endsAt: number;
}
type Digest = readonly [number, number, number];

export interface OrderMarksOptions {
  /** Marks of all accounts together. Each takes at most MARK_BYTES. */
  readonly maxMarks: number;
  readonly maxPerAccount: number;
}

export interface OrderMarks {
  /** `signed`: all that is signed besides the account, in one form. */
  of(account: AccountId, signed: string, endsAt: number): OrderMark;
  has(mark: OrderMark): boolean;
  /**
   * Marks all, which are of one account, or none when there is no room: then false. An account may have as many marks as there are
   * places left, so that however few fill the memory, others always find room. The caller has asked `has` in this same turn.
   * `nowMs`: Unix milliseconds.
   */
  add(marks: readonly OrderMark[], nowMs: number): boolean;
  stats(nowMs: number): OrderMarksStats;
}

export interface OrderMarksStats {
  readonly held: number;
  readonly capacity: number;
  /** Orders that were not marked for want of room. */
  readonly refused: number;
}

/** Marks that end in one second, by open addressing: in each slot the number of the account, 0 for none, and the digest. */
interface Table {
  slots: Uint32Array;
  used: number;
}
const SLOT_WORDS = 4;
const FIRST_WORDS = 16 * SLOT_WORDS;
const MAX_LOAD = 3 / 4;
/** A table that has just doubled is half as full as it may be. */
export const MARK_BYTES = (SLOT_WORDS * Uint32Array.BYTES_PER_ELEMENT * 2) / MAX_LOAD;

interface Holder {
  readonly account: AccountId;
  readonly number: number;
  marks: number;
}

/** Every call costs O(marks given), plus once for each mark when its second is over. */
export function createOrderMarks({ maxMarks, maxPerAccount }: OrderMarksOptions): OrderMarks {
  // Without it somebody could compute two orders with one digest.
  const key = randomBytes(16).toString('base64url');
  // By the second in which they end: a whole second is forgotten at a time.
  const seconds = new Map<number, Table>();
  const holders = new Map<AccountId, Holder>();
  const byNumber = new Map<number, Holder>();
  const freeNumbers: number[] = [];
  let held = 0;
  let refused = 0;
  let swept = 0;

  return {
    of(account, signed, endsAt) {
      const bytes = hash('sha256', `${key} ${account} ${signed}`, 'buffer');
      return { account, endsAt, digest: [bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)] };
    },

    has({ digest, endsAt }) {
      const table = seconds.get(secondOf(endsAt));
      return table !== undefined && table.slots[slotOf(table.slots, ...digest)] !== 0;
    },

    add(marks, nowMs) {
      sweep(secondOf(nowMs));
      const account = marks[0]?.account;
      if (account === undefined) return true;
      const wanted = (holders.get(account)?.marks ?? 0) + marks.length;
      if (wanted > Math.min(maxPerAccount, maxMarks - held)) {
        refused += marks.length;
        return false;
      }
      for (const mark of marks) insert(mark);
      return true;
    },

    stats(nowMs) {
      sweep(secondOf(nowMs));
      return { held, capacity: maxMarks, refused };
    },
  };

  function insert({ account, digest, endsAt }: OrderMark): void {
    const table = seconds.get(secondOf(endsAt)) ?? { slots: new Uint32Array(FIRST_WORDS), used: 0 };
    seconds.set(secondOf(endsAt), table);
    const slot = slotOf(table.slots, ...digest);
    if (table.slots[slot] !== 0) return;
    const holder = holderOf(account);
    table.slots.set([holder.number, ...digest], slot);
    table.used += 1;
    holder.marks += 1;
    held += 1;
    if (table.used > (table.slots.length / SLOT_WORDS) * MAX_LOAD) table.slots = doubled(table.slots);
  }

  function holderOf(account: AccountId): Holder {
    const known = holders.get(account);
    if (known !== undefined) return known;
    const holder = { account, number: freeNumbers.pop() ?? byNumber.size + 1, marks: 0 };
    holders.set(account, holder);
    byNumber.set(holder.number, holder);
    return holder;
  }

  // Marks lie at most orders.max_age and the future tolerance ahead, so there are few seconds to look at, and only once each.
  function sweep(now: number): void {
    if (now === swept) return;
    swept = now;
    for (const [second, { slots, used }] of seconds) {
      if (second >= now) continue;
      seconds.delete(second);
      held -= used;
      for (let at = 0; at < slots.length; at += SLOT_WORDS) release(slots[at] ?? 0);
    }
  }

  function release(number: number): void {
    const holder = byNumber.get(number);
    if (holder === undefined) return;
    holder.marks -= 1;
    if (holder.marks > 0) return;
    holders.delete(holder.account);
    byNumber.delete(number);
    freeNumbers.push(number);
  }
}

const secondOf = (millis: number): number => Math.floor(millis / 1000);

/** Where the digest is, or else the slot that is free for it. Of a table that is not full. */
function slotOf(slots: Uint32Array, a: number, b: number, c: number): number {
  const mask = slots.length - 1;
  for (let at = (a << 2) & mask; ; at = (at + SLOT_WORDS) & mask) {
    if (slots[at] === 0 || (slots[at + 1] === a && slots[at + 2] === b && slots[at + 3] === c)) return at;
  }
}

function doubled(slots: Uint32Array): Uint32Array {
  const larger = new Uint32Array(slots.length * 2);
  for (let at = 0; at < slots.length; at += SLOT_WORDS) {
    if (slots[at] === 0) continue;
    const to = slotOf(larger, slots[at + 1] ?? 0, slots[at + 2] ?? 0, slots[at + 3] ?? 0);
    for (let word = 0; word < SLOT_WORDS; word += 1) larger[to + word] = slots[at + word] ?? 0;
  }
  return larger;
}
