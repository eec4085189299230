// What axe-core finds on pages of the console: nothing, light and dark, wide and on a phone.
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { livedInSettings, liveIn } from '../support/console/lived-in.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';

// Four looks at a page, each of which takes seconds on a machine that others use.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

describe.skipIf(chromiumFile === undefined)(`axe-core${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  let owner: ConsoleOwner;
  beforeAll(async () => {
    opened = await openConsole({ settings: { ...livedInSettings, 'devices.max_live': '100' } });
    owner = await createOwner(opened.url, 'main');
    await liveIn(opened.url, owner);
  });
  afterAll(() => opened.close());

  /** Of what stands there now, in each theme. */
  async function expectNothingFound({ page }: Visit): Promise<void> {
    await page.waitForLoadState('networkidle');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${colorScheme} ${id}: ${html}\n${failureSummary}`),
      );
      expect(found).toEqual([]);
    }
  }

  const signedOut = [
    ['sign-in', '/console/sign-in'],
    ['sign-in with a key', '/console/sign-in?with=key'],
    ['sign-in with a wallet', '/console/sign-in?with=wallet'],
  ] as const;
  const signedIn = [
    ['devices', '/console/devices'],
    ['wallet', '/console/wallet'],
    ['no such page', '/console/no/such/page'],
  ] as const;

  test.each(signedOut)('finds nothing on the page of %s, light and dark, at both widths', async (_name, path) => {
    for (const width of [1440, 390] as const)
      await expectNothingFound(await opened.visit({ as: 'stranger', width, path }));
  });

  test.each(signedIn)('finds nothing on the page of %s, light and dark, at both widths', async (_name, path) => {
    for (const width of [1440, 390] as const) await expectNothingFound(await opened.visit({ owner, width, path }));
  });
});
