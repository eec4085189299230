import { describe, expect, test } from 'vitest';
import {
  importedPrivateKey,
  privateKeysOfSignature,
  privateKeyText,
  randomPrivateKey,
} from '../../../src/client/private-key.ts';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import { STARK_CURVE_ORDER } from '../../../src/starknet/pedersen.ts';
import vectors from '../../vectors/vectors.json' with { type: 'json' };
import walletKeys from '../../vectors/wallet-keys.json' with { type: 'json' };

const TEXT = /^0x[0-9a-f]{64}$/;

test('a random private key is 0x and 64 digits, and makes a public key', () => {
  const made = Array.from({ length: 200 }, randomPrivateKey);
  for (const text of made) expect(text).toMatch(TEXT);
  expect(new Set(made).size).toBe(200);
  expect(createStarkKey(made[0] ?? '').publicKey).toMatch(/^0x/);
});

test('an imported private key keeps its zeros in front, whatever spelling it came in', () => {
  const text = `0x${'0'.repeat(61)}abc`;
  for (const spelled of ['abc', '0xABC', '0Xabc', `  ${text}\n`, text.slice(2)]) {
    expect(importedPrivateKey(spelled)).toBe(text);
  }
});

test('what is no private key is refused without being repeated', () => {
  const tooLarge = `0x${'f'.repeat(64)}`;
  const canary = `0x${'c0ffee'.repeat(11)}`;
  for (const text of ['', '0x', '0', `0x${STARK_CURVE_ORDER.toString(16)}`, tooLarge, canary, 'hello', '0x12 34']) {
    expect(() => importedPrivateKey(text), text).toThrow(RangeError);
  }
  expect(() => importedPrivateKey(canary)).not.toThrow(/c0ffee/);
  expect(privateKeyText(STARK_CURVE_ORDER - 1n)).toMatch(TEXT);
});

test('a private key with zeros in front signs as the same number does, and its signature verifies', () => {
  const short = createStarkKey('0x5');
  const padded = createStarkKey(privateKeyText(5n));
  const hash = 0x1234n;
  expect(padded.publicKey).toBe(short.publicKey);
  expect(padded.sign(hash)).toEqual(short.sign(hash));
  const [r, s] = padded.sign(hash);
  expect(scureCurve.verify(hash, BigInt(r), BigInt(s), BigInt(padded.publicKey))).toBe(true);
});

test('a signature whose r begins with zeros is the same pair of numbers, and verifies', () => {
  const key = createStarkKey(privateKeyText(0x543b6cf6c91817a87174aaea4fb370ac1c694e864d7740d728f8344d53e815n));
  let hash = 1n;
  while (BigInt(key.sign(hash)[0]) >> 240n !== 0n) hash += 1n;
  const [r, s] = key.sign(hash);
  expect(BigInt(r)).toBeLessThan(1n << 240n);
  expect(scureCurve.verify(hash, BigInt(r), BigInt(s), BigInt(key.publicKey))).toBe(true);
});

describe.each(vectors.groups.stark_key_from_l1.filter(({ optional }) => optional !== true))(
  'the main key of a wallet, published as $id',
  ({ expected }) => {
    test('follows from its signature', () => {
      const { signature = '', private_key = '', public_key } = expected;
      const [key, ...others] = privateKeysOfSignature(signature);
      expect([BigInt(key), others]).toEqual([BigInt(private_key), []]);
      expect(createStarkKey(key).publicKey).toBe(public_key);
    });
  },
);

describe.each(walletKeys.wallet_keys)('$id', ({ signature, kept, stripped }) => {
  test('gives the key of either reading, that of the JavaScript clients first, and one where they agree', () => {
    const both = [kept.private_key, stripped.private_key];
    expect(privateKeysOfSignature(signature)).toEqual([...new Set(both)]);
  });
});

test('what is no wallet signature of 65 bytes gives no key', () => {
  const [{ signature } = { signature: '' }] = walletKeys.wallet_keys;
  const zeroR = `0x${'0'.repeat(64)}${signature.slice(66)}`;
  for (const text of [
    '',
    '0x',
    signature.slice(2),
    signature.slice(0, -2),
    `${signature}00`,
    `${signature.slice(0, -1)}g`,
    zeroR,
  ]) {
    expect(() => privateKeysOfSignature(text), text).toThrow(RangeError);
  }
});
