// Signs a page in without a click: the device is made here, and its record put where the console keeps it.
import type { Page } from 'playwright-core';
import { exportedDeviceKey, newDeviceKey } from '../../../src/client/main.ts';
import type { ConsoleOwner } from './owners.ts';

export interface ReadyDevice {
  readonly deviceId: string;
}

/** Leaves the page on an empty document of the origin: go to a page of the console next. */
export async function signInReady(
  page: Page,
  origin: string,
  owner: ConsoleOwner,
  limits: { readonly lifetime_seconds?: number; readonly idle_seconds?: number } = {},
): Promise<ReadyDevice> {
  const key = await newDeviceKey({ extractable: true });
  const { value: device } = await owner.client.devices.add({
    name: 'Chrome on Linux',
    public_key: key.public_key,
    ...limits,
  });
  const now = Date.now();
  const record = {
    id: device.id,
    account: owner.account,
    kind: owner.kind === 'main' ? 'starknet' : 'wallet',
    endsAt: now + Number((device.expires_at - device.created_at) / 1_000_000n),
    usedAt: now,
    idleSeconds: Number(device.idle_seconds),
  };
  const place = `${origin}/console/an-empty-document`;
  await page.route(place, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto(place);
  await page.unroute(place);
  // As console/app/session/device-store.ts keeps it. The key cannot be exported any more.
  await page.evaluate(`(async () => {
    const { record, jwk } = ${JSON.stringify({ record, jwk: await exportedDeviceKey(key) })};
    const { d, ...public_key } = jwk;
    const privateKey = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
    const request = indexedDB.open('countersign', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('device');
    await new Promise((resolve, reject) => {
      request.onsuccess = resolve;
      request.onerror = reject;
    });
    const transaction = request.result.transaction('device', 'readwrite');
    transaction.objectStore('device').put({ ...record, key: { privateKey, public_key } }, 'this');
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = reject;
    });
    request.result.close();
  })()`);
  return { deviceId: device.id };
}
