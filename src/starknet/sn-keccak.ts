// Starknet's truncated Keccak: the numbers of type strings and of contract entry points.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const LOW_250_BITS = (1n << 250n) - 1n;

/** Keccak-256 of the text's UTF-8 bytes, low 250 bits (docs/wire.md section 2, `sn_keccak`). */
export function snKeccak(text: string): bigint {
  return BigInt(`0x${bytesToHex(keccak_256(utf8ToBytes(text)))}`) & LOW_250_BITS;
}
