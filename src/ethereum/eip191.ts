// Ethereum addresses and personal_sign (EIP-191, version 0x45): who signed exactly this text.
// Only canonical signatures are accepted, so that a signature has one spelling. Smart-contract wallets (EIP-1271) are not supported.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

declare const brand: unique symbol;

/** `0x` + 40 lower-case hex digits. Equal addresses are equal strings. */
export type EthereumAddress = string & { readonly [brand]: 'EthereumAddress' };

const { Point, Signature } = secp256k1;
const HALF_ORDER = Point.Fn.ORDER / 2n;

/** Accepts `0x` + 40 hex digits in any case; an EIP-55 checksum is not checked (docs/wire.md section 5: compared case-insensitively). */
export function parseEthereumAddress(text: string): EthereumAddress | undefined {
  return /^0x[0-9a-fA-F]{40}$/.test(text) ? (text.toLowerCase() as EthereumAddress) : undefined;
}

function addressOfUncompressed(publicKey: Uint8Array): EthereumAddress {
  // The address is the end of the hash of x and y, without the 0x04 that marks the uncompressed form.
  const hash = keccak_256(publicKey.subarray(1));
  return `0x${bytesToHex(hash.subarray(-20))}` as EthereumAddress;
}

/** The address of an uncompressed key, `0x04` + 128 hex digits (docs/wire.md section 3); `undefined` unless it is a point of the curve. */
export function addressOfPublicKey(text: string): EthereumAddress | undefined {
  if (!/^0x04[0-9a-fA-F]{128}$/.test(text)) return undefined;
  try {
    return addressOfUncompressed(Point.fromHex(text.slice(2)).toBytes(false));
  } catch {
    return undefined; // not on the curve
  }
}

/** The digest personal_sign signs: `"\x19Ethereum Signed Message:\n" + length in bytes + message`. */
export function personalSignDigest(message: Uint8Array): Uint8Array {
  const prefix = utf8ToBytes(`\x19Ethereum Signed Message:\n${message.length}`);
  return keccak_256(concatBytes(prefix, message));
}

export interface EvmSignature {
  readonly r: bigint;
  readonly s: bigint;
  /** Which of the two points r stands for. */
  readonly parity: 0 | 1;
}

const parityOf = (v: string): 0 | 1 | undefined => {
  if (v === '1b' || v === '00') return 0;
  return v === '1c' || v === '01' ? 1 : undefined;
};

/** 65 bytes as `0x` hex: r, s, v. v is 27, 28, 0 or 1; r is in [1, n), s in [1, n/2] (EIP-2: high s is the malleable twin). */
export function parseEvmSignature(text: string): EvmSignature | undefined {
  const parts = /^0x(?<r>[0-9a-f]{64})(?<s>[0-9a-f]{64})(?<v>[0-9a-f]{2})$/i.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const r = BigInt(`0x${parts.r}`);
  const s = BigInt(`0x${parts.s}`);
  const parity = parityOf((parts.v ?? '').toLowerCase());
  if (parity === undefined || r < 1n || r >= Point.Fn.ORDER || s < 1n || s > HALF_ORDER) return undefined;
  return { r, s, parity };
}

/**
 * The uncompressed public key (65 bytes, `0x04` first) that made this signature over a 32-byte digest; `undefined`, never an
 * error, when there is none: r or s outside [1, n), r not the x of a point, or the key would be the point at infinity.
 */
export type RecoverPublicKey = (digest: Uint8Array, signature: EvmSignature) => Uint8Array | undefined;

/** Runs everywhere; a native one is about 20 times as fast (wallet-recovery.ts). */
export const recoverInJavaScript: RecoverPublicKey = (digest, { r, s, parity }) => {
  try {
    return new Signature(r, s, parity).recoverPublicKey(digest).toBytes(false);
  } catch {
    return undefined;
  }
};

/**
 * The wallet that signed the UTF-8 bytes of exactly this text; `undefined` when no key recovers.
 * Any well-formed signature recovers to *some* address: the caller must compare it with the one it expects.
 */
export function recoverSigner(
  text: string,
  signature: EvmSignature,
  recoverPublicKey: RecoverPublicKey,
): EthereumAddress | undefined {
  // A lone surrogate has no bytes of its own: encoding would replace it and verify another text.
  if (!text.isWellFormed()) return undefined;
  const publicKey = recoverPublicKey(personalSignDigest(utf8ToBytes(text)), signature);
  return publicKey === undefined ? undefined : addressOfUncompressed(publicKey);
}
