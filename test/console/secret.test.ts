// Save your key now: nothing that a person presses by accident closes it, and what it gives is what a program reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { addedKey, filledForm, keysPath, saveAndClose, send, shownSecret } from '../support/console/adding.ts';
import { copiedBy, hearCopies, mayCopy } from '../support/console/copies.ts';
import { askedOnReload, leaveForCache } from '../support/console/leave-page.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { run } from '../support/typed-commands.ts';

const GIVEN = 120_000;
const MINUTE_MS = 60_000;

describe.skipIf(chromiumFile === undefined)(`saving a new key${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, GIVEN);
  afterAll(() => opened?.close());

  const isFocused = (page: Page, name: RegExp) =>
    expect
      .poll(() => page.evaluate('document.activeElement?.ariaLabel ?? document.activeElement?.textContent'))
      .toMatch(name);

  test.each([1440, 390] as const)(
    'at %i px: five Esc, a click beside it, Back, and a reload that is not confirmed leave it open',
    async (width) => {
      const { page, ...there } = await opened.visit({ width, path: keysPath('subkey') });
      const dialog = await addedKey({ page, ...there }, 'subkey', { name: 'kept' });
      await isFocused(page, /^Copy Private key of/);
      for (let press = 0; press < 5; press += 1) await page.keyboard.press('Escape');
      await page.mouse.click(4, 4);
      expect(await dialog.isVisible()).toBe(true);
      await page.evaluate('history.back()');
      await expect.poll(() => page.evaluate('Boolean(history.state?.stays)')).toBe(true);
      expect(await dialog.isVisible()).toBe(true);
      expect(await askedOnReload(page)).toBe('beforeunload');
      expect(await dialog.isVisible()).toBe(true);
      const privateKey = await shownSecret(dialog);
      const { publicKey } = createStarkKey(privateKey);
      expect((await there.owner.client.subkeys.get(publicKey)).name).toBe('kept');
      await saveAndClose(dialog);
      await isFocused(page, /Add New Key/);
    },
  );

  test('Done waits until the person says that it is saved, and the text is not in the document before Show, nor after Done', async () => {
    const there = await opened.visit({ path: keysPath('token') });
    const dialog = await addedKey(there, 'token', { name: 'seen' });
    const html = () => there.page.evaluate<string>('document.documentElement.outerHTML');
    const before = await html();
    await dialog.getByRole('button', { name: 'Done' }).click({ force: true });
    expect(await dialog.isVisible()).toBe(true);
    const token = await shownSecret(dialog);
    expect(token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(before).not.toContain(token);
    expect(await html()).not.toContain(token);
    await dialog.getByRole('button', { name: /^Show/ }).click();
    expect(await html()).toContain(token);
    await saveAndClose(dialog);
    await expect.poll(html).not.toContain(token);
  });

  test('Copy copies without showing, and says when', async () => {
    const there = await opened.visit({ path: keysPath('token'), context: mayCopy, prepare: hearCopies });
    const dialog = await addedKey(there, 'token', { name: 'copied' });
    const copied = await copiedBy(dialog.getByRole('button', { name: /^Copy Read-only key/ }));
    await dialog.getByText(/^Copied at [0-9:]{8}\. Paste it where it belongs, then copy something else\.$/).waitFor();
    expect(await there.page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(copied);
    expect(copied).toBe(await shownSecret(dialog));
  });

  test('a clipboard that refuses: the text is shown and selected', async () => {
    const refuses = (page: Page) =>
      page.addInitScript(`Object.defineProperty(navigator.clipboard, 'writeText', { value: () => Promise.reject(new DOMException('no', 'NotAllowedError')) });
        document.execCommand = () => false;`);
    const there = await opened.visit({ path: keysPath('token'), prepare: refuses });
    const dialog = await addedKey(there, 'token', { name: 'refused' });
    await dialog.getByRole('button', { name: /^Copy Read-only key/ }).click();
    await dialog.getByText('Your browser would not copy it. It is selected: press Ctrl+C.').waitFor();
    const selected = await there.page.evaluate<string>('String(getSelection())');
    expect(selected.trim()).toBe(await dialog.locator('code').first().textContent());
  });

  test('Close without saving asks, and deletes the key', async () => {
    const there = await opened.visit({ path: keysPath('subkey') });
    const dialog = await addedKey(there, 'subkey', { name: 'abandoned' });
    const { publicKey } = createStarkKey(await shownSecret(dialog));
    const question = there.page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: 'Close without saving' }).click();
    await question.getByText('Then nobody has this key. It would be deleted.').waitFor();
    await question.getByRole('button', { name: 'Keep it open' }).click();
    await question.waitFor({ state: 'hidden' });
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByRole('button', { name: 'Close without saving' }).click();
    await question.getByRole('button', { name: 'Close and delete' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await there.owner.client.subkeys.get(publicKey)).state).toBe('revoked');
  });

  test('a sign-out in another tab wipes it', async () => {
    const there = await opened.visit({ path: keysPath('token') });
    const dialog = await addedKey(there, 'token', { name: 'wiped' });
    await dialog.getByRole('button', { name: /^Show/ }).click();
    const token = (await dialog.locator('code').first().textContent()) ?? '';
    const other = await opened.anotherTab(there, '/console/keys/read-only');
    await other.page.getByRole('button', { name: 'Sign out' }).first().click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await there.page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(token);
  });

  test.each(['request', 'answer'] as const)(
    'a key whose %s was under way when another tab signed out is not shown, and the page says that one may have been made',
    async (what) => {
      const there = await opened.visit({ path: keysPath('token') });
      const { page, owner } = there;
      const form = await filledForm(there, 'token', { name: 'under way' });
      let goOn = () => undefined as unknown;
      const isHeld = new Promise<void>((held) => {
        const go = new Promise((resolve) => {
          goOn = () => resolve(undefined);
        });
        page.route(/\/v1\/account\/tokens$/, async (route) => {
          if (route.request().method() !== 'POST') return route.fallback();
          const answer = what === 'answer' ? await route.fetch() : undefined;
          held();
          await go;
          await (answer === undefined ? route.continue() : route.fulfill({ response: answer })).catch(() => undefined);
        });
      });
      await send(form);
      await isHeld;
      const other = await opened.anotherTab(there, '/console/keys/read-only');
      await other.page.getByRole('button', { name: 'Sign out' }).first().click();
      await page
        .getByText(
          'You signed out in another tab. A key was being made. If you find it in the list, nobody has its secret: delete it.',
        )
        .waitFor();
      goOn();
      // Whatever comes of it has come by now: the page asks, and is answered.
      await page.evaluate(`fetch('/countersign/v1/about').then((answer) => answer.text())`);
      expect(await page.evaluate<string>('document.documentElement.outerHTML')).not.toContain('eyJ');
      expect(await page.getByRole('dialog').count()).toBe(0);
      const made = (await owner.client.tokens.list().page()).results;
      expect(made.map(({ name }) => name)).toEqual(what === 'answer' ? ['under way'] : []);
    },
  );

  test('a page that is left has it no longer, says so, and deletes the key that nobody may have', async () => {
    const there = await opened.visit({ path: keysPath('subkey') });
    const dialog = await addedKey(there, 'subkey', { name: 'left behind' });
    await dialog.getByRole('button', { name: /^Show/ }).click();
    const privateKey = (await dialog.locator('code').first().textContent()) ?? '';
    const { publicKey } = createStarkKey(privateKey);
    await leaveForCache(there.page);
    await dialog.getByText('It is no longer in this page.').waitFor();
    await dialog.getByText(/close without saving: the key is deleted, and you make another\.$/).waitFor();
    expect(await there.page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(privateKey);
    expect(await dialog.getByRole('button', { name: /^(?:Copy|Show|Download)/ }).count()).toBe(0);
    await dialog.getByRole('button', { name: 'Close without saving' }).click();
    await there.page.getByRole('alertdialog').getByRole('button', { name: 'Close and delete' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await there.owner.client.subkeys.get(publicKey)).state).toBe('revoked');
  });

  test('a new main key that was not saved is gone with the page that is left, and no account is made of it', async () => {
    const { page } = await opened.visit({ as: 'stranger', path: '/console/sign-in' });
    await page.getByRole('link', { name: /^New account/ }).click();
    await page.getByRole('button', { name: /^Show Main private key/ }).click();
    const key = (await page.locator('code').first().textContent()) ?? '';
    expect(key).toMatch(/^0x[0-9a-f]{64}$/);
    await leaveForCache(page);
    await page.getByText('It is no longer in this page.').waitFor();
    expect(await page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(key);
    expect(await page.getByRole('button', { name: 'Make the account' }).count()).toBe(0);
  });

  test('the idle limit waits while a secret is on the screen, and counts again once it is not', async () => {
    const there = await opened.visit({
      path: keysPath('token'),
      prepare: (page) => page.clock.install({ time: Date.now() }),
    });
    const { page } = there;
    const dialog = await addedKey(there, 'token', { name: 'waits' });
    for (let quarter = 0; quarter < 2; quarter += 1) {
      await page.clock.fastForward(15 * MINUTE_MS);
      await page.clock.runFor(2000);
      expect(await dialog.isVisible()).toBe(true);
      expect(await page.getByText(/^Still there\?/).count()).toBe(0);
    }
    expect(await shownSecret(dialog)).toMatch(/^eyJ/);
    await saveAndClose(dialog);
    await page.clock.fastForward(15 * MINUTE_MS + 5000);
    await page.waitForURL(/\/console\/sign-in/);
  });

  test('the .env file is named after the key, and the program beside it places an order with what is in it', async () => {
    const there = await opened.visit({ path: keysPath('subkey') });
    const dialog = await addedKey(there, 'subkey', { name: '../Market maker №1' });
    const download = there.page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Download .env' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('market-maker-no1.env');
    const env = parseEnv(readFileSync(await file.path(), 'utf8'));
    const privateKey = await shownSecret(dialog);
    expect(env).toEqual({
      COUNTERSIGN_URL: opened.url,
      COUNTERSIGN_ACCOUNT: there.owner.account,
      COUNTERSIGN_SUBKEY_PUBLIC_KEY: createStarkKey(privateKey).publicKey,
      COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey,
    });
    await dialog.getByRole('tab', { name: 'TypeScript' }).click();
    const code = await dialog.getByRole('tabpanel').locator('pre').textContent();
    const program = join(temporaryFolder('snippet'), 'bot.mts');
    const library = join(import.meta.dirname, '../../src/client/main.ts');
    writeFileSync(program, String(code).replace("'countersign-client'", `'${library}'`));
    const { stdout } = await run(process.execPath, [program], { env: { ...process.env, ...env } });
    expect(stdout).toMatch(/placed and cancelled [0-9]+/);
  });

  test('a file that was asked for is there for a while, as Safari needs it, and not after the page was left', async () => {
    const there = await opened.visit({
      path: keysPath('token'),
      async prepare(page) {
        await page.clock.install({ time: Date.now() });
        await page.addInitScript(`{
          globalThis.gone = [];
          const revoke = URL.revokeObjectURL.bind(URL);
          URL.revokeObjectURL = (address) => (gone.push(address), revoke(address));
        }`);
      },
    });
    const { page } = there;
    const dialog = await addedKey(there, 'token', { name: 'saved' });
    const gone = () => page.evaluate<readonly string[]>('gone');
    const asked = async () => {
      const download = page.waitForEvent('download');
      await dialog.getByRole('button', { name: 'Download .env' }).click();
      return (await download).url();
    };
    const first = await asked();
    expect(await gone()).toEqual([]);
    await page.clock.runFor(10_000);
    expect(await gone()).toEqual([first]);
    const second = await asked();
    await leaveForCache(page);
    expect(await gone()).toEqual([first, second]);
    await page.clock.runFor(20_000);
    expect(await gone()).toEqual([first, second]);
  });
});
