import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressOfPublicKey,
  parseEthereumAddress,
  parseEvmSignature,
  personalSignDigest,
  type RecoverPublicKey,
  recoverSigner,
} from '../../../src/ethereum/eip191.ts';
import { anyText } from '../../support/any-text.ts';
import { describeRecoveries } from '../../support/recoveries.ts';

const N = secp256k1.Point.Fn.ORDER;
const SECRET = Buffer.from('59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d', 'hex');
const ADDRESS = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const PUBLIC_KEY =
  '0x04ba5734d8f7091719471e7f7ed6b9df170dc70cc661ca05e688601ad984f068b0d67351e5f06073092499336ab0839ef8a521afd334e53807205fa2f08eec74f4';

const word = (value: bigint): string => value.toString(16).padStart(64, '0');

/** A wallet's personal_sign, in its parts. */
function sign(text: string, secret: Uint8Array = SECRET): { r: bigint; s: bigint; recovery: number } {
  const bytes = secp256k1.sign(personalSignDigest(Buffer.from(text)), secret, { prehash: false, format: 'recovered' });
  const { r, s, recovery = 0 } = secp256k1.Signature.fromBytes(bytes, 'recovered');
  return { r, s, recovery };
}

const text65 = (r: bigint, s: bigint, v: number): string => `0x${word(r)}${word(s)}${v.toString(16).padStart(2, '0')}`;

describe('an Ethereum address', () => {
  test('an Ethereum address is the same in any case of letters', () => {
    for (const form of [ADDRESS, '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', `0x${ADDRESS.slice(2).toUpperCase()}`]) {
      expect(parseEthereumAddress(form)).toBe(ADDRESS);
    }
  });

  test('an Ethereum address in mixed case needs no valid checksum', () => {
    expect(parseEthereumAddress('0x70997970c51812DC3A010C7D01B50E0D17DC79C8')).toBe(ADDRESS);
  });

  test.each([
    '',
    '0x',
    '0x0',
    ADDRESS.slice(2),
    ADDRESS.slice(0, -1),
    `${ADDRESS}0`,
    `${ADDRESS}\n`,
    ` ${ADDRESS}`,
    `0x${'g'.repeat(40)}`,
  ])('an Ethereum address is not %j', (text) => {
    expect(parseEthereumAddress(text)).toBeUndefined();
  });
});

describe('the address of a public key', () => {
  test('the Ethereum address of a public key is that of the uncompressed key, in any case of letters', () => {
    expect(addressOfPublicKey(PUBLIC_KEY)).toBe(ADDRESS);
    expect(addressOfPublicKey(`0x${PUBLIC_KEY.slice(2).toUpperCase()}`)).toBe(ADDRESS);
  });

  test.each([
    ['a compressed key', '0x02ba5734d8f7091719471e7f7ed6b9df170dc70cc661ca05e688601ad984f068b0'],
    ['a key without 0x', PUBLIC_KEY.slice(2)],
    ['a key that is too short', PUBLIC_KEY.slice(0, -2)],
    ['a key that is too long', `${PUBLIC_KEY}00`],
    ['the hybrid form', `0x06${PUBLIC_KEY.slice(4)}`],
    ['a point that is not on the curve', `${PUBLIC_KEY.slice(0, -1)}5`],
    ['coordinates beyond the field', `0x04${'f'.repeat(128)}`],
    ['the point at infinity', `0x04${'0'.repeat(128)}`],
    ['empty text', ''],
  ])('%s has no Ethereum address', (_, text) => {
    expect(addressOfPublicKey(text)).toBeUndefined();
  });
});

describeRecoveries('a personal_sign signature', (recoverPublicKey: RecoverPublicKey) => {
  const { r, s, recovery } = sign('hello');

  const recover = (text: string, signature: string): string | undefined => {
    const parsed = parseEvmSignature(signature);
    return parsed === undefined ? undefined : recoverSigner(text, parsed, recoverPublicKey);
  };

  test.each([27, 0])('a personal_sign signature names its signer with v counted from %i', (base) => {
    expect(recover('hello', text65(r, s, base + recovery))).toBe(ADDRESS);
  });

  test('a personal_sign signature may be written in upper-case hex', () => {
    const upper = text65(r, s, 27 + recovery)
      .slice(2)
      .toUpperCase();
    expect(recover('hello', `0x${upper}`)).toBe(ADDRESS);
  });

  test('a personal_sign signature names another signer, or none, for another text or the other parity', () => {
    expect(recover('hellp', text65(r, s, 27 + recovery))).not.toBe(ADDRESS);
    expect(recover('hello\n', text65(r, s, 27 + recovery))).not.toBe(ADDRESS);
    expect(recover('hello', text65(r, s, 28 - recovery))).not.toBe(ADDRESS);
  });

  test('a personal_sign signature is over the length in bytes, not in characters', () => {
    const wide = sign('é€');
    expect(recover('é€', text65(wide.r, wide.s, 27 + wide.recovery))).toBe(ADDRESS);
    expect(Buffer.from(personalSignDigest(Buffer.from('é€')))).toEqual(
      Buffer.from(personalSignDigest(new Uint8Array([0xc3, 0xa9, 0xe2, 0x82, 0xac]))),
    );
  });

  test('a personal_sign signature cannot be over text that has no UTF-8 form', () => {
    const replaced = sign('a\ufffd');
    expect(recover('a\ud800', text65(replaced.r, replaced.s, 27 + replaced.recovery))).toBeUndefined();
  });

  test.each([
    ['high s', text65(r, N - s, 28 - recovery)],
    ['s just above n/2', text65(r, N / 2n + 1n, 27)],
    ['r = 0', text65(0n, s, 27)],
    ['r = n', text65(N, s, 27)],
    ['r + n where it fits', text65(N + 1n, s, 27)],
    ['s = 0', text65(r, 0n, 27)],
    ['v = 2', text65(r, s, 2)],
    ['v = 26', text65(r, s, 26)],
    ['v = 29', text65(r, s, 29)],
    ['v of EIP-155', text65(r, s, 37)],
    ['64 bytes', text65(r, s, 27).slice(0, -2)],
    ['66 bytes', `${text65(r, s, 27)}00`],
    ['half a byte more', `${text65(r, s, 27)}0`],
    ['no 0x', text65(r, s, 27).slice(2)],
    ['a line end', `${text65(r, s, 27)}\n`],
    ['empty text', ''],
    ['other letters', `0x${'z'.repeat(130)}`],
  ])('a personal_sign signature is refused: %s', (_, signature) => {
    expect(parseEvmSignature(signature)).toBeUndefined();
  });

  test('s = n/2 is the last that is accepted of a personal_sign signature', () => {
    expect(parseEvmSignature(text65(r, N / 2n, 27))).toEqual({ r, s: N / 2n, parity: 0 });
  });

  test('a personal_sign signature names nobody when r is on no point', () => {
    let x = 1n;
    while (recoverSigner('hello', { r: x, s: 1n, parity: 0 }, recoverPublicKey) !== undefined) x += 1n;
    expect(() => secp256k1.Point.fromHex(`02${word(x)}`)).toThrow();
  });

  test('no text makes the reader of personal_sign signatures throw', () => {
    fc.assert(
      fc.property(fc.oneof(anyText(140), fc.stringMatching(/^0x[0-9a-f]{128}(00|01|1b|1c)$/)), (text) => {
        const parsed = parseEvmSignature(text);
        if (parsed !== undefined) expect(recoverSigner('hello', parsed, recoverPublicKey)).not.toBe(ADDRESS);
      }),
      { numRuns: 50 },
    );
  });
});
