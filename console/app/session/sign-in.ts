// Signing in: the main key or the wallet signs once, this browser becomes a device by that one session, and the session is dropped.
import type { Auth } from '../../../src/client/auth.ts';
import type { Client } from '../../../src/client/create-client.ts';
import { newDeviceKey } from '../../../src/client/device-key.ts';
import { Worded } from '../../words/worded.ts';
import { dropOwner, holdOwner } from '../owner/held-owner.ts';
import { clientOfOwner } from '../owner/owner-client.ts';
import { queryClient } from '../queries/query-client.ts';
import { deviceName } from './device-name.ts';
import type { DeviceRecord } from './device-record.ts';
import { keepDevice } from './device-store.ts';
import { endLostDevices, mayBeLost } from './lost-device.ts';
import { publicClient } from './public-client.ts';
import { seatDevice, sessionState } from './store.ts';
import type { HeldOwner, SignInStep } from './types.ts';

/** Somebody else than the account whose page is open. */
export class OtherAccount extends Worded {
  override readonly name = 'OtherAccount';

  constructor() {
    super('That is another account than the one of this page. Sign in with the same one, or sign out first.');
  }
}

/**
 * Signed in, or signed in again where the session has lapsed. An account that is new here is made: whoever calls has asked. Rejects as a call of
 * the client does, with MainKeyRefused and OtherAccount. `signal`: nobody waits for it any more, and nobody is signed in.
 */
export async function signIn(
  owner: HeldOwner,
  { onStep = () => undefined, signal }: { onStep?: (step: SignInStep) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const { client, auth } = clientOfOwner(owner, {
    onStep: (step) => onStep(step === 'sending' ? 'adding-device' : step),
  });
  const { address: account, exists } = await accountOf(owner, signal);
  const before = sessionState();
  if (before.state === 'in' && before.over !== true && before.account !== account) throw new OtherAccount();
  if (!exists) {
    onStep('onboarding');
    await onboard(client, auth, signal);
  }
  const key = await newDeviceKey();
  const asked = client.devices.add({ name: deviceName(navigator.userAgent), public_key: key.public_key }, { signal });
  const { value: device } = await asked.catch((error: unknown) => {
    mayBeLost(error, account, key);
    throw error;
  });
  const now = Date.now();
  const record: DeviceRecord = {
    id: device.id,
    account,
    kind: owner.by === 'key' ? 'starknet' : 'wallet',
    key,
    // By how long it lives, not by when it ends: this machine's clock may be off.
    endsAt: now + Number((device.expires_at - device.created_at) / 1_000_000n),
    usedAt: now,
    idleSeconds: Number(device.idle_seconds),
  };
  await keepDevice(record);
  const keeps = owner.by === 'wallet' || owner.keep;
  if (!keeps) dropOwner();
  else holdOwner(owner);
  seatDevice(record);
  endOld(before, record);
  endLost(account);
}

const accountOf = (owner: HeldOwner, signal: AbortSignal | undefined) => {
  if (owner.by === 'wallet') return publicClient.account.of({ eth_address: owner.address }, { signal });
  return publicClient.account.of({ public_key: owner.key.publicKey ?? '' }, { signal });
};

async function onboard(client: Client, auth: Auth, signal: AbortSignal | undefined): Promise<void> {
  if (auth.onboarding === undefined) throw new TypeError('this key makes no account');
  await client.account.onboard({ signal });
}

function endLost(account: string): void {
  const now = sessionState();
  if (now.state !== 'in') return;
  endLostDevices(now.client, account)
    .then(() => queryClient.invalidateQueries({ queryKey: ['devices'] }))
    .catch(() => undefined);
}

/** The device that this tab had is not needed any more, if it still lives. */
function endOld(before: ReturnType<typeof sessionState>, { id }: DeviceRecord): void {
  if (before.state !== 'in' || before.over === true || before.deviceId === id) return;
  before.client.devices.end(before.deviceId).catch(() => undefined);
}
