// Whether the server answers: what calls say of it, and what is asked while it does not.
import { describe, expect, test } from 'vitest';
import { clockAhead } from '../../../console/app/connection/clock.ts';
import { createReach, type Reach } from '../../../console/app/connection/reach.ts';
import { CountersignError, NoAnswer } from '../../../src/client/errors.ts';

const lost = new NoAnswer('no answer in time', 'unknown');
const said = (status: number) => new CountersignError({ status, code: 'X', message: 'x' });
const microtasks = () => new Promise((resolve) => setImmediate(resolve));

function watched({ isOffline = false } = {}) {
  let tick: (() => void) | undefined;
  let answer: () => Promise<unknown> = async () => undefined;
  const told: Reach['is'][] = [];
  let back = 0;
  let asked = 0;
  const watch = createReach({
    now: () => 5000,
    isOffline: () => isOffline,
    ask: () => {
      asked += 1;
      return answer();
    },
    everySecond(next) {
      tick = next;
      return () => {
        tick = undefined;
      };
    },
    tell: () => told.push(watch.state().is),
    onBack: () => {
      back += 1;
    },
  });
  return {
    watch,
    told,
    counts: () => ({ asked, back }),
    answers: (next: () => Promise<unknown>) => {
      answer = next;
    },
    async second() {
      tick?.();
      await microtasks();
    },
    isTicking: () => tick !== undefined,
  };
}

describe('the server', () => {
  test('restarts when it says 503, or is silent after it answered; with the third silence the connection is lost', () => {
    const { watch } = watched();
    watch.answered();
    watch.failed(said(503));
    expect(watch.state()).toEqual({ is: 'restarting', from: 5000, seconds: 2 });
    watch.failed(lost);
    watch.failed(lost);
    expect(watch.state().is).toBe('restarting');
    watch.failed(lost);
    expect(watch.state().is).toBe('lost');
  });

  test('is lost at once where the browser is offline, and where it never answered', () => {
    const { watch } = watched({ isOffline: true });
    watch.answered();
    watch.failed(lost);
    expect(watch.state()).toMatchObject({ is: 'lost', from: 5000 });
    const never = watched().watch;
    never.failed(lost);
    expect(never.state()).toMatchObject({ is: 'lost', from: undefined });
  });

  test('is there whatever else it says, and nothing of the page counts', () => {
    const { watch } = watched();
    watch.failed(said(403));
    watch.failed(new TypeError('a mistake of the page'));
    expect(watch.state()).toEqual({ is: 'there' });
  });

  test('is asked with a countdown and growing pauses until it is there, and then everything is read anew once', async () => {
    const { watch, answers, second, counts, isTicking } = watched();
    watch.answered();
    answers(async () => {
      throw lost;
    });
    watch.failed(lost);
    const seconds: unknown[] = [];
    for (let n = 0; n < 2 + 4 + 8; n += 1) {
      const state = watch.state();
      seconds.push(state.is === 'there' ? 'there' : state.seconds);
      await second();
    }
    expect(seconds).toEqual([2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(counts()).toEqual({ asked: 3, back: 0 });
    answers(async () => new Date());
    watch.tryNow();
    await microtasks();
    expect([watch.state(), counts(), isTicking()]).toEqual([{ is: 'there' }, { asked: 4, back: 1 }, false]);
    watch.answered();
    expect(counts().back).toBe(1);
  });
});

describe('the clock of this machine', () => {
  const clockOf = (ahead: number, trip = 0) => {
    let steady = 0;
    return clockAhead(
      async () => {
        steady = trip;
        return new Date(1_700_000_000_000 + trip / 2);
      },
      { now: () => 1_700_000_000_000 + ahead + steady, monotonic: () => steady },
    );
  };

  test('is said when it is off by more than a minute, either way, however long the answer took', async () => {
    expect(await clockOf(60_000)).toBeUndefined();
    expect(await clockOf(60_001)).toBe(60_001);
    expect(await clockOf(-240_000, 8000)).toBe(-240_000);
    expect(await clockOf(0, 120_000)).toBeUndefined();
  });
});
