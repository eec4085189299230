import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import type { Secp256k1Bindings } from 'secp256k1/bindings.js';
import { describe, expect, test } from 'vitest';
import {
  type EvmSignature,
  parseEvmSignature,
  type RecoverPublicKey,
  recoverInJavaScript,
} from '../../../src/ethereum/eip191.ts';
import { openWalletRecovery, selfTest } from '../../../src/ethereum/wallet-recovery.ts';
import { describeRecoveries, hasBinary, recoverNatively } from '../../support/recoveries.ts';

const { Point } = secp256k1;
const N = Point.Fn.ORDER;
const P = Point.Fp.ORDER;

const word = (value: bigint): string => value.toString(16).padStart(64, '0');
const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
const bytes32 = (value: bigint): Uint8Array => Buffer.from(word(value), 'hex');

const scalar = fc.bigInt({ min: 1n, max: N - 1n });
const parity = fc.constantFrom(0 as const, 1 as const);
const digest = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.constantFrom(...[0n, 1n, N - 1n, N, N + 1n, 2n ** 256n - 1n].map(bytes32)),
);
const edges = [-1n, 0n, 1n, N / 2n, N / 2n + 1n, N - 1n, N, N + 1n, P - N - 1n, P - N, P - 1n, P];
const anyNumber = fc.oneof(
  scalar,
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  fc.constantFrom(...edges, 2n ** 256n - 1n, 2n ** 256n, 2n ** 260n + 5n),
);

/** Both answers, which must be one. */
function recoverBoth(message: Uint8Array, signature: EvmSignature): string | undefined {
  const javascript = hex(recoverInJavaScript(message, signature));
  expect(hex(recoverNatively(message, signature))).toBe(javascript);
  return javascript;
}

