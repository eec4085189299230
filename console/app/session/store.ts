// Whether this tab is signed in: the one state, what changes it, and the seat of the device behind it.
import { Aborted } from '../../../src/client/errors.ts';
import { hearTabs, tellTabs } from '../channel.ts';
import { dropOwner } from '../owner/held-owner.ts';
import { forgetEverything } from '../queries/query-client.ts';
import { wipeAtSignOut } from '../secret.ts';
import type { DeviceRecord } from './device-record.ts';
import { dropDevice, dropUnused, keepDeviceInUse, readDevice } from './device-store.ts';
import { isMaking, isPageKept } from './kept-page.ts';
import { type Limit, limitAt } from './limits.ts';
import { createPresence } from './presence.ts';
import { openSeat, type Seat } from './seat.ts';
import type { Because, SessionState } from './types.ts';

export const presence = createPresence();

let state: SessionState = { state: 'opening' };
let seat: Seat | undefined;
let limit: Limit = { is: 'fine' };
/** When the last session of this tab began. The device may have been used since: by another tab. */
let sessionAt = 0;
/** Calls that wait for the person to sign in again. */
let waiting: { readonly goOn: () => void; readonly giveUp: (error: Error) => void }[] = [];
/** A sign-out under way. `isDead`: the server knows the device no longer, so it was told, though its answer may be lost. */
let leaving: { isDead: boolean; readonly done: Promise<void> } | undefined;
const listeners = new Set<() => void>();

/** A toast is none. */
const hasDialog = (): boolean =>
  document.querySelector(':is([role="dialog"], [role="alertdialog"]):not([aria-modal="false"])') !== null;

export const sessionState = (): SessionState => state;
export const currentLimit = (): Limit => limit;

