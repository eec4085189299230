import { createSecretKey, randomBytes } from 'node:crypto';
import * as jose from 'jose';
import { describe, expect, test } from 'vitest';
import { unixNanos } from '../../../src/domain/time.ts';
import { publicJwkOf } from '../../../src/jwt/jwks.ts';
import { createKeyring, NoSigningKey } from '../../../src/jwt/keyring.ts';
import { MasterKeyMismatch } from '../../../src/jwt/seal.ts';
import {
  createSigningKey,
  fromRecord,
  SigningKeyDamaged,
  type SigningKeyRecord,
  type SigningKeyState,
  toRecord,
} from '../../../src/jwt/signing-key.ts';

const masterKey = createSecretKey(randomBytes(32));
const recordOf = (
  use: 'session' | 'token',
  createdAt = 1n,
  state: SigningKeyState = 'active',
  signingKey = createSigningKey(use),
): SigningKeyRecord => toRecord(masterKey, signingKey, { state, createdAt: unixNanos(createdAt) });
const keyringOf = (...records: SigningKeyRecord[]) => createKeyring({ records, masterKey });

describe('a stored signing key', () => {
  test('a stored signing key has the RFC 7638 thumbprint as its kid, as jose computes it', async () => {
    const { kid, publicJwk } = createSigningKey('session');
    expect(kid).toBe(await jose.calculateJwkThumbprint({ ...publicJwk }, 'sha256'));
  });

  test('a signing key that is sealed and opened is the same key', () => {
    const signingKey = createSigningKey('token');
    const restored = fromRecord(masterKey, recordOf('token', 1n, 'active', signingKey));
    expect(restored.privateKey.equals(signingKey.privateKey)).toBe(true);
    expect(restored.publicKey.equals(signingKey.publicKey)).toBe(true);
    expect(restored.kid).toBe(signingKey.kid);
    expect(restored.use).toBe('token');
  });

  test('a stored signing key does not show its private half', () => {
    const signingKey = createSigningKey('session');
    const { d } = signingKey.privateKey.export({ format: 'jwk' });
    const record = recordOf('session', 1n, 'active', signingKey);
    expect(d).toHaveLength(43);
    expect(record.publicJwk + record.sealedPrivateKey).not.toContain(d);
    expect(Object.keys(JSON.parse(record.publicJwk)).sort()).toEqual(['crv', 'kty', 'x', 'y']);
  });

  test('a stored signing key does not open under another master key', () => {
    const record = recordOf('session');
    expect(() => createKeyring({ records: [record], masterKey: createSecretKey(randomBytes(32)) })).toThrow(
      MasterKeyMismatch,
    );
  });

  test('a stored signing key does not open under another kid or for another use', () => {
    const record = recordOf('session');
    expect(() => keyringOf({ ...record, use: 'token' })).toThrow(MasterKeyMismatch);
    expect(() => keyringOf({ ...record, kid: createSigningKey('session').kid })).toThrow(MasterKeyMismatch);
  });

  test('a stored signing key is refused when it was sealed under a kid that is not its own', () => {
    const { kid, publicJwk } = createSigningKey('session');
    const own = createSigningKey('session');
    expect(() => keyringOf(recordOf('session', 1n, 'active', { ...own, kid: 'mine' }))).toThrow(SigningKeyDamaged);
    const posing = recordOf('session', 1n, 'active', { ...own, kid, publicJwk });
    expect(() => keyringOf(posing)).toThrow(SigningKeyDamaged);
  });

  test.each([
    ['of another key', JSON.stringify(createSigningKey('session').publicJwk)],
    ['that is not JSON', '{'],
    ['that is null', 'null'],
    ['of another curve', '{"kty":"EC","crv":"P-384","x":"a","y":"b"}'],
    ['without y', '{"kty":"EC","crv":"P-256","x":"a"}'],
  ])('a stored signing key is refused beside a public key %s', (_, publicJwk) => {
    expect(() => keyringOf({ ...recordOf('session'), publicJwk })).toThrow(SigningKeyDamaged);
  });
});

