// The PARADEX-SIWE-MESSAGE header: base64 of the exact message bytes (docs/wire.md section 5).
// One text must not stand for two messages, nor one message be changed on the way in: anything inexact is refused.
import { bytesOfBase64 } from '../domain/base64.ts';
import { MAX_SIWE_BYTES } from './siwe.ts';

const MAX_BASE64_LENGTH = Math.ceil(MAX_SIWE_BYTES / 3) * 4;

/**
 * The text whose UTF-8 bytes the header carries, in the standard or the URL-safe alphabet (RFC 4648 sections 4 and 5; not mixed),
 * with complete padding or none, without stray bits, at most 4 KiB of strict UTF-8. `undefined` otherwise. Never throws.
 */
export function decodeSiweHeader(header: string): string | undefined {
  if (header.length > MAX_BASE64_LENGTH) return undefined;
  const body = header.replace(/={1,2}$/, '');
  if (header.length !== body.length && header.length % 4 !== 0) return undefined;
  const bytes = bytesOfBase64(body);
  if (bytes === undefined || bytes.length === 0 || bytes.length > MAX_SIWE_BYTES) return undefined;
  try {
    // A byte-order mark is kept, as it is part of what was signed.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
