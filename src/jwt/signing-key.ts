// A JWT signing key, and its row in the store. The private half never leaves this process unsealed, and an altered or moved row does not
// open.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { UnixNanos } from '../domain/time.ts';
import { type PublicJwk, publicJwkOf, thumbprint } from './jwks.ts';
import type { KeyUse } from './kinds.ts';
import { seal, unseal } from './seal.ts';

/**
 * `published`: in jwks.json, does not sign yet. `active`: signs, if it is the newest of its use. `verifying`: signs no more, but what it
 * signed is valid. `retired`: dead. All but the last verify and are published.
 */
export type SigningKeyState = 'published' | 'active' | 'verifying' | 'retired';

const states: readonly SigningKeyState[] = ['published', 'active', 'verifying', 'retired'];

/** `undefined` for a text that is no state. */
export const signingKeyState = (text: string): SigningKeyState | undefined => states.find((state) => state === text);

/** False for `retired`, for a text that is no state, and for no key at all. */
export function isSigningKeyAlive(text: string | null): boolean {
  const state = text === null ? undefined : signingKeyState(text);
  return state !== undefined && state !== 'retired';
}

export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly use: KeyUse;
  readonly publicJwk: PublicJwk;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** One row of signing_key. */
export interface SigningKeyRecord {
  readonly kid: string;
  readonly use: KeyUse;
  /** JSON text of kty, crv, x, y. */
  readonly publicJwk: string;
  /** PKCS #8, sealed under the master key for this kid and use. */
  readonly sealedPrivateKey: string;
  readonly state: SigningKeyState;
  readonly createdAt: UnixNanos;
  /** Only while `verifying`: the last time that something it signed can be valid. */
  readonly verifyUntil?: UnixNanos;
}

/** The row does not describe the key it holds. */
export class SigningKeyDamaged extends Error {
  override readonly name = 'SigningKeyDamaged';
}

const purposeOf = (use: KeyUse, kid: string): string => `signing key for ${use} JWTs ${kid}`;

/** A fresh P-256 key for ES256. */
export function createSigningKey(use: KeyUse): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicJwk = publicJwkOf(publicKey.export({ format: 'jwk' }));
  if (publicJwk === undefined) throw new SigningKeyDamaged('the new signing key is not a P-256 key');
  return { kid: thumbprint(publicJwk), use, publicJwk, publicKey, privateKey };
}

/** The row for this key, its private half sealed. */
export function toRecord(
  masterKey: KeyObject,
  key: SigningKey,
  row: { readonly state: SigningKeyState; readonly createdAt: UnixNanos },
): SigningKeyRecord {
  const der = key.privateKey.export({ format: 'der', type: 'pkcs8' });
  return {
    kid: key.kid,
    use: key.use,
    publicJwk: JSON.stringify(key.publicJwk),
    sealedPrivateKey: seal(masterKey, der, purposeOf(key.use, key.kid)),
    state: row.state,
    createdAt: row.createdAt,
  };
}

/**
 * The key of this row. The public key is computed from the sealed private key, so write access to the table without the master key is
 * not enough to add a key. Throws MasterKeyMismatch or SigningKeyDamaged.
 */
export function fromRecord(masterKey: KeyObject, record: SigningKeyRecord): SigningKey {
  const der = unseal(masterKey, record.sealedPrivateKey, purposeOf(record.use, record.kid));
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const publicJwk = publicJwkOf(publicKey.export({ format: 'jwk' }));
  if (publicJwk === undefined || thumbprint(publicJwk) !== record.kid || recordedKid(record) !== record.kid) {
    throw new SigningKeyDamaged(`The stored signing key ${record.kid} does not match its own public key.`);
  }
  return { kid: record.kid, use: record.use, publicJwk, publicKey, privateKey };
}

function recordedKid(record: SigningKeyRecord): string | undefined {
  try {
    const jwk = publicJwkOf(JSON.parse(record.publicJwk));
    return jwk && thumbprint(jwk);
  } catch {
    return undefined;
  }
}
