// Signing in with a main key, in a real browser: the key stays in its worker, and its session is on one request.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';
import { type Recording, recordEverything } from '../support/console/record-everything.ts';

describe.skipIf(chromiumFile === undefined)(`a main key at the console${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  });
  afterAll(() => opened.close());

  async function signIn(page: Page, privateKey: string, keep = true): Promise<void> {
    await page.getByRole('link', { name: /^Starknet private key/ }).click();
    await page.getByLabel('Private key', { exact: true }).fill(privateKey);
    // Whoever presses before it is told that the account is new is told first.
    await page.getByText(/known here/).waitFor();
    if (!keep) await page.getByLabel(/^Keep it in this tab/).uncheck();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(/\/console\/keys\/read-only/);
  }

  /** How many requests each bearer was on, by the kind of the session. */
  function bearersOf({ page }: Visit): () => Readonly<Record<string, readonly string[]>> {
    const seen = new Map<string, string[]>();
    page.on('request', (request) => {
      const bearer = request.headers().authorization;
      if (bearer === undefined) return;
      const claims: unknown = JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString());
      const kind = typeof claims === 'object' && claims !== null && 'cs_kind' in claims ? String(claims.cs_kind) : '';
      const key = `${kind} ${bearer}`;
      seen.set(key, [...(seen.get(key) ?? []), `${request.method()} ${new URL(request.url()).pathname}`]);
    });
    return () => Object.fromEntries(seen);
  }

  const mainOnly = (bearers: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(bearers)
      .filter(([key]) => !key.startsWith('device '))
      .map(([, requests]) => requests);

  test('is in its worker and in no other place, and each of its sessions is on exactly one request', async () => {
    const owner = await createOwner(opened.url, 'main');
    let recording: Recording | undefined;
    const visit = await opened.visit({
      as: 'stranger',
      owner,
      async prepare(page) {
        recording = await recordEverything(page);
      },
    });
    const bearers = bearersOf(visit);
    await signIn(visit.page, owner.privateKey);
    await recording?.step('signed in');
    expect(mainOnly(bearers())).toEqual([['POST /countersign/v1/devices']]);
    await visit.page.waitForLoadState('networkidle');
    const places = await recording?.where([owner.privateKey, owner.privateKey.slice(2)]);
    expect(places?.filter((place) => !/^(?:to a worker|field)/.test(place))).toEqual([]);
    expect(places).not.toEqual([]);
  });

  test('that is pasted to add a key is used once: one session on one request, an empty field, and no worker is left', async () => {
    const visit = await opened.visit();
    const { page } = visit;
    const bearers = bearersOf(visit);
    await page.getByRole('button', { name: 'Add New Key' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('dashboard');
    await dialog.getByRole('radio', { name: 'Anywhere' }).check();
    const field = dialog.getByLabel('Main private key', { exact: true });
    await field.fill((await createOwner(opened.url, 'main')).privateKey);
    await dialog.getByRole('button', { name: 'Sign and add' }).click();
    await dialog.getByText('That key does not belong to this account.').first().waitFor();
    // The worker that had the key has ended; the one of the empty field waits for the next.
    await expect.poll(async () => [await field.inputValue(), page.workers().length]).toEqual(['', 1]);
    await field.fill(visit.owner.privateKey);
    await dialog.getByRole('button', { name: 'Sign and add' }).click();
    await page.getByText('Save your read-only key now').waitFor();
    expect(mainOnly(bearers())).toEqual([['POST /v1/account/tokens']]);
    await expect.poll(() => page.workers().length).toBe(0);
  });

  test('that is not kept is gone after sign-in: its worker has ended', async () => {
    const owner = await createOwner(opened.url, 'main');
    const { page } = await opened.visit({ as: 'stranger', owner });
    await signIn(page, owner.privateKey, false);
    await expect.poll(() => page.workers().length).toBe(0);
    const kept = await opened.visit({ as: 'stranger', owner });
    await signIn(kept.page, owner.privateKey);
    expect(kept.page.workers()).toHaveLength(1);
    await kept.page.getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => kept.page.workers().length).toBe(0);
  });

  test('signs in without IndexedDB too: a reload signs out then', async () => {
    const owner = await createOwner(opened.url, 'main');
    const { page } = await opened.visit({
      as: 'stranger',
      owner,
      prepare: (page) =>
        page.addInitScript(
          `Object.defineProperty(window, 'indexedDB', { get() { throw new Error('switched off'); } });`,
        ),
    });
    await signIn(page, owner.privateKey);
    await page.getByRole('heading', { level: 1, name: 'Key Management' }).waitFor();
    await page.reload();
    await page.waitForURL(/\/console\/sign-in/);
  });

  test('of an account that is new here makes it', async () => {
    const { page, owner } = await opened.visit({ as: 'stranger' });
    await signIn(page, owner.privateKey);
    await page.getByText('Starknet account').waitFor();
  });

  test('signs in again over a form, which stays, and what was under way goes on', async () => {
    const owner = await createOwner(opened.url, 'main');
    const visit = await opened.visit({ owner });
    const { page } = visit;
    await page.getByRole('button', { name: 'Add New Key' }).first().click();
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('typed before');
    await owner.client.devices.end(visit.deviceId ?? '');
    // The bearer that the page has is refused: what it reads next asks for another.
    await page.evaluate(`new BroadcastChannel('countersign').postMessage('keys changed')`);
    const again = page.getByRole('dialog', { name: 'Sign in again' });
    await again.waitFor();
    await again.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
    await again.getByRole('button', { name: 'Sign in', exact: true }).click();
    await again.waitFor({ state: 'detached' });
    expect(await name.inputValue()).toBe('typed before');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  });

  test('of somebody else does not go on over a form', async () => {
    const visit = await opened.visit();
    const { page } = visit;
    const other = await createOwner(opened.url, 'main');
    await page.getByRole('button', { name: 'Add New Key' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill('typed before');
    await visit.owner.client.devices.end(visit.deviceId ?? '');
    await page.evaluate(`new BroadcastChannel('countersign').postMessage('keys changed')`);
    const again = page.getByRole('dialog', { name: 'Sign in again' });
    await again.getByLabel('Private key', { exact: true }).fill(other.privateKey);
    await again.getByRole('button', { name: 'Sign in', exact: true }).click();
    await again.getByText('That key does not belong to this account.').first().waitFor();
    await again.waitFor();
  });
});
