// One node under a schedule: the real decision, and the revocation as it is composed, around a view under test, over a simulated
// store and clock. After every step it says which sentence of the view's law was broken: once a change is acknowledged, no
// interleaving may allow what it forbids.

import pino from 'pino';
import { type Authorize, createAuthorize, type Decision } from '../../../src/access/authorize.ts';
import { composeMonitoring } from '../../../src/compose/monitoring.ts';
import { composeRevocation } from '../../../src/compose/revocation.ts';
import { type Subject, signingKeySubject } from '../../../src/domain/credential.ts';
import type { DenyReason } from '../../../src/domain/decision.ts';
import type { Grant } from '../../../src/domain/grant.ts';
import { type Clock, nanosOfSeconds, secondsOf, unixSeconds } from '../../../src/domain/time.ts';
import { StoreFailure } from '../../../src/errors.ts';
import type { Keyring } from '../../../src/jwt/keyring.ts';
import type { Subscriber } from '../../../src/revocation/applied.ts';
import type { Overlay } from '../../../src/revocation/denials.ts';
import type { createView, View, ViewStats } from '../../../src/revocation/view.ts';
import type { Change, Facts, FactsQuery, FactsRead } from '../../../src/store/store.ts';
import { type Loss, type LostChange, lostChange } from './lost-changes.ts';
import {
  type Attempt,
  createSimulatedStore,
  dependsOn,
  type Edit,
  insideIp,
  kids,
  noTransaction,
  outsideIp,
  pick,
  queries,
  START,
} from './simulated-store.ts';

export type MakeView = (deps: {
  read: (query: FactsQuery) => Promise<FactsRead>;
  denials: Pick<Overlay, 'overFacts'>;
  capacity: number;
  head: () => bigint;
}) => ViewUnderTest;

export type ViewUnderTest = View & { stats(): Pick<ViewStats, 'entries' | 'filling'> };

/** Numbers pick from what there is at that moment, modulo its length; a step with nothing to act on does nothing. */
export type Step =
  | { readonly kind: 'ask'; readonly query: number; readonly inside: boolean }
  | { readonly kind: 'snapshot' | 'deliver' | 'fail'; readonly read: number }
  | { readonly kind: 'commit'; readonly edit: Edit }
  /** A change that the store will not write. */
  | { readonly kind: 'lose'; readonly loss: Loss }
  /** The same as one that was lost before, and now it is written. */
  | { readonly kind: 'write again'; readonly loss: number }
  | { readonly kind: 'acknowledge'; readonly change: number }
  | { readonly kind: 'repeat'; readonly change: number }
  | { readonly kind: 'advance'; readonly seconds: number }
  | { readonly kind: 'send' | 'release'; readonly grant: number };

/** `ticks`: turns of the microtask queue before the next step; 0 = the next step comes in the same turn. */
export type Schedule = readonly { readonly step: Step; readonly ticks: number }[];

interface PendingRead {
  readonly query: FactsQuery;
  taken: FactsRead | undefined;
  readonly resolve: (read: FactsRead) => void;
  readonly reject: (error: unknown) => void;
}

interface OpenGrant {
  readonly grant: Grant;
  readonly attempt: Attempt;
  /** The head when the answer came: what it was decided on is no newer. */
  readonly head: bigint;
  cut: DenyReason | undefined;
}

/** How a change reaches the parts of the node: as in the product unless a test breaks it. */
export type Arrange = (subscribers: readonly Subscriber[]) => readonly Subscriber[];

export const tick = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i += 1) await undefined;
};

/** Enough for everything that waits for nothing but the microtask queue. */
const SETTLED = 40;

/** Throws with the sentence of the law that the schedule broke. */
export async function run(
  makeView: MakeView,
  capacity: number,
  schedule: Schedule,
  arrange: Arrange = (subscribers) => subscribers,
): Promise<void> {
  const world = createWorld(makeView, capacity, arrange);
  for (const { step, ticks } of schedule) {
    world.act(step);
    await tick(ticks);
    world.check();
  }
  await world.comeToRest();
}

const { log, counters } = composeMonitoring(pino({ level: 'silent' }));

