// The one record that is kept: the device of this browser, checked again when it is read.
import type { DeviceKey } from '../../../src/client/device-key.ts';

export type AccountKind = 'starknet' | 'wallet';

export interface DeviceRecord {
  readonly id: string;
  readonly account: string;
  readonly kind: AccountKind;
  readonly key: DeviceKey;
  /** Unix milliseconds of this machine. */
  readonly endsAt: number;
  /** When its last session began. */
  readonly usedAt: number;
  readonly idleSeconds: number;
}

/** Undefined for anything else, and for a key that could be exported. */
export function deviceRecordOf(value: unknown): DeviceRecord | undefined {
  const { id, account, kind, key, endsAt, usedAt, idleSeconds } = membersOf(value);
  if (typeof id !== 'string' || !/^dev_[0-9A-Za-z_-]{1,64}$/.test(id)) return undefined;
  if (typeof account !== 'string' || !/^0x[0-9a-f]{1,64}$/.test(account)) return undefined;
  if (kind !== 'starknet' && kind !== 'wallet') return undefined;
  if (!isTime(endsAt) || !isTime(usedAt) || !isTime(idleSeconds) || !isDeviceKey(key)) return undefined;
  return { id, account, kind, key, endsAt, usedAt, idleSeconds };
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

function isDeviceKey(value: unknown): value is DeviceKey {
  const { privateKey, public_key } = membersOf(value);
  const { type, extractable } = inherited(privateKey);
  const { kty, crv, x, y } = membersOf(public_key);
  const isPublic = kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string';
  return type === 'private' && extractable === false && isPublic;
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

/** Of a CryptoKey, whose members stand in its prototype. */
const inherited = (value: unknown): { readonly type?: unknown; readonly extractable?: unknown } =>
  typeof value === 'object' && value !== null ? value : {};
