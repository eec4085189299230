// Devices: each signs in with a P-256 key of its own, and lives for hours.
import type { AccountId } from '../../domain/credential.ts';
import type { Device } from '../../domain/device.ts';
import type { UnixNanos, UnixSeconds } from '../../domain/time.ts';
import type { LastUse } from '../../domain/use.ts';
import type { Page, PageRequest } from './page.ts';

/** The names of an ended device, as stored. */
export interface EndedDevice {
  readonly deviceId: string;
  readonly name: string;
}

export interface DeviceReads {
  /** Of any account: an id is never used twice. */
  device(deviceId: string): Promise<Device | undefined>;
}

export interface DeviceLists {
  /** Without `withEnded`: only those that countLiveDevices counts. */
  devices(
    account: AccountId,
    filter: { readonly withEnded: boolean; readonly now: UnixNanos },
    page: PageRequest,
  ): Promise<Page<Device>>;
}

export interface DeviceWrites {
  /** Devices that are neither ended, expired nor idle for too long at `now`. The limit counts these. */
  countLiveDevices(account: AccountId, now: UnixNanos): Promise<number>;
  /** Whether a live device of any account has this key. */
  isDeviceKey(thumbprint: string, now: UnixNanos): Promise<boolean>;
  insertDevice(device: Device): Promise<void>;
  /** It opened a session: its idle time begins anew. False when it is no longer active at `now`: nothing was written. */
  useDevice(device: Device, now: UnixNanos, use: LastUse): Promise<boolean>;
  /** False when it was ended already: nothing was written. */
  endDevice(account: AccountId, deviceId: string, now: UnixNanos): Promise<boolean>;
  /** Ends every device of the account that is not ended, with `made` those alone of which auth_time is in it. Returns them. */
  endDevices(
    account: AccountId,
    now: UnixNanos,
    made?: { readonly from: UnixSeconds; readonly to: UnixSeconds },
  ): Promise<readonly EndedDevice[]>;
}