function createWorld(makeView: MakeView, capacity: number, arrange: Arrange) {
  let now = nanosOfSeconds(START);
  const clock: Clock = { now: () => now, latest: () => now, monotonic: () => 0 };
  const store = createSimulatedStore();
  const broken: string[] = [];

  const reads: PendingRead[] = [];
  const transactions: (() => void)[] = [];
  const committed: Change[] = [];
  const applied = new Map<Subject, bigint>();
  /** Of the changes that forbid something: others may be acknowledged before an older one that does. */
  const forbidden = new Map<Subject, bigint>();
  const acknowledgedChanges = new Set<Change>();
  /** Those that were answered, and not written since. */
  const lost = new Set<LostChange>();
  const grants = new Set<OpenGrant>();
  const delivered = new Map<FactsQuery, bigint>();
  const lastUsed = new Map<FactsQuery, Facts>();
  let asking = 0;

  /** Keys that neither sign nor stand in jwks.json any more. */
  const endedKeys = new Set<string>();
  const keyring: Pick<Keyring, 'add' | 'retire'> = {
    add({ kid, state }) {
      if (state === 'retired') endedKeys.add(kid);
    },
    retire: (kid) => void endedKeys.add(kid),
  };
  const { live, view, apply, changes } = composeRevocation(
    { 'memory.entries': capacity },
    {
      stored: {
        async transaction(work) {
          const made = await work({ ...noTransaction, signingKeys: async () => store.signingKeys() });
          await new Promise<void>((resolve) => transactions.push(resolve));
          return made;
        },
        position: async () => store.head(),
        facts: read,
        whenLost: new Promise(() => undefined),
      },
      clock,
      keyring,
      log,
      counters,
      makeView: observed,
      arrange,
    },
  );
  const authorize: Authorize = createAuthorize({
    verifyBearer: (bearer) => ({ ok: true, claims: claimsOf(bearer) }),
    view,
    live,
    clock,
    policy: { tokensMayReadKeys: false },
  });

  return { act, check, comeToRest };

  /** The view under test, of which everything that it hands out is looked at. */
  function observed({ denials, ...deps }: Parameters<typeof createView>[0]) {
    /** What was read, by what is used in its place. */
    const origins = new WeakMap<Facts, Facts>();
    const overlay: Pick<Overlay, 'overFacts'> = {
      overFacts(query, facts) {
        const used = denials.overFacts(query, facts);
        origins.set(used, facts);
        return used;
      },
    };
    const inner = makeView({ ...deps, denials: overlay, head: store.head });
    const view: ViewUnderTest & { refuseAll(): void } = {
      ask: (query, use) =>
        inner.ask(query, (facts, position) => {
          const known = queryOf(query);
          delivered.delete(known);
          const asRead = origins.get(facts) ?? facts;
          lastUsed.set(known, asRead);
          if (store.takenAt(asRead) < newest(applied, query)) broken.push('facts older than an applied change');
          return use(facts, position);
        }),
      apply(change) {
        inner.apply(change);
        raise(applied, change);
      },
      stats: inner.stats,
      refuseAll: () => undefined,
    };
    return view;
  }

  function act(step: Step): void {
    switch (step.kind) {
      case 'ask':
        void ask({ query: pick(queries, step.query), authTime: secondsOf(now), inside: step.inside });
        return;
      case 'snapshot':
        if (reads.length > 0) take(pick(reads, step.read));
        return;
      case 'deliver':
        if (reads.length > 0) deliver(pick(reads, step.read));
        return;
      case 'fail':
        if (reads.length > 0) fail(pick(reads, step.read));
        return;
      case 'commit':
        commit(step.edit);
        return;
      case 'lose':
        lose(lostChange(step.loss, now));
        return;
      case 'write again':
        if (lost.size > 0) writeAgain(pick([...lost], step.loss));
        return;
      case 'acknowledge':
        if (transactions.length > 0) transactions.splice(step.change % transactions.length, 1)[0]?.();
        return;
      case 'repeat':
        if (committed.length > 0) repeat(pick(committed, step.change));
        return;
      case 'advance':
        now = nanosOfSeconds(unixSeconds(secondsOf(now) + step.seconds));
        return;
      case 'send':
        if (grants.size > 0) send(pick([...grants], step.grant));
        return;
      case 'release':
        if (grants.size > 0) release(pick([...grants], step.grant));
        return;
      default:
        step satisfies never;
    }
  }

  function ask(attempt: Attempt): Promise<Decision> {
    asking += 1;
    const decided = Promise.resolve(
      authorize({
        route: { access: 'account:read', identity: undefined },
        method: 'GET',
        authorization: [`Bearer ${queries.indexOf(attempt.query)}:${attempt.authTime}`],
        clientIp: attempt.inside ? insideIp : outsideIp,
      }),
    );
    void decided.then((decision) => {
      asking -= 1;
      if (decision.kind === 'deny') return;
      const open: OpenGrant = { grant: decision, attempt, head: store.head(), cut: undefined };
      decision.onCut((reason) => {
        if (open.cut !== undefined) broken.push('a request was cut twice');
        open.cut = reason;
        // As clients do: at once, in the very turn in which they are told.
        void ask(attempt);
      });
      grants.add(open);
      inspect();
    });
    return decided;
  }

  function read(query: FactsQuery): Promise<FactsRead> {
    const known = queryOf(query);
    const previous = delivered.get(known);
    if (previous !== undefined && newest(applied, query) <= previous) {
      broken.push('facts were read again although nothing had changed');
    }
    return new Promise((resolve, reject) => {
      reads.push({ query: known, taken: undefined, resolve, reject });
    });
  }

  function take(pending: PendingRead): FactsRead {
    pending.taken ??= store.snapshot(pending.query);
    return pending.taken;
  }

  function deliver(pending: PendingRead): void {
    const taken = take(pending);
    reads.splice(reads.indexOf(pending), 1);
    delivered.set(pending.query, store.takenAt(taken.facts));
    pending.resolve(taken);
  }

  function fail(pending: PendingRead): void {
    reads.splice(reads.indexOf(pending), 1);
    delivered.delete(pending.query);
    pending.reject(new StoreFailure('the disk is gone'));
  }

  function writeAgain(again: LostChange): void {
    if (again.writtenBy === undefined) return;
    // All that ended the same, whichever of them is asked for.
    const written = [...lost].filter(
      ({ denial, writtenBy }) => denial.kind === again.denial.kind && same(writtenBy, again.writtenBy),
    );
    commit(again.writtenBy, written);
  }

  function commit(edit: Edit, again: readonly LostChange[] = []): void {
    const change = store.commit(edit, now);
    committed.push(change);
    changes
      .commit(async () => ({ result: undefined, change }), {
        onceWritten: { lift: () => again.map(({ denial }) => denial) },
      })
      .then(
        () => {
          for (const one of again) lost.delete(one);
          if (change.narrows) raise(forbidden, change);
          acknowledgedChanges.add(change);
          for (const open of grants) {
            if (change.narrows && open.cut === undefined && change.position > open.head && touches(change, open)) {
              broken.push('a request from before a change was not cut');
            }
          }
          inspect();
        },
        () => broken.push('a written change was not acknowledged'),
      );
  }

  function lose(change: LostChange): void {
    const work = async (): Promise<never> => {
      await new Promise<void>((resolve) => transactions.push(resolve));
      throw new StoreFailure('the disk is full');
    };
    changes.commit(work, { ifUnwritten: { end: () => [change.denial] } }).then(
      () => broken.push('a lost change was acknowledged'),
      () => {
        lost.add(change);
        inspect();
      },
    );
  }

  // As a follower of the change log will: late, early or again, in any order.
  function repeat(change: Change): void {
    const entries = view.stats().entries;
    const since = [...grants].filter(({ grant }) => grant.refusal() === undefined);
    apply(change, signingKeysOf(change));
    if (!acknowledgedChanges.has(change)) return;
    if (view.stats().entries !== entries) broken.push('a repeated change threw facts away');
    if (since.some(({ cut, head }) => cut !== undefined && head >= change.position)) {
      broken.push('a repeated change cut what came after it');
    }
  }

  function signingKeysOf({ subjects }: Change) {
    return store.signingKeys().filter(({ kid }) => subjects.includes(signingKeySubject(kid)));
  }

  function send({ grant }: OpenGrant): void {
    if (grant.refusal() === undefined) grant.headSent();
  }

  function release(open: OpenGrant): void {
    grants.delete(open);
    open.grant.release();
  }

  /** No open request is allowed now unless some state, not older than what was acknowledged, allows it. */
  function inspect(): void {
    for (const { grant, attempt, cut } of grants) {
      const refusal = grant.refusal();
      if (cut !== undefined && refusal === undefined) broken.push('a cut request is allowed at the last check');
      if (refusal !== undefined) continue;
      const since = newest(forbidden, attempt.query);
      if (isLost(attempt) || !store.allowsSince(since, attempt, now))
        broken.push('a request is allowed against the law');
    }
    for (const kid of kids) {
      const isLostKey = [...lost].some(({ denial }) => denial.kind === 'signing_key' && denial.kid === kid);
      if ((isLostKey || forbidden.has(signingKeySubject(kid))) && !endedKeys.has(kid))
        broken.push('a retired key signs');
    }
    if (view.stats().entries > capacity) broken.push('more entries than the capacity');
  }

  function isLost(attempt: Attempt): boolean {
    return [...lost].some(({ ends }) => ends(attempt));
  }

  function check(): void {
    inspect();
    if (broken.length > 0) throw new Error([...new Set(broken)].join('; '));
  }

  /** Liveness: with nothing outstanding, every answer is the one of the last committed state. */
  async function comeToRest(): Promise<void> {
    await finishEverything(() => asking === 0 && transactions.length === 0);
    check();
    if (view.stats().filling !== 0) throw new Error('a slot was never closed');
    act({ kind: 'advance', seconds: 1 });
    for (const query of queries) {
      const attempt: Attempt = { query, authTime: secondsOf(now), inside: true };
      const decided = ask(attempt);
      await finishEverything(() => asking === 0);
      const decision = await decided;
      check();
      const allowed = store.allowsSince(store.head(), attempt, now) && !isLost(attempt);
      if ((decision.kind === 'allow') !== allowed) {
        const answer = decision.kind === 'deny' ? decision.reason : 'allowed';
        throw new Error(`at rest a credential is ${answer}, which the last state ${allowed ? 'allows' : 'forbids'}`);
      }
      const used = lastUsed.get(query);
      if (used === undefined || !same(used, store.snapshot(query).facts)) throw new Error('at rest facts are old');
    }
    check();
    for (const open of grants) release(open);
    if (live.size !== 0) throw new Error('the registry keeps what was released');
  }

  async function finishEverything(done: () => boolean): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      for (const finish of transactions.splice(0)) finish();
      await tick(SETTLED);
      for (const pending of [...reads]) deliver(pending);
      await tick(SETTLED);
      if (reads.length === 0 && done()) return;
    }
    throw new Error('with nothing outstanding a request stays unanswered');
  }
}

