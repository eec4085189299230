// What a person copies from the page that saves a new key, the key and the program beside it, is all that ccxt needs; and it is over once the key
// is deleted there.
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { addedKey, filledForm, keysPath, saveAndClose, send, zerosInFront } from '../support/console/adding.ts';
import { copiedBy, hearCopies, mayCopy } from '../support/console/copies.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { scannedCode } from '../support/console/scanned-code.ts';
import { run } from '../support/typed-commands.ts';

const GIVEN = 180_000;
const CONSOLE_URL = 'https://keys.venue.example';

describe.skipIf(chromiumFile === undefined)(`ccxt with what was copied${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'console.url': CONSOLE_URL } });
  }, GIVEN);
  afterAll(() => opened?.close());

  /** The key, without being shown, and the program in JavaScript. */
  async function bothOf(place: Locator) {
    const secret = await copiedBy(place.getByRole('button', { name: /^Copy (?:Read-only key|Private key)/ }));
    await place.getByRole('tab', { name: 'ccxt (JS)' }).click();
    const program = await copiedBy(place.getByRole('button', { name: 'Copy ccxt (JS)' }));
    // Pasted into a file that others read: it holds no key.
    expect(program).not.toContain(secret);
    return { secret, program };
  }

  /** As a bot runs it, where ccxt is installed. */
  const running = async (program: string, secrets: Readonly<Record<string, string>>): Promise<string> => {
    const env = { ...process.env, ...secrets };
    const args = ['--input-type=module', '-e', program];
    return (await run(process.execPath, args, { cwd: import.meta.dirname, env, timeout: 50_000 })).stdout;
  };

  async function deleteKey(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name: `Delete ${name}`, exact: true }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete key' }).click();
    await page.getByText('Revoked', { exact: true }).first().waitFor();
  }

  function expectTraded(printed: string): void {
    const [, id] = /placed and cancelled ([0-9]+)\s*$/.exec(printed) ?? [];
    expect(id, printed).toBeDefined();
    const last = opened.service.venue.requests().at(-1);
    expect(last).toMatchObject({ method: 'DELETE', target: `/v1/orders/${id}` });
    expect(last?.headers).toMatchObject({ 'countersign-credential-kind': 'subkey' });
  }

  test('a subkey whose private key begins with zeros is copied with all 66 characters, trades, and is refused once it is deleted', async () => {
    let expected = '';
    const prepare = async (page: Page) => {
      await hearCopies(page);
      expected = await zerosInFront(page);
    };
    const there = await opened.visit({ path: keysPath('subkey'), context: mayCopy, prepare });
    const dialog = await addedKey(there, 'subkey', { name: 'market maker 1' });
    const { secret, program } = await bothOf(dialog);
    expect(secret).toBe(expected);
    expect(secret).toMatch(/^0x000[0-9a-f]{61}$/);
    const env = { COUNTERSIGN_SUBKEY_PRIVATE_KEY: secret };
    expectTraded(await running(program, env));
    await saveAndClose(dialog);
    await deleteKey(there.page, 'market maker 1');
    await expect(running(program, env)).rejects.toThrow(/INVALID_SUBKEY/);
  });

  test('a read-only key reads a balance, and is refused once it is deleted', async () => {
    const prepare = (page: Page) => hearCopies(page);
    const there = await opened.visit({ path: keysPath('token'), context: mayCopy, prepare });
    const dialog = await addedKey(there, 'token', { name: 'dashboard' });
    const { secret, program } = await bothOf(dialog);
    const env = { COUNTERSIGN_TOKEN: secret };
    expect(await running(program, env)).toContain('total:');
    await saveAndClose(dialog);
    await deleteKey(there.page, 'dashboard');
    await expect(running(program, env)).rejects.toThrow(/UNAUTHORIZED_ERROR/);
  });

  test('a key that another browser took by its code trades from there, and is refused once "That was not me" is pressed', async () => {
    const computer = await opened.visit({ path: keysPath('subkey') });
    await send(await filledForm(computer, 'subkey', { name: 'phone bot', place: 'On my phone' }));
    await computer.page.locator('[role=dialog] svg path[d^="M"]').first().waitFor();
    const path = (await scannedCode(opened.browser, computer.page)).replace(CONSOLE_URL, '');
    const prepare = (page: Page) => hearCopies(page);
    const phone = await opened.visit({ as: 'stranger', width: 390, path, context: mayCopy, prepare });
    await phone.page.getByRole('button', { name: 'Take the key' }).click();
    await phone.page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
    const { secret, program } = await bothOf(phone.page.getByRole('main'));
    const env = { COUNTERSIGN_SUBKEY_PRIVATE_KEY: secret };
    expectTraded(await running(program, env));
    await computer.page.getByRole('button', { name: 'That was not me: delete it now' }).click();
    await computer.page.getByRole('dialog').waitFor({ state: 'hidden' });
    await expect(running(program, env)).rejects.toThrow(/INVALID_SUBKEY/);
  });
});
