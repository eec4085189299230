// Devices: made and ended by their owner, and the sessions that their proofs open.
import { createManageDevices } from '../credentials/manage-devices.ts';
import { createOpenDeviceSession } from '../credentials/open-device-session.ts';
import type { SessionOpening } from '../credentials/open-session.ts';
import { createSeenProofs } from '../credentials/seen-proofs.ts';
import { DEVICE_PROOF_SECONDS } from '../domain/lifetimes.ts';
import { countDeviceSessions } from '../telemetry/observe.ts';
import type { Core } from './core.ts';
import type { Monitoring } from './monitoring.ts';
import type { Slice } from './slice.ts';

/** About 20 MB, less where memory.entries is. An account opens 600 sessions a minute, so that one alone cannot fill it. */
const MOST_PROOFS = 65_536;

export interface DeviceParts
  extends Pick<Core, 'store' | 'clock' | 'journal' | 'changes'>,
    Pick<Monitoring, 'counters'> {
  readonly session: SessionOpening;
}

export function composeDevices(
  config: Slice<'devices' | 'login' | 'memory' | 'usage'>,
  { store, clock, journal, changes, counters, session }: DeviceParts,
) {
  const futureToleranceSeconds = config['login.future_tolerance'];
  // A proof that is dated ahead may be used for so much longer.
  const seconds = DEVICE_PROOF_SECONDS + Math.max(DEVICE_PROOF_SECONDS, futureToleranceSeconds + 1);
  const seen = createSeenProofs({ clock, seconds, most: Math.min(MOST_PROOFS, config['memory.entries']) });
  return {
    store,
    clock,
    manage: createManageDevices({
      store,
      changes,
      clock,
      settings: { maxLive: config['devices.max_live'], maxLifeSeconds: config['devices.max_life'] },
    }),
    openSession: countDeviceSessions(
      createOpenDeviceSession({
        store,
        clock,
        session,
        journal,
        seen,
        settings: { futureToleranceSeconds, keepLastUse: config['usage.keep_days'] > 0 },
      }),
      counters,
    ),
  };
}