describe.skipIf(!hasBinary)('the native recovery (where the package brings a binary)', () => {
  test('the native recovery of wallet keys is what is opened where the package brings a binary', async () => {
    expect((await openWalletRecovery()).kind).toBe('native');
  });

  test('the native recovery names the signer of any digest, as the JavaScript one does, with low and with high s', () => {
    fc.assert(
      fc.property(scalar, digest, (secret, message) => {
        const key = bytes32(secret);
        const bytes = secp256k1.sign(message, key, { prehash: false, format: 'recovered' });
        const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered');
        const own = recovery === 1 ? 1 : 0;
        const expected = hex(secp256k1.getPublicKey(key, false));
        expect(recoverBoth(message, { r, s, parity: own })).toBe(expected);
        expect(recoverBoth(message, { r, s: N - s, parity: own === 0 ? 1 : 0 })).toBe(expected);
        expect(recoverBoth(message, { r, s, parity: own === 0 ? 1 : 0 })).not.toBe(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('the native recovery gives the JavaScript one’s answer for any numbers, in range or not', () => {
    let keys = 0;
    let refused = 0;
    fc.assert(
      fc.property(digest, anyNumber, anyNumber, parity, (message, r, s, of) => {
        if (recoverBoth(message, { r, s, parity: of }) === undefined) refused += 1;
        else keys += 1;
      }),
      { numRuns: 300 },
    );
    // The property is about both kinds of answer.
    expect([keys > 20, refused > 20]).toEqual([true, true]);
  });

  test('the native recovery gives the JavaScript one’s answer for any 65 bytes that are read as a signature', () => {
    const half = fc.bigInt({ min: 1n, max: N / 2n });
    fc.assert(
      fc.property(digest, fc.oneof(half, anyNumber), half, fc.integer({ min: 0, max: 255 }), (message, r, s, v) => {
        if (r < 0n || r >= 2n ** 256n) return;
        const read = parseEvmSignature(`0x${word(r)}${word(s)}${v.toString(16).padStart(2, '0')}`);
        expect(read !== undefined).toBe([0, 1, 27, 28].includes(v) && r >= 1n && r < N);
        if (read !== undefined) recoverBoth(message, read);
      }),
      { numRuns: 100 },
    );
  });
});

describeRecoveries('a key', (recoverPublicKey) => {
  const message = bytes32(0x1234_5678n);
  const good: EvmSignature = { r: Point.BASE.x, s: 7n, parity: 0 };

  test('a wallet key is recovered for r and s up to n - 1', () => {
    expect(recoverPublicKey(message, good)?.length).toBe(65);
    expect(recoverPublicKey(message, { ...good, s: N - 1n })?.length).toBe(65);
  });

  test.each<[string, Partial<EvmSignature>]>([
    ['r = 0', { r: 0n }],
    ['r = n', { r: N }],
    ['r = 1 + n, the same number modulo n', { r: 1n + N }],
    ['r = 2^256 + 1, which no 32 bytes hold', { r: 2n ** 256n + 1n }],
    ['r = 2^260, one hex digit too many', { r: 2n ** 260n }],
    ['a negative r', { r: -1n }],
    ['an r that is on no point', { r: 5n }],
    ['s = 0', { s: 0n }],
    ['s = n', { s: N }],
    ['s = n + 7', { s: N + 7n }],
    ['s = 2^260', { s: 2n ** 260n }],
    ['a negative s', { s: -7n }],
  ])('a wallet key is not recovered for %s', (_, change) => {
    expect(recoverPublicKey(message, { ...good, ...change })).toBeUndefined();
  });

  test('a recovered wallet key is never the point at infinity', () => {
    // R = kG and s = z/k make the key r^-1 (sR - zG) = 0.
    for (const k of [1n, 2n, 3n, 12_345n]) {
      const point = Point.BASE.multiply(k);
      const s = Point.Fn.mul(0x1234_5678n, Point.Fn.inv(k));
      const signature: EvmSignature = { r: point.x % N, s, parity: point.y % 2n === 0n ? 0 : 1 };
      expect(recoverPublicKey(message, signature)).toBeUndefined();
      expect(recoverPublicKey(message, { ...signature, s: s + 1n })).toBeDefined();
    }
  });

  test('the recovery of wallet keys gives the known answers', () => {
    expect(selfTest(recoverPublicKey)).toBeUndefined();
  });
});

describe('the JavaScript recovery is used, with the reason,', () => {
  test('the JavaScript recovery is used, with the reason, where the native package cannot be loaded', async () => {
    const load = () =>
      Promise.reject(new Error('No native build was found for platform=test\n    loaded from: here\n'));
    expect(await openWalletRecovery(load)).toEqual({
      kind: 'javascript',
      recoverPublicKey: recoverInJavaScript,
      reason: 'No native build was found for platform=test',
    });
  });

  const wrong: readonly [string, RecoverPublicKey][] = [
    ['knows one key only', (message) => recoverInJavaScript(message, { r: Point.BASE.x, s: 1n, parity: 0 })],
    ['takes one parity for the other', (message, { r, s }) => recoverInJavaScript(message, { r, s, parity: 0 })],
    ['refuses everything', () => undefined],
    ['answers with the hybrid form', (message, it) => recoverInJavaScript(message, it)?.with(0, 6)],
    [
      'answers where there is no point',
      (message, it) => recoverInJavaScript(message, it) ?? (it.r === 5n ? new Uint8Array(65) : undefined),
    ],
    [
      'answers with the point at infinity',
      (message, it) => recoverInJavaScript(message, it) ?? (it.r === 5n ? undefined : new Uint8Array(65)),
    ],
  ];

  test.each(wrong)('the JavaScript recovery is used, with the reason, where the native one %s', async (_, recover) => {
    const bindings: Secp256k1Bindings = {
      ecdsaRecover(signature, id, message) {
        const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((part) => BigInt(`0x${hex(part)}`));
        const found = recover(message, { r: r ?? 0n, s: s ?? 0n, parity: id === 1 ? 1 : 0 });
        if (found === undefined) throw new Error('Public key could not be recover');
        return found;
      },
    };
    expect(await openWalletRecovery(async () => bindings)).toEqual({
      kind: 'javascript',
      recoverPublicKey: recoverInJavaScript,
      reason: 'the self-test failed',
    });
  });
});

test('one module names the npm package of the native recovery, by its native half only, and none names its fallback', () => {
  const src = resolve(import.meta.dirname, '../../../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|mjs|js)$/.test(file));
  const mentions = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(src, file), 'utf8')));
  expect(mentions(/['"]secp256k1(\/[^'"]*)?['"]/).sort()).toEqual([
    'ethereum/secp256k1-bindings.d.ts',
    'ethereum/wallet-recovery.ts',
  ]);
  expect(mentions(/['"]secp256k1(?!\/bindings\.js['"])/)).toEqual([]);
  expect(mentions(/['"]elliptic/)).toEqual([]);
  // Browsers run src/client: nothing it can reach may name a native module.
  expect(mentions(/wallet-recovery\.ts['"]/).sort()).toEqual(['compose/verifier.ts', 'verification/thread.ts']);
});
