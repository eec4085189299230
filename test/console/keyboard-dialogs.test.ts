// Dialogs that are come to by several keys, and that Esc asks about or does not close: gone through, left and come back from without a mouse.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { goThroughDialog, hasFocus, pressByKey, tabTo, topDialog } from '../support/console/keyboard.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const READ_ONLY = '/console/keys/read-only';
const SUBKEYS = '/console/keys/subkeys';

interface Deep {
  readonly what: string;
  /** On the screen, of the dialog. */
  readonly title: string | RegExp;
  readonly path: string;
  readonly as?: 'stranger';
  /** Its clock is the test's. */
  readonly lapses?: true;
  readonly comeTo: (visit: Visit) => Promise<unknown>;
  readonly first: string | RegExp;
  /** Esc changes nothing. */
  readonly sealed?: true;
  readonly leave: (visit: Visit) => Promise<unknown>;
  /** Has focus afterwards. */
  readonly back: string | RegExp;
}

const esc = ({ page }: Visit): Promise<void> => page.keyboard.press('Escape');
const pressed =
  (name: string) =>
  ({ page }: Visit): Promise<void> =>
    pressByKey(page, name);

/** The form of a new key, with a name in it. */
async function named({ page }: Visit): Promise<void> {
  await page.getByText(/^No (?:read-only keys|subkeys) yet\.$/).waitFor();
  await page.keyboard.press('n');
  await hasFocus(page, 'Name');
  await page.keyboard.type('typed');
}

async function sent({ page, owner }: Visit): Promise<void> {
  await tabTo(page, 'Main private key');
  await page.keyboard.type(owner.privateKey);
  await page.keyboard.press('Enter');
}

async function fromAnywhere(page: Page): Promise<void> {
  await tabTo(page, 'Anywhere');
  await page.keyboard.press('Space');
}

async function made(visit: Visit): Promise<void> {
  await named(visit);
  await fromAnywhere(visit.page);
  await sent(visit);
  await hasFocus(visit.page, /^Copy (?:Read-only key|Private key) of/);
}

async function offered(visit: Visit): Promise<void> {
  const { page } = visit;
  await named(visit);
  await fromAnywhere(page);
  await tabTo(page, 'On this computer');
  await page.keyboard.press('ArrowRight');
  await hasFocus(page, 'On my phone');
  await sent(visit);
  await page.getByRole('dialog', { name: 'Scan this with your phone.' }).locator('svg path').first().waitFor();
}

async function lapsed(visit: Visit): Promise<void> {
  const { page } = visit;
  await named(visit);
  await page.clock.fastForward(16 * 60_000);
  await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  await hasFocus(page, 'Private key');
}

async function saved({ page }: Visit): Promise<void> {
  await tabTo(page, 'I have saved it where my bot can read it');
  await page.keyboard.press('Space');
  await pressByKey(page, 'Done');
}

async function signedIn({ page, owner }: Visit): Promise<void> {
  await tabTo(page, 'Private key');
  await page.keyboard.type(owner.privateKey);
  await page.keyboard.press('Enter');
}

async function newAccount({ page }: Visit): Promise<void> {
  await page.getByText('This key is your account.').waitFor();
  await pressByKey(page, 'Back to the step before');
}

