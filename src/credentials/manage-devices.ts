// Devices: an owner signs a browser or command line in with a fresh main session, and any session that may narrow signs it out.
import { randomBytes } from 'node:crypto';
import { type AccountId, credentialSubject } from '../domain/credential.ts';
import type { Device } from '../domain/device.ts';
import { DEFAULT_DEVICE_IDLE_SECONDS, MIN_DEVICE_IDLE_SECONDS, MIN_DEVICE_SECONDS } from '../domain/lifetimes.ts';
import { addSeconds, type Clock, NEVER } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { thumbprintHex } from '../jwt/dpop.ts';
import type { PublicJwk } from '../jwt/jwks.ts';
import type { Changed, Changes, CommitOptions } from '../revocation/commit.ts';
import type { Denial } from '../revocation/denial.ts';
import type { Store } from '../store/store.ts';
import { type Caller, requireStill } from './caller.ts';
import { record } from './record.ts';
import { requireUsable } from './require-usable.ts';

export interface DeviceAddition {
  readonly name: string;
  readonly publicKey: PublicJwk;
  /** Undefined = the longest. */
  readonly lifetimeSeconds: number | undefined;
  /** Undefined = 900, or the lifetime if that is less. */
  readonly idleSeconds: number | undefined;
}

export interface ManageDevices {
  /** Throws VALIDATION_ERROR, for a limit and a key in use too, and what requireStill throws. */
  add(caller: Caller, addition: DeviceAddition): Promise<Device>;
  /** Idempotent. Throws NOT_FOUND for a device that the account never had. */
  end(caller: Caller, deviceId: string): Promise<Changed<{ readonly deviceId: string }>>;
}

export function createManageDevices(deps: {
  readonly store: Pick<Store, 'device'>;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly settings: { readonly maxLive: number; readonly maxLifeSeconds: number };
}): ManageDevices {
  const { changes, clock, settings } = deps;

  return {
    async add(caller, addition) {
      const spans = spansOf(addition, settings.maxLifeSeconds);
      const { principal } = caller;
      const { account } = principal.credential;
      const thumbprint = thumbprintHex(addition.publicKey);
      const { result } = await changes.commit(async (tx) => {
        await requireStill(tx, caller, { permission: 'keys:manage', method: 'POST' }, clock);
        const now = clock.now();
        const live = await tx.countLiveDevices(account, now);
        if (live >= settings.maxLive) {
          throw new ApiError(
            'VALIDATION_ERROR',
            `the account has ${live} live devices, the most allowed: end one first`,
          );
        }
        if (await tx.isDeviceKey(thumbprint, now)) {
          throw new ApiError('VALIDATION_ERROR', 'public_key is that of a live device: each has a key of its own');
        }
        const device: Device = {
          account,
          // Time first, so that ids sort by creation; random bytes keep them unique over all accounts.
          deviceId: `dev_${now.toString(36).padStart(13, '0')}${randomBytes(12).toString('hex')}`,
          name: addition.name,
          thumbprint,
          authTime: principal.authTime,
          createdAt: now,
          expiresAt: addSeconds(now, spans.lifetime),
          idleSeconds: spans.idle,
          idleUntil: addSeconds(now, spans.idle),
          lastUsedAt: NEVER,
          lastUsedIp: '',
          endedAt: NEVER,
        };
        await tx.insertDevice(device);
        await requireUsable(tx, refOf(account, device.deviceId), principal.kid);
        const change = await record(tx, {
          by: caller,
          action: 'device.added',
          subject: credentialSubject(refOf(account, device.deviceId)),
          detail: { thumbprint, name: device.name, expires_at: device.expiresAt, idle_seconds: spans.idle },
          narrows: false,
        });
        return { result: device, change };
      });
      return result;
    },

    async end(caller, deviceId) {
      const { account } = caller.principal.credential;
      const options = await endUnwritten(account, deviceId);
      const { result, receipt } = await changes.commit(async (tx) => {
        await requireStill(tx, caller, { permission: 'keys:narrow', method: 'DELETE' }, clock);
        const device = await tx.device(deviceId);
        if (device?.account !== account) return { result: undefined, change: undefined };
        const { name } = device;
        const isNew = await tx.endDevice(account, deviceId, clock.now());
        const change = isNew
          ? await record(tx, {
              by: caller,
              action: 'device.ended',
              subject: credentialSubject(refOf(account, deviceId)),
              detail: { thumbprint: device.thumbprint, name },
              narrows: true,
            })
          : undefined;
        return { result: { deviceId }, change };
      }, options);
      if (result === undefined) throw new ApiError('NOT_FOUND', 'no such device');
      return { result, receipt };
    },
  };

  // The owner names a device by the id of its row: where the store can be neither written nor read, that row is denied.
  async function endUnwritten(account: AccountId, deviceId: string): Promise<CommitOptions<unknown>> {
    const ended: readonly Denial[] = [{ kind: 'credential', credential: refOf(account, deviceId), label: '' }];
    const onceWritten = { lift: () => ended };
    const isOther = await deps.store.device(deviceId).then(
      (device) => device?.account !== account,
      () => false,
    );
    return isOther ? { onceWritten } : { ifUnwritten: { end: () => ended }, onceWritten };
  }
}

const refOf = (account: AccountId, id: string) => ({ account, kind: 'device', id }) as const;

/** In seconds. Throws VALIDATION_ERROR. */
function spansOf(
  { lifetimeSeconds, idleSeconds }: DeviceAddition,
  longest: number,
): { readonly lifetime: number; readonly idle: number } {
  const lifetime = lifetimeSeconds ?? longest;
  if (lifetime < MIN_DEVICE_SECONDS || lifetime > longest) {
    throw new ApiError('VALIDATION_ERROR', `lifetime_seconds must be from ${MIN_DEVICE_SECONDS} to ${longest}`);
  }
  const idle = idleSeconds ?? Math.min(DEFAULT_DEVICE_IDLE_SECONDS, lifetime);
  if (idle < MIN_DEVICE_IDLE_SECONDS || idle > lifetime) {
    throw new ApiError(
      'VALIDATION_ERROR',
      `idle_seconds must be from ${MIN_DEVICE_IDLE_SECONDS} to the lifetime, ${lifetime}`,
    );
  }
  return { lifetime, idle };
}
