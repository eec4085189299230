// The certificate and key of the public listener. An unusable pair stops the start; there is no fallback to plain HTTP.
import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../../config/load.ts';
import { errorCode, UnsafeFile } from '../../errors.ts';
import { type Guard, readGuarded } from '../../files/guarded-file.ts';

/** A chain is a few KiB. */
const MAX_PEM_BYTES = 1024 * 1024;

export interface TlsOptions
  extends Pick<ServerOptions, 'minVersion' | 'ALPNProtocols' | 'honorCipherOrder' | 'secureOptions'> {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Options for node:https from PEM files: `certFile` holds the leaf, then its chain; `keyFile` is PKCS #8, PKCS #1 or SEC 1, not encrypted.
 * TLS 1.2 and 1.3, HTTP/1.1 only, no renegotiation. Throws ConfigError (one sentence with the setting and nothing of the key) when a file is
 * missing or no PEM, when the two do not match, and when others can read the key or another user owns it.
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
    // In TLS 1.2 a client could demand handshake after handshake on one connection, each at our cost.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
  refuseUnusable(options, certFile);
  return options;
}

// Only OpenSSL itself finds a broken chain, or a key that is too short for it.
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
