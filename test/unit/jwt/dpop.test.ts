// Proofs of possession by themselves. That each check refuses over HTTP, in one word: test/http/devices.test.ts.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSigned, MAX_PROOF_BYTES, readDeviceKey, readProof, thumbprintHex } from '../../../src/jwt/dpop.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwkOf = (key: KeyObject) => {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return { kty: 'EC', crv: 'P-256', x, y } as const;
};
const jwk = jwkOf(pair.publicKey);
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = { typ: 'dpop+jwt', alg: 'ES256', jwk };
const claims = { jti: 'abcdefghijklmnop', htm: 'POST', htu: 'https://keys.example/a', iat: 1_800_000_000 };

function proofOf(head: unknown, body: unknown, key = pair.privateKey): string {
  const signed = `${part(head)}.${part(body)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

test('the example of RFC 9449 section 4.2 but for its short jti is a proof, and signed by its key', async () => {
  const text =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
  const proof = readProof(text);
  expect(proof).toMatchObject({
    jti: '-BwC3ESc6acc2lTc',
    htm: 'POST',
    htu: 'https://server.example.com/token',
    iat: 1562262616,
  });
  expect(proof && (await isSigned(proof))).toBe(true);
  // RFC 9449 section 6.1: its jkt.
  expect(proof && Buffer.from(thumbprintHex(proof.jwk).slice(2), 'hex').toString('base64url')).toBe(
    '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
  );
});

test('a proof is read as it was written, and its thumbprint is that of RFC 7638', () => {
  expect(readProof(proofOf(header, claims))).toMatchObject({ jwk, ...claims });
  const { crv, kty, x, y } = jwk;
  const digest = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('hex');
  expect(thumbprintHex(jwk)).toBe(`0x${digest}`);
});

test('another key than the one in the proof has not signed it, and neither has this one another text', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const forged = readProof(proofOf(header, claims, other.privateKey));
  expect(forged && (await isSigned(forged))).toBe(false);
  const good = readProof(proofOf(header, claims));
  expect(good && (await isSigned({ ...good, signed: `${good.signed}A` }))).toBe(false);
});

test('both of the two signatures that a key can make of a proof are good: it counts once by its jti', async () => {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const proof = readProof(proofOf(header, claims));
  if (proof === undefined) throw new Error('no proof');
  const s = BigInt(`0x${Buffer.from(proof.signature.subarray(32)).toString('hex')}`);
  const other = Buffer.concat([
    proof.signature.subarray(0, 32),
    Buffer.from((n - s).toString(16).padStart(64, '0'), 'hex'),
  ]);
  expect([await isSigned(proof), await isSigned({ ...proof, signature: other })]).toEqual([true, true]);
});

test('a key off the curve has signed nothing, and is no key of a device', async () => {
  const off = { ...jwk, y: jwk.x };
  const proof = readProof(proofOf({ ...header, jwk: off }, claims));
  expect(proof && (await isSigned(proof))).toBe(false);
  expect([readDeviceKey(off), readDeviceKey(jwk)]).toEqual([undefined, jwk]);
});

test('a coordinate that is written as a number beyond the field is no key of a device', () => {
  const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  // (0, sqrt(b)) lies on the curve; p and 0 are one element of the field.
  const y = '66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4';
  const at = (x: bigint) => ({
    ...jwk,
    x: Buffer.from(x.toString(16).padStart(64, '0'), 'hex').toString('base64url'),
    y: Buffer.from(y, 'hex').toString('base64url'),
  });
  expect(readDeviceKey(at(0n))).toEqual(at(0n));
  expect(readDeviceKey(at(p))).toBeUndefined();
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a list', [jwk]],
  ['a private key', pair.privateKey.export({ format: 'jwk' })],
  ['a further member', { ...jwk, ext: true }],
  ['a member that is a number', { ...jwk, x: 1 }],
  ['31 bytes', { ...jwk, x: jwk.x.slice(0, 42) }],
  ['the standard alphabet', { ...jwk, x: `+${jwk.x.slice(1)}` }],
  ['the point at infinity', { ...jwk, x: 'A'.repeat(43), y: 'A'.repeat(43) }],
])('%s is no key of a device', (_what, value) => {
  expect(readDeviceKey(value)).toBeUndefined();
});

test('a signature of another length than 64 bytes is none, before anything is asked about its device', () => {
  const [header = '', payload = '', signature = ''] = proofOf({ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims).split(
    '.',
  );
  const bytes = Buffer.from(signature, 'base64url');
  for (const other of [bytes.subarray(0, 63), Buffer.concat([bytes, bytes.subarray(0, 1)]), Buffer.alloc(0)]) {
    expect(readProof(`${header}.${payload}.${other.toString('base64url')}`)).toBeUndefined();
  }
});

test('a proof of 1024 bytes is read, and one of 1025 is not', () => {
  const room = MAX_PROOF_BYTES - proofOf(header, { ...claims, htu: '' }).length;
  const read = Array.from({ length: 8 }, (_, more) =>
    proofOf(header, { ...claims, htu: 'a'.repeat(Math.floor((room * 3) / 4) - 3 + more) }),
  ).map((text) => [text.length <= MAX_PROOF_BYTES, readProof(text) !== undefined]);
  expect(read.every(([fits, isRead]) => fits === isRead)).toBe(true);
  expect(new Set(read.map(([fits]) => fits))).toEqual(new Set([true, false]));
});

test('whatever text comes, reading it throws nothing; and no changed character of a proof leaves it good', async () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 1100 }), (text) => readProof(text) === undefined),
    { numRuns: 500 },
  );
  const good = proofOf(header, claims);
  for (let at = 0; at < good.length; at += 1) {
    const changed = `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`;
    const proof = readProof(changed);
    expect(proof !== undefined && (await isSigned(proof)), `character ${at}`).toBe(false);
  }
});
