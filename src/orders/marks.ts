// The orders that were forwarded, so that none is forwarded twice. Bounded, in the memory of this process: a restart forgets them. A mark
// is never forgotten while its order could still be accepted.
import { hash, randomBytes } from 'node:crypto';
import { type AccountId, type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { kindTable } from '../domain/kinds.ts';
import { createMarkTable, type Digest, type FirstSent, type Marked } from './mark-table.ts';

/** An order by its signed members, never by its signature: (r, N-s) verifies too. Made by `OrderMarks.of`. */
export interface OrderMark extends Marked {
  /** Of the session. Not part of the digest: another session that sends the same order repeats it. */
  readonly credential: CredentialRef;
  /** Equal for equal orders of one account. Two other orders collide with probability 2^-96; the secret key prevents a search for such two. */
  readonly digest: Digest;
  /** From this Unix millisecond on the order is too old to be accepted. Fixed by the signed timestamp: equal orders have the same. */
  readonly endsAt: number;
}

export interface OrderMarksOptions {
  /** Marks of all accounts together. Each takes at most MARK_BYTES. */
  readonly maxMarks: number;
  readonly maxPerAccount: number;
  /** Guaranteed to each account while any slot is free. Marks above the guarantees may fill at most half of maxMarks. */
  readonly guaranteed: number;
  /** The share of maxPerAccount and of the guarantee that one subkey may have (at least one mark), so that the main key finds room. */
  readonly subkeyPercent: number;
}

/**
 * A full burst plus the refill over an order's life, in orders. At most a twentieth of maxMarks, so that it takes at least ten accounts
 * to fill the memory.
 */
export function guaranteedMarks(settings: {
  readonly maxMarks: number;
  /** The rate limits of an account's orders; each applies. */
  readonly limits: readonly { readonly count: number; readonly windowSeconds: number }[];
  readonly maxAgeSeconds: number;
  readonly futureToleranceSeconds: number;
  /** Marks that one order may take. */
  readonly marksPerOrder: number;
}): number {
  const seconds = settings.maxAgeSeconds + settings.futureToleranceSeconds + 1;
  const orders = Math.min(...settings.limits.map(({ count, windowSeconds }) => count * (1 + seconds / windowSeconds)));
  const needed = Math.ceil(settings.marksPerOrder * orders);
  return Math.min(needed, Math.floor(settings.maxMarks / 20));
}

export interface OrderMarks {
  /** `signed`: every signed member but the account, in one canonical text. */
  of(credential: CredentialRef, signed: string, endsAt: number): OrderMark;
  /** Undefined for an order that is not marked. */
  firstSent(mark: OrderMark): FirstSent | undefined;
  /**
   * Marks all, or none and returns false when there is no room. All marks must be of one credential, and `firstSent` must have been asked
   * in this same turn. Half of maxMarks is kept for marks within the guarantees: an account below its guarantee finds room as long as
   * there are fewer accounts than that half has guarantees. A subkey beyond its share leaves the rest of the guarantee to the other
   * credentials of its account. `nowMs`: Unix milliseconds. `request`: its number.
   */
  add(marks: readonly OrderMark[], nowMs: number, request: number): boolean;
  stats(nowMs: number): OrderMarksStats;
}

export interface OrderMarksStats {
  /** Including marks that are over but not yet cleared. */
  readonly held: number;
  readonly capacity: number;
  /** Marks that found no room: their orders were not forwarded. */
  readonly refused: number;
}

interface AccountMarks {
  readonly account: AccountId;
  marks: number;
  /** The marks of each credential up to its share of the guarantee, summed. */
  within: number;
}

interface CredentialMarks {
  readonly subject: string;
  readonly number: number;
  readonly of: AccountMarks;
  /** Its share of the guarantee. */
  readonly part: number;
  marks: number;
}

/** A call costs amortised O(marks given); see mark-table.ts. */
export function createOrderMarks(options: OrderMarksOptions): OrderMarks {
  const { maxMarks, maxPerAccount, guaranteed } = options;
  // Secret, so that nobody can search for two orders with one digest.
  const key = randomBytes(16).toString('base64url');
  const table = createMarkTable(release);
  const accounts = new Map<AccountId, AccountMarks>();
  /** Credentials, by subject. */
  const holders = new Map<string, CredentialMarks>();
  /** Numbers start at 1. */
  const byNumber: (CredentialMarks | undefined)[] = [undefined];
  const freeNumbers: number[] = [];
  const maxBeyond = Math.floor(maxMarks / 2);
  let held = 0;
  /** Of `held`: marks of accounts beyond their guarantee. */
  let beyond = 0;
  let refused = 0;

  return {
    of(credential, signed, endsAt) {
      const bytes = hash('sha256', `${key} ${credential.account} ${signed}`, 'buffer');
      return { credential, endsAt, digest: [bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)] };
    },

    firstSent: (mark) => table.firstSent(mark),

    add(marks, nowMs, request) {
      table.sweep(nowMs);
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
      table.sweep(nowMs);
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

  function insert(mark: OrderMark, nowMs: number, request: number): void {
    if (table.firstSent(mark) !== undefined) return;
    const holder = holderOf(mark.credential);
    table.add(mark, holder.number, nowMs, request);
    count(holder, 1);
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
