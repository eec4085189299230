// Who gets a connection when there are not enough of them, and who has to go for it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIp } from '../../../../src/domain/allowlist.ts';
import {
  type ConnectionShares,
  createConnectionShares,
  networkShare,
  type Place,
  type ShareLimits,
} from '../../../../src/http/kit/connection-shares.ts';
import { rateKeys } from '../../../../src/ratelimit/rate-keys.ts';

interface Tried {
  readonly name: string;
  heldUp?: boolean;
}

const limits = (all: number, perClient: number): ShareLimits => ({
  all,
  perClient,
  perNetwork: networkShare(all, perClient),
});
const create = (all: number, perClient: number): ConnectionShares<Tried> =>
  createConnectionShares<Tried>(limits(all, perClient), ({ heldUp }) => heldUp === true);
/** Keys of an address; undefined for a trusted proxy, as the listener says it. */
const keysOf = (address: string | undefined) => (address === undefined ? undefined : rateKeys(parseIp(address)));

/** Opens one that must be admitted; says who went for it. */
function admit(shares: ConnectionShares<Tried>, address: string | undefined, name: string, heldUp = false) {
  const connection = { name, heldUp };
  const admission = shares.admit(connection, keysOf(address));
  if (admission.kind === 'refused') throw new Error(`${name} was refused: ${admission.full}`);
  return { connection, place: admission.place, instead: admission.instead?.name };
}
const refusedBy = (shares: ConnectionShares<Tried>, address: string | undefined): string | undefined => {
  const admission = shares.admit({ name: 'newcomer' }, keysOf(address));
  return admission.kind === 'refused' ? admission.full : undefined;
};

test('an IPv6 /48 has four times the connections of an address, never more than half of all, never less than one address', () => {
  expect(networkShare(4096, 512)).toBe(2048);
  expect(networkShare(4096, 100)).toBe(400);
  expect(networkShare(1000, 400)).toBe(500);
  expect(networkShare(1000, 900)).toBe(900);
  expect(networkShare(1, 1)).toBe(1);
});

test('8,192 /64s of one /48 at work hold half of all connections and no more, and others are served', () => {
  const shares = create(4096, 512);
  let refused = 0;
  for (let n = 0; n < 8192; n += 1) {
    const admission = shares.admit({ name: `${n}` }, keysOf(`2001:db8:1:${n.toString(16)}::1`));
    if (admission.kind === 'refused') refused += 1;
    else admission.place.asks();
  }
  expect([shares.open, refused]).toEqual([2048, 8192 - 2048]);
  // The next site, and an IPv4 address that the kernel shows as one of IPv6.
  expect(admit(shares, '2001:db8:2::1', 'other site').instead).toBeUndefined();
  expect(admit(shares, '::ffff:192.0.2.1', 'IPv4').instead).toBeUndefined();
});

test('an address that has all its connections at work gets no more, whichever of its /64 it uses', () => {
  const shares = create(100, 3);
  for (const last of ['1', '2', '3']) admit(shares, `2001:db8::${last}`, last).place.asks();
  expect(refusedBy(shares, '2001:db8::4')).toBe('address');
  expect(refusedBy(shares, '2001:db8:0:1::4')).toBeUndefined();
});

test('an address that has its share of connections makes room by its own longest silent one', () => {
  const shares = create(100, 2);
  admit(shares, '192.0.2.9', 'of another, silent for longer');
  const first = admit(shares, '192.0.2.1', 'first');
  admit(shares, '192.0.2.1', 'second');
  first.place.asks();
  first.place.isSilent();
  expect(admit(shares, '192.0.2.1', 'third').instead).toBe('second');
  expect(shares.open).toBe(3);
});

test('a /48 that has its share of connections makes room by the longest silent of its /64 with most', () => {
  const shares = create(8, 3);
  admit(shares, '2001:db8:0:1::1', 'one of another /64');
  for (const name of ['a', 'b', 'c']) admit(shares, '2001:db8:0:2::1', name);
  expect(admit(shares, '2001:db8:0:3::1', 'new').instead).toBe('a');
});

