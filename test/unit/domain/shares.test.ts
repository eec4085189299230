import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createShares, type Holder, type Shares } from '../../../src/domain/shares.ts';

const stranger = (client: string, network = client): Holder => ({ client, network, signedIn: false });
const owner = (client: string, network = client): Holder => ({ client, network, signedIn: true });

/** How many times one can be taken, until it is refused. */
function takeAll(shares: Shares, holder: Holder): number {
  let taken = 0;
  while (shares.take(holder, 1)) taken += 1;
  return taken;
}

describe('of 128', () => {
  test('a client has a quarter of the shares', () => {
    expect(takeAll(createShares(128), stranger('a'))).toBe(32);
    expect(takeAll(createShares(128), owner('a'))).toBe(32);
  });

  test('a network has a half of the shares, however many clients it has', () => {
    for (const who of [stranger, owner]) {
      const shares = createShares(128);
      const taken = Array.from({ length: 100 }, (_, n) => takeAll(shares, who(`client ${n}`, 'network')));
      expect(taken.reduce((sum, n) => sum + n)).toBe(64);
    }
  });

  test('a network never has all shares: with a session and without it has three quarters, with however many accounts and addresses', () => {
    const shares = createShares(128);
    const takeAllHere = (who: typeof owner): number =>
      Array.from({ length: 100 }, (_, n) => takeAll(shares, who(`${who === owner} ${n}`, 'network'))).reduce(
        (sum, n) => sum + n,
      );
    expect([takeAllHere(stranger), takeAllHere(owner)]).toEqual([64, 32]);
    expect(shares.may(true)?.network('network')).toBe(false);
    expect(shares.may(false)?.network('network')).toBe(false);
    expect(takeAll(shares, owner('elsewhere'))).toBe(32);
  });

  test('strangers have three quarters of the shares, from however many networks; the rest is left for the signed in', () => {
    const shares = createShares(128);
    for (let n = 0; n < 200; n += 1) shares.take(stranger(`192.0.2.${n}`), 1);
    expect(shares.held).toBe(96);
    expect(shares.may(false)).toBeUndefined();
    expect(takeAll(shares, owner('alice'))).toBe(32);
    expect(shares.may(true)).toBeUndefined();
  });

  test('strangers at the same address take no share from the signed in there', () => {
    const shares = createShares(128);
    expect(takeAll(shares, stranger('192.0.2.1'))).toBe(32);
    expect(takeAll(shares, owner('credential/1', '192.0.2.1'))).toBe(32);
  });

  test('clients that are signed in can have all shares', () => {
    const shares = createShares(128);
    for (let n = 0; n < 200; n += 1) shares.take(owner(`credential/${n}`, `192.0.2.${n}`), 1);
    expect(shares.held).toBe(128);
  });
});

test('every client can hold one of however few shares', () => {
  for (const total of [1, 2, 3]) expect(takeAll(createShares(total), stranger('a'))).toBe(1);
});

test('a share is taken whole or not at all', () => {
  const shares = createShares(100);
  expect(shares.take(stranger('a'), 26)).toBe(false);
  expect(shares.held).toBe(0);
  expect(shares.take(stranger('a'), 25)).toBe(true);
});

test('a client that is told it may take one more share could take it', () => {
  const shares = createShares(16);
  for (const client of ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b']) shares.take(stranger(client, 'n'), 1);
  expect(shares.may(false)?.network('n')).toBe(false);
  expect(shares.may(false)?.client('a')).toBe(false);
  expect(shares.may(false)?.client('c')).toBe(true);
  expect(shares.may(true)?.network('n')).toBe(true);
});

test('a total of shares that is not a whole number above 0 is refused', () => {
  for (const total of [0, -1, 1.5, Number.NaN]) expect(() => createShares(total)).toThrow(RangeError);
});

test('whatever shares are taken and given back, nobody is above its share and the sum is exact', () => {
  const steps = fc.array(fc.record({ who: fc.nat(11), amount: fc.integer({ min: 1, max: 9 }), give: fc.boolean() }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), steps, (total, script) => {
      const shares = createShares(total);
      const taken: { holder: Holder; amount: number }[] = [];
      const sum = (of: (holder: Holder) => boolean): number =>
        taken.reduce((all, { holder, amount }) => all + (of(holder) ? amount : 0), 0);
      for (const { who, amount, give } of script) {
        const signedIn = who % 2 === 0;
        const holder: Holder = { client: `client ${who}`, network: `network ${who % 3}`, signedIn };
        if (give) {
          const [last] = taken.splice(-1);
          if (last !== undefined) shares.give(last.holder, last.amount);
        } else if (shares.take(holder, amount)) taken.push({ holder, amount });
        expect(shares.held).toBe(sum(() => true));
        expect(shares.held).toBeLessThanOrEqual(total);
        expect(sum(({ signedIn }) => !signedIn)).toBeLessThanOrEqual(Math.max(1, Math.floor((total * 3) / 4)));
        expect(sum(({ client }) => client === holder.client)).toBeLessThanOrEqual(Math.max(1, Math.floor(total / 4)));
        expect(sum((other) => other.network === holder.network && other.signedIn === signedIn)).toBeLessThanOrEqual(
          Math.max(1, Math.floor(total / 2)),
        );
        expect(sum(({ network }) => network === holder.network)).toBeLessThanOrEqual(
          Math.max(1, Math.floor((total * 3) / 4)),
        );
        // What is asked of before a turn is what is then taken.
        const may = shares.may(signedIn);
        const mayTake = may?.client(holder.client) === true && may.network(holder.network);
        expect(shares.take(holder, 1)).toBe(mayTake);
        if (mayTake) shares.give(holder, 1);
      }
      for (const { holder, amount } of taken) shares.give(holder, amount);
      expect(shares.held).toBe(0);
    }),
  );
});
