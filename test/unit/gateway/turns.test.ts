import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Holder } from '../../../src/domain/shares.ts';
import { createTurns, type Turn, type Turns, type Waiting } from '../../../src/gateway/turns.ts';

interface Asked extends Turn {
  readonly name: string;
  state: 'waits' | 'begun' | 'turned_away' | 'stopping';
}

/** Asks for turns and writes down what became of each. */
function asking(turns: Turns) {
  const order: string[] = [];
  function ask(name: string, over: { network?: string; signedIn?: boolean; streamed?: boolean } = {}): Asked {
    const asked: Asked = {
      name,
      holder: { client: name, network: over.network ?? name, signedIn: over.signedIn ?? false },
      streamed: over.streamed ?? false,
      state: 'waits',
      begin() {
        asked.state = 'begun';
        order.push(name);
      },
      dropped(why) {
        asked.state = why;
      },
    };
    if (turns.ask(asked) === undefined) asked.state = 'turned_away';
    return asked;
  }
  return { ask, order, owner: (name: string) => ask(name, { signedIn: true }) };
}

const begun = (all: readonly Asked[]): number => all.filter(({ state }) => state === 'begun').length;
const times = <Made>(count: number, make: (n: number) => Made): Made[] =>
  Array.from({ length: count }, (_, n) => make(n));

describe('connections', () => {
  test('no client has more than a quarter of the venue connections, and one that waits at its share is passed by others', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    const flood = times(200, () => ask('flood'));
    expect([begun(flood), turns.waiting]).toEqual([32, 168]);
    expect(ask('another').state).toBe('begun');
  });

  test('no network has more than a half of the venue connections, however many clients it has', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    expect(begun(times(500, (n) => ask(`client ${n}`, { network: 'one' })))).toBe(64);
    expect(ask('another').state).toBe('begun');
  });

  test('strangers from however many networks leave a quarter of the venue connections to the signed in', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask, owner } = asking(turns);
    expect(begun(times(500, (n) => ask(`192.0.2.${n}`)))).toBe(96);
    expect(owner('alice').state).toBe('begun');
  });

  test('an owner shares no venue connections with strangers at the same address', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    for (let n = 0; n < 500; n += 1) ask(`client ${n}`, { network: 'one' });
    expect(ask('credential', { network: 'one', signedIn: true }).state).toBe('begun');
    const others = times(500, (n) => ask(`neighbour ${n}`, { network: 'one', signedIn: true }));
    expect([begun(others), turns.busy]).toEqual([31, 96]);
  });
});

describe('one credential from two networks', () => {
  test('a credential that comes from two networks has one share of the venue connections in both together', () => {
    const turns = createTurns({ connections: 16, maxWaiting: 100 });
    const { ask } = asking(turns);
    const all = times(8, (n) => ask('bot', { network: n % 2 === 0 ? 'v4' : 'v6', signedIn: true }));
    expect([begun(all), turns.waiting]).toEqual([4, 4]);
  });

  test('a credential in two networks waits in each by itself: a full one neither keeps it from the other, nor lends it one uncounted', () => {
    const turns = createTurns({ connections: 16, maxWaiting: 100 });
    const { ask } = asking(turns);
    const bot = (network: string): Asked => ask('bot', { network, signedIn: true });
    // v4 has its half, and all is busy.
    const full = times(8, (n) => ask(`v4 ${n}`, { network: 'v4', signedIn: true }));
    const rest = times(8, (n) => ask(`${n}`, { signedIn: true }));
    const fromV6 = bot('v6');
    const fromV4 = [bot('v4'), bot('v4')];
    for (const one of rest.slice(0, 3)) turns.done(one);
    expect([fromV6.state, ...fromV4.map(({ state }) => state)]).toEqual(['begun', 'waits', 'waits']);
    expect(turns.busy).toBe(14);
    for (const one of full.slice(0, 1)) turns.done(one);
    expect(fromV4.map(({ state }) => state)).toEqual(['begun', 'waits']);
    for (const one of [...full.slice(1), ...rest.slice(3), fromV6, ...fromV4]) turns.done(one);
    expect([turns.busy, turns.waiting]).toEqual([0, 0]);
  });

  test('a credential that waits first in a full network does not have its requests from another one wait with it', () => {
    const turns = createTurns({ connections: 16, maxWaiting: 100 });
    const { ask } = asking(turns);
    for (let n = 0; n < 8; n += 1) ask(`v4 ${n}`, { network: 'v4', signedIn: true });
    const fromV4 = ask('bot', { network: 'v4', signedIn: true });
    const rest = times(8, (n) => ask(`${n}`, { signedIn: true }));
    const fromV6 = ask('bot', { network: 'v6', signedIn: true });
    for (const one of rest.slice(0, 1)) turns.done(one);
    expect([fromV4.state, fromV6.state]).toEqual(['waits', 'begun']);
  });
});

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('ask' as const),
        client: fc.nat(9),
        network: fc.nat(1),
        streamed: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('done' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }) },
  ),
  { minLength: 20, maxLength: 150, size: 'max' },
);

