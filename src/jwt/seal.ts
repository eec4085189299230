// Seals a secret for storage under the master key (AES-256-GCM). A sealed value opens only under the same key and for
// the same purpose, and never to anything but what was sealed.
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from './base64url.ts';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
/** 96 bits, the size GCM is made for. Random: few values are ever sealed, far from the 2^32 of SP 800-38D section 8.3. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** The sealed value does not open: another master key, another purpose, or a value that was altered. */
export class MasterKeyMismatch extends Error {
  override readonly name = 'MasterKeyMismatch';

  constructor(purpose: string, options?: ErrorOptions) {
    super(
      `The master key does not open the stored ${purpose}: it is another key than the one that sealed it, or the stored value was altered.`,
      options,
    );
  }
}

/**
 * Base64url of version (1 byte), nonce (12), tag (16), ciphertext. `purpose` is authenticated and not stored: opening
 * demands the same text, so that a sealed value moved to another row does not open there. The key must have 32 bytes.
 */
export function seal(masterKey: KeyObject, plaintext: Uint8Array, purpose: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, masterKey, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(purpose));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return encodeBase64url(Buffer.concat([Uint8Array.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]));
}

/** What was sealed under this key for this purpose; throws MasterKeyMismatch for anything else. */
export function unseal(masterKey: KeyObject, sealed: string, purpose: string): Buffer {
  const bytes = decodeBase64url(sealed);
  if (bytes?.[0] !== VERSION) throw new MasterKeyMismatch(purpose);
  try {
    // A truncated tag throws too: authTagLength allows one length only.
    const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv(ALGORITHM, masterKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, HEAD_BYTES));
    decipher.setAAD(Buffer.from(purpose));
    return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new MasterKeyMismatch(purpose, { cause });
  }
}
