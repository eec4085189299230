// The certificate and the key that the public listener proves itself with. A pair that cannot work stops the start; there is no
// falling back to plain HTTP.
import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../../config/load.ts';
import { UnsafeFile } from '../../errors.ts';
import { type Guard, readGuarded } from '../../files/guarded-file.ts';

/** A chain is a few KiB. */
const MAX_PEM_BYTES = 1024 * 1024;

export interface TlsOptions
  extends Pick<ServerOptions, 'minVersion' | 'ALPNProtocols' | 'honorCipherOrder' | 'secureOptions'> {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * What node:https needs of the PEM files at `certFile` (the leaf first, its chain behind it) and `keyFile` (PKCS #8, PKCS #1
 * or SEC 1, not encrypted): TLS 1.2 and 1.3, HTTP/1.1 only, no renegotiation. Throws ConfigError, one sentence that names
 * the setting and holds nothing of the key, for files that are missing, are no PEM, or do not belong together, and for a key that
 * others may read or that is another user's.
 */
export function openTls(certFile: string, keyFile: string): TlsOptions {
  const cert = readPem('tls.cert', certFile, 'shown');
  const certificate = certificateOf(cert, certFile);
  const key = readPem('tls.key', keyFile, 'group_secret');
  if (!certificate.checkPrivateKey(privateKeyOf(key, keyFile))) {
    throw new ConfigError([
      `tls.key: ${keyFile} is not the private key of the first certificate in ${certFile} (tls.cert)`,
    ]);
  }
  const options: TlsOptions = {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    honorCipherOrder: true,
    // In TLS 1.2 a client could ask for one handshake after another on one connection, each at our cost.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
  refuseUnusable(options, certFile);
  return options;
}

// A broken chain, or a key too short for OpenSSL, is seen by nobody but OpenSSL itself.
function refuseUnusable(options: TlsOptions, certFile: string): void {
  try {
    createSecureContext(options);
  } catch (error) {
    throw new ConfigError([`tls.cert: ${certFile} cannot be used with tls.key (${errorCode(error)})`]);
  }
}

function readPem(setting: string, file: string, guard: Guard): Buffer {
  try {
    const pem = readGuarded(file, guard, MAX_PEM_BYTES);
    if (pem !== 'too_large') return pem;
  } catch (cause) {
    const because = cause instanceof UnsafeFile ? cause.because : `cannot be read (${errorCode(cause)})`;
    throw new ConfigError([`${setting}: ${file} ${because}`]);
  }
  throw new ConfigError([`${setting}: ${file} is larger than ${MAX_PEM_BYTES} bytes`]);
}

function certificateOf(pem: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new ConfigError([`tls.cert: ${file} does not hold a PEM certificate`]);
  }
}

function privateKeyOf(pem: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new ConfigError([`tls.key: ${file} does not hold a PEM private key, or one that is encrypted`]);
  }
}

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