function claimsOf(bearer: string) {
  const [index = '', authTime = ''] = bearer.split(':');
  const { kid, ...credential } = pick(queries, Number(index));
  const at = unixSeconds(Number(authTime));
  return {
    credential,
    kid,
    label: 'label',
    session: bearer,
    issuedAt: at,
    expiresAt: unixSeconds(at + 1_000_000),
    authTime: at,
    isolated: false,
    tokenUsage: undefined,
  };
}

/** The list's own object, whatever copy of it the code made. */
function queryOf(query: FactsQuery): FactsQuery {
  const known = queries.find((one) => nameOf(one) === nameOf(query));
  if (known === undefined) throw new Error('a query that nobody asked');
  return known;
}

const nameOf = ({ account, kind, id, kid }: FactsQuery): string => [account, kind, id, kid].join(' ');

const touches = (change: Change, { attempt }: OpenGrant): boolean =>
  dependsOn(attempt.query).some((subject) => change.subjects.includes(subject));

function raise(newestOf: Map<Subject, bigint>, { subjects, position }: Pick<Change, 'subjects' | 'position'>): void {
  for (const subject of subjects) {
    if (position > (newestOf.get(subject) ?? 0n)) newestOf.set(subject, position);
  }
}

const newest = (newestOf: ReadonlyMap<Subject, bigint>, query: FactsQuery): bigint =>
  dependsOn(query)
    .map((subject) => newestOf.get(subject) ?? 0n)
    .reduce((a, b) => (a > b ? a : b));

const text = (value: Facts | Edit | undefined): string =>
  JSON.stringify(value, (_name, member) => (typeof member === 'bigint' ? member.toString() : member));
const same = <T extends Facts | Edit | undefined>(a: T, b: T): boolean => text(a) === text(b);
