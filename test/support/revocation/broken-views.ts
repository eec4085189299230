// Views that break the law in one way each, for the model to find out. Wrappers where the fault is outside the view's own
// structure; else a second, slower view with a switch.
import { createView, subjectsOf, type View, ViewStale } from '../../../src/revocation/view.ts';
import type { Change, Facts, FactsRead } from '../../../src/store/store.ts';
import type { Arrange, MakeView, ViewUnderTest } from './world.ts';

export type Defect =
  | 'none'
  | 'slot opened after the read'
  | 'change without an entry forgotten'
  | 'entries not dropped'
  | 'slots evicted'
  | 'entries used without the denials'
  | 'reads used without the denials'
  | 'entries dropped whatever their position';

interface Kept extends FactsRead {
  readonly subjects: readonly string[];
}

interface Slot {
  mark: bigint;
  readonly subjects: readonly string[];
  readonly waiters: ((read: FactsRead | undefined, error?: unknown) => void)[];
}

/** With the defect `none` it keeps the law: that is tested too, so that a red run is the defect's. */
export const viewWith =
  (defect: Defect): MakeView =>
  ({ read, denials, capacity }) => {
    const entries = new Map<string, Kept>();
    const slots = new Map<string, Slot>();

    return {
      ask(query, use) {
        const name = [query.account, query.kind, query.id, query.kid].join(' ');
        const entry = entries.get(name);
        if (entry !== undefined) {
          const isBare = defect === 'entries used without the denials';
          return use(isBare ? entry.facts : denials.overFacts(query, entry.facts), entry.position);
        }
        const over = (facts: Facts) =>
          defect === 'reads used without the denials' ? facts : denials.overFacts(query, facts);
        return new Promise((resolve, reject) => {
          const waiter: Slot['waiters'][number] = (found, error) =>
            found === undefined ? reject(error) : resolve(use(over(found.facts), found.position));
          const slot = slots.get(name);
          if (slot !== undefined) {
            slot.waiters.push(waiter);
            return;
          }
          const opened: Slot = { mark: 0n, subjects: subjectsOf(query), waiters: [waiter] };
          if (defect === 'slot opened after the read') {
            read(query).then(
              (first) => fill(name, opened, async () => first),
              (error) => waiter(undefined, error),
            );
          } else void fill(name, opened, () => read(query));
        });
      },
      apply(change) {
        let known = false;
        for (const [name, entry] of entries) {
          if (!touches(entry, change)) continue;
          known = true;
          if (defect === 'entries not dropped') continue;
          if (entry.position < change.position || defect === 'entries dropped whatever their position') {
            entries.delete(name);
          }
        }
        if (!known && defect === 'change without an entry forgotten') return;
        for (const slot of slots.values()) {
          if (touches(slot, change) && change.position > slot.mark) slot.mark = change.position;
        }
      },
      stats: () => ({ entries: entries.size, filling: slots.size }),
    };

    async function fill(name: string, slot: Slot, readFacts: () => Promise<FactsRead>): Promise<void> {
      for (const oldest of slots.keys()) {
        if (defect !== 'slots evicted' || slots.size < capacity) break;
        slots.delete(oldest);
      }
      slots.set(name, slot);
      const end = (found: FactsRead | undefined, error?: unknown): void => {
        if (slots.get(name) === slot) slots.delete(name);
        for (const waiter of slot.waiters) waiter(found, error);
      };
      try {
        for (let left = 9; left > 0; left -= 1) {
          const found = await readFacts();
          if (found.position < slot.mark) continue;
          for (const oldest of entries.keys()) {
            if (entries.size < capacity) break;
            entries.delete(oldest);
          }
          entries.set(name, { ...found, subjects: slot.subjects });
          end(found);
          return;
        }
        end(undefined, new ViewStale('stale'));
      } catch (error) {
        end(undefined, error);
      }
    }
  };

const touches = (one: { readonly subjects: readonly string[] }, change: Pick<Change, 'subjects'>): boolean =>
  one.subjects.some((subject) => change.subjects.includes(subject));

/** Facts from one statement and their position from a later one. */
export const positionReadAfterwards: MakeView = ({ read, denials, capacity, head }) =>
  createView({
    denials,
    capacity,
    read: async (query) => {
      const { facts } = await read(query);
      return { facts, position: head() };
    },
  });

export const readerAtZero: MakeView = ({ read, denials, capacity }) =>
  createView({ denials, capacity, read: async (query) => ({ ...(await read(query)), position: 0n }) });

export const marksAtZero: MakeView = (deps) => {
  const view = createView(deps);
  return altered(view, { apply: (change) => view.apply({ ...change, position: 0n }) });
};

export const allAtZero: MakeView = (deps) => {
  const view = readerAtZero(deps);
  return altered(view, { apply: (change) => view.apply({ ...change, position: 0n }) });
};

/** A denial that comes later does not reach what is kept. */
export const deniedWhenRead: MakeView = ({ read, denials, capacity }) =>
  createView({
    capacity,
    read: async (query) => {
      const found = await read(query);
      return { ...found, facts: denials.overFacts(query, found.facts) };
    },
    denials: { overFacts: (_query, facts) => facts },
  });

/** One of the facts is used as it was read. */
export const overlayWithout =
  (fact: keyof Facts): MakeView =>
  ({ denials, ...deps }) =>
    createView({
      ...deps,
      denials: { overFacts: (query, facts) => Object.assign(denials.overFacts(query, facts), { [fact]: facts[fact] }) },
    });

/** Something may run between "these facts are current" and their use. */
export const usedInALaterTurn: MakeView = (deps) => {
  const view = createView(deps);
  return altered(view, {
    async ask(query, use) {
      const [facts, position] = await view.ask(query, (...found: [Facts, bigint]) => found);
      return use(facts, position);
    },
  });
};

/** The caller has its answer before the view knows. */
export const appliedAfterwards: MakeView = (deps) => {
  const view = createView(deps);
  return altered(view, {
    apply: (change) => {
      setImmediate(() => view.apply(change));
    },
  });
};

/** Subjects that begin so are not looked at. */
export const deafTo =
  (prefix: string): MakeView =>
  (deps) => {
    const view = createView(deps);
    return altered(view, {
      apply: (change) =>
        view.apply({ ...change, subjects: change.subjects.filter((subject) => !subject.startsWith(prefix)) }),
    });
  };

/** The keyring hears of no change. */
export const withoutKeyring: Arrange = ([_keyring, ...others]) => others;

/** Whoever is cut may ask again before the view knows why. */
export const cutFirst: Arrange = (subscribers) => subscribers.toReversed();

const altered = (view: ViewUnderTest, parts: Partial<View>): ViewUnderTest => ({ ...view, ...parts });
