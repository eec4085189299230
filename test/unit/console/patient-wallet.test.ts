// A wallet that never answers, or throws at once.
import { afterEach, expect, test, vi } from 'vitest';
import { patient } from '../../../console/app/owner/patient-wallet.ts';
import { sentenceFor } from '../../../console/words/refusals.ts';
import { asked } from '../../../src/client/eip1193.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('a wallet that does not answer for two minutes is given up, in words', async () => {
  vi.useFakeTimers();
  const silent = patient({ request: () => new Promise(() => undefined) });
  const refused = asked(silent, 'personal_sign', []).catch((error: unknown) => sentenceFor(error).text);
  await vi.advanceTimersByTimeAsync(119_999);
  expect(await Promise.race([refused, Promise.resolve('waits')])).toBe('waits');
  await vi.advanceTimersByTimeAsync(1);
  expect(await refused).toBe('The wallet did not answer. Try again, or reload the page.');
  expect(vi.getTimerCount()).toBe(0);
});

test('a wallet that answers leaves no timer behind, and one that throws refuses', async () => {
  vi.useFakeTimers();
  expect(await patient({ request: async () => 7 }).request({ method: 'eth_chainId' })).toBe(7);
  const throwing = patient({
    request: () => {
      throw Object.assign(new Error('no'), { code: 4001 });
    },
  });
  await expect(asked(throwing, 'personal_sign', [])).rejects.toMatchObject({ code: 4001 });
  expect(vi.getTimerCount()).toBe(0);
});
