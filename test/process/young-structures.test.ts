// What a request is listed in while it is under way lets go of it: nothing of it reaches the old generation of V8's heap. In a process of
// its own, since V8 remembers what of other code has lived long.
import { expect, test } from 'vitest';
import { append, createChain, createLink, unlink } from '../../src/domain/chain.ts';
import { accountSubject, credentialSubject } from '../../src/domain/credential.ts';
import { createFairQueue } from '../../src/domain/fair-queue.ts';
import { parseFelt } from '../../src/domain/felt.ts';
import { addSeconds, nanosOfSeconds, unixSeconds } from '../../src/domain/time.ts';
import { createTurns, type Turn } from '../../src/gateway/turns.ts';
import { createLiveRegistry } from '../../src/revocation/live.ts';
import { bytesGrownOld, PUT_IN } from '../support/old-bytes.ts';

test('what stands in a chain and leaves it dies young', () => {
  const chain = createChain<object>();
  const grown = bytesGrownOld((thing) => {
    const link = createLink(thing);
    append(chain, link);
    return () => unlink(chain, link);
  });
  // Of a Set, nearly all of it.
  expect(grown).toBeLessThan(PUT_IN / 20);
});

test('what waits and is served dies young, however many clients there are', () => {
  const queue = createFairQueue<object>(2000);
  const grown = bytesGrownOld((thing, round) => {
    const name = `client ${round % 3000}`;
    queue.push({ client: name, network: name }, thing);
    return () => queue.shift();
  });
  // With Maps of those who wait, nearly all of it.
  expect(grown).toBeLessThan(PUT_IN / 20);
});

test('what has a turn, waiting or not, dies young, however many clients there are', () => {
  const turns = createTurns({ connections: 32, maxWaiting: 1024 });
  const grown = bytesGrownOld((thing, round) => {
    const name = `client ${round % 3000}`;
    let begun = false;
    const turn: Turn & { readonly thing: object } = {
      holder: { client: name, network: name, signedIn: round % 2 === 0 },
      streamed: false,
      thing,
      begin() {
        begun = true;
      },
      dropped: () => undefined,
    };
    const place = turns.ask(turn);
    return () => {
      if (begun) turns.done(turn);
      else place?.leave();
    };
  });
  expect(grown).toBeLessThan(PUT_IN / 10);
});

test('requests that come and go die young, though each has subjects of its own', () => {
  const account = parseFelt('0xabc');
  if (account === undefined) throw new Error('not a felt');
  const now = nanosOfSeconds(unixSeconds(1_800_000_000));
  const principal = {
    credential: { account, kind: 'main', id: '' },
    permissions: new Set<never>(),
    label: account,
    kid: 'kid-1',
    session: 'session-1',
    expiresAt: unixSeconds(1_800_000_300),
    authTime: unixSeconds(1_800_000_000),
    isolated: false,
    tokenUsage: undefined,
  } as const;
  const live = createLiveRegistry({ clock: { now: () => now, latest: () => now, monotonic: () => 0 } });
  const grown = bytesGrownOld((thing, round) => {
    const grant = live.open({
      principal,
      subjects: [credentialSubject({ account, kind: 'subkey', id: String(round) }), accountSubject(account)],
      position: 5n,
      refusalAt: () => (thing === undefined ? 'bearer_expired' : undefined),
      endsAt: addSeconds(now, 300),
      endReason: 'bearer_expired',
      decidedAt: now,
    });
    return () => grant.release();
  });
  // Of a Map by subject, nearly all of it.
  expect(grown).toBeLessThan(PUT_IN / 20);
});
