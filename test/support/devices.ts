// Devices as a browser or command line has them: a P-256 key of their own, and proofs of it made by Node's own cryptography.
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { type Answer, call } from './trader.ts';
import type { Owner, World } from './world.ts';

export const DEVICES = '/countersign/v1/devices';

export interface DeviceJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export interface DeviceKey {
  readonly privateKey: KeyObject;
  readonly publicKey: DeviceJwk;
}

export interface TestDevice extends DeviceKey {
  readonly id: string;
}

export interface MadeDevice extends TestDevice {
  /** The answer that made it. */
  readonly made: Answer;
}

export function newDeviceKey(): DeviceKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return { privateKey, publicKey: { kty: 'EC', crv: 'P-256', x, y } };
}

/** RFC 7638, as `0x` hex: `cs_key` of its sessions. */
export const thumbprintOf = ({ crv, kty, x, y }: DeviceJwk): string =>
  `0x${createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('hex')}`;

export const postDevice = (
  { url }: Pick<World, 'url'>,
  bearer: string,
  key: Pick<DeviceKey, 'publicKey'>,
  more: Record<string, unknown> = {},
): Promise<Answer> =>
  call(url, 'POST', DEVICES, { bearer, body: { name: 'browser', public_key: key.publicKey, ...more } });

export async function addDevice(
  world: Pick<World, 'url'>,
  { session }: Pick<Owner, 'session'>,
  more: Record<string, unknown> = {},
): Promise<MadeDevice> {
  const key = newDeviceKey();
  const made = await postDevice(world, session, key, more);
  if (made.status !== 201) throw new Error(`device: ${made.status} ${made.text}`);
  return { ...key, id: String(made.json.id), made };
}

const encoded = (text: string): string => Buffer.from(text).toString('base64url');

export const sessionPath = ({ id }: Pick<TestDevice, 'id'>): string => `${DEVICES}/${id}/session`;

/** The members of a good proof now; a test changes what it is about. */
export const proofParts = (world: Pick<World, 'url' | 'clock'>, device: TestDevice) => ({
  header: { typ: 'dpop+jwt', alg: 'ES256', jwk: { ...device.publicKey } } as Record<string, unknown>,
  claims: {
    jti: randomUUID(),
    htm: 'POST',
    htu: `${world.url}${sessionPath(device)}`,
    iat: world.clock.seconds(),
  } as Record<string, unknown>,
});

/** A compact JWS of these two texts, whatever they say. */
export function signedProof(privateKey: KeyObject, header: string, claims: string): string {
  const signed = `${encoded(header)}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** A proof that is good but for the changed members; undefined takes one out. */
export function deviceProof(
  world: Pick<World, 'url' | 'clock'>,
  device: TestDevice,
  changed: { readonly header?: Record<string, unknown>; readonly claims?: Record<string, unknown> } = {},
): string {
  const { header, claims } = proofParts(world, device);
  return signedProof(
    device.privateKey,
    JSON.stringify({ ...header, ...changed.header }),
    JSON.stringify({ ...claims, ...changed.claims }),
  );
}

export const postProof = (
  { url }: Pick<World, 'url'>,
  device: Pick<TestDevice, 'id'>,
  proof: string,
): Promise<Answer> => call(url, 'POST', sessionPath(device), { headers: { DPoP: proof } });

export const openDeviceSession = (world: Pick<World, 'url' | 'clock'>, device: TestDevice): Promise<Answer> =>
  postProof(world, device, deviceProof(world, device));

/** A bearer of the device. */
export async function deviceSession(world: Pick<World, 'url' | 'clock'>, device: TestDevice): Promise<string> {
  const answer = await openDeviceSession(world, device);
  if (answer.status !== 200) throw new Error(`device session: ${answer.status} ${answer.text}`);
  return String(answer.json.jwt_token);
}