export function onSession(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

function become(next: SessionState): void {
  state = next;
  for (const tell of [...listeners]) tell();
}

/** Reads the device that this browser has kept, once. */
export async function openSession(): Promise<void> {
  hearTabs('signed out', () => {
    if (state.state === 'in' && state.over !== true) leave('elsewhere');
  });
  const record = await readDevice();
  if (state.state !== 'opening') return;
  if (record === undefined) return become({ state: 'out' });
  const { is } = limitAt(Date.now(), record, false);
  if (is !== 'idle' && is !== 'expired') return seatDevice(record);
  await dropDevice(record.id);
  become({ state: 'out', because: is });
}

/** A new device, or the one that was kept. Where one of the same account has lapsed, what waits goes on. */
export function seatDevice(record: DeviceRecord): void {
  const { id: deviceId, account, kind, idleSeconds } = record;
  if (seat === undefined || seat.device().account !== account) {
    seat?.leave();
    seat = openSeat(record, { presence, onUsed, onDead });
  } else seat.replace(record);
  limit = { is: 'fine' };
  sessionAt = record.usedAt;
  become({ state: 'in', account, kind, deviceId, idleSeconds, endsAt: new Date(record.endsAt), client: seat.client });
  const goingOn = waiting;
  waiting = [];
  for (const { goOn } of goingOn) goOn();
}

function onUsed(record: DeviceRecord): void {
  sessionAt = record.usedAt;
  keepDeviceInUse(record).catch(() => undefined);
  tick();
}

/** The server knows the device no longer. Resolves when there is another one, rejects when the person is out. */
async function onDead(dead: DeviceRecord): Promise<void> {
  if (leaving !== undefined) {
    leaving.isDead = true;
    throw new Aborted('unsent');
  }
  const kept = await readDevice();
  if (kept !== undefined && kept.id !== dead.id && kept.account === dead.account) return seatDevice(kept);
  const { is } = limitAt(Date.now(), dead, false);
  return lapse(is === 'idle' || is === 'expired' ? is : 'ended');
}

/** With a dialog open, or anything else that would be lost, the page stays, and the person signs in again over it. */
function lapse(because: Because): Promise<void> {
  if (state.state !== 'in' || state.over === true) return Promise.reject(new Aborted('unsent'));
  if (!hasDialog() && !isPageKept()) {
    leave(because);
    return Promise.reject(new Aborted('unsent'));
  }
  if (state.lapsed === undefined) {
    dropOwner();
    dropDevice(state.deviceId).catch(() => undefined);
    become({ ...state, lapsed: because });
  }
  return new Promise((goOn, giveUp) => waiting.push({ goOn, giveUp }));
}

/** Of a page that comes back: somebody signed out meanwhile. */
export const leaveFor = (because: Because): void => leave(because);

function leave(because: Because, untold = false): void {
  if (state.state === 'in') dropDevice(state.deviceId).catch(() => undefined);
  const made = isMaking() ? { making: true as const } : {};
  end();
  become({ state: 'out', because, ...made, ...(untold ? { untold } : {}) });
}

function end(): void {
  seat?.leave();
  seat = undefined;
  limit = { is: 'fine' };
  const giving = waiting;
  waiting = [];
  for (const { giveUp } of giving) giveUp(new Aborted('unsent'));
  wipeAtSignOut();
  dropOwner();
  forgetEverything();
}

/**
 * Ends the device at the server, unless `because` says that it is gone; this browser forgets everything either way. Asked again meanwhile, it
 * is the same one.
 */
export function signOut(because: Because = 'signed-out'): Promise<void> {
  if (leaving !== undefined) return leaving.done;
  const found = { isDead: false };
  const done = endDevice(because, found).finally(() => {
    leaving = undefined;
  });
  leaving = Object.assign(found, { done });
  return done;
}

async function endDevice(because: Because, found: { readonly isDead: boolean }): Promise<void> {
  const before = state;
  if (before.state !== 'in') return;
  /** Signed in with another device, or out already, the person is where they want to be. */
  const isStill = () => state.state === 'in' && state.deviceId === before.deviceId;
  let untold = false;
  if (because === 'signed-out' && before.over !== true && before.lapsed === undefined) {
    untold = await before.client.devices.end(before.deviceId, { timeoutMs: 5000 }).then(
      () => false,
      () => !found.isDead && isStill(),
    );
  }
  await dropDevice(before.deviceId);
  tellTabs('signed out');
  if (isStill()) leave(because, untold);
}

/** Everything of the account was ended from here: the other tabs are out, this page stays for what it says. */
export async function endButStay(): Promise<void> {
  if (state.state !== 'in') return;
  const { lapsed: _, ...staying } = state;
  const { client } = staying;
  end();
  become({ ...staying, client, over: true });
  await dropDevice(staying.deviceId);
  tellTabs('signed out');
}

/** Looks at the clock: what is to be said of the limits, and whether one is reached. */
export function tick(): void {
  if (state.state !== 'in' || state.over === true || state.lapsed !== undefined || seat === undefined) return;
  // Who is about to be out is asked for nothing.
  if (leaving !== undefined) return;
  const next = limitAt(Date.now(), seat.device(), presence.isHeld);
  if (next.is === 'idle') {
    lapseUnlessUsed(seat).catch(() => undefined);
    return;
  }
  if (next.is === 'expired') {
    lapse('expired').catch(() => undefined);
    return;
  }
  if (JSON.stringify(next) === JSON.stringify(limit)) return;
  limit = next;
  for (const tell of [...listeners]) tell();
}

/** Whoever was at another tab of this browser was there: the device that both have is in use. */
async function lapseUnlessUsed(idle: Seat): Promise<void> {
  const mine = idle.device();
  const used = await dropUnused(mine);
  if (seat !== idle || idle.device().id !== mine.id) return;
  if (used === undefined) return lapse('idle');
  if (used.usedAt > idle.device().usedAt) idle.replace(used);
  tick();
}

/** Sessions live five minutes, and are replaced before. */
const SESSION_MS = 265_000;

/** The next request needs a new session. */
export const isSessionOver = (): boolean => seat !== undefined && Date.now() - sessionAt > SESSION_MS;

/** A person is there, or a secret is shown: the device is kept in use. */
export function keepInUse(): void {
  if (state.state === 'in' && state.over !== true && state.lapsed === undefined) seat?.keepInUse();
}
