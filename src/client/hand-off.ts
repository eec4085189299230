// A subkey on its way to another device (docs/wire.md section 7.1): sealed by its owner for the holder of a link, and opened there.
import { base64urlOf, bytesOfBase64url } from '../domain/base64.ts';
import type { AccountId } from '../domain/credential.ts';
import { type Felt, feltOf, feltValue, STARK_PRIME } from '../domain/felt.ts';
import { privateKeyText } from './private-key.ts';
import { createStarkKey } from './stark-key.ts';

const VERSION = 1;
const LABEL = new TextEncoder().encode('countersign/hand-off/v1');
const WORD = 32;
const NONCE = 12;
const TAG = 16;
const PAGE = '/console/hand-off';

/** What a link names: whose subkey, which one, and the secret that opens it. */
export interface HandOff {
  readonly account: AccountId;
  readonly publicKey: Felt;
  /** e, `0x` and 64 digits: whoever has it can take the key, once. */
  readonly ephemeralKey: string;
}

/** Why a link or a ciphertext is no hand-off. Nothing was sent, or nothing of the answer is used. */
export type Damage =
  /** Not the characters, or not as many, that a hand-off has. */
  | 'length'
  /** Of a form that this release does not read. */
  | 'version'
  /** A number is out of range, the ciphertext does not open, or holds another key than the one that was named. */
  | 'key';

/** The code is damaged. No message says anything of it. */
export class HandOffDamaged extends Error {
  override readonly name = 'HandOffDamaged';
  readonly damage: Damage;

  constructor(damage: Damage) {
    super(`the hand-off is damaged: ${damage}`);
    this.damage = damage;
  }
}

/** The ciphertext of `privateKey` (`0x` hex) for the holder of the ephemeral key. `nonce` is 12 bytes, and given by tests alone. */
export async function sealedKey(
  { account, publicKey, ephemeralKey }: HandOff,
  privateKey: string,
  nonce: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(NONCE)),
): Promise<string> {
  const { key, aad } = await cipher({ account, publicKey, ephemeralKey });
  const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: aad };
  const sealed = await crypto.subtle.encrypt(algorithm, key, word(BigInt(privateKey)));
  return base64urlOf(joined(Uint8Array.of(VERSION), nonce, new Uint8Array(sealed)));
}

/** The private key in `encryptedKey`, `0x` and 64 digits; it makes the public key of the hand-off. Throws HandOffDamaged. */
export async function openedKey(handOff: HandOff, encryptedKey: string): Promise<string> {
  const bytes = body(encryptedKey, NONCE + WORD + TAG);
  const { key, aad } = await cipher(handOff);
  const algorithm = { name: 'AES-GCM', iv: bytes.slice(0, NONCE), additionalData: aad };
  const opened = await crypto.subtle.decrypt(algorithm, key, bytes.slice(NONCE)).catch(() => undefined);
  if (opened === undefined) throw new HandOffDamaged('key');
  const privateKey = secretAt(new Uint8Array(opened), 0);
  if (createStarkKey(privateKey).publicKey !== handOff.publicKey) throw new HandOffDamaged('key');
  return privateKey;
}

/** The link to be shown as a code. `consoleUrl` is the address that people open, without a path of its own. */
export function handOffLink({ account, publicKey, ephemeralKey }: HandOff, consoleUrl: string): string {
  const words = [feltValue(account), feltValue(publicKey), BigInt(ephemeralKey)].map(word);
  return `${consoleUrl.replace(/\/+$/, '')}${PAGE}#${base64urlOf(joined(Uint8Array.of(VERSION), ...words))}`;
}

/** The link, or its fragment alone. Throws HandOffDamaged. */
export function readHandOff(link: string): HandOff {
  const [, fragment] = new RegExp(`^(?:https?://[^#]+${PAGE}#)?([^#]*)$`).exec(link) ?? [];
  const bytes = body(fragment ?? '', 3 * WORD);
  return { account: feltAt(bytes, 0), publicKey: feltAt(bytes, WORD), ephemeralKey: secretAt(bytes, 2 * WORD) };
}

async function cipher({ account, publicKey, ephemeralKey }: HandOff) {
  const named = joined(word(feltValue(account)), word(feltValue(publicKey)));
  const ephemeralPublic = word(feltValue(createStarkKey(ephemeralKey).publicKey));
  const ikm = await crypto.subtle.importKey('raw', word(BigInt(ephemeralKey)), 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: named, info: LABEL };
  const aes = { name: 'AES-GCM', length: 256 };
  const key = await crypto.subtle.deriveKey(derivation, ikm, aes, false, ['encrypt', 'decrypt']);
  return { key, aad: joined(LABEL, Uint8Array.of(0), named, ephemeralPublic) };
}

/** What follows the version. */
function body(text: string, length: number): Uint8Array<ArrayBuffer> {
  const bytes = bytesOfBase64url(text);
  if (bytes === undefined || bytes.length !== 1 + length) throw new HandOffDamaged('length');
  if (bytes[0] !== VERSION) throw new HandOffDamaged('version');
  return bytes.slice(1);
}

const word = (value: bigint): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: WORD }, (_, i) => Number((value >> BigInt(8 * (WORD - 1 - i))) & 0xffn));

const numberAt = (bytes: Uint8Array, at: number): bigint =>
  bytes.slice(at, at + WORD).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

function feltAt(bytes: Uint8Array, at: number): Felt {
  const value = numberAt(bytes, at);
  if (value === 0n || value >= STARK_PRIME) throw new HandOffDamaged('key');
  return feltOf(value);
}

function secretAt(bytes: Uint8Array, at: number): string {
  try {
    return privateKeyText(numberAt(bytes, at));
  } catch {
    throw new HandOffDamaged('key');
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
