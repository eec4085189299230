// The law of src/revocation/view.ts under random schedules: real decision, view, registry and barrier over a simulated store and
// clock, where each read has a moment when it is taken and a later one when it arrives, and each commit a later
// acknowledgement. The same model must find every broken view.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NEVER, nanosOfSeconds } from '../../src/domain/time.ts';
import { createDenials } from '../../src/revocation/denials.ts';
import { createView, ViewStale } from '../../src/revocation/view.ts';
import {
  allAtZero,
  appliedAfterwards,
  cutFirst,
  deafTo,
  deniedWhenRead,
  marksAtZero,
  overlayWithout,
  positionReadAfterwards,
  readerAtZero,
  usedInALaterTurn,
  viewWith,
  withoutKeyring,
} from '../support/revocation/broken-views.ts';
import type { Loss } from '../support/revocation/lost-changes.ts';
import { createSimulatedStore, type Edit, pick, queries, START } from '../support/revocation/simulated-store.ts';
import { type Arrange, type MakeView, run, type Schedule, type Step } from '../support/revocation/world.ts';

const none = createDenials({ clock: { now: () => NEVER, latest: () => NEVER, monotonic: () => 0 } });

// Mostly the first ones, so that steps meet on one credential.
const number = fc.oneof(fc.constant(1), fc.nat(1), fc.nat(7));

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('revoke' as const), credential: number }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('narrow', 'widen', 'register', 'rename', 'leak'),
      credential: number,
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('lock', 'unlock', 'sign out'), account: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const), kid: number }) },
);

const loss: fc.Arbitrary<Loss> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('revoke', 'revoke by name', 'leak'), credential: number }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('lock', 'sign out'), account: number }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('revoke all subkeys', 'revoke all tokens'), account: number }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const), kid: number }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('ask' as const), query: number, inside: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('snapshot' as const), read: number }) },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('deliver' as const), read: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), read: number }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('commit' as const), edit }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lose' as const), loss }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write again' as const), loss: number }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), change: number }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat' as const), change: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), seconds: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('send', 'release'), grant: number }) },
);

const schedule: fc.Arbitrary<Schedule> = fc.array(
  fc.record({ step, ticks: fc.oneof(fc.constant(0), fc.nat(4), fc.constant(20)) }),
  { minLength: 1, maxLength: 80 },
);

const law = (makeView: MakeView, capacity: number, arrange?: Arrange) =>
  fc.asyncProperty(schedule, (steps) => run(makeView, capacity, steps, arrange));

const capacities = [1, 2, 1_000];
const RUNS = 1_000;

describe('under every schedule', () => {
  test.each(capacities)('nothing acknowledged as forbidden is allowed, with room for %i entries', async (capacity) => {
    await fc.assert(law(createView, capacity), { numRuns: RUNS });
  });

  test('the view that is broken below keeps the law while nothing is broken', async () => {
    await fc.assert(law(viewWith('none'), 2), { numRuns: RUNS });
  });
});

const STALE = 'facts older than an applied change';
const REREAD = 'facts were read again although nothing had changed';
const AGAINST = 'a request is allowed against the law';
const THROWN_AWAY = 'a repeated change threw facts away';

describe('the model finds', () => {
  test.each<[string, MakeView, string]>([
    ['a reader that always says position 0', readerAtZero, REREAD],
    ['marks that always stand at position 0', marksAtZero, STALE],
    ['positions that are all 0', allAtZero, STALE],
    ['a position read by a later statement than the facts', positionReadAfterwards, STALE],
    ['facts used in a later turn than they were checked in', usedInALaterTurn, AGAINST],
    ['a change that is acknowledged before the view knows it', appliedAfterwards, STALE],
    ['a slot opened after its read', viewWith('slot opened after the read'), STALE],
    ['a change forgotten because no entry was there', viewWith('change without an entry forgotten'), STALE],
    ['changes of an account that do not reach its credentials', deafTo('account/'), STALE],
    ['changes of a signing key that do not reach its bearers', deafTo('kid/'), STALE],
    ['sign-outs that do not reach the sessions', deafTo('sessions/'), STALE],
    ['entries that outlive a change', viewWith('entries not dropped'), STALE],
    ['slots that are evicted', viewWith('slots evicted'), STALE],
    ['denials that are not laid over an entry', viewWith('entries used without the denials'), AGAINST],
    ['denials that are not laid over what was just read', viewWith('reads used without the denials'), AGAINST],
    ['denials laid over facts as they are read, and kept with them', deniedWhenRead, AGAINST],
    ['denied locks that do not reach the facts', overlayWithout('accountLocked'), AGAINST],
    ['denied sign-outs that do not reach the facts', overlayWithout('validAfter'), AGAINST],
    ['denied credentials that do not reach the facts', overlayWithout('credential'), AGAINST],
    ['denied signing keys that do not reach the facts', overlayWithout('signingKeyAlive'), AGAINST],
    ['changes that forget newer facts', viewWith('entries dropped whatever their position'), THROWN_AWAY],
  ])('%s', async (_what, makeView, sentence) => {
    const found = await fc.check(law(makeView, 2), { seed: 20_260_101, numRuns: 5_000, endOnFailure: true });
    expect(found.failed).toBe(true);
    expect(String(found.errorInstance)).toContain(sentence);
  });
});