test('when all connections are taken, the longest silent of the network with most makes room, and no other', () => {
  const shares = create(6, 3);
  admit(shares, '192.0.2.1', 'silent for longest, alone');
  for (const name of ['a', 'b', 'c']) admit(shares, '192.0.2.2', name);
  for (const name of ['d', 'e']) admit(shares, '192.0.2.3', name);
  expect(admit(shares, '192.0.2.4', 'new').instead).toBe('a');
  // Now two networks have most; in each the one without a request for longest would go.
  expect(['b', 'd']).toContain(admit(shares, '192.0.2.5', 'newer').instead);
});

test('a connection that waits for us is never closed for another: the newest is refused when all are at work', () => {
  const shares = create(3, 3);
  const places = ['a', 'b', 'c'].map((name) => admit(shares, '192.0.2.1', name).place);
  for (const place of places) place.asks();
  expect(refusedBy(shares, '192.0.2.1')).toBe('address');
  expect(refusedBy(shares, '192.0.2.2')).toBe('all');
  expect(shares.makeRoom()).toBeUndefined();
  places[1]?.isSilent();
  expect(admit(shares, '192.0.2.2', 'new').instead).toBe('b');
});

test('a connection that we wait for is closed like one that asks for nothing, after those', () => {
  const shares = create(3, 3);
  admit(shares, '192.0.2.1', 'waits for us').place.asks();
  admit(shares, '192.0.2.1', 'sends slowly', true).place.asks();
  admit(shares, '192.0.2.1', 'silent');
  expect(admit(shares, '192.0.2.2', 'new').instead).toBe('silent');
  expect(admit(shares, '192.0.2.3', 'newer').instead).toBe('sends slowly');
});

test('connections of trusted proxies have no share of their own, and make room after all others', () => {
  const shares = create(4, 1);
  for (const name of ['p', 'q', 'r']) admit(shares, undefined, name);
  admit(shares, '192.0.2.1', 'direct');
  expect(admit(shares, undefined, 's').instead).toBe('direct');
  expect(admit(shares, '192.0.2.2', 'new').instead).toBe('p');
});

test('a connection that is not at work goes when the system has no more descriptors', () => {
  const shares = create(100, 10);
  admit(shares, '192.0.2.1', 'a').place.asks();
  admit(shares, '192.0.2.1', 'b');
  expect(shares.makeRoom()?.name).toBe('b');
  expect([shares.makeRoom(), shares.open]).toEqual([undefined, 1]);
});

test('no limit of connections is exceeded and none at work is closed, whatever comes, asks, is silent and goes', () => {
  const addresses = [undefined, '192.0.2.1', '192.0.2.2', '2001:db8:0:1::1', '2001:db8:0:2::1', '2001:db8:0:3::1'];
  const steps = fc.array(
    fc.record({ act: fc.constantFrom('open', 'ask', 'answer', 'close'), who: fc.nat(5), which: fc.nat(20) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const { all, perClient, perNetwork } = limits(7, 3);
      const shares = create(all, perClient);
      const open = new Map<Tried, { place: Place; address: string | undefined; asks: boolean }>();
      for (const { act, who, which } of list) {
        const entry = [...open][which % Math.max(1, open.size)];
        if (act === 'open') {
          const connection = { name: 'one' };
          const address = addresses[who];
          const admission = shares.admit(connection, keysOf(address));
          if (admission.kind === 'refused') continue;
          if (admission.instead !== undefined) {
            expect(open.get(admission.instead)?.asks).toBe(false);
            open.delete(admission.instead);
          }
          open.set(connection, { place: admission.place, address, asks: false });
        } else if (entry !== undefined) {
          const [connection, state] = entry;
          if (act === 'close') {
            state.place.leave();
            state.place.leave();
            open.delete(connection);
          } else {
            state.asks = act === 'ask';
            if (state.asks) state.place.asks();
            else state.place.isSilent();
          }
        }
        const held = [...open.values()];
        const of = (test: (address: string) => boolean) =>
          held.filter(({ address }) => address !== undefined && test(address)).length;
        expect(shares.open).toBe(held.length);
        expect(held.length).toBeLessThanOrEqual(all);
        for (const one of addresses) expect(of((address) => address === one)).toBeLessThanOrEqual(perClient);
        expect(of((address) => address.startsWith('2001:db8:0'))).toBeLessThanOrEqual(perNetwork);
      }
    }),
  );
});
