// Devices: browsers and command lines that the owner signed in. They see and end, and never make or widen.
import type { Core } from './call.ts';
import type { DevicePublicKey } from './device-key.ts';
import { type CallOptions, type List, type ListOptions, listOf } from './list.ts';
import { type Changed, changed } from './receipt.ts';
import { segment } from './segment.ts';
import type { Device } from './shapes.ts';

export interface NewDevice {
  readonly name: string;
  /** Of newDeviceKey. */
  readonly public_key: DevicePublicKey;
  /** From 300 to what the server allows, which is the default. */
  readonly lifetime_seconds?: number;
  /** Without a session for so long, it ends. From 60; default 900. */
  readonly idle_seconds?: number;
}

const LIST = '/countersign/v1/devices';

const isMade = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string';

/** Every method rejects as Call does. */
export function createDevices(core: Pick<Core, 'call'>) {
  return {
    /** Needs the main key. */
    async add(device: NewDevice, options: CallOptions = {}): Promise<Changed<Device>> {
      const { name, public_key } = device;
      const makes = { kind: 'device', name, publicKey: public_key.x };
      return changed(await core.call<Device>({ ...options, method: 'POST', path: LIST, body: device, makes, isMade }));
    },

    /** `ended`: ended and expired ones too. */
    list({ ended, ...options }: ListOptions & { readonly ended?: boolean } = {}): List<Device> {
      return listOf<Device>(core, LIST, { with_ended: ended === true ? true : undefined }, options);
    },

    /** Ends it with its sessions. Repeating it is no error. */
    async end(id: string, options: CallOptions = {}): Promise<Changed<{ readonly id: string }>> {
      const path = `${LIST}/${segment(id)}`;
      return changed(await core.call<{ id: string }>({ ...options, method: 'DELETE', path }));
    },
  };
}
