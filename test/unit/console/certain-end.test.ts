// Deleting a key until it is certain.
import { describe, expect, test } from 'vitest';
import { type EndCalls, type EndProgress, endForCertain } from '../../../console/app/keys/certain-end.ts';
import { CountersignError, NoAnswer, type Receipt } from '../../../src/client/main.ts';

const receipt: Receipt = { nodes: 1, ms: 12, in_flight: 1 };
const says = (status: number, code: string, retryAfterSeconds?: number) =>
  new CountersignError({ status, code, message: code, retryAfterSeconds });
const lost = new NoAnswer('lost', 'unknown');
const unsent = new NoAnswer('offline', 'unsent');

/** Each call takes the next of its answers, and the last one for ever. */
async function run(revokes: readonly (Receipt | Error)[], looks: readonly (bigint | undefined | Error)[]) {
  const [asked, progress, waited]: [string[], EndProgress[], number[]] = [[], [], []];
  const next = <T>(what: string, answers: readonly (T | Error)[]) => {
    const nth = asked.filter((one) => one === what).length;
    asked.push(what);
    const answer = answers[Math.min(nth, answers.length - 1)];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as T);
  };
  const calls: EndCalls = { revoke: () => next('revoke', revokes), look: () => next('look', looks) };
  const end = await endForCertain(calls, {
    onProgress: (one) => progress.push(one),
    wait: async (seconds) => void waited.push(seconds),
  }).catch((error: unknown) => error);
  return { end, asked, progress, waited };
}

describe('deleting a key', () => {
  test('ends with the receipt and the time that the server says', async () => {
    expect(await run([receipt], [9n])).toEqual({
      end: { at: 9n, receipt },
      asked: ['revoke', 'look'],
      progress: ['deleting'],
      waited: [],
    });
  });

  test('is done though the time of it cannot be read afterwards', async () => {
    expect((await run([receipt], [lost])).end).toEqual({ at: undefined, receipt });
  });

  test('asks for the key after a lost answer, and does not repeat a delete that arrived', async () => {
    expect(await run([lost], [9n])).toMatchObject({
      end: { at: 9n, receipt: undefined },
      asked: ['revoke', 'look'],
      progress: ['deleting', 'checking'],
    });
  });

  test('repeats the delete when the key still lives after a lost answer', async () => {
    expect(await run([lost, receipt], [undefined, 9n])).toMatchObject({
      end: { at: 9n, receipt },
      asked: ['revoke', 'look', 'revoke', 'look'],
    });
  });

  test('goes on while neither can be told, and waits longer each time, 15 s at most', async () => {
    const { end, waited, progress } = await run([lost], [lost, lost, lost, lost, lost, lost, 9n]);
    expect(end).toMatchObject({ at: 9n });
    expect(waited).toEqual([1, 2, 4, 8, 15, 15, 15]);
    expect(new Set(progress.slice(1))).toEqual(new Set(['checking']));
  });

  test('says that nothing left this page while it is offline, and is not sure any more once something did', async () => {
    expect(await run([unsent, unsent, receipt], [9n])).toMatchObject({
      progress: ['deleting', 'unsent', 'unsent'],
      end: { receipt },
    });
    expect(await run([lost], [unsent, 9n])).toMatchObject({ progress: ['deleting', 'checking', 'checking'] });
  });

  test('that the server could not write down is repeated after the time it says', async () => {
    expect(await run([says(503, 'SERVICE_UNAVAILABLE', 3), receipt], [undefined, 9n])).toMatchObject({
      progress: ['deleting', 'unwritten'],
      waited: [3],
      end: { receipt },
    });
  });

  test('of a key that somebody ended meanwhile is done', async () => {
    expect((await run([says(404, 'NOT_FOUND')], [undefined])).end).toEqual({ at: undefined, receipt: undefined });
  });

  test.each([
    ['UNAUTHORIZED_ERROR', 401],
    ['INVALID_TOKEN_SCOPE', 403],
    ['INTERNAL_ERROR', 500],
  ])('is given up on %s, which repeating would not mend', async (code, status) => {
    expect(await run([says(status, code)], [undefined])).toMatchObject({ end: { code }, asked: ['revoke'] });
  });
});