describe('the keyring', () => {
  test('the keyring signs with the newest active key of the use that is asked for', () => {
    const [old, young, token] = [recordOf('session', 1n), recordOf('session', 2n), recordOf('token', 3n)];
    const keyring = keyringOf(young, old, token);
    expect(keyring.signer('session').kid).toBe(young.kid);
    expect(keyring.signer('token').kid).toBe(token.kid);
  });

  test('the keyring gives the same signer for keys of the same age whatever their order', () => {
    const [one, two] = [recordOf('session', 1n), recordOf('session', 1n)];
    expect(keyringOf(one, two).signer('session').kid).toBe(keyringOf(two, one).signer('session').kid);
  });

  test('the keyring never signs with a retired key or for another use', () => {
    const keyring = keyringOf(recordOf('session', 1n, 'retired'), recordOf('token', 1n));
    expect(() => keyring.signer('session')).toThrow(NoSigningKey);
  });

  test('the keyring knows which key verifies which kind of JWT, and that an unknown kid is not live', () => {
    const record = recordOf('token');
    const keyring = keyringOf(record);
    expect(keyring.verifier(record.kid)?.use).toBe('token');
    expect(keyring.verifier(record.kid)?.publicKey.type).toBe('public');
    expect(keyring.isLive(record.kid)).toBe(true);
    expect(keyring.verifier('unknown')).toBeUndefined();
    expect(keyring.isLive('unknown')).toBe(false);
    expect(keyring.verifier('__proto__')).toBeUndefined();
  });

  test('the keyring takes in a key that is added later', () => {
    const [old, young] = [recordOf('session', 1n), recordOf('session', 2n)];
    const keyring = keyringOf(old);
    keyring.add(young);
    expect(keyring.signer('session').kid).toBe(young.kid);
    expect(keyring.isLive(old.kid)).toBe(true);
    expect(keyring.jwks().keys.map(({ kid }) => kid)).toEqual([old.kid, young.kid].sort());
  });

  test('the keyring stops signing, verifying and publishing with a key the moment it is retired', () => {
    const [old, young] = [recordOf('session', 1n), recordOf('session', 2n)];
    const keyring = keyringOf(old, young);
    keyring.retire(young.kid);
    expect(keyring.signer('session').kid).toBe(old.kid);
    expect(keyring.isLive(young.kid)).toBe(false);
    expect(keyring.isLive(old.kid)).toBe(true);
    expect(keyring.jwks().keys.map(({ kid }) => kid)).toEqual([old.kid]);
  });

  test('the keyring never revives a retired kid, not even by adding its row again as active', () => {
    const record = recordOf('session');
    const keyring = keyringOf(record);
    keyring.retire(record.kid);
    keyring.add(record);
    expect(keyring.isLive(record.kid)).toBe(false);
    expect(() => keyring.signer('session')).toThrow(NoSigningKey);
    expect(keyring.jwks()).toEqual({ keys: [] });
  });

  test('the keyring remembers that a kid is retired before it sees its row', () => {
    const [record, late] = [recordOf('session', 1n), recordOf('session', 2n)];
    const keyring = keyringOf(record);
    keyring.retire(late.kid);
    keyring.add(late);
    expect(keyring.isLive(late.kid)).toBe(false);
    expect(keyring.signer('session').kid).toBe(record.kid);
  });

  test('the keyring is unchanged when a damaged row is added', () => {
    const record = recordOf('session');
    const keyring = keyringOf(record);
    expect(() => keyring.add({ ...recordOf('session', 9n), sealedPrivateKey: record.sealedPrivateKey })).toThrow(
      MasterKeyMismatch,
    );
    expect(keyring.signer('session').kid).toBe(record.kid);
    expect(keyring.jwks().keys.map(({ kid }) => kid)).toEqual([record.kid]);
  });
});

describe('the public document', () => {
  test('the JWKS takes the four public members of a P-256 key and nothing else', () => {
    const { privateKey, publicJwk } = createSigningKey('session');
    expect(publicJwkOf(privateKey.export({ format: 'jwk' }))).toEqual(publicJwk);
    const refused = [{ kty: 'RSA' }, { crv: 'P-384' }, { x: 1 }, { y: undefined }];
    for (const change of refused) expect(publicJwkOf({ ...publicJwk, ...change })).toBeUndefined();
    for (const other of [undefined, null, 'EC', 1, []]) expect(publicJwkOf(other)).toBeUndefined();
  });

  test('the JWKS lists every live key of both uses, sorted by kid, with exactly the members of the wire, all strings', () => {
    const records = [recordOf('session'), recordOf('token'), recordOf('session', 2n), recordOf('token', 2n)];
    const dead = recordOf('session', 3n, 'retired');
    const { keys } = keyringOf(...records, dead).jwks();
    expect(keys.map(({ kid }) => kid)).toEqual(records.map(({ kid }) => kid).sort());
    for (const listed of keys) {
      expect(Object.keys(listed)).toEqual(['kty', 'crv', 'x', 'y', 'alg', 'use', 'kid']);
      expect(Object.values(listed).every((value) => typeof value === 'string')).toBe(true);
      expect(listed).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    }
  });
});
