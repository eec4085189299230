// What is photographed: each picture has a name, whose page it is, and the steps that lead to it. The first word of the name is the page.
import type { Page } from 'playwright-core';
import { announceWallet } from '../../support/console/announce-wallet.ts';
import type { LivedIn } from '../../support/console/lived-in.ts';
import type { OpenConsole, Visit, VisitOptions } from '../../support/console/open-console.ts';
import type { WalletBehaviour } from '../../support/console/wallet-answers.ts';

export interface Scene {
  readonly visit: Visit;
  readonly page: Page;
  readonly opened: OpenConsole;
  readonly lived: LivedIn;
  readonly isPhone: boolean;
}

export interface Picture {
  readonly name: string;
  /** `lived-in`: an account of weeks. `empty`: nothing in it yet. `nobody`: signed out. */
  readonly as: 'lived-in' | 'empty' | 'nobody';
  readonly path: string | ((lived: LivedIn) => string);
  /** Before the page is opened. */
  readonly prepare?: VisitOptions['prepare'];
  /** Until what is to be seen is there. */
  readonly steps?: (scene: Scene) => Promise<void>;
}

const KEY = `0x${'5a17'.repeat(16)}`;
const SIGN_IN = '/console/sign-in';
const READ_ONLY = '/console/keys/read-only';

const click =
  (...names: readonly (string | RegExp)[]) =>
  async ({ page }: Pick<Scene, 'page'>) => {
    for (const name of names) {
      await page.getByRole('button', { name }).or(page.getByRole('link', { name })).first().click();
    }
  };

const wallets =
  (behaviour: WalletBehaviour = 'signs', ...others: readonly string[]) =>
  async (page: Page) => {
    await announceWallet(page, { key: KEY, behaviour });
    for (const name of others) await announceWallet(page, { key: KEY, name, rdns: `com.${name.toLowerCase()}` });
  };

/** The answers of this path are an error of the server. */
const failing = (path: RegExp) => (page: Page) =>
  page.route(
    ({ pathname }) => path.test(pathname),
    (route) => route.fulfill({ status: 500, json: { error: 'INTERNAL_ERROR', message: 'internal error' } }),
  );

/** The answers of this path never come. */
const waiting = (path: RegExp) => (page: Page) =>
  page.route(
    ({ pathname }) => path.test(pathname),
    () => undefined,
  );

const openAdd = async ({ page }: Scene) => {
  await page.getByRole('button', { name: '+ Add New Key' }).first().click();
  await page.getByRole('dialog').waitFor();
};

const inDialog = (page: Page) => page.getByRole('dialog');

const withWallet = (name: string, behaviour: WalletBehaviour): Picture => ({
  name,
  as: 'nobody',
  path: SIGN_IN,
  prepare: wallets(behaviour),
  steps: click(/^Ethereum wallet/, /^MetaMask/),
});

/** Of a key of the account of weeks: its page, then what a button of it opens. */
const ofOneKey = (name: string, ...buttons: readonly (string | RegExp)[]): Picture => ({
  name,
  as: 'lived-in',
  path: READ_ONLY,
  async steps({ page }) {
    await page.getByRole('link', { name: 'dashboard' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'dashboard' }).waitFor();
    await click(...buttons)({ page });
  },
});

const why = (name: string, key: string): Picture => ({
  name,
  as: 'lived-in',
  path: ({ refused }) => `/console/activity/${refused.get(key)}`,
  steps: ({ page }) => inDialog(page).waitFor(),
});

