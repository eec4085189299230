// Pictures of whoever is not signed in: sign-in and its steps, the phone that takes a key, and browsers that are turned away.
import type { Page } from 'playwright-core';
import type { WalletBehaviour } from '../wallet-answers.ts';
import { broken, click, type Picture, refusing, type Stage, seen, wallets } from './scene.ts';

const SIGN_IN = '/console/sign-in';
const PHONES = [390, 320] as const;

const withWallet = (name: string, behaviour: WalletBehaviour, then?: Picture['steps']): Picture => ({
  name,
  as: 'nobody',
  path: SIGN_IN,
  prepare: wallets(behaviour),
  async steps(scene) {
    await click(/^Ethereum wallet/, /^MetaMask/)(scene);
    await then?.(scene);
  },
});

/** A key on its way to a phone; its link as the phone's camera reads it, at the address of the pictures. */
async function offered({ owner }: Stage): Promise<string> {
  const { value } = await owner.client.subkeys.handOff({
    name: 'phone bot',
    console_url: 'https://keys.venue.example',
  });
  return value.link.replace('https://keys.venue.example', '');
}

const taking = (name: string, prepare?: Picture['prepare'], then?: Picture['steps']): Picture => ({
  name: `phone ${name}`,
  as: 'nobody',
  path: offered,
  widths: PHONES,
  ...(prepare === undefined ? {} : { prepare }),
  async steps(scene) {
    await seen(/^Take a subkey of/)(scene);
    if (prepare === undefined && then === undefined) return;
    await click('Take the key')(scene);
    await (then ?? (({ page }) => page.getByRole('alert').first().waitFor()))(scene);
  },
});

/** Every answer of this origin is the console's. */
const servedAt =
  (origin: string) =>
  (page: Page, { opened }: Stage): Promise<unknown> =>
    page.route(`${origin}/**`, async (route) => {
      const response = await route.fetch({ url: `${opened.url}${new URL(route.request().url()).pathname}` });
      await route.fulfill({ response });
    });

const INSECURE = 'http://keys.venue.example';

