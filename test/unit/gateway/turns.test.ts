import { describe, expect, test } from 'vitest';
import { createTurns, type Turn, type Turns } from '../../../src/gateway/turns.ts';

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
  test('no client has more than a quarter of them, and who waits at its share is passed by others', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    const flood = times(200, () => ask('flood'));
    expect([begun(flood), turns.waiting]).toEqual([32, 168]);
    expect(ask('another').state).toBe('begun');
  });

  test('no network has more than a half of them, however many clients it has', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    expect(begun(times(500, (n) => ask(`client ${n}`, { network: 'one' })))).toBe(64);
    expect(ask('another').state).toBe('begun');
  });

  test('strangers from however many networks leave a quarter to who is signed in', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask, owner } = asking(turns);
    expect(begun(times(500, (n) => ask(`192.0.2.${n}`)))).toBe(96);
    expect(owner('alice').state).toBe('begun');
  });

  test('an owner shares nothing with strangers at the same address', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    for (let n = 0; n < 500; n += 1) ask(`client ${n}`, { network: 'one' });
    expect(ask('credential', { network: 'one', signedIn: true }).state).toBe('begun');
  });
});

describe('who waits', () => {
  test('is served in turns of the networks, and in each of its clients', () => {
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

  test('who is signed in has three turns of four', () => {
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

  test('is turned away for want of room by the client that has most, and never for a stranger who is signed in', () => {
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

  test('leaves when it wants to, and its place is free', () => {
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

  test('is told at the end', () => {
    const turns = createTurns({ connections: 1, maxWaiting: 4 });
    const { ask, owner } = asking(turns);
    ask('first');
    const waiting = [ask('a'), owner('b')];
    turns.clear();
    expect([waiting.map(({ state }) => state), turns.waiting]).toEqual([['stopping', 'stopping'], 0]);
  });

  test('and is over as soon as it begins, does not let the calls grow', () => {
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
  test('has a sixteenth of the connections, and takes none of the others', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    const slow = times(64, (n) => ask(`slow ${n}`, { streamed: true, signedIn: true }));
    expect([begun(slow), turns.streaming, turns.streams]).toEqual([8, 8, 8]);
    const owners = times(120, (n) => ask(`owner ${n}`, { signedIn: true }));
    expect(begun(owners)).toBe(120);
  });

  test('is shared as the others are: a client has a quarter, and strangers leave some to who is signed in', () => {
    const turns = createTurns({ connections: 128, maxWaiting: 1024 });
    const { ask } = asking(turns);
    expect(begun(times(8, () => ask('one', { streamed: true })))).toBe(2);
    expect(begun(times(20, (n) => ask(`stranger ${n}`, { streamed: true })))).toBe(4);
    expect(ask('alice', { streamed: true, signedIn: true }).state).toBe('begun');
  });

  test('waits for one of its own, and gets it though all else is busy', () => {
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