export const pictures: readonly Picture[] = [
  { name: 'sign-in', as: 'nobody', path: SIGN_IN },
  {
    name: 'sign-in wallets',
    as: 'nobody',
    path: SIGN_IN,
    prepare: wallets('signs', 'Rabby', 'MetaMask'),
    steps: click(/^Ethereum wallet/),
  },
  { name: 'sign-in no wallet', as: 'nobody', path: SIGN_IN, steps: click(/^Ethereum wallet/) },
  withWallet('sign-in wallet waiting', 'silent'),
  withWallet('sign-in wallet wrong chain', 'wrong chain for good'),
  withWallet('sign-in wallet refused', 'refuses to connect'),
  withWallet('sign-in wallet accounts', 'two accounts'),
  withWallet('sign-in wallet new', 'signs'),
  { name: 'sign-in key', as: 'nobody', path: SIGN_IN, steps: click(/^Starknet private key/) },
  {
    name: 'sign-in key error',
    as: 'nobody',
    path: SIGN_IN,
    async steps({ page }) {
      await click(/^Starknet private key/)({ page });
      await page
        .getByRole('textbox', { name: 'Private key' })
        .or(page.locator('input[type=password]'))
        .first()
        .fill('0xnot a key');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    },
  },
  { name: 'sign-in new account', as: 'nobody', path: SIGN_IN, steps: click(/^New account/) },
  {
    name: 'keys full',
    as: 'lived-in',
    path: READ_ONLY,
    steps: ({ page }) => page.getByText('dashboard').first().waitFor(),
  },
  {
    name: 'keys subkeys',
    as: 'lived-in',
    path: '/console/keys/subkeys',
    steps: ({ page }) => page.getByText('market maker 1').first().waitFor(),
  },
  { name: 'keys empty', as: 'empty', path: READ_ONLY },
  { name: 'keys loading', as: 'lived-in', path: READ_ONLY, prepare: waiting(/^\/v1\/account\/tokens/) },
  {
    name: 'keys failed',
    as: 'lived-in',
    path: READ_ONLY,
    prepare: failing(/^\/v1\/account\/tokens/),
    steps: ({ page }) => page.getByRole('button', { name: /again/i }).first().waitFor(),
  },
  {
    name: 'keys ended shown',
    as: 'lived-in',
    path: READ_ONLY,
    async steps({ page }) {
      await page.getByLabel('Show ended keys').click();
      await page.getByText('contractor').first().waitFor();
    },
  },
  {
    name: 'keys nothing found',
    as: 'lived-in',
    path: READ_ONLY,
    steps: ({ page }) => page.getByRole('searchbox').fill('no key has this name'),
  },
  { name: 'add empty', as: 'lived-in', path: READ_ONLY, steps: openAdd },
  {
    name: 'add errors',
    as: 'lived-in',
    path: READ_ONLY,
    async steps(scene) {
      await openAdd(scene);
      await inDialog(scene.page).getByRole('textbox').nth(1).fill('203.0.113.7\n203.0.113.\n10.0.0.0/33');
      await inDialog(scene.page).locator('button[type=submit]').click();
    },
  },
  {
    name: 'add subkey',
    as: 'lived-in',
    path: '/console/keys/subkeys',
    steps: openAdd,
  },
  ofOneKey('one key'),
  ofOneKey('change addresses', /^Change/),
  ofOneKey('replace', /^Replace/),
  ofOneKey('delete', /^Delete/),
  {
    name: 'activity full',
    as: 'lived-in',
    path: '/console/activity',
    steps: ({ page }) => page.locator('main').getByText('Today').first().waitFor(),
  },
  { name: 'activity empty', as: 'empty', path: '/console/activity?days=1&what=refused' },
  { name: 'activity filtered', as: 'lived-in', path: '/console/activity?days=7&what=refused' },
  why('why address', 'dashboard'),
  why('why permission', 'grafana'),
  { name: 'devices', as: 'lived-in', path: '/console/devices' },
  { name: 'wallet', as: 'lived-in', path: '/console/wallet' },
  {
    name: 'wallet end everything',
    as: 'lived-in',
    path: '/console/wallet',
    steps: click(/^End everything/),
  },
  { name: 'hand-off without a link', as: 'nobody', path: '/console/hand-off' },
  {
    name: 'bar offline',
    as: 'lived-in',
    path: READ_ONLY,
    async steps({ page, visit }) {
      await page.getByText('dashboard').first().waitFor();
      await visit.context.setOffline(true);
      await page
        .getByText(/offline|no connection|network/i)
        .first()
        .waitFor();
    },
  },
  { name: 'not found', as: 'lived-in', path: '/console/no/such/page' },
];
