// + Add New Key: what the page makes works and is refused once it is deleted, one press makes one key, and no answer that gets lost costs a key.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isCode } from '../../src/client/main.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import {
  addedKey,
  filledForm,
  type KeyKind,
  keysPath,
  saveAndClose,
  secretDialog,
  send,
  shownSecret,
  typedAgain,
  zerosInFront,
} from '../support/console/adding.ts';
import { announceWallet, type WalletInPage } from '../support/console/announce-wallet.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit, type VisitOptions } from '../support/console/open-console.ts';
import { ordersWith, readsWith } from '../support/console/orders.ts';
import { createOwner } from '../support/console/owners.ts';

const GIVEN = 120_000;

describe.skipIf(chromiumFile === undefined)(`adding a key${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, GIVEN);
  afterAll(() => opened?.close());

  const visit = (kind: KeyKind, options: VisitOptions = {}): Promise<Visit> =>
    opened.visit({ path: keysPath(kind), ...options });

  const reads = (token: string) => readsWith(opened.url, token);

  const orders = (privateKey: string, account: string) => ordersWith(opened.url, privateKey, account);

  const live = async ({ owner }: Visit) => ({
    tokens: (await owner.client.tokens.list().page()).results,
    subkeys: (await owner.client.subkeys.list().page()).results,
  });

  test.each([1440, 390] as const)(
    'at %i px: a read-only key that the page made reads, and is refused once it is deleted',
    async (width) => {
      const there = await visit('token', { width });
      const dialog = await addedKey(there, 'token', {
        name: 'dashboard',
        end: '7 days',
        addresses: '127.0.0.1, 203.0.113.0/24',
      });
      const token = await shownSecret(dialog);
      await saveAndClose(dialog);
      expect(await reads(token)).toBe(200);
      const [made, ...others] = (await live(there)).tokens;
      expect(others).toEqual([]);
      expect(made).toMatchObject({ name: 'dashboard', allowed_cidrs: ['127.0.0.1/32', '203.0.113.0/24'] });
      const life = (made?.expiry_at ?? 0n) - (made?.created_at ?? 0n);
      expect(Math.abs(Number(life - 7n * 86_400_000_000_000n))).toBeLessThan(1e9);
      await there.owner.client.tokens.revoke(made?.lookup_id ?? '');
      await expect(reads(token)).rejects.toSatisfy((error) => isCode(error, 'UNAUTHORIZED_ERROR'));
    },
  );

  test.each([1440, 390] as const)(
    'at %i px: a subkey that the page made places an order, and is refused once it is deleted',
    async (width) => {
      let expected = '';
      const prepare = async (page: Visit['page']) => {
        expected = await zerosInFront(page);
      };
      const there = await visit('subkey', { width, prepare });
      const dialog = await addedKey(there, 'subkey', { name: 'market maker 1', end: 'No end' });
      const privateKey = await shownSecret(dialog);
      await saveAndClose(dialog);
      // The zeros in front are kept.
      expect(privateKey).toBe(expected);
      const { account } = there.owner;
      expect(await orders(privateKey, account)).toMatch(/^[0-9]+$/);
      const { publicKey } = createStarkKey(privateKey);
      expect((await live(there)).subkeys).toMatchObject([{ public_key: publicKey, expires_at: 0n, state: 'active' }]);
      await there.owner.client.subkeys.revoke(publicKey);
      await expect(orders(privateKey, account)).rejects.toSatisfy((error) => isCode(error, 'INVALID_SUBKEY'));
    },
  );

  test('a wallet signs for the subkey that the page made, which places an order', async () => {
    const owner = await createOwner(opened.url, 'wallet');
    let wallet: WalletInPage | undefined;
    const prepare = async (page: Visit['page']) => {
      wallet = await announceWallet(page, { key: owner.privateKey, name: 'MetaMask' });
    };
    const there = await visit('subkey', { as: 'wallet', owner, prepare });
    const form = await filledForm(there, 'subkey', { name: 'by wallet' });
    await form.getByRole('button', { name: 'MetaMask' }).click();
    await form.getByText('Your wallet will ask you to sign in again. That proves it is you.').waitFor();
    wallet?.behave('silent');
    await send(form);
    await form.getByRole('button', { name: /^Waiting for\s+MetaMask\s*…$/ }).waitFor();
    await form.getByRole('button', { name: 'Cancel' }).click();
    await form.getByRole('button', { name: 'Sign and add' }).waitFor();
    wallet?.behave('refuses');
    await send(form);
    await form.getByText('You said no in the wallet. Nothing happened.').waitFor();
    expect((await live(there)).subkeys).toEqual([]);
    wallet?.behave('signs');
    await send(form);
    const dialog = secretDialog(there.page, 'subkey');
    await dialog.waitFor();
    expect(await orders(await shownSecret(dialog), owner.account)).toMatch(/^[0-9]+$/);
  });

  test('a hundred presses and Enter twice make one key', async () => {
    const there = await visit('subkey');
    const form = await filledForm(there, 'subkey', { name: 'once' });
    await there.page.evaluate(`{
      const button = [...document.querySelectorAll('[role=dialog] button')].find((one) => one.textContent === 'Sign and add');
      for (let press = 0; press < 100; press += 1) button.click();
    }`);
    await form
      .getByLabel('Name')
      .press('Enter')
      .catch(() => undefined);
    await secretDialog(there.page, 'subkey').waitFor();
    expect((await live(there)).subkeys).toHaveLength(1);
  });

  test('an empty form is sent nowhere, and says at each field what is missing', async () => {
    const there = await visit('token');
    const sent: string[] = [];
    there.page.on('request', (request) => void (request.method() === 'POST' && sent.push(request.url())));
    await there.page.getByRole('button', { name: '+ Add New Key' }).first().click();
    const form = there.page.getByRole('dialog');
    await send(form);
    await form.getByText('Give it a name.').waitFor();
    await form.getByText('Choose one.').waitFor();
    const focused = () => there.page.evaluate('document.activeElement?.labels?.[0]?.textContent');
    await expect.poll(focused).toBe('Name');
    await form.getByLabel('Name').fill('bot\u202e');
    await form.getByText('Letters, numbers and signs only: this name has a hidden character.').waitFor();
    await form.getByRole('radio', { name: 'Exact date…' }).check();
    await form.getByText('Choose a day and a time.').waitFor();
    expect(sent.filter((url) => url.includes('/tokens'))).toEqual([]);
    expect((await live(there)).tokens).toEqual([]);
  });

  test('closing a form with anything typed asks, and an empty one closes', async () => {
    const there = await visit('token');
    const { page } = there;
    const form = page.getByRole('dialog', { name: 'Add a read-only key' });
    const open = () => page.getByRole('button', { name: '+ Add New Key' }).first().click();
    await open();
    await form.waitFor();
    await page.keyboard.press('Escape');
    await form.waitFor({ state: 'hidden' });
    await open();
    await form.getByLabel('Name').fill('d');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Keep editing' }).click();
    expect(await form.getByLabel('Name').inputValue()).toBe('d');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Throw away' }).click();
    await form.waitFor({ state: 'hidden' });
    await open();
    expect(await form.getByLabel('Name').inputValue()).toBe('');
  });

  test('a request for a read-only key that got lost made none, which the page says', async () => {
    const there = await visit('token');
    await cut(there.page, { method: 'POST', path: /^\/v1\/account\/tokens$/, at: 'request' });
    const form = await filledForm(there, 'token', { name: 'lost request' });
    await send(form);
    await form.getByText('It was not made. Try again.').waitFor();
    expect((await live(there)).tokens).toEqual([]);
    await typedAgain(there);
    await send(form);
    await secretDialog(there.page, 'token').waitFor();
    expect((await live(there)).tokens).toHaveLength(1);
  });

  test('a read-only key whose answer got lost is told, deleted and made anew', async () => {
    const there = await visit('token');
    await cut(there.page, { method: 'POST', path: /^\/v1\/account\/tokens$/, at: 'answer' });
    const form = await filledForm(there, 'token', { name: 'lost answer' });
    await send(form);
    await form
      .getByText(/‘lost answer’ was made at \d\d:\d\d:\d\d, but its text got lost on the way\. Nobody has it\./)
      .waitFor();
    const [first] = (await live(there)).tokens;
    await form.getByRole('button', { name: 'Delete it and make another' }).click();
    const key = form.getByLabel('Main private key');
    const dialog = secretDialog(there.page, 'token');
    await key.or(dialog).first().waitFor();
    if (await key.isVisible()) {
      await expect.poll(() => form.getByRole('button', { name: 'Sign and add' }).count()).toBe(1);
      await key.fill(there.owner.privateKey);
      await send(form);
    }
    await dialog.waitFor();
    const tokens = (await live(there)).tokens;
    expect(tokens).toMatchObject([{ name: 'lost answer' }]);
    expect(tokens[0]?.lookup_id).not.toBe(first?.lookup_id);
  });

  test.each(['answer', 'request'] as const)(
    'a subkey whose %s got lost is shown once the account has it, or made by the next try',
    async (at) => {
      const there = await visit('subkey');
      await cut(there.page, { method: 'POST', path: /^\/countersign\/v1\/subkeys$/, at });
      const form = await filledForm(there, 'subkey', { name: `lost ${at}` });
      await send(form);
      if (at === 'request') {
        await form.getByText('It was not made. Try again.').waitFor();
        await typedAgain(there);
        await send(form);
      }
      const dialog = secretDialog(there.page, 'subkey');
      await dialog.waitFor();
      const { publicKey } = createStarkKey(await shownSecret(dialog));
      expect((await live(there)).subkeys).toMatchObject([{ public_key: publicKey, name: `lost ${at}` }]);
    },
  );

  test('a public key that is brought along is registered, and nothing secret is made', async () => {
    const there = await visit('subkey');
    const { publicKey } = createStarkKey(`0x${'7'.repeat(63)}`);
    const bring = async (name: string) => {
      const form = await filledForm(there, 'subkey', { name, place: 'I have a public key already' });
      await form.getByRole('textbox', { name: 'Public key' }).fill(publicKey);
      await send(form);
      return form;
    };
    const form = await bring('imported');
    await form.waitFor({ state: 'hidden' });
    expect((await live(there)).subkeys).toMatchObject([{ public_key: publicKey, name: 'imported' }]);
    const again = await bring('imported again');
    await again.getByText('This public key is registered already.', { exact: true }).waitFor();
    expect((await live(there)).subkeys).toMatchObject([{ public_key: publicKey, name: 'imported' }]);
  });
});