test('the venue connections that are counted are those that run, within all shares, and at last none, whoever asks, ends and leaves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(20), steps, (connections, maxWaiting, script) => {
      const turns = createTurns({ connections, maxWaiting });
      const share = (part: number, of = connections): number => Math.max(1, Math.floor(of * part));
      const running: Turn[] = [];
      const waiting = new Map<Turn, Waiting>();
      const count = (of: (turn: Turn) => boolean): number => running.filter(of).length;
      function expectCounted(): void {
        expect([turns.busy, turns.streaming]).toEqual([running.length, count(({ streamed }) => streamed)]);
        expect(turns.waiting).toBe(waiting.size);
        // Told at once: as many expectations as there are pairs of requests would take most of the time.
        const tooMany: { readonly found: number; readonly share: number }[] = [];
        for (const [total, isOf] of [
          [connections, () => true],
          [turns.streams, ({ streamed }: Turn) => streamed],
        ] as const) {
          const within = (most: number, of: (holder: Holder) => boolean): void => {
            const found = count((turn) => isOf(turn) && of(turn.holder));
            if (found > most) tooMany.push({ found, share: most });
          };
          within(total, () => true);
          within(share(3 / 4, total), ({ signedIn }) => !signedIn);
          for (const { holder } of running) {
            const { client, network, signedIn } = holder;
            const here = (other: Holder): boolean => other.network === network;
            within(share(1 / 4, total), (other) => other.client === client);
            within(share(1 / 2, total), (other) => here(other) && other.signedIn === signedIn);
            within(share(3 / 4, total), here);
          }
        }
        expect(tooMany).toEqual([]);
      }
      const ask = ({ client, network, streamed }: { client: number; network: number; streamed: boolean }): void => {
        let begins = 0;
        const turn: Turn = {
          holder: { client: `client ${client}`, network: `network ${network}`, signedIn: client % 2 === 0 },
          streamed,
          begin() {
            begins += 1;
            expect(begins).toBe(1);
            running.push(turn);
            waiting.delete(turn);
          },
          dropped: () => void waiting.delete(turn),
        };
        const place = turns.ask(turn);
        if (place !== undefined && begins === 0) waiting.set(turn, place);
      };
      const finish = (which: number): void => {
        const [over] = running.splice(which % Math.max(1, running.length), 1);
        if (over !== undefined) turns.done(over);
      };
      for (const step of script) {
        if (step.kind === 'ask') ask(step);
        else if (step.kind === 'done') finish(step.which);
        else {
          const [turn, place] = [...waiting][step.which % Math.max(1, waiting.size)] ?? [];
          if (turn !== undefined) waiting.delete(turn);
          place?.leave();
        }
        expectCounted();
      }
      // Nobody waits for ever: each that ends lets others begin.
      while (running.length > 0) {
        finish(0);
        expectCounted();
      }
      expect([turns.busy, turns.streaming, turns.waiting]).toEqual([0, 0, 0]);
    }),
  );
});

