// The page of devices in a real browser: signing out one, and all of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, device, isCode, newDeviceKey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';

describe.skipIf(chromiumFile === undefined)(`devices${chromiumNeeded}`, () => {
  let console: OpenConsole;
  beforeAll(async () => {
    console = await openConsole();
  }, 120_000);
  afterAll(() => console?.close());

  /** Another browser or command line of the same owner. */
  async function another({ owner }: Visit, name: string) {
    const key = await newDeviceKey();
    const { value } = await owner.client.devices.add({ name, public_key: key.public_key });
    return createClient({ url: console.url, auth: device({ id: value.id, key, account: owner.account }) });
  }

  const row = ({ page }: Visit, text: string) => page.locator('tbody tr, li').filter({ hasText: text });

  test.each([1440, 390] as const)(
    'every device stands there, this one is named as that, and one that is signed out can do nothing any more, %i px wide',
    async (width) => {
      const visit = await console.visit({ width, path: undefined });
      const { page } = visit;
      const laptop = await another(visit, '<b>laptop</b>');
      await laptop.account.self();
      await visit.goTo('/console/devices');
      await row(visit, 'This one').getByText('Chrome on Linux').waitFor();
      expect(await row(visit, '<b>laptop</b>').getByText('127.0.0.1').count()).toBe(1);
      await page.getByRole('button', { name: 'Sign out <b>laptop</b>' }).click();
      await page.getByText(/Signed out\. Refused everywhere since \d\d:\d\d:\d\d; it took \d+ ms\./).waitFor();
      await expect.poll(() => row(visit, '<b>laptop</b>').count()).toBe(0);
      expect(await page.locator('span:focus').innerText()).toBe('Chrome on Linux');
      const later = await laptop.account.self().catch((error: unknown) => error);
      expect(isCode(later, 'UNAUTHORIZED_ERROR')).toBe(true);
    },
    60_000,
  );

  test('a time moves on by itself, but not while it has focus, and its tooltip has the nanoseconds and the zone', async () => {
    const visit = await console.visit({
      path: undefined,
      prepare: (page) => page.clock.install({ time: Date.now() }),
    });
    const { page } = visit;
    await another(visit, 'read');
    await another(visit, 'not read');
    await visit.goTo('/console/devices');
    const times = (name: string) =>
      page
        .getByRole('row', { name: new RegExp(`^${name} `) })
        .locator('time')
        .first();
    const [read, other] = [times('read'), times('not read')];
    await expect.poll(() => other.innerText()).toBe('just now');
    await read.focus();
    const tooltip = page.getByRole('tooltip');
    await page.clock.runFor(1000);
    expect(await tooltip.innerText()).toMatch(/^\d+ \w+ \d{4}, \d\d:\d\d:\d\d\.\d{9} UTC/);
    const exact = await read.getAttribute('datetime');
    expect(exact).toBe(new Date(exact ?? '').toISOString());
    expect(Math.abs(Date.now() - Date.parse(exact ?? ''))).toBeLessThan(60_000);
    // Less than what the page puts its clock right by.
    await page.clock.fastForward(50_000);
    await expect.poll(() => other.innerText(), { timeout: 45_000 }).toBe('1 min ago');
    expect(await read.innerText()).toBe('just now');
    await page.getByRole('button', { name: 'Sign out read' }).focus();
    await expect.poll(() => read.innerText(), { timeout: 45_000 }).toBe('1 min ago');
  }, 120_000);

  test('a browser that is signed out by another one is out', async () => {
    const visit = await console.visit({ path: '/console/devices' });
    const { deviceId = '', owner, page } = visit;
    await row(visit, 'This one').waitFor();
    await owner.client.devices.end(deviceId);
    await page.reload();
    await page.waitForURL(/\/console\/sign-in/);
  }, 60_000);

  test('signing this device out leads to sign-in, and ends it at the server', async () => {
    const visit = await console.visit({ path: '/console/devices' });
    const { deviceId, owner, page } = visit;
    await page.getByRole('button', { name: 'Sign out Chrome on Linux' }).click();
    await page.waitForURL(/\/console\/sign-in/);
    const { results } = await owner.client.devices.list({ ended: true }).page();
    expect(results.find(({ id }) => id === deviceId)?.state).toBe('ended');
  }, 60_000);

  test('signing out everywhere ends every device and no key, and the page says until when nobody can sign in', async () => {
    const visit = await console.visit({ path: undefined });
    const { owner, page } = visit;
    await owner.client.tokens.create({ name: 'stays', expiry_duration: 86_400 });
    const laptop = await another(visit, 'laptop');
    await laptop.account.self();
    await visit.goTo('/console/wallet');
    await page.getByRole('link', { name: 'Devices' }).click();
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('heading', { name: 'You are signed out everywhere, here too.' }).waitFor();
    const counting = page.getByText(/^You can sign in again in \d+ s\.$/).first();
    await counting.waitFor();
    expect(Number(/\d+/.exec(await counting.innerText()))).toBeGreaterThan(20);
    expect(await page.getByRole('button', { name: 'Sign in' }).getAttribute('aria-disabled')).toBe('true');
    // Nothing else can be asked, so nothing else is offered.
    expect(await page.getByRole('navigation').count()).toBe(0);
    const refused = await laptop.account.self().catch((error: unknown) => error);
    expect(isCode(refused, 'UNAUTHORIZED_ERROR')).toBe(true);
    // Back is to a page that could ask nothing any more.
    await page.goBack();
    await page.waitForURL(/\/console\/sign-in/, { timeout: 10_000 });
  }, 60_000);
});