export const signedOut: readonly Picture[] = [
  { name: 'sign-in', as: 'nobody', path: SIGN_IN, steps: seen('Starknet private key') },
  {
    name: 'sign-in wallets',
    as: 'nobody',
    path: SIGN_IN,
    prepare: wallets('signs', 'Rabby', 'MetaMask'),
    async steps(scene) {
      await click(/^Ethereum wallet/)(scene);
      await seen('Rabby')(scene);
    },
  },
  {
    name: 'sign-in no wallet',
    as: 'nobody',
    path: SIGN_IN,
    async steps(scene) {
      await click(/^Ethereum wallet/)(scene);
      await seen(/^No wallet found/)(scene);
    },
  },
  withWallet('sign-in wallet waiting', 'silent', seen(/^Waiting for MetaMask/)),
  withWallet('sign-in wallet wrong chain', 'wrong chain', async (scene) => {
    await click(/^Wallet account/, 'Make the account')(scene);
    await seen(/^Your wallet is on Base/)(scene);
  }),
  withWallet('sign-in wallet wrong chain for good', 'wrong chain for good', async (scene) => {
    await click(/^Wallet account/, 'Make the account', 'Switch network')(scene);
    await seen(/Choose Sepolia/)(scene);
  }),
  {
    ...withWallet('sign-in wallet still waiting', 'silent', async ({ page }) => {
      await page.clock.fastForward('00:31');
      await seen(/Still waiting/)({ page });
    }),
    async prepare(page, stage) {
      await page.clock.install();
      await wallets('silent')(page, stage);
    },
  },
  withWallet('sign-in wallet refused', 'refuses to connect', seen(/^You said no/)),
  withWallet('sign-in wallet accounts', 'two accounts'),
  withWallet('sign-in wallet new', 'signs', seen(/recommended/)),
  withWallet('sign-in wallet words', 'signs', async (scene) => {
    await click(/^Wallet account/)(scene);
    await seen(/^Your wallet will ask you to sign in/)(scene);
  }),
  withWallet('sign-in wallet signing', 'silent at signing', async (scene) => {
    await click(/^Wallet account/, 'Make the account')(scene);
    await seen(/^Waiting for/)(scene);
  }),
  withWallet('sign-in wallet contract', '200 bytes', async (scene) => {
    await click(/^Look for/, 'Go on')(scene);
    await seen(/^This is a smart-contract/)(scene);
  }),
  withWallet('sign-in wallet twice the same', 'signs', async (scene) => {
    await click(/^Starknet account/)(scene);
    await seen(/^Your wallet will ask twice/)(scene);
  }),
  withWallet('sign-in wallet random', 'random', async (scene) => {
    await click(/^Starknet account/, 'Go on')(scene);
    await seen(/^Your wallet signs differently each time/)(scene);
  }),
  {
    name: 'sign-in closed',
    as: 'nobody',
    path: SIGN_IN,
    prepare: (page) =>
      page.route(/\/countersign\/v1\/about/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({
          response,
          json: { ...(await response.json()), onboarding: 'closed', siwe_domain: null },
        });
      }),
    steps: seen(/^This venue admits only/),
  },
  {
    name: 'sign-in key',
    as: 'nobody',
    path: SIGN_IN,
    async steps(scene) {
      await click(/^Starknet private key/)(scene);
      await scene.page.locator('input[type=password]').waitFor();
    },
  },
  {
    name: 'sign-in key known',
    as: 'nobody',
    path: SIGN_IN,
    async steps(scene) {
      await click(/^Starknet private key/)(scene);
      await scene.page.locator('input[type=password]').fill(scene.owner.privateKey);
      await seen(/known here/)(scene);
    },
  },
  {
    name: 'sign-in key error',
    as: 'nobody',
    path: SIGN_IN,
    async steps(scene) {
      await click(/^Starknet private key/)(scene);
      await scene.page.locator('input[type=password]').fill('0xnot a key');
      await scene.page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await seen(/^That is not a Starknet/)(scene);
    },
  },
  {
    name: 'sign-in new account',
    as: 'nobody',
    path: SIGN_IN,
    async steps(scene) {
      await click(/^New account/)(scene);
      await seen('This key is your account.')(scene);
    },
  },
  {
    name: 'sign-in new account saved',
    as: 'nobody',
    path: SIGN_IN,
    async steps({ page }) {
      await click(/^New account/)({ page });
      await page.getByRole('button', { name: /^Show/ }).click();
      const key = (await page.locator('code').first().textContent()) ?? '';
      await page.getByLabel('I have saved it in two places').check();
      await page.getByLabel('Its last four characters').fill(key.slice(-4));
    },
  },
  {
    name: 'sign-in new account leaving',
    as: 'nobody',
    path: SIGN_IN,
    async steps({ page }) {
      await click(/^New account/)({ page });
      await seen('This key is your account.')({ page });
      await click(/^Back/)({ page });
      await seen(/^You have not saved/)({ page });
    },
  },
  taking('question'),
  taking('saves it', undefined, seen('Save your subkey now')),
  taking(
    'used already',
    refusing(/\/activate$/, 409, 'SUBKEY_ALREADY_ACTIVATED', 'activated already', {
      data: { client_ip: '198.51.100.4' },
    }),
  ),
  taking('ran out', refusing(/\/activate$/, 404, 'NOT_FOUND', 'no such subkey')),
  taking('clock', refusing(/\/activate$/, 400, 'INVALID_TIMESTAMP', 'too old', { data: { skew_seconds: -540 } })),
  taking('no connection', broken(/\/activate$/, 'POST'), seen(/^No connection/)),
  {
    name: 'phone damaged',
    as: 'nobody',
    path: `/console/hand-off#${'A'.repeat(130)}`,
    widths: PHONES,
    steps: seen(/^The code is damaged/),
  },
  {
    name: 'insecure page',
    as: 'nobody',
    path: SIGN_IN,
    prepare: servedAt(INSECURE),
    async steps(scene) {
      await scene.page.goto(`${INSECURE}/console`);
      await seen(/needs a secure connection/)(scene);
    },
  },
  {
    name: 'old browser',
    as: 'nobody',
    path: SIGN_IN,
    prepare: (page) => page.addInitScript('delete globalThis.Worker;'),
    steps: seen(/too old/),
  },
];
