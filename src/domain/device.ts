// A device of an account: a browser or command line that signs in with a P-256 key of its own. Its row records what was done to it, never
// that its time is over.
import type { AccountId, RevocableRef } from './credential.ts';
import { isOver, NEVER, type UnixNanos, type UnixSeconds } from './time.ts';

export interface Device {
  readonly account: AccountId;
  readonly deviceId: string;
  readonly name: string;
  /** RFC 7638, SHA-256, of its public key: `0x` and 64 hex digits. */
  readonly thumbprint: string;
  /** Of the main session that made it: what ends that session ends the device. */
  readonly authTime: UnixSeconds;
  readonly createdAt: UnixNanos;
  readonly expiresAt: UnixNanos;
  readonly idleSeconds: number;
  /** The end of its idle time: `idleSeconds` after it last opened a session, or was made. */
  readonly idleUntil: UnixNanos;
  /** When it last opened a session; 0 = never, or not kept. */
  readonly lastUsedAt: UnixNanos;
  /** Canonical text of the client address; empty when unknown, or not kept. */
  readonly lastUsedIp: string;
  /** 0 = not ended. */
  readonly endedAt: UnixNanos;
}

export const refOfDevice = ({ account, deviceId }: Device): RevocableRef => ({ account, kind: 'device', id: deviceId });

export type DeviceState = 'active' | 'ended' | 'expired';

/** `expired`: past its own end, or idle for too long. */
export function deviceStateAt(
  { endedAt, expiresAt, idleUntil }: Pick<Device, 'endedAt' | 'expiresAt' | 'idleUntil'>,
  now: UnixNanos,
): DeviceState {
  if (endedAt !== NEVER) return 'ended';
  return isOver(expiresAt, now) || isOver(idleUntil, now) ? 'expired' : 'active';
}
