// A session that ends in the middle of a form: the same person signs in again over it, nobody else does, and nothing typed is lost.
import { randomBytes } from 'node:crypto';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomPrivateKey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { announceWallet } from '../support/console/announce-wallet.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';

describe.skipIf(chromiumFile === undefined)(`signing in again${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, 120_000);
  afterAll(() => opened?.close());

  /** A form with a name typed into it, whose session has ended for want of a person. */
  async function overAForm(as: 'main' | 'wallet'): Promise<Visit> {
    const owner = await createOwner(opened.url, as);
    const visit = await opened.visit({
      as,
      owner,
      async prepare(page) {
        await page.clock.install();
        if (as === 'wallet') await announceWallet(page, { key: owner.privateKey });
      },
    });
    const { page } = visit;
    await page
      .getByRole('button', { name: /Add New Key/ })
      .first()
      .click();
    await page.getByLabel('Name', { exact: true }).fill('dashboard');
    await page.clock.fastForward(16 * 60_000);
    await again(page).waitFor();
    return visit;
  }
  const again = (page: Page) => page.getByRole('dialog', { name: 'Sign in again' });
  const field = (page: Page) => again(page).getByLabel('Private key', { exact: true });
  const enter = async (page: Page, text: string) => {
    await field(page).fill(text);
    await again(page).getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  const isThereStill = async (page: Page) => {
    await again(page).waitFor({ state: 'detached' });
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('dashboard');
  };

  test('with the main key goes on with the form; another key, and a subkey, do not', async () => {
    const { page, owner } = await overAForm('main');
    await enter(page, randomPrivateKey());
    await again(page).getByText('That key does not belong to this account.').waitFor();
    const { value: subkey } = await owner.client.subkeys.create({ name: 'bot' });
    await enter(page, subkey.private_key);
    await again(page).getByText('This is a subkey. It cannot manage keys; sign in with the main key.').waitFor();
    await enter(page, owner.account);
    await again(page).getByText('That is a public key or an address, not a private key.').waitFor();
    await enter(page, owner.privateKey);
    await isThereStill(page);
  });

  test('with the wallet of the account goes on with the form', async () => {
    const { page } = await overAForm('wallet');
    await again(page)
      .getByRole('button', { name: /^MetaMask/ })
      .click();
    await again(page)
      .getByRole('button', { name: /^Wallet account 0x/ })
      .click();
    await again(page).getByRole('button', { name: 'Sign in', exact: true }).click();
    await isThereStill(page);
  });

  test('is not closed by Esc: leaving is asked, and goes to sign-in', async () => {
    const { page } = await overAForm('main');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Stay', exact: true }).click();
    await again(page).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.waitForURL(`${opened.url}/console/sign-in*`);
  });
});

describe.skipIf(chromiumFile === undefined)(`the pages of sign-in${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, 120_000);
  afterAll(() => opened?.close());

  test.each(['light', 'dark'] as const)(
    'have no fault that axe finds, and none that is wider than 320 px, %s',
    async (theme) => {
      const { page } = await opened.visit({
        as: 'stranger',
        width: 320,
        theme,
        async prepare(on) {
          for (const name of ['MetaMask', 'MetaMask', 'W'.repeat(100)]) {
            await announceWallet(on, {
              key: `0x0${randomBytes(32).toString('hex').slice(1)}`,
              name,
              behaviour: 'two accounts',
            });
          }
        },
      });
      const look = async (step: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${step}: ${id} ${nodes[0]?.html}`)).toEqual([]);
        const wider = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect(wider, step).toBe(0);
      };
      await page.getByRole('link', { name: /^New account/ }).waitFor();
      await look('how');
      await page.goto(`${opened.url}/console/sign-in?with=key`);
      await page.getByLabel('Private key', { exact: true }).fill('no key');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('That is not a Starknet private key.').waitFor();
      await look('a key that is none');
      await page.goto(`${opened.url}/console/sign-in?with=new`);
      await page.getByText('This key is your account.').waitFor();
      await look('a new key');
      await page.getByRole('button', { name: 'Back to the step before' }).click();
      await page.getByText('Leave anyway?').waitFor();
      await look('leaving');
      await page.getByRole('button', { name: 'Leave', exact: true }).click();
      await page.getByRole('link', { name: /^Ethereum wallet/ }).click();
      await page
        .getByRole('button', { name: /^MetaMask/ })
        .first()
        .waitFor();
      await look('wallets');
      await page
        .getByRole('button', { name: /^MetaMask/ })
        .first()
        .click();
      await page.getByText('Which account?').waitFor();
      await look('addresses');
      await page.getByRole('button', { name: /^0x/ }).first().click();
      await page.getByText('recommended').waitFor();
      await look('accounts');
      await page.getByText('recommended').click();
      await page.getByText('Paradex Auth').waitFor();
      await look('before signing');
    },
  );
});
