// A certificate for localhost and 127.0.0.1, valid from 2020 to 2119, that signs itself; nothing but tests may trust it. Made by:
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout self-signed.key.pem
// and, for its dates, signed again by `openssl ca -selfsign -startdate 20200101000000Z -enddate 21200101000000Z` with
// basicConstraints=critical,CA:TRUE and subjectAltName=DNS:localhost,IP:127.0.0.1.
import { chmodSync, copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const certFile = fileURLToPath(new URL('self-signed.cert.pem', import.meta.url));
export const keyFile = join(mkdtempSync(join(tmpdir(), 'self-signed-')), 'key.pem');
// A checkout lets others read what is in it, and the server takes no such key.
copyFileSync(new URL('self-signed.key.pem', import.meta.url), keyFile);
chmodSync(keyFile, 0o600);
export const certificate = readFileSync(certFile, 'utf8');
