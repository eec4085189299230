// Proves itself by the key of a device that the owner signed in (RFC 9449 section 4.2): it can see and end, and makes nothing.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { base64urlOf } from '../domain/base64.ts';
import { accountOf } from './account-id.ts';
import { oneAtATime } from './asked-once.ts';
import type { Auth } from './auth.ts';
import type { Server } from './call.ts';
import { claimsOf } from './claims.ts';
import { type DeviceKey, type DevicePrivateKey, importedDeviceKey } from './device-key.ts';
import { bearerIn } from './not-countersign.ts';

export interface DeviceOptions {
  /** `dev_...`, as devices.add answered. */
  readonly id: string;
  /** Default: as its session says. */
  readonly account?: string;
  /** From newDeviceKey, or what exportedDeviceKey gave. */
  readonly key: DeviceKey | DevicePrivateKey;
}

/** TypeError for an id that is none. A key that is none is told at sign-in, by WebCrypto's DataError. */
export function device({ id, account, key }: DeviceOptions): Auth {
  if (!/^dev_[0-9A-Za-z_-]{1,64}$/.test(id)) throw new TypeError('not the id of a device: dev_...');
  const given = account === undefined ? undefined : accountOf(account);
  const path = `/countersign/v1/devices/${id}/session`;
  const usable: Promise<DeviceKey> = 'privateKey' in key ? Promise.resolve(key) : importedDeviceKey(key);
  // Told by whoever signs in.
  usable.catch(() => undefined);
  let said: string | undefined;
  let asked: Server;
  /** Whose it is, where nobody has signed in yet: one login for all who ask. */
  const told = oneAtATime(() => signIn(asked));

  async function signIn(server: Server): Promise<{ readonly bearer: string }> {
    return server.signedAt(async (nowMs) => {
      const answer = await server.call({
        method: 'POST',
        path,
        headers: { DPoP: await proof(await usable, `${server.origin}${path}`, nowMs) },
      });
      const bearer = bearerIn(answer);
      said = claimsOf(bearer).sub;
      return { bearer };
    });
  }

  return {
    async account(server) {
      if (given !== undefined) return given;
      asked = server;
      if (said === undefined) await told();
      return accountOf(said ?? '');
    },
    signIn,
  };
}

/** A compact JWS with exactly the members that the server accepts, good once and for a minute. */
async function proof({ privateKey, public_key }: DeviceKey, htu: string, nowMs: number): Promise<string> {
  const { kty, crv, x, y } = public_key;
  const jti = base64urlOf(crypto.getRandomValues(new Uint8Array(24)));
  const part = (value: object): string => base64urlOf(utf8ToBytes(JSON.stringify(value)));
  const header = part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  const claims = part({ jti, htm: 'POST', htu, iat: Math.floor(nowMs / 1000) });
  const signed = utf8ToBytes(`${header}.${claims}`);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, signed);
  return `${header}.${claims}.${base64urlOf(new Uint8Array(signature))}`;
}