const dialogs: readonly Deep[] = [
  {
    what: 'a read-only key is saved',
    title: 'Save your read-only key now',
    path: READ_ONLY,
    comeTo: made,
    first: /^Copy Read-only key of/,
    sealed: true,
    leave: saved,
    back: '+ Add New Key',
  },
  {
    what: 'a subkey is saved',
    title: 'Save your subkey now',
    path: SUBKEYS,
    comeTo: made,
    first: /^Copy Private key of/,
    sealed: true,
    leave: saved,
    back: '+ Add New Key',
  },
  {
    what: 'nobody has this key, and it stays open',
    title: 'Close without saving?',
    path: READ_ONLY,
    comeTo: async (visit) => {
      await made(visit);
      await pressByKey(visit.page, 'Close without saving');
    },
    first: 'Keep it open',
    leave: esc,
    back: 'Close without saving',
  },
  {
    what: 'nobody has this key, and it is deleted',
    title: 'Close without saving?',
    path: READ_ONLY,
    comeTo: async (visit) => {
      await made(visit);
      await pressByKey(visit.page, 'Close without saving');
    },
    first: 'Keep it open',
    leave: pressed('Close and delete'),
    back: '+ Add New Key',
  },
  {
    what: 'the code for the phone, taken back',
    title: 'Scan this with your phone.',
    path: SUBKEYS,
    comeTo: offered,
    first: 'Cancel',
    sealed: true,
    leave: pressed('Cancel'),
    back: '+ Add New Key',
  },
  {
    what: 'what was typed is kept',
    title: 'Throw this away?',
    path: READ_ONLY,
    comeTo: async (visit) => {
      await named(visit);
      await esc(visit);
    },
    first: 'Keep editing',
    leave: esc,
    back: 'Name',
  },
  {
    what: 'what was typed is thrown away',
    title: 'Throw this away?',
    path: READ_ONLY,
    comeTo: async (visit) => {
      await named(visit);
      await esc(visit);
    },
    first: 'Keep editing',
    leave: pressed('Throw away'),
    back: '+ Add New Key',
  },
  {
    what: 'the session ended over a form',
    title: 'Sign in again',
    path: READ_ONLY,
    lapses: true,
    comeTo: lapsed,
    first: 'Private key',
    leave: signedIn,
    back: 'Name',
  },
  {
    what: 'the session ended, and whoever wanted to leave stays',
    title: 'Leave without signing in?',
    path: READ_ONLY,
    lapses: true,
    comeTo: async (visit) => {
      await lapsed(visit);
      await esc(visit);
    },
    first: 'Stay',
    leave: esc,
    back: 'Private key',
  },
  {
    what: 'the key of a new account is kept',
    title: /^You have not saved the key\./,
    path: '/console/sign-in?with=new',
    as: 'stranger',
    comeTo: newAccount,
    first: 'Stay',
    leave: esc,
    back: 'Back to the step before',
  },
  {
    what: 'the key of a new account is given up',
    title: /^You have not saved the key\./,
    path: '/console/sign-in?with=new',
    as: 'stranger',
    comeTo: newAccount,
    first: 'Stay',
    leave: pressed('Leave'),
    back: /^Sign in to /,
  },
];

describe.skipIf(chromiumFile === undefined)(`dialogs within dialogs, without a mouse${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'console.url': 'https://keys.venue.example' } });
  });
  afterAll(() => opened?.close());

  test.each(dialogs)(
    'a dialog over others is come to by keys, begins at what changes nothing or is done first, is gone through in reading order, and gives focus back: $what',
    async ({ title, path, as = 'main' as const, lapses, comeTo, first, sealed, leave, back }) => {
      const visit = await opened.visit({
        as,
        path,
        prepare: async (page) => {
          if (lapses === true) await page.clock.install();
        },
      });
      const { page } = visit;
      await comeTo(visit);
      const dialog = page.getByRole('dialog', { name: title }).or(page.getByRole('alertdialog', { name: title }));
      await dialog.waitFor();
      await hasFocus(page, first);
      await page.waitForLoadState('networkidle');
      await goThroughDialog(page);
      if (sealed === true) {
        await esc(visit);
        await dialog.waitFor();
        await goThroughDialog(page);
      }
      await leave(visit);
      await dialog.waitFor({ state: 'detached' });
      await hasFocus(page, back);
    },
  );

  test('what was typed is still there after signing in again over it by keys alone, and is sent', async () => {
    const visit = await opened.visit({ path: READ_ONLY, prepare: (page) => page.clock.install() });
    const { page, owner } = visit;
    await lapsed(visit);
    await signedIn(visit);
    await hasFocus(page, 'Name');
    await fromAnywhere(page);
    // The key that signed in is in this tab now.
    await pressByKey(page, 'Sign and add');
    await hasFocus(page, /^Copy Read-only key of/);
    expect((await owner.client.tokens.list().page()).results.map(({ name }) => name)).toEqual(['typed']);
    await saved(visit);
    await topDialog(page).waitFor({ state: 'detached' });
    await hasFocus(page, '+ Add New Key');
  });
});
