// Every owner's whole way through the console, at both widths: in by clicks, keys made, kept, handed over and changed, each of them at work, and
// each refused once it is deleted.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, isCode, starkKey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { addedKey, filledForm, saveAndClose, send, shownSecret, typedAgain } from '../support/console/adding.ts';
import { announceWallet } from '../support/console/announce-wallet.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { ordersWith, readsWith } from '../support/console/orders.ts';
import { createOwner } from '../support/console/owners.ts';
import { scannedCode } from '../support/console/scanned-code.ts';

const GIVEN = 240_000;
const CONSOLE_URL = 'https://keys.venue.example';
const owners = ['a main key', 'a wallet', 'a new account'] as const;

interface Way {
  readonly width: 1440 | 390;
  readonly theme: 'light' | 'dark';
}

describe.skipIf(chromiumFile === undefined)(`a way through the console${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'console.url': CONSOLE_URL } });
  }, GIVEN);
  afterAll(() => opened?.close());

  const orders = (privateKey: string, account: string) => ordersWith(opened.url, privateKey, account);
  const refused = (asked: Promise<unknown>) =>
    expect(asked).rejects.toSatisfy((error) => isCode(error, 'UNAUTHORIZED_ERROR') || isCode(error, 'INVALID_SUBKEY'));
  const isIn = (page: Page) => page.waitForURL(`${opened.url}/console/keys/read-only`);

  async function withKey(way: Way): Promise<Visit> {
    const owner = await createOwner(opened.url, 'main');
    const visit = await opened.visit({ as: 'stranger', owner, ...way });
    const { page } = visit;
    await page.getByRole('link', { name: /^Starknet private key/ }).click();
    await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
    await page.getByText(/known here$/).waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await isIn(page);
    return visit;
  }

  async function withWallet(way: Way): Promise<Visit> {
    const owner = await createOwner(opened.url, 'wallet');
    const prepare = (page: Page) => announceWallet(page, { key: owner.privateKey });
    const visit = await opened.visit({ as: 'stranger', owner, prepare, ...way });
    const { page } = visit;
    await page.getByRole('link', { name: /^Ethereum wallet/ }).click();
    await page.getByRole('button', { name: /^MetaMask/ }).click();
    await page.getByRole('button', { name: /^Wallet account 0x/ }).click();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await isIn(page);
    return visit;
  }

  async function withNew(way: Way): Promise<Visit> {
    const visit = await opened.visit({ as: 'stranger', ...way });
    const { page } = visit;
    await page.getByRole('link', { name: /^New account/ }).click();
    const privateKey = await shownSecret(page.getByRole('main'));
    await page.getByLabel('I have saved it in two places').check();
    await page.getByLabel('Its last four characters').fill(privateKey.slice(-4));
    await page.getByRole('button', { name: 'Make the account' }).click();
    await isIn(page);
    const client = createClient({ url: opened.url, auth: starkKey(privateKey) });
    const { account } = await client.account.self();
    return { ...visit, owner: { kind: 'main', privateKey, account, client } };
  }

  const signedIn: Readonly<Record<(typeof owners)[number], (way: Way) => Promise<Visit>>> = {
    'a main key': withKey,
    'a wallet': withWallet,
    'a new account': withNew,
  };

  async function goTo({ page }: Visit, path: string): Promise<void> {
    await page.getByRole('link', { name: path, exact: false }).first().click();
  }

  /** The code on the screen is taken by another browser, whose key it gives. */
  async function takenByPhone(visit: Visit, way: Way): Promise<string> {
    const { page } = visit;
    await send(await filledForm(visit, 'subkey', { name: 'phone bot', place: 'On my phone' }));
    await page.locator('[role=dialog] svg path[d^="M"]').first().waitFor();
    const link = await scannedCode(opened.browser, page);
    const path = link.replace(CONSOLE_URL, '');
    const phone = await opened.visit({ as: 'stranger', width: 390, theme: way.theme, path });
    await phone.page.getByRole('button', { name: 'Take the key' }).click();
    await phone.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
    const privateKey = await shownSecret(phone.page.getByRole('main'));
    await phone.close();
    await page.getByRole('button', { name: 'That was me' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    return privateKey;
  }

  /** From the list where there is room for it, else from the key's page. */
  async function deleted({ page }: Visit, { width }: Way, name: string): Promise<void> {
    if (width === 390) await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('button', { name: `Delete ${name}`, exact: true }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete key' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'hidden' });
    await page.getByText('Revoked', { exact: true }).first().waitFor();
    if (width === 390) await page.goBack();
  }

  const ways = owners.flatMap((owner) => [
    { owner, width: 1440, theme: 'light' } as const,
    { owner, width: 390, theme: 'dark' } as const,
  ]);

  test.each(ways)(
    'with $owner at $width px: in, two keys and one for a phone that all work, and each is refused once it is deleted',
    async ({ owner, ...way }) => {
      const visit = await signedIn[owner](way);
      const { page } = visit;
      const { account } = visit.owner;

      const tokenDialog = await addedKey(visit, 'token', { name: 'dashboard' });
      const token = await shownSecret(tokenDialog);
      await saveAndClose(tokenDialog);
      expect(await readsWith(opened.url, token)).toBe(200);

      await goTo(visit, 'Subkeys');
      const subkeyDialog = await addedKey(visit, 'subkey', { name: 'market maker 1' });
      const privateKey = await shownSecret(subkeyDialog);
      await saveAndClose(subkeyDialog);
      expect(await orders(privateKey, account)).toMatch(/^[0-9]+$/);

      const taken = await takenByPhone(visit, way);
      expect(await orders(taken, account)).toMatch(/^[0-9]+$/);

      await page.getByRole('link', { name: 'phone bot', exact: true }).waitFor();
      await deleted(visit, way, 'phone bot');
      await refused(orders(taken, account));
      await page.getByRole('link', { name: 'market maker 1', exact: true }).waitFor();
      await deleted(visit, way, 'market maker 1');
      await refused(orders(privateKey, account));
      await goTo(visit, 'Read-only');
      await page.getByRole('link', { name: 'dashboard', exact: true }).waitFor();
      await deleted(visit, way, 'dashboard');
      await refused(readsWith(opened.url, token));
    },
  );

  test.each(owners)(
    'with %s at 1440 px: a key is renamed, opened, replaced and looked at, and then everything is ended',
    async (owner) => {
      const visit = await signedIn[owner]({ width: 1440, theme: 'light' });
      const { page, owner: person } = visit;
      const dialog = page.getByRole('dialog');
      const made = await addedKey(visit, 'token', { name: 'grafana', addresses: '203.0.113.7' });
      const token = await shownSecret(made);
      await saveAndClose(made);
      const refusal = await readsWith(opened.url, token).catch((error: unknown) => error);
      if (!isCode(refusal, 'IP_NOT_ALLOWED')) throw new Error(`it was not refused by its address: ${refusal}`);

      await page.getByRole('link', { name: 'grafana', exact: true }).click();
      await page.getByRole('button', { name: /^Rename/ }).click();
      await page.getByLabel('Name', { exact: true }).fill('grafana 2');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: /grafana 2/ }).waitFor();
      await page.getByRole('button', { name: 'Change addresses' }).click();
      await dialog.getByRole('radio', { name: 'Anywhere' }).check();
      await typedAgain(visit);
      await dialog.getByRole('button', { name: 'Sign and save' }).click();
      await dialog.waitFor({ state: 'hidden' });
      expect(await readsWith(opened.url, token)).toBe(200);

      await page.getByRole('button', { name: 'Replace' }).click();
      await typedAgain(visit);
      await dialog.getByRole('button', { name: 'Sign and replace' }).click();
      const save = page.getByRole('dialog', { name: 'Save your read-only key now' });
      await save.waitFor();
      const successor = await shownSecret(save);
      await saveAndClose(save);
      expect([await readsWith(opened.url, token), await readsWith(opened.url, successor)]).toEqual([200, 200]);

      const menu = page.getByRole('navigation', { name: 'Main' });
      await menu.getByRole('link', { name: 'Activity' }).click();
      for (const words of ['Key added', 'Name changed', 'Addresses changed', 'Key replaced', 'Device signed in'])
        await page.getByText(words).first().waitFor();
      await page.getByLabel('Request id').fill(refusal.requestId ?? '');
      await page.getByLabel('Request id').press('Enter');
      await page
        .getByRole('dialog', { name: 'Why this was refused' })
        .getByText('Address not in the list')
        .first()
        .waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      await menu.getByRole('link', { name: 'Devices' }).click();
      await page.getByText('This one').first().waitFor();

      await menu.getByRole('link', { name: 'Wallet' }).click();
      await page.getByText(person.account).first().waitFor();
      await page.getByRole('button', { name: 'End everything' }).click();
      const last = page.getByRole('alertdialog', { name: 'End everything?' });
      await last.getByLabel('Type END').fill('END');
      await last.getByRole('button', { name: 'End everything' }).click();
      await page
        .getByText(/Refused everywhere since \d\d:\d\d:\d\d; it took \d+ ms\./)
        .first()
        .waitFor();
      await refused(readsWith(opened.url, token));
      await refused(readsWith(opened.url, successor));
    },
  );
});
