// Rate-limit state per key, in a map with a cap. Keys whose bucket is full again are dropped; when none can be dropped, new keys share one
// bucket. A flood of new keys never resets the count of a known one.
import { checkLimit, type GcraResult, type GcraState, gcra, isFull, type Limit } from './gcra.ts';

export interface BucketsOptions {
  /** A request passes only if it passes all of them. */
  readonly limits: readonly Limit[];
  readonly maxKeys: number;
}

/** What one request would get, one result per limit. Charged only by `commit`, in the same turn. */
export interface Look {
  readonly allowed: boolean;
  readonly results: readonly { readonly limit: Limit; readonly result: GcraResult }[];
  commit(): void;
}

export interface Buckets {
  /** `nowMs`: monotonic milliseconds. */
  look(key: string, nowMs: number): Look;
  /** Keys held now, at most maxKeys. */
  size(): number;
}

type States = readonly GcraState[];

// Entries checked per new key: two keep up with growth; when the map is full, look a little further.
const SWEEP_ON_INSERT = 2;
const SWEEP_WHEN_FULL = 8;

/** Throws RangeError without at least one valid limit and room for one key. Every call costs O(limits), never O(keys). */
export function createBuckets({ limits, maxKeys }: BucketsOptions): Buckets {
  if (limits.length === 0) throw new RangeError('a bucket needs at least one limit');
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1)
    throw new RangeError('a bucket map needs room for at least one key');
  limits.forEach(checkLimit);

  const byKey = new Map<string, States>();
  let overflow: States = [];
  // One iterator goes round the map like the hand of a clock; it reaches entries added behind it on the next round.
  let hand = byKey.entries();

  function sweep(steps: number, nowMs: number): void {
    for (let step = 0; step < steps; step += 1) {
      const { done, value } = hand.next();
      if (done) {
        hand = byKey.entries();
        continue;
      }
      const [key, states] = value;
      if (states.every((state, i) => isFull(nowMs, limitAt(i), state))) byKey.delete(key);
    }
  }

  const limitAt = (index: number): Limit => {
    const limit = limits[index];
    if (limit === undefined) throw new RangeError('more states than limits');
    return limit;
  };

  function look(key: string, nowMs: number): Look {
    const known = byKey.get(key);
    if (known === undefined && byKey.size >= maxKeys) sweep(SWEEP_WHEN_FULL, nowMs);
    const shared = known === undefined && byKey.size >= maxKeys;
    const states = shared ? overflow : (known ?? []);
    const results = limits.map((limit, i) => ({ limit, result: gcra(nowMs, limit, states[i]) }));
    return {
      allowed: results.every(({ result }) => result.allowed),
      results,
      commit() {
        const charged = results.map(({ result }) => result.newState);
        if (shared) {
          overflow = charged;
          return;
        }
        byKey.set(key, charged);
        if (known === undefined) sweep(SWEEP_ON_INSERT, nowMs);
      },
    };
  }

  return { look, size: () => byKey.size };
}
