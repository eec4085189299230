// Every page, dialog and bar of the console, looked over: by axe-core, in narrow windows, with wide text, and for whoever presses with a thumb.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type LivedIn, livedInSettings, liveIn, movedClock } from '../support/console/lived-in.ts';
import { looks } from '../support/console/looks.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import {
  axeFindings,
  coveredFocus,
  cutAtTheSides,
  misnamed,
  moving,
  shiftsOf,
  tooSmall,
  tooWide,
  watchShifts,
  widenText,
  withoutHeads,
} from '../support/console/page-checks.ts';
import { makeHardKeys } from '../support/console/pictures/hard-cases.ts';
import type { Picture } from '../support/console/pictures/scene.ts';

// Each looks at a page many times, on a machine that others use.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const VENUE = 'https://keys.venue.example';
const WIDE = { width: 1440, height: 900 };
const ZOOMED = { width: 720, height: 450 };
const PHONE = { width: 390, height: 844 };
const NARROW = { width: 320, height: 700 };

describe.skipIf(chromiumFile === undefined)(`every page, dialog and bar${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  let lived: LivedIn;
  let owners: Readonly<Record<'lived-in' | 'empty' | 'wallet' | 'hard', ConsoleOwner>>;
  /** Open for as long as the tests run. */
  const used = new Map<Picture['as'], Visit>();

  beforeAll(async () => {
    const clock = movedClock();
    // A server's clock goes on only: it starts in the past.
    clock.setDaysAgo(22);
    const settings = { ...livedInSettings, 'devices.max_live': '100', 'console.url': VENUE };
    opened = await openConsole({ settings, time: clock.time });
    const owner = await createOwner(opened.url, 'main', { clock });
    lived = await liveIn(opened.url, owner, clock);
    const hard = await createOwner(opened.url, 'main');
    await makeHardKeys(hard);
    owners = {
      hard,
      'lived-in': owner,
      empty: await createOwner(opened.url, 'main'),
      wallet: await createOwner(opened.url, 'wallet'),
    };
    for (const as of ['lived-in', 'empty', 'wallet', 'hard', 'nobody'] as const) used.set(as, await visitAs({ as }));
  });
  afterAll(() => opened?.close());

  async function spareOwner(): Promise<ConsoleOwner> {
    const owner = await createOwner(opened.url, 'main');
    for (const name of ['dashboard', 'tax export']) await owner.client.tokens.create({ name });
    return owner;
  }

  async function visitAs({ as, prepare, device }: Pick<Picture, 'as' | 'prepare' | 'device'>): Promise<Visit> {
    const owner = as === 'spare' ? await spareOwner() : owners[as === 'nobody' ? 'lived-in' : as];
    return opened.visit({
      as: as === 'nobody' ? 'stranger' : 'main',
      owner,
      prepare: async (page) => {
        page.setDefaultTimeout(30_000);
        await watchShifts(page);
        await prepare?.(page, { opened, lived, owner });
      },
      ...(device === undefined ? {} : { device }),
      path: undefined,
      context: { reducedMotion: 'reduce' },
    });
  }

  function visitOf(as: 'lived-in' | 'empty' | 'nobody'): Visit {
    const visit = used.get(as);
    if (visit === undefined) throw new Error(`${as} has no window`);
    return visit;
  }

  /** The window of the account is used again where nothing is changed in it. */
  async function comeTo(look: Picture, size: typeof WIDE): Promise<Visit> {
    const { as, prepare, name, path, steps } = look;
    const shared = prepare === undefined && !name.startsWith('bar') ? used.get(as) : undefined;
    const visit = shared ?? (await visitAs(look));
    const { page, context, owner } = visit;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: 'light' });
    await visit.goTo(typeof path === 'string' ? path : await path({ opened, lived, owner }));
    await steps?.({ opened, lived, owner, visit, page, context, isPhone: size !== WIDE });
    // What a look holds back is never done.
    await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => undefined);
    return visit;
  }

  /** What is found while nothing moves any more: a window of another size is drawn anew a moment later. */
  async function onceSettled(find: () => Promise<readonly string[]>): Promise<readonly string[]> {
    let found: readonly string[] = [];
    const look = async () => {
      found = await find();
      return found.length;
    };
    await expect
      .poll(look)
      .toBe(0)
      .catch(() => undefined);
    return found;
  }

  test.each(looks)(
    'nothing is found by axe-core, light and dark; tables have heads, and names the words that are seen; nothing is cut at 320 px, at 200 % or with wide text; and all that is pressed is 24 px, 44 on a phone: $name',
    async (look) => {
      const isForPhones = look.widths?.includes(1440) === false;
      const visit = await comeTo(look, isForPhones ? PHONE : WIDE);
      if (look.name === 'insecure page')
        visit.expectProblems(
          /asked another origin: http:\/\/keys\.venue\.example|Cross-Origin-Opener-Policy|Origin-Agent-Cluster/,
        );
      const { page } = visit;
      const found: Record<string, readonly string[]> = {};
      found.moving = await moving(page);
      found['axe, light'] = await axeFindings(page);
      found['tables without heads'] = await withoutHeads(page);
      found['names without the visible words'] = await misnamed(page);
      if (!isForPhones) {
        found['too small at 1440 px'] = await tooSmall(page, 24);
        found['too wide at 1440 px'] = await tooWide(page);
        await page.setViewportSize(ZOOMED);
        await widenText(page, true);
        found['at 200 % with wide text'] = await onceSettled(() => cutAtTheSides(page));
      }
      await page.setViewportSize(NARROW);
      await widenText(page, true);
      found['at 320 px with wide text'] = await onceSettled(() => cutAtTheSides(page));
      await widenText(page, false);
      found['at 320 px'] = await onceSettled(() => cutAtTheSides(page));
      await page.setViewportSize(PHONE);
      await page.emulateMedia({ colorScheme: 'dark' });
      found['too small at 390 px'] = await onceSettled(() => tooSmall(page, 44));
      found['axe, dark, 390 px'] = await axeFindings(page);
      expect(Object.entries(found).filter(([, some]) => some.length > 0)).toEqual([]);
    },
  );

  const paths = [
    ['lived-in', '/console/keys/read-only'],
    ['lived-in', '/console/keys/subkeys'],
    ['empty', '/console/keys/read-only'],
    ['lived-in', '/console/activity'],
    ['lived-in', '/console/devices'],
    ['lived-in', '/console/wallet'],
    ['lived-in', 'one key'],
    ['lived-in', 'a subkey'],
    ['lived-in', 'why'],
    ['lived-in', '/console/no/such/page'],
    ['nobody', '/console/sign-in'],
    ['nobody', '/console/sign-in?with=wallet'],
    ['nobody', '/console/sign-in?with=key'],
    ['nobody', '/console/sign-in?with=new'],
    ['nobody', '/console/hand-off'],
    ['nobody', 'a hand-off with its code'],
  ] as const;

  test.each(paths)('while it loads, the page moves by no more than 0.02 (%s, %s)', async (as, where) => {
    let path: string = where;
    if (where === 'why') path = `/console/activity/${lived.refused.get('dashboard')}`;
    if (where === 'one key') {
      const { results } = await owners['lived-in'].client.tokens.list().page();
      path = `/console/keys/read-only/${results.find(({ name }) => name === 'dashboard')?.lookup_id}`;
    }
    if (where === 'a subkey') {
      const { results } = await owners['lived-in'].client.subkeys.list().page();
      path = `/console/keys/subkeys/${results.find(({ name }) => name === 'market maker 1')?.public_key}`;
    }
    if (where === 'a hand-off with its code') {
      const made = await owners['lived-in'].client.subkeys.handOff({ name: 'phone bot', console_url: VENUE });
      path = made.value.link.replace(VENUE, '');
    }
    const { page, goTo } = visitOf(as);
    await page.emulateMedia({ colorScheme: 'light' });
    for (const size of [WIDE, PHONE]) {
      await page.setViewportSize(size);
      // An address that differs in its fragment alone would not be loaded again.
      await page.goto('about:blank');
      await goTo(path);
      await page.waitForLoadState('networkidle');
      const shifts = await shiftsOf(page);
      const sum = shifts.reduce((total, { value }) => total + value, 0);
      expect(sum, `${size.width} px: ${JSON.stringify(shifts)}`).toBeLessThanOrEqual(0.02);
    }
  });

  test.each([WIDE, PHONE, NARROW])(
    'what has focus is never covered by a bar at the edge, $width px wide',
    async (size) => {
      const visit = await visitAs({ as: 'lived-in' });
      const { page } = visit;
      await page.setViewportSize(size);
      await visit.goTo('/console/keys/read-only');
      await page.getByText('dashboard').first().waitFor();
      await visit.context.setOffline(true);
      await page.getByLabel('Show ended keys').click();
      await page.getByText(/^No connection to/).waitFor();
      const covered: string[] = [];
      const passed = new Set<string>();
      for (const key of ['Tab', 'Shift+Tab'] as const) {
        for (let stop = 0; stop < 60; stop += 1) {
          await page.keyboard.press(key);
          let what = await coveredFocus(page);
          // A tooltip that is just going, of what had focus before.
          if (typeof what === 'string') {
            const [still] = await onceSettled(async () => [(await coveredFocus(page)) ?? []].flat());
            what = still ?? null;
          }
          if (what === undefined) break;
          if (what !== null) covered.push(`${key}: ${what}`);
          passed.add(await page.evaluate('document.activeElement.outerHTML.slice(0, 200)'));
        }
      }
      expect(covered).toEqual([]);
      expect(passed.size).toBeGreaterThan(10);
    },
  );

  test('with forced colours every button, field, badge and choice has an edge, and the choice that is made is marked', async () => {
    const { page, goTo } = await visitAs({ as: 'lived-in' });
    await page.emulateMedia({ forcedColors: 'active' });
    await goTo('/console/keys/read-only');
    await page.getByText('dashboard').first().waitFor();
    const edge = (selector: string) =>
      page.evaluate<readonly string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})]
        .filter((element) => element.checkVisibility())
        .filter((element) => getComputedStyle(element).borderTopWidth === '0px')
        .map((element) => element.outerHTML.slice(0, 120))`);
    expect(await edge('main button:not(th button), main input[type=search]')).toEqual([]);
    const badges = await page.evaluate<readonly string[]>(`[...document.querySelectorAll('[class*=badge]')]
      .filter((element) => element.checkVisibility())
      .map((element) => getComputedStyle(element).borderTop.split(' ').slice(0, 2).join(' '))`);
    expect(badges.length).toBeGreaterThan(2);
    expect(new Set(badges)).toEqual(new Set(['1px solid']));
    await page.getByRole('button', { name: '+ Add New Key' }).first().click();
    await page.getByRole('dialog').getByRole('radio', { name: 'Anywhere' }).check();
    expect(
      await edge('[role=dialog] button, [role=dialog] input:not([type=radio]), [role=dialog] label:has(input)'),
    ).toEqual([]);
    expect(
      await page.evaluate("getComputedStyle(document.querySelector('[role=dialog] label:has(:checked)')).outlineStyle"),
    ).toBe('solid');
  });
});
