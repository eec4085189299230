// The key of a device: P-256, made by WebCrypto. A browser keeps it where no script can read it; a program keeps it as a JWK in a file.

/** The four members of a device's public key, and no other. */
export interface DevicePublicKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  /** 32 bytes, base64url without padding. */
  readonly x: string;
  readonly y: string;
}

/** The private key too: a secret. */
export interface DevicePrivateKey extends DevicePublicKey {
  readonly d: string;
}

/** CryptoKey, by whichever types of WebCrypto the program is compiled with. */
type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export interface DeviceKey {
  readonly privateKey: WebCryptoKey;
  readonly public_key: DevicePublicKey;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** Not extractable unless asked: then `exportedDeviceKey` gives what a file can hold. */
export async function newDeviceKey({
  extractable = false,
}: {
  readonly extractable?: boolean;
} = {}): Promise<DeviceKey> {
  const pair = await crypto.subtle.generateKey(P256, extractable, ['sign', 'verify']);
  return { privateKey: pair.privateKey, public_key: await publicHalf(pair.publicKey) };
}

/** Throws InvalidAccessError where the key was made not extractable. */
export async function exportedDeviceKey({ privateKey, public_key }: DeviceKey): Promise<DevicePrivateKey> {
  const { d } = await crypto.subtle.exportKey('jwk', privateKey);
  if (d === undefined) throw new TypeError('no private key');
  return { ...public_key, d };
}

/** The key that was exported; in memory it is not extractable. Throws DataError for anything else. */
export async function importedDeviceKey({ kty, crv, x, y, d }: DevicePrivateKey): Promise<DeviceKey> {
  const privateKey = await crypto.subtle.importKey('jwk', { kty, crv, x, y, d }, P256, false, ['sign']);
  return { privateKey, public_key: { kty: 'EC', crv: 'P-256', x, y } };
}

async function publicHalf(key: WebCryptoKey): Promise<DevicePublicKey> {
  const { x, y } = await crypto.subtle.exportKey('jwk', key);
  if (x === undefined || y === undefined) throw new TypeError('no public key of P-256');
  return { kty: 'EC', crv: 'P-256', x, y };
}
