// The room of the main key: what its worker signs, what it never does, and when it shows the key.
import { describe, expect, test } from 'vitest';
import type { Ask } from '../../../console/worker/main-key-messages.ts';
import { refusedWords } from '../../../console/worker/main-key-refused.ts';
import { createMainKeyRoom, type MainKeyRoom, RoomRefused } from '../../../console/worker/main-key-room.ts';
import { mainKeyOf } from '../../../src/client/main-key.ts';
import { privateKeysOfSignature } from '../../../src/client/private-key.ts';
import { createStarkKey, randomStarkPrivateKey } from '../../../src/client/stark-key.ts';
import { createWallet } from '../../../src/client/wallet.ts';
import { parseFelt } from '../../../src/domain/felt.ts';
import { STARK_CURVE_ORDER } from '../../../src/starknet/pedersen.ts';

const felt = (text: string) => parseFelt(text) ?? expect.unreachable();
const [account, other] = [felt('0x4a1'), felt('0x4a2')];
const chainId = 'PRIVATE_SN_POTC_SEPOLIA';
const login = { chainId, account, purpose: 'login', timestamp: 1_700_000_000, expiration: 1_700_000_300 } as const;
const registration = { account, publicKey: felt('0x123'), timestamp: 1_700_000_000, expiry: 1_700_000_300 };

const refusal = (room: MainKeyRoom, ask: Ask): Promise<string> =>
  room.answer(ask).then(
    () => 'done',
    (error: unknown) => (error instanceof RoomRefused ? error.because : expect.unreachable(String(error))),
  );

async function loaded(key = randomStarkPrivateKey()): Promise<{ readonly key: string; readonly room: MainKeyRoom }> {
  const room = createMainKeyRoom();
  expect(await room.answer({ op: 'load', text: key, not: [] })).toEqual([createStarkKey(key).publicKey]);
  return { key, room };
}

describe('what it signs', () => {
  test('a login, an onboarding and a registration, as the client itself would', async () => {
    const { key, room } = await loaded();
    const plain = mainKeyOf(createStarkKey(key));
    expect(await room.answer({ op: 'onboarding', statement: { chainId, account } })).toEqual(
      await plain.onboarding({ chainId, account }),
    );
    expect(await room.answer({ op: 'request', statement: login })).toEqual(await plain.request(login));
    expect(await room.answer({ op: 'registration', statement: registration })).toEqual(
      await plain.registration(registration),
    );
  });

  test.each(['revoke_all', 'sign_out', 'order', undefined])('no request for %s', async (purpose) => {
    const { room } = await loaded();
    const statement = { ...login, purpose } as unknown as typeof login;
    expect(await refusal(room, { op: 'request', statement })).toBe('not-signed');
  });

  test.each<readonly [string, object]>([
    ['a hash', { op: 'sign', hash: '0x1' }],
    ['a statement of no account', { op: 'request', statement: { ...login, account: 'me' } }],
    [
      'a window of more than a quarter of an hour',
      { op: 'request', statement: { ...login, expiration: 1_700_000_901 } },
    ],
    ['a window that ends before it begins', { op: 'request', statement: { ...login, expiration: 1_699_999_999 } }],
    ['a time that is no number', { op: 'request', statement: { ...login, timestamp: '1700000000' } }],
    [
      'a registration that is good for a year',
      { op: 'registration', statement: { ...registration, expiry: 1_731_536_000 } },
    ],
    ['a registration of no key', { op: 'registration', statement: { ...registration, publicKey: 'key' } }],
    ['an onboarding without a chain', { op: 'onboarding', statement: { account } }],
    ['nothing', {}],
  ])('never %s', async (_, ask) => {
    const { room } = await loaded();
    expect(await refusal(room, ask as Ask)).toBe('not-signed');
  });

  test('for the account and the chain of the first statement alone, and with that key alone', async () => {
    const { room } = await loaded();
    await room.answer({ op: 'request', statement: login });
    expect(await refusal(room, { op: 'request', statement: { ...login, account: other } })).toBe('other-account');
    expect(await refusal(room, { op: 'onboarding', statement: { chainId, account: other } })).toBe('other-account');
    expect(await refusal(room, { op: 'registration', statement: { ...registration, account: other } })).toBe(
      'other-account',
    );
    expect(await refusal(room, { op: 'request', statement: { ...login, chainId: 'SN_MAIN' } })).toBe('not-signed');
    expect(await refusal(room, { op: 'load', text: randomStarkPrivateKey(), not: [] })).toBe('other-key');
    expect(await refusal(room, { op: 'make' })).toBe('other-key');
    expect(await refusal(room, { op: 'request', statement: login })).toBe('done');
  });

  test('nothing before there is a key', async () => {
    const room = createMainKeyRoom();
    expect(await refusal(room, { op: 'request', statement: login })).toBe('no-key');
    expect(await refusal(room, { op: 'reveal' })).toBe('no-key');
    expect(await refusal(room, { op: 'use', publicKey: '0x1' })).toBe('no-key');
  });
});

