// Too many requests: how long what is read waits for its turn.
import { expect, test } from 'vitest';
import { createTurns } from '../../../console/app/session/turns.ts';

function waiting() {
  let now = 0;
  let tick: (() => void) | undefined;
  const told: (number | undefined)[] = [];
  const turns = createTurns({
    now: () => now,
    everySecond(next) {
      tick = next;
      return () => {
        tick = undefined;
      };
    },
  });
  turns.onTurn(() => told.push(turns.seconds()));
  return {
    turns,
    told,
    isTicking: () => tick !== undefined,
    pass(ms: number) {
      now += ms;
      tick?.();
    },
    async answers(status: number, headers: Record<string, string> = {}) {
      const send = turns.heard(async () => new Response('', { status, headers }));
      return (await send('http://127.0.0.1/')).status;
    },
  };
}

test('an answer of too many requests is counted down second by second, and then forgotten', async () => {
  const { answers, told, pass, isTicking } = waiting();
  expect(await answers(429, { 'Retry-After': '2' })).toBe(429);
  pass(1000);
  pass(1000);
  expect(told).toEqual([2, 1, undefined]);
  expect(isTicking()).toBe(false);
});

test('of several that wait the last one counts, and no other answer changes anything', async () => {
  const { answers, told, turns } = waiting();
  await answers(200, { 'Retry-After': '9' });
  await answers(503, { 'Retry-After': '9' });
  expect(told).toEqual([]);
  await answers(429, { 'Retry-After': '9' });
  await answers(429, { 'Retry-After': '3' });
  expect(turns.seconds()).toBe(9);
});

test('a time that is none, or longer than anybody waits, is not told', async () => {
  const { answers, told } = waiting();
  for (const after of ['never', '-3', '1e9', '100000']) await answers(429, { 'Retry-After': after });
  expect(told).toEqual([]);
});
