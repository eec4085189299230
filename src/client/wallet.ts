// An Ethereum wallet on its owner's side, as far as this service needs one: an address and personal_sign.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { addressOfPublicKey, type EthereumAddress, personalSignDigest } from '../ethereum/eip191.ts';

export interface Wallet {
  readonly address: EthereumAddress;
  /** Uncompressed, `0x04` + 128 hex digits. */
  readonly publicKey: string;
  /** EIP-191 signature over the UTF-8 bytes: 65 bytes as `0x` hex, v 27 or 28. */
  personalSign(message: string): string;
}

/** `privateKey` is 32 bytes as `0x` hex. */
export function createWallet(privateKey: string): Wallet {
  const secret = hexToBytes(privateKey.slice(2));
  const publicKey = `0x${bytesToHex(secp256k1.getPublicKey(secret, false))}`;
  const address = addressOfPublicKey(publicKey);
  if (address === undefined) throw new Error('not a secp256k1 private key');
  return {
    address,
    publicKey,
    personalSign(message) {
      const bytes = secp256k1.sign(personalSignDigest(utf8ToBytes(message)), secret, {
        prehash: false,
        format: 'recovered',
      });
      const [recovery = 0, ...rs] = bytes;
      return `0x${bytesToHex(Uint8Array.from(rs))}${(27 + recovery).toString(16)}`;
    },
  };
}

export interface SiweText {
  readonly domain: string;
  readonly address: string;
  readonly statement: string;
  readonly chainId: number;
  readonly nonce: string;
  readonly issuedAt: Date;
  /** Absent for onboarding (docs/wire.md section 3). */
  readonly expirationTime?: Date;
  /** Default `https://<domain>`. */
  readonly uri?: string;
}

/** The EIP-4361 text that a wallet shows and signs. */
export function siweText(fields: SiweText): string {
  const lines = [
    `${fields.domain} wants you to sign in with your Ethereum account:`,
    fields.address,
    '',
    fields.statement,
    '',
    `URI: ${fields.uri ?? `https://${fields.domain}`}`,
    'Version: 1',
    `Chain ID: ${fields.chainId}`,
    `Nonce: ${fields.nonce}`,
    `Issued At: ${fields.issuedAt.toISOString()}`,
  ];
  if (fields.expirationTime !== undefined) lines.push(`Expiration Time: ${fields.expirationTime.toISOString()}`);
  return lines.join('\n');
}
