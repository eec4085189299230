// Which orders were forwarded lately, so that none is forwarded twice. Bounded, in the memory of this process: a restart forgets it.
// Never forgets a mark while the order it stands for could still be accepted.
import type { AccountId } from '../domain/credential.ts';

/** An order by what is signed, never by its signature: (r, N-s) verifies too. */
export interface OrderMark {
  readonly account: AccountId;
  /** Of all that is signed besides the account: equal for equal orders and for no others. */
  readonly digest: string;
  /** From this Unix millisecond on, the order is too old to be accepted. Part of what was signed, so one order has one. */
  readonly endsAt: number;
}

export interface OrderMarksOptions {
  /** Marks of all accounts together. */
  readonly maxMarks: number;
  /** One account cannot use up the room of the others. */
  readonly maxPerAccount: number;
}

export interface OrderMarks {
  has(mark: OrderMark): boolean;
  /** Marks all, or none when there is no room: then false. The caller has asked `has` in this same turn. `nowMs`: Unix milliseconds. */
  add(marks: readonly OrderMark[], nowMs: number): boolean;
  readonly size: number;
}

/** Every call costs O(marks given), plus once for each mark when its second is over. */
export function createOrderMarks({ maxMarks, maxPerAccount }: OrderMarksOptions): OrderMarks {
  // By the second in which they end: a whole second is forgotten at a time.
  const seconds = new Map<number, Map<AccountId, Set<string>>>();
  const counts = new Map<AccountId, number>();
  let size = 0;
  let swept = 0;

  return {
    has: ({ account, digest, endsAt }) => seconds.get(secondOf(endsAt))?.get(account)?.has(digest) ?? false,

    add(marks, nowMs) {
      sweep(secondOf(nowMs));
      const account = marks[0]?.account;
      if (account === undefined) return true;
      if (size + marks.length > maxMarks || (counts.get(account) ?? 0) + marks.length > maxPerAccount) return false;
      for (const mark of marks) insert(mark);
      return true;
    },

    get size() {
      return size;
    },
  };

  function insert({ account, digest, endsAt }: OrderMark): void {
    const second = seconds.get(secondOf(endsAt)) ?? new Map<AccountId, Set<string>>();
    seconds.set(secondOf(endsAt), second);
    const digests = second.get(account) ?? new Set<string>();
    second.set(account, digests);
    if (digests.has(digest)) return;
    digests.add(digest);
    size += 1;
    counts.set(account, (counts.get(account) ?? 0) + 1);
  }

  // Marks lie at most orders.max_age and the future tolerance ahead, so there are few seconds to look at, and only once each.
  function sweep(now: number): void {
    if (now === swept) return;
    swept = now;
    for (const [second, accounts] of seconds) {
      if (second >= now) continue;
      seconds.delete(second);
      for (const [account, digests] of accounts) {
        size -= digests.size;
        const left = (counts.get(account) ?? 0) - digests.size;
        if (left > 0) counts.set(account, left);
        else counts.delete(account);
      }
    }
  }
}

const secondOf = (millis: number): number => Math.floor(millis / 1000);
