// A hash table of marks. All marks that end in one second are forgotten together. Amortised O(1) for each mark: growing or clearing is
// bounded to MAX_SLOTS slots, or twice that, in one turn of the event loop.

/** 96 bits of a keyed hash. */
export type Digest = readonly [number, number, number];

/** The key of a mark. */
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
  /** The mark must not be in the table. `owner`: above 0; handed to `cleared` when the mark is cleared. */
  add(mark: Marked, owner: number, nowMs: number, request: number): void;
  /** Forgets the seconds that are over, and clears part of their marks. */
  sweep(nowMs: number): void;
}

/**
 * Open addressing. A slot is six words: the owner (0: free), three words of the digest, how many milliseconds before its end the order
 * was sent, and the last 32 bits of the request's number.
 */
interface Shard {
  slots: Uint32Array;
  used: number;
  /** All digests of the shard agree in this many lowest bits of their last word. */
  readonly bits: number;
}
/** The marks that end in one second, by extendible hashing: indexed by the lowest bits of a digest's last word. */
type Shards = Shard[];

const SLOT_WORDS = 6;
const MAX_WORD = 2 ** 32 - 1;
/** Words of a slot. */
const BEFORE_END = 4;
const REQUEST = 5;
const FIRST_SLOTS = 16;
/** One turn moves or clears at most this many slots, or twice that. */
const MAX_SLOTS = 2 ** 14;
const MAX_LOAD = 3 / 4;
/** Worst case: a shard that has just grown is half as full as it may be. */
export const MARK_BYTES = (SLOT_WORDS * Uint32Array.BYTES_PER_ELEMENT * 2) / MAX_LOAD;

/** `cleared` is called with the owner of each mark that is cleared. */
export function createMarkTable(cleared: (owner: number) => void): MarkTable {
  /** By the second in which the marks end. */
  const seconds = new Map<number, Shards>();
  /** Of seconds that are over: still to be cleared. */
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
      // The clock may have been set meanwhile: keep it within a word.
      const beforeEnd = Math.min(Math.max(endsAt - nowMs, 0), MAX_WORD);
      put(shard, owner, ...digest, beforeEnd, request);
      if (shard.used > (shard.slots.length / SLOT_WORDS) * MAX_LOAD) grow(shards, shard, digest);
    },

    // Marks end within orders.max_age and the future tolerance, so there are few seconds to look at, each once.
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
      // The next calls clear the rest: each clears far more marks than it adds.
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

/** The slot of the digest, or the free slot for it. The table must not be full. */
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

/** Doubles a shard in place while it is small; after that splits it in two. */
function grow(shards: Shards, shard: Shard, [, , last]: Digest): void {
  const { slots, bits } = shard;
  if (slots.length < MAX_SLOTS * SLOT_WORDS) {
    // It is the only shard of its second.
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
