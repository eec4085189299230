// Devices whose answer got lost: the server may have made one whose key is in this page alone. The next sign-in ends it.
import { type Client, createClient } from '../../../src/client/create-client.ts';
import { device } from '../../../src/client/device-auth.ts';
import type { DeviceKey } from '../../../src/client/device-key.ts';
import { Aborted, CountersignError, isCode, type MaybeMade, NoAnswer } from '../../../src/client/errors.ts';

interface LostDevice {
  readonly account: string;
  readonly key: DeviceKey;
  readonly made: MaybeMade;
}

let lost: readonly LostDevice[] = [];

/** Of a device that was asked for and has no answer. Nothing is kept of one that was refused. */
export function mayBeLost(error: unknown, account: string, key: DeviceKey): void {
  const isOurs = error instanceof NoAnswer || error instanceof CountersignError || error instanceof Aborted;
  const made = isOurs ? error.maybeMade : undefined;
  if (made !== undefined) lost = [...lost, { account, key, made }];
}

/** `client`: of the device that took their place. What could not be ended is tried again with the next sign-in. */
export async function endLostDevices(client: Client, account: string): Promise<void> {
  const mine = lost.filter((one) => one.account === account);
  if (mine.length === 0) return;
  const { results } = await client.devices.list().page();
  for (const one of mine) {
    const { key, made } = one;
    for (const { id, name, created_at, last_used_at } of results) {
      if (name !== made.name || created_at < made.since || last_used_at !== 0n) continue;
      // Only the right one opens a session for this key: another browser's is not ended.
      const own = createClient({ url: location.origin, auth: device({ id, account, key }) });
      const isEnded = await own.devices.end(id).then(
        () => true,
        (error: unknown) => {
          if (isCode(error, 'UNAUTHORIZED_ERROR')) return false;
          throw error;
        },
      );
      if (isEnded) break;
    }
    lost = lost.filter((other) => other !== one);
  }
}
