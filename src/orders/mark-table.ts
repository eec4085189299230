// A hash table of marks, forgotten a second at a time. No turn of the event loop pays for a whole second of many marks: growing and
// clearing away go on in parts of at most MAX_SLOTS.

/** 96 bits of a keyed hash. */
export type Digest = readonly [number, number, number];

/** What a mark is found by. */
export interface Marked {
  readonly digest: Digest;
  /** From this Unix millisecond on the order is too old to be accepted, and its mark is forgotten. */
  readonly endsAt: number;
}

/** How an order was first forwarded. */
export interface FirstSent {
  /** Unix milliseconds. */
  readonly at: number;
  /** The last 32 bits of the request's number. */
  readonly request: number;
}

export interface MarkTable {
  firstSent(mark: Marked): FirstSent | undefined;
  /** Of a mark that is not in the table. `owner`: a number above 0, told when the mark is cleared away. */
  add(mark: Marked, owner: number, nowMs: number, request: number): void;
  /** Forgets the seconds that are over, and clears away some of what they held. */
  sweep(nowMs: number): void;
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

/** `cleared` is called with the owner of each mark that is cleared away. Amortised O(1) for each mark. */
export function createMarkTable(cleared: (owner: number) => void): MarkTable {
  /** By the second in which the marks end: a whole second is forgotten at a time. */
  const seconds = new Map<number, Shards>();
  /** Of seconds that are over, to be cleared away. */
  const over: Shard[] = [];
  let swept = 0;

  return {
    firstSent({ digest, endsAt }) {
      const shards = seconds.get(secondOf(endsAt));
      if (shards === undefined) return undefined;
      const { slots } = shardOf(shards, digest);
      const at = slotOf(slots, ...digest);
      if (slots[at] === 0) return undefined;
      return { at: endsAt - (slots[at + BEFORE_END] ?? 0), request: slots[at + REQUEST] ?? 0 };
    },

    add({ digest, endsAt }, owner, nowMs, request) {
      const shards = seconds.get(secondOf(endsAt)) ?? [createShard(FIRST_SLOTS, 0)];
      seconds.set(secondOf(endsAt), shards);
      const shard = shardOf(shards, digest);
      // Not below 0 and not beyond a word, wherever the clock has been set meanwhile.
      const beforeEnd = Math.min(Math.max(endsAt - nowMs, 0), MAX_WORD);
      put(shard, owner, ...digest, beforeEnd, request);
      if (shard.used > (shard.slots.length / SLOT_WORDS) * MAX_LOAD) grow(shards, shard, digest);
    },

    // Marks end at most orders.max_age and the future tolerance ahead: there are few seconds to look at, and each only once.
    sweep(nowMs) {
      const now = secondOf(nowMs);
      if (now !== swept) {
        swept = now;
        for (const [second, shards] of seconds) {
          if (second >= now) continue;
          seconds.delete(second);
          for (const shard of new Set(shards)) over.push(shard);
        }
      }
      // The next calls clear the rest: each adds far fewer marks than it clears away.
      for (let slotsCleared = 0; slotsCleared < MAX_SLOTS; ) {
        const shard = over.pop();
        if (shard === undefined) return;
        const { slots } = shard;
        for (let at = 0; at < slots.length; at += SLOT_WORDS) {
          const owner = slots[at] ?? 0;
          if (owner !== 0) cleared(owner);
        }
        slotsCleared += slots.length / SLOT_WORDS;
      }
    },
  };
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
