// A server that is away, full, locked or of another time than this machine, and buttons that are pressed a hundred times.
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, keysPath, secretDialog, send, shownSecret } from '../support/console/adding.ts';
import { cut } from '../support/console/cut.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';
import { use } from '../support/console/some-keys.ts';
import { canLimit, limitOf } from '../support/full-disk.ts';
import { command } from '../support/operator.ts';

const READ_ONLY = '/console/keys/read-only';
const GIVEN = 120_000;
const MINUTE_MS = 60_000;

describe.skipIf(chromiumFile === undefined)(`a server in trouble${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'login.future_tolerance': '1' } });
  }, GIVEN);
  afterAll(() => opened?.close());

  const tokenOf = async ({ owner }: Pick<Visit, 'owner'>, name: string, allowed_cidrs: string[] = []) =>
    (await owner.client.tokens.create({ name, allowed_cidrs })).value;
  const live = async ({ owner }: Visit) => (await owner.client.tokens.list().page()).results;

  async function askedToDelete(name: string) {
    const owner = await createOwner(opened.url, 'main');
    const { api_token, token } = await tokenOf({ owner }, name);
    const visit = await opened.visit({ owner, path: `${READ_ONLY}/${api_token.lookup_id}` });
    await visit.page.getByRole('button', { name: `Delete ${name}` }).click();
    const dialog = visit.page.getByRole('alertdialog');
    const button = dialog.getByRole('button', { name: 'Delete key' });
    await button.waitFor();
    return { visit, page: visit.page, dialog, button, token };
  }
  const saidDeleted = /^Deleted\. Refused everywhere since/;

  test('a server that stopped under an open question and started again deletes what was asked meanwhile', async () => {
    const { page, dialog, button, token } = await askedToDelete('under restart');
    await opened.stopServer();
    await button.click();
    await dialog.getByText('We do not know yet whether it was deleted. Checking…').waitFor();
    await page.getByText(/^(?:The server is not answering|No connection to)/).waitFor();
    expect(await page.getByText(saidDeleted).count()).toBe(0);
    await opened.startServer();
    await page.getByText(saidDeleted).waitFor();
    expect(await use(opened.url, token)).toBe(401);
  });

  test('a server that stopped under a filled form makes the key once it has started again, and nothing is typed twice', async () => {
    const visit = await opened.visit({ path: keysPath('token') });
    const { page } = visit;
    const form = await filledForm(visit, 'token', { name: 'dashboard', end: '7 days', addresses: '203.0.113.7' });
    await opened.stopServer();
    await send(form);
    await form.getByRole('alert').getByText('No connection. Nothing was sent.').waitFor();
    await opened.startServer();
    expect(await form.getByLabel('Name').inputValue()).toBe('dashboard');
    expect(await form.getByLabel('One address or range a line').inputValue()).toBe('203.0.113.7');
    expect(await form.getByLabel('Main private key').count()).toBe(0);
    await send(form);
    await secretDialog(page, 'token').waitFor();
    expect(await live(visit)).toMatchObject([{ name: 'dashboard' }]);
  });

  test.skipIf(!canLimit)(
    'a key that a full disk keeps from being deleted is said to be not deleted yet, is refused already, and is deleted once there is room (needs prlimit)',
    async () => {
      const { page, dialog, button, token } = await askedToDelete('on a full disk');
      const disk = limitOf(process.pid, join(opened.service.folder, 'data', 'countersign.db-wal'));
      onTestFinished(() => disk.free());
      disk.fill();
      await button.click();
      await dialog.getByText('Not deleted yet.').waitFor();
      await dialog
        .getByText('The server could not write it down, though this server refuses the key already. Trying again.')
        .waitFor();
      expect(await page.getByText(saidDeleted).count()).toBe(0);
      expect(await use(opened.url, token)).toBe(401);
      disk.free();
      await page.getByText(saidDeleted).waitFor();
    },
  );

  const lockedWords = 'Your venue has locked this account. Nothing can be used until it unlocks it; nothing is lost.';

  test('an account that its venue locked is told so until it is unlocked, which shows by itself, and nothing of it is lost', async () => {
    const visit = await opened.visit({ path: undefined });
    const { page, owner } = visit;
    await tokenOf(visit, 'locked with it');
    await visit.goTo(READ_ONLY);
    await page.getByRole('link', { name: 'Open locked with it' }).waitFor();
    await command(opened.service, `/accounts/${owner.account}/lock`);
    await page.getByRole('link', { name: 'Devices' }).click();
    const bar = page.getByRole('status', { includeHidden: true }).getByText(lockedWords);
    await bar.waitFor();
    await command(opened.service, `/accounts/${owner.account}/unlock`);
    await bar.waitFor({ state: 'detached' });
    await page.getByText('This one', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Key Management' }).click();
    await page.getByRole('link', { name: 'Open locked with it' }).waitFor();
  });

  test('an account that is locked in the middle of a form keeps the form, which makes its key once it is unlocked', async () => {
    const visit = await opened.visit({ path: keysPath('token') });
    const { page, owner } = visit;
    const form = await filledForm(visit, 'token', { name: 'in the middle', addresses: '203.0.113.7' });
    await command(opened.service, `/accounts/${owner.account}/lock`);
    await send(form);
    await form.getByRole('alert').getByText(lockedWords).waitFor();
    await page.getByRole('status', { includeHidden: true }).getByText(lockedWords).waitFor();
    expect(await form.getByLabel('Name').inputValue()).toBe('in the middle');
    await command(opened.service, `/accounts/${owner.account}/unlock`);
    await page.getByRole('status', { includeHidden: true }).getByText(lockedWords).waitFor({ state: 'detached' });
    await send(form);
    await secretDialog(page, 'token').waitFor();
    expect(await live(visit)).toMatchObject([{ name: 'in the middle', allowed_cidrs: ['203.0.113.7/32'] }]);
  });

  const press100 = (button: Locator) =>
    button.evaluate((it: unknown) => {
      for (let press = 0; press < 100; press += 1) (it as { click(): void }).click();
    });

  test('a hundred presses of Sign and save send one list', async () => {
    const owner = await createOwner(opened.url, 'main');
    const { api_token } = await tokenOf({ owner }, 'wider', ['203.0.113.7']);
    const { page } = await opened.visit({ owner, path: `${READ_ONLY}/${api_token.lookup_id}` });
    let [sent, logins] = [0, 0];
    page.on('request', (request) => {
      if (request.method() === 'PUT') sent += 1;
      if (/\/v1\/auth/.test(request.url())) logins += 1;
    });
    await page.getByRole('button', { name: 'Change addresses' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'One address or range a line' }).fill('203.0.113.0/24');
    await dialog.getByLabel('Main private key').fill(owner.privateKey);
    await press100(dialog.getByRole('button', { name: 'Sign and save' }));
    await page.getByText('Saved. It holds from the next request.').waitFor();
    expect([sent, logins]).toEqual([1, 1]);
  });

  test('a hundred presses of End everything end it once', async () => {
    const visit = await opened.visit({ path: '/console/wallet' });
    const { page } = visit;
    await page.getByRole('button', { name: 'End everything' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'End everything?' });
    await dialog.getByLabel('Type END').fill('END');
    const held = await cut(page, { method: 'POST', path: /\/revoke-all$/, at: 'held', times: 1000 });
    await press100(dialog.getByRole('button', { name: 'End everything' }));
    await dialog.getByRole('button', { name: 'Ending…' }).waitFor();
    expect(held.hits()).toBe(1);
    expect(await page.getByText('Everything is ended').count()).toBe(0);
    await held.letGo();
    await page.getByRole('heading', { name: 'Everything is ended' }).waitFor();
  });

  test.each([10.5, -10.5])(
    'a machine whose clock is %d minutes ahead signs in, makes a key and calls none expired that works, and goes on when its clock is put right',
    async (minutes) => {
      const owner = await createOwner(opened.url, 'main');
      const made = async (name: string, seconds: number) =>
        (await owner.client.tokens.create({ name, expiry_duration: seconds })).value;
      await made('ends in five minutes', 300);
      const { page } = await opened.visit({
        as: 'stranger',
        owner,
        path: '/console/sign-in?with=key',
        prepare: (it) => it.clock.install({ time: Date.now() + minutes * MINUTE_MS }),
      });
      await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('link', { name: 'Open ends in five minutes' }).waitFor();
      const way = minutes > 0 ? 'ahead' : 'behind';
      const bar = page.getByText(`This computer's clock is 10 min ${way}. It works here; bots on it may be refused.`);
      await bar.waitFor();
      const row = page.getByRole('row').filter({ hasText: 'ends in five minutes' });
      await row.getByText('Ends soon').waitFor();
      expect(await row.innerText()).not.toContain('Expired');

      await page.clock.setSystemTime(Date.now());
      await expect.poll(() => bar.count()).toBe(0);
      await row.getByText('Ends soon').waitFor();
      await page.getByRole('button', { name: '+ Add New Key' }).first().click();
      const form = page.getByRole('dialog', { name: 'Add a read-only key' });
      await form.getByLabel('Name').fill('made after');
      await form.getByRole('radio', { name: 'Anywhere' }).check();
      await send(form);
      const dialog = secretDialog(page, 'token');
      await dialog.waitFor();
      expect(await use(opened.url, await shownSecret(dialog))).toBe(200);
    },
  );
});
