// How long a session of the client is good: by its life, and not by how long a person was waited for before it began.
import { expect, test } from 'vitest';
import type { Auth } from '../../../src/client/auth.ts';
import type { Server } from '../../../src/client/call.ts';
import { createSessions } from '../../../src/client/session.ts';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function sessionsOf(waits: boolean) {
  let [ms, signIns] = [0, 0];
  const auth: Auth = {
    account: async () => '0x1',
    async signIn() {
      signIns += 1;
      ms += 600_000;
      const bearer = `${part({ alg: 'ES256' })}.${part({ iat: 1000, exp: 1300, n: signIns })}.c2ln`;
      return waits ? { bearer, waitedMs: 600_000 } : { bearer };
    },
  };
  const timing = { now: () => ms, monotonic: () => ms };
  return {
    sessions: createSessions(auth, {} as Server, timing),
    pass: (more: number) => {
      ms += more;
    },
    signIns: () => signIns,
  };
}

test('a session does not age while a person is waited for before it is asked for', async () => {
  const { sessions, pass, signIns } = sessionsOf(true);
  const first = await sessions.get();
  pass(269_000);
  expect(await sessions.get()).toBe(first);
  pass(1000);
  await sessions.get();
  expect(signIns()).toBe(2);
});

test('a session ages while its answer is under way', async () => {
  const { sessions, signIns } = sessionsOf(false);
  await sessions.get();
  await sessions.get();
  expect(signIns()).toBe(2);
});