describe('who waits', () => {
  test('requests that wait for the venue are served in turns of the networks, and in each of its clients', () => {
    const turns = createTurns({ connections: 1, maxWaiting: 100 });
    const { ask, order } = asking(turns);
    const first = ask('first');
    for (const [client, network] of [
      ['a', 'n'],
      ['a', 'n'],
      ['b', 'n'],
      ['c', 'c'],
      ['c', 'c'],
    ] as const)
      ask(client, { network });
    let last: Turn = first;
    for (let n = 0; n < 5; n += 1) {
      turns.done(last);
      const client = order.at(-1) ?? '';
      last = { ...first, holder: { client, network: client === 'c' ? 'c' : 'n', signedIn: false } };
    }
    expect(order.join(' ')).toBe('first a c b c a');
  });

  test('requests of the signed in have three of four turns among those that wait for the venue', () => {
    const turns = createTurns({ connections: 1, maxWaiting: 100 });
    const { ask, owner, order } = asking(turns);
    const first = owner('first');
    for (let n = 0; n < 20; n += 1) {
      ask('stranger');
      owner('owner');
    }
    let last: Turn = first;
    for (let n = 0; n < 12; n += 1) {
      turns.done(last);
      const client = order.at(-1) ?? '';
      last = { ...first, holder: { client, network: client, signedIn: client === 'owner' } };
    }
    const served = order.slice(1);
    expect([served.length, served.filter((name) => name === 'stranger').length]).toEqual([12, 3]);
  });

  test('a request that waits for the venue is turned away for want of room by the client that has most, and never for a stranger when signed in', () => {
    const turns = createTurns({ connections: 1, maxWaiting: 10 });
    const { ask, owner } = asking(turns);
    const [first, alice] = [ask('first'), owner('alice')];
    const flood = times(50, () => ask('flood'));
    const quiet = ask('quiet');
    expect([first.state, alice.state, quiet.state]).toEqual(['begun', 'waits', 'waits']);
    expect(flood.map(({ state }) => state)).toEqual([...times(9, () => 'waits'), ...times(41, () => 'turned_away')]);
    expect(turns.turnedAway).toBe(41);
    turns.done(first);
    expect(alice.state).toBe('begun');
  });

  test('as many requests wait for the venue as there are places, of all kinds together', () => {
    for (const maxWaiting of [0, 1, 5, 32]) {
      const turns = createTurns({ connections: 16, maxWaiting });
      const { ask } = asking(turns);
      for (const signedIn of [true, false])
        for (const streamed of [true, false])
          for (let n = 0; n < 100; n += 1) ask(`${signedIn} ${n}`, { signedIn, streamed });
      expect(turns.waiting).toBe(turns.places);
      expect(turns.places).toBe(2 * (maxWaiting + Math.ceil(maxWaiting / 16)));
    }
  });

  test('a request that waits for the venue leaves when it wants to, and its place is free', () => {
    const turns = createTurns({ connections: 1, maxWaiting: 1 });
    const { ask } = asking(turns);
    const first = ask('first');
    const gone: Turn = { ...first, begin: () => expect.unreachable() };
    const place = turns.ask(gone);
    place?.leave();
    place?.leave();
    expect(turns.waiting).toBe(0);
    const second = ask('second');
    turns.done(first);
    expect([second.state, turns.busy]).toEqual(['begun', 1]);
  });

  test('a request that waits for the venue is told at the end', () => {
    const turns = createTurns({ connections: 1, maxWaiting: 4 });
    const { ask, owner } = asking(turns);
    ask('first');
    const waiting = [ask('a'), owner('b')];
    turns.clear();
    expect([waiting.map(({ state }) => state), turns.waiting]).toEqual([['stopping', 'stopping'], 0]);
  });

  test('a request that waited for the venue and is over as soon as it begins does not let the calls grow', () => {
    const turns = createTurns({ connections: 1, maxWaiting: 50_000 });
    const { ask } = asking(turns);
    const first = ask('first');
    let served = 0;
    for (let n = 0; n < 50_000; n += 1) {
      const brief: Turn = {
        holder: { client: `${n}`, network: `${n}`, signedIn: false },
        streamed: false,
        begin() {
          served += 1;
          turns.done(brief);
        },
        dropped: () => expect.unreachable(),
      };
      turns.ask(brief);
    }
    turns.done(first);
    expect([served, turns.busy, turns.waiting]).toEqual([50_000, 0, 0]);
  });
});

describe('what is streamed', () => {
  test('streamed requests have a sixteenth of the venue connections, and take none of the others', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    const slow = times(64, (n) => ask(`slow ${n}`, { streamed: true, signedIn: true }));
    expect([begun(slow), turns.streaming, turns.streams]).toEqual([8, 8, 8]);
    const owners = times(120, (n) => ask(`owner ${n}`, { signedIn: true }));
    expect(begun(owners)).toBe(120);
  });

  test('streamed requests share as the others do: a client has a quarter, and strangers leave some to the signed in', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    expect(begun(times(8, () => ask('one', { streamed: true })))).toBe(2);
    expect(begun(times(20, (n) => ask(`stranger ${n}`, { streamed: true })))).toBe(4);
    expect(ask('alice', { streamed: true, signedIn: true }).state).toBe('begun');
  });

  test('a streamed request waits for a connection of its own kind, and gets it though all else is busy', () => {
    const turns = createTurns({ connections: 16, maxWaiting: 160 });
    const { ask, owner } = asking(turns);
    const first = ask('first', { streamed: true, signedIn: true });
    const second = ask('second', { streamed: true, signedIn: true });
    const owners = times(30, (n) => owner(`owner ${n}`));
    expect([begun(owners), second.state]).toEqual([15, 'waits']);
    turns.done(first);
    expect([second.state, begun(owners)]).toEqual(['begun', 15]);
  });
});