describe('what it takes for a key', () => {
  test.each([
    ['', 'no-private-key'],
    ['0x0', 'no-private-key'],
    ['0xnothex', 'no-private-key'],
    [`0x${'f'.repeat(65)}`, 'no-private-key'],
    [`0x${STARK_CURVE_ORDER.toString(16).padStart(64, '0')}`, 'ethereum-key'],
    [` 0x${'F'.repeat(64)}\n`, 'ethereum-key'],
    ['0x04A1', 'public'],
  ])('%j: %s', async (text, because) => {
    const room = createMainKeyRoom();
    expect(await refusal(room, { op: 'load', text, not: [account] })).toBe(because);
  });

  test('of a wallet: the one key of its signature, or the one that was chosen of two', async () => {
    const wallet = createWallet(`0x${'1f'.repeat(32)}`);
    let two = '';
    for (let n = 0; two === ''; n += 1) {
      const signature = wallet.personalSign(`${n}`);
      if (signature.startsWith('0x00')) two = signature;
      if (n === 0) {
        const room = createMainKeyRoom();
        expect(await room.answer({ op: 'derive', signature })).toEqual(
          privateKeysOfSignature(signature).map((key) => createStarkKey(key).publicKey),
        );
        expect(await refusal(room, { op: 'request', statement: login })).toBe('done');
      }
    }
    const room = createMainKeyRoom();
    const [first = '', second = ''] = await room.answer({ op: 'derive', signature: two });
    expect(await refusal(room, { op: 'request', statement: login })).toBe('no-key');
    expect(await refusal(room, { op: 'use', publicKey: '0x1' })).toBe('no-key');
    await room.answer({ op: 'use', publicKey: second });
    expect(await room.answer({ op: 'reveal' })).toEqual([privateKeysOfSignature(two)[1]]);
    await room.answer({ op: 'request', statement: login });
    expect(await refusal(room, { op: 'use', publicKey: first })).toBe('other-key');
  });

  test('a signature of another length makes none', async () => {
    const room = createMainKeyRoom();
    expect(await refusal(room, { op: 'derive', signature: `0x${'1'.repeat(400)}` })).toBe('no-signature');
  });
});

describe('what it shows', () => {
  test('a key that it made, until that is saved', async () => {
    const room = createMainKeyRoom();
    const [publicKey] = await room.answer({ op: 'make' });
    const [text = ''] = await room.answer({ op: 'reveal' });
    expect(createStarkKey(text).publicKey).toBe(publicKey);
    await room.answer({ op: 'saved' });
    expect(await refusal(room, { op: 'reveal' })).toBe('not-shown');
    expect(await refusal(room, { op: 'request', statement: login })).toBe('done');
  });

  test('never one that was pasted', async () => {
    const { room } = await loaded();
    expect(await refusal(room, { op: 'reveal' })).toBe('not-shown');
  });

  test('no answer to anything that is refused holds the key', async () => {
    const { key, room } = await loaded();
    const asks: readonly object[] = [
      { op: 'reveal' },
      { op: 'request', statement: { ...login, account: key, purpose: key } },
      { op: 'registration', statement: { ...registration, publicKey: key, timestamp: 2 ** 60 } },
      { op: 'load', text: `${key}zz`, not: [] },
      { op: 'derive', signature: key },
    ];
    for (const ask of asks) {
      const error: unknown = await room.answer(ask as Ask).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RoomRefused);
      expect(`${error instanceof Error ? `${error.message}${error.stack}` : ''}`).not.toContain(key.slice(2, 20));
    }
  });

  test('its refusals are words that end, and say no code', () => {
    for (const words of Object.values(refusedWords)) expect(words).toMatch(/^[A-Z][^_]*\.$/);
  });
});