describe('the model finds that a change reaches the parts of the node', () => {
  test.each<[string, Arrange, string]>([
    ['but not the keyring', withoutKeyring, 'a retired key signs'],
    ['in the wrong order: requests are cut before the view knows why', cutFirst, AGAINST],
  ])('%s', async (_what, arrange, sentence) => {
    const found = await fc.check(law(createView, 2, arrange), { seed: 20_260_101, numRuns: 5_000, endOnFailure: true });
    expect(found.failed).toBe(true);
    expect(String(found.errorInstance)).toContain(sentence);
  });
});

describe('a fill', () => {
  const query = pick(queries, 1);
  const revoke: Edit = { kind: 'rename', credential: 0 };
  const now = nanosOfSeconds(START);

  test('under a constant storm of changes ends with ViewStale, and the next one starts afresh', async () => {
    const store = createSimulatedStore();
    let reads = 0;
    let storm = true;
    const view = createView({
      capacity: 10,
      denials: none,
      read: async () => {
        reads += 1;
        const read = store.snapshot(query);
        if (storm) view.apply(store.commit(revoke, now));
        return read;
      },
    });
    await expect(view.ask(query, () => 'used')).rejects.toBeInstanceOf(ViewStale);
    expect(reads).toBe(9);
    expect([view.stats().filling, view.stats().entries]).toEqual([0, 0]);
    storm = false;
    await expect(view.ask(query, () => 'used')).resolves.toBe('used');
    expect(reads).toBe(10);
  });

  test('a fill of the view is shared by all who ask meanwhile, and each gets what its own use returned or threw', async () => {
    const store = createSimulatedStore();
    let reads = 0;
    const view = createView({
      capacity: 10,
      denials: none,
      read: async () => {
        reads += 1;
        return store.snapshot(query);
      },
    });
    const first = view.ask(query, () => 1);
    const second = view.ask(query, () => {
      throw new RangeError('no');
    });
    const third = view.ask(query, (facts, position) => [facts.credential, position]);
    await expect(first).resolves.toBe(1);
    await expect(second).rejects.toBeInstanceOf(RangeError);
    await expect(third).resolves.toEqual(['alive', 0n]);
    expect(reads).toBe(1);
  });

  test('a fill of the view that fails tells everyone who waits, closes its slot and is not remembered', async () => {
    const store = createSimulatedStore();
    let broken = true;
    const view = createView({
      capacity: 10,
      denials: none,
      read: async () => {
        if (broken) throw new Error('the disk is gone');
        return store.snapshot(query);
      },
    });
    const waiting = [view.ask(query, () => 1), view.ask(query, () => 2)];
    for (const one of waiting) await expect(one).rejects.toThrow('the disk is gone');
    expect([view.stats().filling, view.stats().entries]).toEqual([0, 0]);
    broken = false;
    await expect(view.ask(query, () => 3)).resolves.toBe(3);
  });
});

describe('an entry', () => {
  const [first, second, third] = [pick(queries, 0), pick(queries, 1), pick(queries, 4)];

  test('an entry of the view that was used last stays when another must go', async () => {
    const asked: string[] = [];
    const store = createSimulatedStore();
    const view = createView({
      capacity: 2,
      denials: none,
      read: async (query) => {
        asked.push(query.id);
        return store.snapshot(query);
      },
    });
    for (const query of [first, second, first, third, first, second]) await view.ask(query, () => undefined);
    expect(asked).toEqual([first.id, second.id, third.id, second.id]);
    expect(view.stats().entries).toBe(2);
  });

  test('a view with room for no entry keeps none, and its answer is right all the same', async () => {
    const store = createSimulatedStore();
    const view = createView({ capacity: 0, denials: none, read: async (query) => store.snapshot(query) });
    await expect(view.ask(first, (facts) => facts.credential)).resolves.toBe('alive');
    expect(view.stats().entries).toBe(0);
  });

  test('an entry of the view of the same subkey id on another account survives a change', async () => {
    const store = createSimulatedStore();
    const view = createView({ capacity: 10, denials: none, read: async (query) => store.snapshot(query) });
    await view.ask(second, () => undefined);
    await view.ask(pick(queries, 6), () => undefined);
    view.apply(store.commit({ kind: 'revoke', credential: 0 }, nanosOfSeconds(START)));
    expect(view.stats().entries).toBe(1);
    expect(view.ask(pick(queries, 6), (facts) => facts.credential)).toBe('pending');
  });
});
