// Something that was made though its answer was lost is looked for as long as its request may still arrive.
import { describe, expect, test } from 'vitest';
import { deletedOrGone, findSubkey, findToken, lookedFor } from '../../../console/pages/add/make-key.ts';
import type { Client } from '../../../src/client/create-client.ts';
import { CountersignError, NoAnswer } from '../../../src/client/errors.ts';

const lost = new NoAnswer('no answer in time', 'unknown');
const lostSubkey = new NoAnswer('no answer in time', 'unknown', { kind: 'subkey', publicKey: '0x7', since: 100n });
const said = (status: number, code: string) => new CountersignError({ status, code, message: 'x' });

/** Looks, each of them a moment; found from `from` on. Gives when each look was. */
async function looks(error: NoAnswer | CountersignError, from = Number.POSITIVE_INFINITY, leaveAt?: number) {
  let now = 1000;
  const began = now;
  const at: number[] = [];
  const leaving = new AbortController();
  const found = await lookedFor(
    async () => {
      at.push(now - began);
      if (leaveAt !== undefined && now - began >= leaveAt) leaving.abort();
      return now - began >= from ? 'found' : undefined;
    },
    { lost: error, signal: leaving.signal },
    {
      sleep: async (ms) => {
        now += ms;
      },
      monotonic: () => now,
    },
  );
  return { found, at };
}

describe('what was made though its answer was lost', () => {
  test('is not told as not made before its request cannot arrive any more: 10 seconds is the longest that one lives', async () => {
    const { found, at } = await looks(lost);
    expect(found).toBeUndefined();
    expect(at.at(-1)).toBeGreaterThan(10_000);
    expect(at.length).toBeGreaterThan(5);
    expect((await looks(said(504, 'HTTP_504'))).at).toEqual(at);
  });

  test('is found whenever it arrives, and not looked for after that', async () => {
    expect(await looks(lost, 0)).toEqual({ found: 'found', at: [0] });
    expect((await looks(lost, 9000)).found).toBe('found');
  });

  test('is looked for twice where the server itself said that it failed', async () => {
    expect((await looks(said(500, 'INTERNAL_ERROR'))).at).toEqual([0, 1500]);
  });

  test('is not looked for any more by a page whose dialog is gone', async () => {
    expect((await looks(lost, Number.POSITIVE_INFINITY, 1500)).at).toEqual([0, 1500]);
  });

  test('is not found in what cannot be read now', async () => {
    const client = { subkeys: { get: () => Promise.reject(lost) } } as unknown as Client;
    await expect(findSubkey(client, '0x7', { lost: lostSubkey })).rejects.toBe(lost);
  });

  test('is nothing where the request says that it never left', async () => {
    const looking = { lost: new NoAnswer('refused', 'unsent'), signal: new AbortController().signal };
    expect(await findToken({} as Client, looking)).toBeUndefined();
    expect(await findSubkey({} as Client, '0x7', looking)).toBeUndefined();
  });

  test.each([
    ['active', 100n, true],
    ['pending', 101n, true],
    ['active', 99n, false],
    ['revoked', 100n, false],
    ['expired', 100n, false],
  ] as const)(
    'is not an older row of the same key, nor one that has ended: %s, made at %s',
    async (state, at, isFound) => {
      const row = { public_key: '0x7', state, created_at: at };
      const client = { subkeys: { get: async () => row } } as unknown as Client;
      // Left by its page: one look is enough.
      const looking = { lost: lostSubkey, signal: AbortSignal.abort() };
      expect(await findSubkey(client, '0x7', looking)).toBe(isFound ? row : undefined);
    },
  );
});

test('a key that the server has forgotten, since nobody took it in time, is deleted; whatever else the server says is not', async () => {
  const revoking = (revoke: () => Promise<unknown>) => ({ subkeys: { revoke } }) as unknown as Client;
  const receipt = { ms: 7 };
  expect(
    await deletedOrGone(
      revoking(async () => ({ receipt })),
      '0x7',
    ),
  ).toBe(receipt);
  expect(
    await deletedOrGone(
      revoking(() => Promise.reject(said(404, 'NOT_FOUND'))),
      '0x7',
    ),
  ).toBeUndefined();
  for (const error of [lost, said(503, 'SERVICE_UNAVAILABLE'), said(404, 'HTTP_404')])
    await expect(
      deletedOrGone(
        revoking(() => Promise.reject(error)),
        '0x7',
      ),
    ).rejects.toBe(error);
});
