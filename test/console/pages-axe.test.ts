// What axe-core finds on the activity, the devices and the wallet, in light and dark, wide and narrow: nothing.
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CountersignError, createClient, subkey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { fetchFrom, trustsThisMachine } from '../support/console/from-address.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';

describe.skipIf(chromiumFile === undefined)(`axe-core${chromiumNeeded}`, () => {
  let console: OpenConsole;
  beforeAll(async () => {
    console = await openConsole({ settings: trustsThisMachine });
  }, 120_000);
  afterAll(() => console?.close());

  async function findings({ page }: Visit): Promise<readonly string[]> {
    // A dialog that is still coming is half transparent.
    await page.evaluate('Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => undefined)))');
    const { violations } = await new AxeBuilder({ page }).analyze();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  }

  test.each([
    [1440, 'light'],
    [390, 'dark'],
  ] as const)(
    'nothing is found on the activity, why a request was refused, the devices, the wallet and its dialogs, and what follows them, %i px wide and %s',
    async (width, theme) => {
      const visit = await console.visit({ width, theme, path: undefined });
      const { page, owner } = visit;
      const { value } = await owner.client.subkeys.create({ name: 'bot', allowed_cidrs: ['203.0.113.0/24'] });
      const auth = subkey(value.private_key, owner.account);
      const bot = createClient({ url: console.url, auth, fetch: fetchFrom('198.51.100.4') });
      const error: CountersignError = await bot.account.self().then(
        () => undefined as never,
        (thrown) => thrown,
      );
      const found: Record<string, readonly string[]> = {};
      await visit.goTo('/console/activity');
      await page.getByText('Account made').waitFor();
      await page.getByText('30 days · peak').waitFor();
      found.activity = await findings(visit);
      await visit.goTo(`/console/activity/${error.requestId}`);
      await page.getByText('403 IP_NOT_ALLOWED').waitFor();
      await page.getByRole('button', { name: /^Add 198/ }).waitFor();
      found.why = await findings(visit);
      await visit.goTo('/console/devices');
      await page.getByText('This one', { exact: true }).waitFor();
      found.devices = await findings(visit);
      await visit.goTo('/console/wallet');
      await page.getByText('If you lost it').click();
      await page.getByText('Made', { exact: true }).waitFor();
      found.wallet = await findings(visit);
      await page.getByRole('button', { name: 'Copy Private Key' }).click();
      await page.getByLabel('I know what this key can do').check();
      found.copy = await findings(visit);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'End everything' }).click();
      await page.getByText('1 key, 1 device.').waitFor();
      found.end = await findings(visit);
      await page.getByLabel('Type END').fill('END');
      await page.getByRole('alertdialog').getByRole('button', { name: 'End everything' }).click();
      await page
        .getByText(/^You can sign in again in/)
        .first()
        .waitFor();
      found.ended = await findings(visit);
      expect(Object.entries(found).filter(([, some]) => some.length > 0)).toEqual([]);
    },
    120_000,
  );
});
