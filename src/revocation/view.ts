// The facts of every decision, in memory: a bounded cache, filled on first use, with unwritten denials laid over it.
// The law: once a change is acknowledged, no interleaving of fill, change, expiry or eviction may allow what it forbids.
import {
  accountSubject,
  credentialSubject,
  ownSubjects,
  type Subject,
  sessionsSubject,
  signingKeySubject,
} from '../domain/credential.ts';
import { kindTable } from '../domain/kinds.ts';
import { createLru } from '../domain/lru.ts';
import type { Change, Facts, FactsQuery, FactsRead } from '../store/store.ts';
import type { Overlay } from './denials.ts';

/** A fill lost its race against changes too often; the caller must refuse. */
export class ViewStale extends Error {
  override readonly name = 'ViewStale';
}

export interface View {
  /**
   * Calls `use` with current facts and the log position they were read at, in the turn in which they are known to be current: no
   * change can come between, so `use` must decide and register its decision before it returns. Unwritten denials are laid over the
   * facts. Rejects with what the read threw, or ViewStale.
   */
  ask<T>(query: FactsQuery, use: (facts: Facts, position: bigint) => T): T | Promise<T>;
  /** Forgets everything older than the change. When this returns, no decision uses facts from before it. */
  apply(change: Pick<Change, 'position' | 'subjects'>): void;
}

/** Counts since the start; `entries` and `filling` are current. */
export interface ViewStats {
  readonly entries: number;
  readonly capacity: number;
  /** Fills under way. */
  readonly filling: number;
  readonly hits: number;
  readonly fills: number;
  /** Fills that were read again, because a change came while they were read. */
  readonly rereads: number;
  readonly evictions: number;
}

interface Entry {
  readonly facts: Facts;
  readonly position: bigint;
  readonly subjects: readonly Subject[];
}

/** A fill under way: listed under its subjects from before its read until it settles, and never evicted. */
interface Slot {
  /** The newest change that touched one of its subjects since it opened. */
  mark: bigint;
  readonly subjects: readonly Subject[];
  readonly waiters: Waiter[];
}

interface Waiter {
  settle(read: FactsRead): void;
  fail(error: unknown): void;
}

const MAX_REREADS = 8;

/** The subjects of a bearer's facts: a change of any of them makes the facts old. */
export const subjectsOf = (query: FactsQuery): readonly Subject[] => [
  credentialSubject(query),
  accountSubject(query.account),
  signingKeySubject(query.kid),
  ...(kindTable[query.kind].endsWithSignOut ? [sessionsSubject(query.account)] : []),
  ...(kindTable[query.kind].endsWithMaker ? ownSubjects(query.account) : []),
];

export function createView(deps: {
  /** As they are stored. */
  read: (query: FactsQuery) => Promise<FactsRead>;
  /** Laid over the facts in the turn in which they are used, and kept nowhere. */
  denials: Pick<Overlay, 'overFacts'>;
  capacity: number;
}): View & { stats(): ViewStats; refuseAll(why: Error): void } {
  const entries = createLru<string, Entry>(Math.max(1, deps.capacity), (name, entry) => {
    unlist(name, entry);
    counted.evictions += 1;
  });
  const entriesBySubject = new Map<Subject, Set<string>>();
  const slots = new Map<string, Slot>();
  const slotsBySubject = new Map<Subject, Set<Slot>>();
  const counted = { hits: 0, fills: 0, rereads: 0, evictions: 0 };
  /** Set once nothing that was read counts any more. */
  let refusal: Error | undefined;

  return {
    ask(query, use) {
      if (refusal !== undefined) return Promise.reject(refusal);
      const name = nameOf(query);
      const entry = entries.get(name);
      if (entry !== undefined) {
        counted.hits += 1;
        return use(deps.denials.overFacts(query, entry.facts), entry.position);
      }
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          settle: ({ facts, position }) => {
            try {
              resolve(use(deps.denials.overFacts(query, facts), position));
            } catch (error) {
              reject(error);
            }
          },
          fail: reject,
        };
        const pending = slots.get(name);
        if (pending !== undefined) pending.waiters.push(waiter);
        else void fill(name, query, waiter);
      });
    },

    apply(change) {
      for (const subject of change.subjects) {
        for (const slot of slotsBySubject.get(subject) ?? []) {
          if (change.position > slot.mark) slot.mark = change.position;
        }
        for (const name of [...(entriesBySubject.get(subject) ?? [])]) {
          const entry = entries.get(name);
          if (entry !== undefined && entry.position < change.position) drop(name, entry);
        }
      }
    },

    /** From now on `ask` rejects with `why`, fills under way as well. */
    refuseAll(why) {
      refusal = why;
    },

    stats: () => ({ ...counted, entries: entries.size, capacity: deps.capacity, filling: slots.size }),
  };

  async function fill(name: string, query: FactsQuery, first: Waiter): Promise<void> {
    const slot: Slot = { mark: 0n, subjects: subjectsOf(query), waiters: [first] };
    slots.set(name, slot);
    counted.fills += 1;
    for (const subject of slot.subjects) add(slotsBySubject, subject, slot);
    try {
      for (let reread = 0; reread <= MAX_REREADS; reread++) {
        if (reread > 0) counted.rereads += 1;
        const { facts, position } = await deps.read(query);
        if (refusal !== undefined) throw refusal;
        if (position < slot.mark) continue; // older than a change that was applied meanwhile
        keep(name, { facts, position, subjects: slot.subjects });
        close(name, slot);
        for (const waiter of slot.waiters) waiter.settle({ facts, position });
        return;
      }
      throw new ViewStale('facts kept changing while they were read');
    } catch (error) {
      close(name, slot);
      for (const waiter of slot.waiters) waiter.fail(error);
    }
  }

  function close(name: string, slot: Slot): void {
    slots.delete(name);
    for (const subject of slot.subjects) remove(slotsBySubject, subject, slot);
  }

  function keep(name: string, entry: Entry): void {
    if (deps.capacity < 1) return;
    entries.set(name, entry);
    for (const subject of entry.subjects) add(entriesBySubject, subject, name);
  }

  function drop(name: string, entry: Entry): void {
    entries.delete(name);
    unlist(name, entry);
  }

  function unlist(name: string, entry: Entry): void {
    for (const subject of entry.subjects) remove(entriesBySubject, subject, name);
  }
}

const nameOf = (query: FactsQuery): string => `${query.account}/${query.kind}/${query.id}/${query.kid}`;

function add<Key, Value>(index: Map<Key, Set<Value>>, at: Key, value: Value): void {
  const set = index.get(at);
  if (set === undefined) index.set(at, new Set([value]));
  else set.add(value);
}

function remove<Key, Value>(index: Map<Key, Set<Value>>, at: Key, value: Value): void {
  const set = index.get(at);
  if (set === undefined) return;
  set.delete(value);
  if (set.size === 0) index.delete(at);
}
