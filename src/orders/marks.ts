// Which orders were forwarded lately, so that none is forwarded twice. Bounded, in the memory of this process: a restart forgets it.
// Never forgets a mark while the order it stands for could still be accepted, and tells of each when and by which request it was made.
import { hash, randomBytes } from 'node:crypto';
import { type AccountId, type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { kindTable } from '../domain/kinds.ts';
import { createMarkTable, type Digest, type FirstSent, type Marked } from './mark-table.ts';

/** An order by what is signed, never by its signature: (r, N-s) verifies too. Made by `of` of the marks that it is for. */
export interface OrderMark extends Marked {
  /** Of the session. Not part of the digest: an order of an account is the same, whoever sends it. */
  readonly credential: CredentialRef;
  /** Equal for equal orders of one account. For two others with a probability of 2^-96, and nobody can look for such two. */
  readonly digest: Digest;
  /** From this Unix millisecond on, the order is too old to be accepted. Part of what was signed, so one order has one. */
  readonly endsAt: number;
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
  const table = createMarkTable(release);
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
