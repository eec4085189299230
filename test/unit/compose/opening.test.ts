import { expect, test } from 'vitest';
import { createOpening } from '../../../src/compose/opening.ts';
import { NotClosed } from '../../../src/errors.ts';

function sayingLog(said: string[]) {
  return {
    error: ({ event, err }: { event: string; err: unknown }) =>
      void said.push(`${event}: ${err instanceof Error ? err.message : err}`),
  };
}

const silent = { error: () => expect.unreachable() };

/** A part that closes by saying its name, or by failing with it. */
const part = (name: string, said: string[], { fails = false } = {}) => ({
  name,
  async [Symbol.asyncDispose]() {
    if (fails) throw new Error(name);
    said.push(name);
  },
});

test('at the end every part is closed, the last first, though some of it throws or rejects; each failure is told at once, and all at the end', async () => {
  const said: string[] = [];
  const opening = createOpening(sayingLog(said));
  opening.defer(() => void said.push('log'));
  opening.defer(() => {
    throw new Error('EACCES');
  });
  opening.defer(async () => void said.push('journal'));
  opening.defer(() => Promise.reject(new Error('EIO')));
  opening.use(part('listener', said));
  const closeAll = opening.move();
  await expect(closeAll()).rejects.toEqual(new NotClosed([new Error('EIO'), new Error('EACCES')]));
  expect(said).toEqual(['listener', 'not_closed: EIO', 'journal', 'not_closed: EACCES', 'log']);
  await expect(closeAll()).rejects.toThrow('not everything could be closed: EIO; EACCES');
  expect(said).toHaveLength(5);
});

test('a caller that asks again while the parts are being closed waits for the same end', async () => {
  const slow = Promise.withResolvers<void>();
  const opening = createOpening(silent);
  opening.defer(() => slow.promise);
  const closeAll = opening.move();
  const first = closeAll();
  let secondEnded = false;
  const second = closeAll().then(() => {
    secondEnded = true;
  });
  await new Promise(setImmediate);
  expect(secondEnded).toBe(false);
  slow.resolve();
  await Promise.all([first, second]);
});

test('a part that cannot start closes those before it, newest first, and its own error is the one that is thrown', async () => {
  const said: string[] = [];
  const start = async () => {
    await using opening = createOpening(sayingLog(said));
    opening.use(part('store', said));
    opening.use(part('journal', said, { fails: true }));
    opening.use(part('gateway', said));
    throw new Error('EADDRINUSE');
  };
  await expect(start()).rejects.toThrow(/^EADDRINUSE$/);
  expect(said).toEqual(['gateway', 'not_closed: journal', 'store']);
});

test('a start that succeeds closes no part until it is told to', async () => {
  const said: string[] = [];
  const start = async () => {
    await using opening = createOpening(silent);
    opening.use(part('store', said));
    return opening.move();
  };
  const closeAll = await start();
  expect(said).toEqual([]);
  await closeAll();
  expect(said).toEqual(['store']);
});

test('each failure to close a part within a part is logged once, before the next is closed, and named at the end', async () => {
  const said: string[] = [];
  const log = sayingLog(said);
  const composed = () => {
    const opening = createOpening(log);
    opening.use(part('store', said));
    opening.use(part('keyring', said, { fails: true }));
    opening.use(part('journal', said, { fails: true }));
    return { [Symbol.asyncDispose]: opening.move() };
  };
  const opening = createOpening(log);
  opening.use(part('log', said));
  opening.use(composed());
  const closeAll = opening.move();
  await expect(closeAll()).rejects.toEqual(new NotClosed([new Error('journal'), new Error('keyring')]));
  expect(said).toEqual(['not_closed: journal', 'not_closed: keyring', 'store', 'log']);
});
