// The last line of a backup file, behind the image of the database. Its checksum detects a file that is cut short; its seal detects a
// change by anyone without the master key.
import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { seal, unseal } from '../jwt/seal.ts';

const FORMAT = 1;
/** Base64url of a sealed SHA-256: version, nonce and tag before its 32 bytes (jwt/seal.ts). */
const SEALED_CHARACTERS = 82;
const PURPOSE = 'checksum of a backup';

/** Every trailer of this format is as long as this one. */
export const TRAILER_BYTES = textOf('0'.repeat(64), '0'.repeat(SEALED_CHARACTERS)).length;

export interface Trailer {
  /** SHA-256 of everything before the trailer. */
  readonly digest: Buffer;
  readonly sealed: string;
}

/** `newer_format` says that a later release wrote it; `undefined` that the bytes are no trailer. */
export type ParsedTrailer = Trailer | 'newer_format' | undefined;

export function trailerOf(masterKey: KeyObject, digest: Buffer): Buffer {
  return Buffer.from(textOf(digest.toString('hex'), seal(masterKey, digest, PURPOSE)));
}

/** From the last TRAILER_BYTES of a file. */
export function parseTrailer(bytes: Uint8Array): ParsedTrailer {
  const text = Buffer.from(bytes).toString('latin1');
  const [, digest, sealed] = /^\ncountersign-backup 1 ([0-9a-f]{64}) ([A-Za-z0-9_-]{82})\n$/.exec(text) ?? [];
  if (digest !== undefined && sealed !== undefined) return { digest: Buffer.from(digest, 'hex'), sealed };
  return /\ncountersign-backup (?!1 )\d{1,9} [!-~ ]+\n$/.test(text) ? 'newer_format' : undefined;
}

/** True when this master key sealed this checksum. Throws MasterKeyMismatch when it cannot open the seal. */
export function isSealedBy(masterKey: KeyObject, { digest, sealed }: Trailer): boolean {
  const opened = unseal(masterKey, sealed, PURPOSE);
  return opened.length === digest.length && timingSafeEqual(opened, digest);
}

function textOf(digest: string, sealed: string): string {
  return `\ncountersign-backup ${FORMAT} ${digest} ${sealed}\n`;
}
