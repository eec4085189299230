// A certificate for localhost and 127.0.0.1, valid from 2020 to 2119, that signs itself; nothing but tests may trust it. Made by:
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout self-signed.key.pem
// and, for its dates, signed again by `openssl ca -selfsign -startdate 20200101000000Z -enddate 21200101000000Z` with
// basicConstraints=critical,CA:TRUE and subjectAltName=DNS:localhost,IP:127.0.0.1.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const certFile = fileURLToPath(new URL('self-signed.cert.pem', import.meta.url));
export const keyFile = fileURLToPath(new URL('self-signed.key.pem', import.meta.url));
export const certificate = readFileSync(certFile, 'utf8');
