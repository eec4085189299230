import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../../src/config/load.ts';
import { openTls } from '../../../../src/http/kit/tls.ts';
import { certFile, certificate, keyFile } from '../../../support/self-signed.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const folder = temporaryFolder();
function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function problemOf(cert: string, key: string): string {
  try {
    openTls(cert, key);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
  return 'none';
}

const pem = { type: 'pkcs8', format: 'pem' } as const;
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const otherKey = file('other.pem', other.export(pem).toString());
const encrypted = file(
  'encrypted.pem',
  other.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'secret' }).toString(),
);
const empty = file('empty.pem', '');
const brokenChain = file('chain.pem', `${certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`);

describe('a pair that cannot work stops the start with one sentence that names the setting', () => {
  test.each([
    [
      'a certificate that is not there',
      join(folder, 'none'),
      keyFile,
      /^tls\.cert: \S+none cannot be read \(ENOENT\)$/,
    ],
    ['a key that is not there', certFile, join(folder, 'none'), /^tls\.key: \S+none cannot be read \(ENOENT\)$/],
    ['a folder', folder, keyFile, /^tls\.cert: \S+ is not a regular file$/],
    ['an empty certificate', empty, keyFile, /^tls\.cert: \S+ does not hold a PEM certificate$/],
    ['an empty key', certFile, empty, /^tls\.key: \S+ does not hold a PEM private key/],
    [
      'an encrypted key',
      certFile,
      encrypted,
      /^tls\.key: \S+ does not hold a PEM private key, or one that is encrypted$/,
    ],
    ['the two swapped', keyFile, certFile, /^tls\.cert: \S+ does not hold a PEM certificate$/],
    [
      'a key of another certificate',
      certFile,
      otherKey,
      /^tls\.key: \S+ is not the private key of the first certificate/,
    ],
    [
      'a broken certificate in the chain',
      brokenChain,
      keyFile,
      /^tls\.cert: \S+ cannot be used with tls\.key \(ERR_\S+\)$/,
    ],
  ])(
    'a TLS pair that cannot work stops the start with one sentence that names the setting: %s',
    (_name, cert, key, problem) => {
      expect(problemOf(cert, key)).toMatch(problem);
    },
  );

  test.skipIf(process.platform === 'win32')(
    'a TLS key that others may read, or that is no file, stops the start with one sentence that names the setting',
    () => {
      const readable = file('readable.pem', readFileSync(keyFile, 'utf8'));
      for (const mode of [0o660, 0o604, 0o444]) {
        chmodSync(readable, mode);
        expect(problemOf(certFile, readable)).toBe(
          `tls.key: ${readable} has mode 0${mode.toString(8)}, so others may read it; run: chmod 600 ${readable}`,
        );
      }
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', ['-m', '600', pipe]);
      expect(problemOf(certFile, pipe)).toBe(`tls.key: ${pipe} is not a regular file`);
      expect(problemOf(pipe, keyFile)).toBe(`tls.cert: ${pipe} is not a regular file`);
    },
  );

  test('a TLS pair that belongs together is accepted, for TLS 1.2 and later and HTTP/1.1 alone', () => {
    expect(openTls(certFile, keyFile)).toMatchObject({ minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] });
  });
});
