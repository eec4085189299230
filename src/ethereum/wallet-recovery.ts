// Chooses at start how wallet signatures are recovered: libsecp256k1 if its prebuilt binary loads and passes a self-test, else plain
// JavaScript. Never throws, and never loads the npm package's own fallback, a third curve library that is not audited.
import type { Secp256k1Bindings } from 'secp256k1/bindings.js';
import { type EvmSignature, type RecoverPublicKey, recoverInJavaScript } from './eip191.ts';

export type WalletRecovery =
  | { readonly kind: 'native'; readonly recoverPublicKey: RecoverPublicKey }
  /** `reason` is one line for the log. */
  | { readonly kind: 'javascript'; readonly recoverPublicKey: RecoverPublicKey; readonly reason: string };

/** The order of the curve's group (SEC 2, section 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

// The prebuilt binary lies inside the package (linux-x64, darwin-arm64, win32-x64): no install script has to have run.
const loadBindings = async (): Promise<Secp256k1Bindings> => (await import('secp256k1/bindings.js')).default;

/** The native recovery after its self-test, or the JavaScript one with the reason. `load`: for tests. */
export async function openWalletRecovery(
  load: () => Promise<Secp256k1Bindings> = loadBindings,
): Promise<WalletRecovery> {
  try {
    const recoverPublicKey = recoverWith(await load());
    const problem = selfTest(recoverPublicKey);
    if (problem === undefined) return { kind: 'native', recoverPublicKey };
    return { kind: 'javascript', recoverPublicKey: recoverInJavaScript, reason: problem };
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { kind: 'javascript', recoverPublicKey: recoverInJavaScript, reason };
  }
}

function recoverWith(bindings: Secp256k1Bindings): RecoverPublicKey {
  return (digest, { r, s, parity }) => {
    // A number of another length would shift its neighbour in the bytes below.
    if (r < 1n || r >= ORDER || s < 1n || s >= ORDER) return undefined;
    try {
      return bindings.ecdsaRecover(Buffer.from(word(r) + word(s), 'hex'), parity, digest, false);
    } catch {
      return undefined; // it throws for what no key could have signed; for anything else, refusing is right too
    }
  };
}

const word = (value: bigint): string => value.toString(16).padStart(64, '0');

const DIGEST = 'abeaf4aab58a83d1b25f1f7295c7c5516cf0e6edc3f28043ecaa98fe717ecd1f';
const R = 0x5a83ebd1403b1611a2f7a097b14fcd8b78f259c11d60b2ff48e5ac8a04300c3an;
const S = 0x1a4c6afb428c6ae8aa5afc3caae758d9d4fce9cfac7dde1adab0140e0efb9a13n;
/** The x of the generator, whose y is even: with s = the digest, the key would be the point at infinity. */
const GENERATOR_X = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
/** 5^3 + 7 is no square modulo p: no point has this x. */
const NO_POINT = 5n;

/** The digest of "countersign", signed by a published test key; the other parity is another key. Made with @noble/curves. */
const answers: readonly (readonly [EvmSignature, string | undefined])[] = [
  [
    { r: R, s: S, parity: 0 },
    '04ba5734d8f7091719471e7f7ed6b9df170dc70cc661ca05e688601ad984f068b0d67351e5f06073092499336ab0839ef8a521afd334e53807205fa2f08eec74f4',
  ],
  [
    { r: R, s: S, parity: 1 },
    '0438e61aff924e91f9e1c5fd0b634528704f1c18495d109d12f6e251597f890e14e12c1b4621a794132a12bcf3e560fcf4c6c94789d44b9328c6a49cfb7d1b9376',
  ],
  [{ r: NO_POINT, s: S, parity: 0 }, undefined],
  [{ r: GENERATOR_X, s: BigInt(`0x${DIGEST}`), parity: 0 }, undefined],
];

/** Why an implementation must not be used; `undefined` when it gives every known answer. */
export function selfTest(recoverPublicKey: RecoverPublicKey): string | undefined {
  const digest = Buffer.from(DIGEST, 'hex');
  const wrong = answers.some(([signature, expected]) => {
    const found = recoverPublicKey(digest, signature);
    return (found === undefined ? undefined : Buffer.from(found).toString('hex')) !== expected;
  });
  return wrong ? 'the self-test failed' : undefined;
}
