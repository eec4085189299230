// A session that ends in the middle of a form, tabs that know of each other, and pages that come back: nothing typed is lost, and nothing untrue is shown.
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, keysPath, secretDialog } from '../support/console/adding.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';
import { againDialog, signInAgain } from '../support/console/sign-in-again.ts';
import { use } from '../support/console/some-keys.ts';

const READ_ONLY = '/console/keys/read-only';
const GIVEN = 120_000;
const MINUTE_MS = 60_000;

describe.skipIf(chromiumFile === undefined)(
  `a session that ends in a form${chromiumNeeded}`,
  { timeout: GIVEN },
  () => {
    let opened: OpenConsole;
    beforeAll(async () => {
      opened = await openConsole({
        settings: { 'login.future_tolerance': '1', 'console.url': 'https://keys.venue.example' },
      });
    }, GIVEN);
    afterAll(() => opened?.close());

    const tokenOf = async ({ owner }: Visit, name: string, allowed_cidrs: string[] = []) =>
      (await owner.client.tokens.create({ name, allowed_cidrs })).value;
    const typedKey = async ({ page, owner }: Visit) => {
      const key = page.getByRole('dialog').getByLabel('Main private key');
      if (await key.isVisible()) await key.fill(owner.privateKey);
    };

    /** A form as a person has filled it. */
    interface Form {
      /** Gives the button that sends it. */
      fill(visit: Visit): Promise<Locator>;
      /** What was typed is there. */
      isThere(page: Page): Promise<void>;
      /** What it was for has happened. */
      isDone(visit: Visit): Promise<void>;
    }

    const forms: Readonly<Record<string, Form>> = {
      'a new read-only key': {
        async fill(visit) {
          await visit.goTo(keysPath('token'));
          const form = await filledForm(visit, 'token', { name: 'dashboard', end: '7 days', addresses: '203.0.113.7' });
          return form.getByRole('button', { name: 'Sign and add' });
        },
        async isThere(page) {
          expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('dashboard');
          expect(await page.getByLabel('One address or range a line').inputValue()).toBe('203.0.113.7');
        },
        async isDone({ page, owner }) {
          await secretDialog(page, 'token').waitFor();
          const { results } = await owner.client.tokens.list().page();
          expect(results).toMatchObject([{ name: 'dashboard', allowed_cidrs: ['203.0.113.7/32'] }]);
        },
      },
      'a new subkey': {
        async fill(visit) {
          await visit.goTo(keysPath('subkey'));
          const form = await filledForm(visit, 'subkey', { name: 'market maker 1' });
          return form.getByRole('button', { name: 'Sign and add' });
        },
        async isThere(page) {
          expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('market maker 1');
        },
        async isDone({ page, owner }) {
          await secretDialog(page, 'subkey').waitFor();
          const { results } = await owner.client.subkeys.list().page();
          expect(results).toMatchObject([{ name: 'market maker 1', state: 'active' }]);
        },
      },
      'a subkey for a phone': {
        async fill(visit) {
          await visit.goTo(keysPath('subkey'));
          const form = await filledForm(visit, 'subkey', { name: 'phone bot', place: 'On my phone' });
          return form.getByRole('button', { name: 'Sign and add' });
        },
        async isThere(page) {
          expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('phone bot');
          expect(await page.getByRole('radio', { name: 'On my phone', includeHidden: true }).isChecked()).toBe(true);
        },
        async isDone({ page, owner }) {
          await page.getByRole('dialog', { name: 'Scan this with your phone.' }).waitFor();
          const { results } = await owner.client.subkeys.list().page();
          expect(results).toMatchObject([{ name: 'phone bot', state: 'pending' }]);
        },
      },
      'a replacement': {
        async fill(visit) {
          const { api_token } = await tokenOf(visit, 'grafana');
          await visit.goTo(`${READ_ONLY}/${api_token.lookup_id}`);
          await visit.page.getByRole('button', { name: 'Replace' }).click();
          const dialog = visit.page.getByRole('dialog');
          await dialog.getByText('1 hour').locator('..').click();
          await dialog.getByLabel('Main private key').fill(visit.owner.privateKey);
          return dialog.getByRole('button', { name: 'Sign and replace' });
        },
        async isThere(page) {
          expect(await page.getByRole('radio', { name: '1 hour', includeHidden: true }).isChecked()).toBe(true);
        },
        async isDone({ page, owner }) {
          await secretDialog(page, 'token').waitFor();
          const { results } = await owner.client.tokens.list().page();
          expect(results.filter(({ replaced_by }) => replaced_by !== null)).toHaveLength(1);
          expect(results).toHaveLength(2);
        },
      },
      'a new name': {
        async fill(visit) {
          const { api_token } = await tokenOf(visit, 'before');
          await visit.goTo(`${READ_ONLY}/${api_token.lookup_id}`);
          await visit.page.getByRole('button', { name: 'Rename before' }).click();
          await visit.page.getByRole('textbox', { name: 'Name' }).fill('after');
          return visit.page.getByRole('button', { name: 'Save', exact: true });
        },
        async isThere(page) {
          expect(await page.getByRole('textbox', { name: 'Name', includeHidden: true }).inputValue()).toBe('after');
        },
        async isDone({ page, owner }) {
          await page.getByRole('heading', { level: 1, name: 'after' }).waitFor();
          expect((await owner.client.tokens.list().page()).results).toMatchObject([{ name: 'after' }]);
        },
      },
      'a list of fewer addresses': {
        async fill(visit) {
          const { api_token } = await tokenOf(visit, 'narrower', ['203.0.113.0/24']);
          await visit.goTo(`${READ_ONLY}/${api_token.lookup_id}`);
          await visit.page.getByRole('button', { name: 'Change addresses' }).click();
          await visit.page.getByRole('textbox', { name: 'One address or range a line' }).fill('203.0.113.7');
          return visit.page.getByRole('button', { name: 'Save', exact: true });
        },
        async isThere(page) {
          expect(await page.getByLabel('One address or range a line').inputValue()).toBe('203.0.113.7');
        },
        async isDone({ page, owner }) {
          await page.getByText('Saved. It holds from the next request.').waitFor();
          const { results } = await owner.client.tokens.list().page();
          expect(results).toMatchObject([{ allowed_cidrs: ['203.0.113.7/32'] }]);
        },
      },
      'the question before a key is deleted': {
        async fill(visit) {
          const { api_token } = await tokenOf(visit, 'deleted');
          await visit.goTo(`${READ_ONLY}/${api_token.lookup_id}`);
          await visit.page.getByRole('button', { name: 'Delete deleted' }).click();
          return visit.page.getByRole('alertdialog').getByRole('button', { name: 'Delete key' });
        },
        async isThere(page) {
          await page.getByText('Delete ‘deleted’?').waitFor();
        },
        async isDone({ page, owner }) {
          await page.getByText(/^Deleted\. Refused everywhere since/).waitFor();
          expect((await owner.client.tokens.list().page()).results).toEqual([]);
        },
      },
      'the word that ends everything': {
        async fill(visit) {
          const { token } = await tokenOf(visit, 'ended with the rest');
          tokens.set(visit, token);
          await visit.goTo('/console/wallet');
          await visit.page.getByRole('button', { name: 'End everything' }).click();
          const dialog = visit.page.getByRole('alertdialog', { name: 'End everything?' });
          await dialog.getByLabel('Type END').fill('END');
          return dialog.getByRole('button', { name: 'End everything' });
        },
        async isThere(page) {
          expect(await page.getByLabel('Type END').inputValue()).toBe('END');
        },
        async isDone(visit) {
          await visit.page.getByRole('heading', { name: 'Everything is ended' }).waitFor();
          await visit.page.getByRole('listitem').getByText('ended with the rest', { exact: true }).waitFor();
          expect(await use(opened.url, tokens.get(visit) ?? '')).toBe(401);
        },
      },
    };
    const tokens = new Map<Visit, string>();
    const names = Object.keys(forms);

    test.each(names)(
      '%s goes on after its device was ended elsewhere, and happens once one has signed in again',
      async (name) => {
        const form = forms[name] as Form;
        const visit = await opened.visit({ path: undefined });
        const { page, owner, deviceId = '' } = visit;
        const button = await form.fill(visit);
        await owner.client.devices.end(deviceId);
        await button.click();
        // A key is made by the main key alone: that its device is gone is seen when the list is read.
        const again = againDialog(page);
        await again.waitFor();
        await signInAgain(page, owner);
        const isMade = await Promise.race([
          form.isDone(visit).then(() => true),
          page
            .getByRole('alert')
            .first()
            .waitFor({ timeout: GIVEN })
            .then(() => false),
        ]);
        if (isMade) return;
        await form.isThere(page);
        await typedKey(visit);
        await button.click();
        await form.isDone(visit);
      },
    );

    const idle = {
      device: {},
      minutes: 16,
      said: 'You were signed out because nobody used this page for a while.',
    };
    const expired = {
      device: { lifetime_seconds: 300, idle_seconds: 300 },
      minutes: 6,
      said: 'Your time here was over. Sign in again.',
    };
    const lapses = names.flatMap((name) => [
      { name, what: 'nobody was there for 15 minutes', ...idle },
      { name, what: 'the time of its device was over', ...expired },
    ]);

    test.each(lapses)(
      '$name goes on after $what, and keeps what was typed',
      async ({ name, device, minutes, said }) => {
        const form = forms[name] as Form;
        const visit = await opened.visit({
          path: undefined,
          device,
          prepare: (page) => page.clock.install({ time: Date.now() }),
        });
        const { page, owner } = visit;
        const button = await form.fill(visit);
        await page.clock.fastForward(minutes * MINUTE_MS);
        await againDialog(page).getByText(said).waitFor();
        await form.isThere(page);
        await signInAgain(page, owner);
        await form.isThere(page);
        await typedKey(visit);
        await button.click();
        await form.isDone(visit);
      },
    );

    test('Back leaves a name as it is typed, and Esc is the way out', async () => {
      const visit = await opened.visit({ path: READ_ONLY });
      const { page } = visit;
      await tokenOf(visit, 'before');
      await page.reload();
      await page.getByRole('link', { name: 'Open before' }).click();
      await page.getByRole('button', { name: 'Rename before' }).click();
      const field = page.getByRole('textbox', { name: 'Name' });
      await field.fill('half a na');
      for (let back = 0; back < 3; back += 1) {
        await page.evaluate('history.back()');
        await expect.poll(() => field.inputValue()).toBe('half a na');
      }
      await page.keyboard.press('Escape');
      await field.waitFor({ state: 'detached' });
      await page.getByRole('heading', { level: 1, name: 'before' }).waitFor();
    });

    test('a name, addresses and an end of another tab are on the page of this one within moments, without a reload', async () => {
      const owner = await createOwner(opened.url, 'main');
      const { api_token } = (await owner.client.tokens.create({ name: 'before' })).value;
      const path = `${READ_ONLY}/${api_token.lookup_id}`;
      const visit = await opened.visit({ owner, path });
      const other = await opened.anotherTab(visit, path);
      await visit.page.bringToFront();
      await visit.page.getByRole('button', { name: 'Rename before' }).click();
      await visit.page.getByRole('textbox', { name: 'Name' }).fill('after');
      await visit.page.keyboard.press('Enter');
      await other.page.getByRole('heading', { level: 1, name: 'after' }).waitFor();
      await visit.page.getByRole('button', { name: 'Delete after' }).click();
      await visit.page.getByRole('alertdialog').getByRole('button', { name: 'Delete key' }).click();
      await other.page.getByRole('heading', { level: 1, name: /after\s*Revoked/ }).waitFor();
    });

    test('signing out in one tab takes a half-filled form of another away, with all that was typed into it', async () => {
      const visit = await opened.visit({ path: keysPath('token') });
      const other = await opened.anotherTab(visit, keysPath('token'));
      await filledForm(other, 'token', { name: 'half' });
      await visit.page.bringToFront();
      await visit.page.getByRole('button', { name: 'Sign out' }).click();
      await other.page.getByText('You signed out in another tab.').waitFor();
      expect(await other.page.getByRole('dialog').count()).toBe(0);
      expect(await other.page.content()).not.toContain('half');
    });

    test('a hundred presses of Sign out end the device by one request', async () => {
      const visit = await opened.visit({ path: '/console/devices' });
      const { page } = visit;
      let sent = 0;
      page.on('request', (request) => {
        if (request.method() === 'DELETE') sent += 1;
      });
      const button = page.getByRole('button', { name: 'Sign out Chrome on Linux' });
      await button.evaluate((it: unknown) => {
        for (let press = 0; press < 100; press += 1) (it as { click(): void }).click();
      });
      await page.waitForURL(/\/console\/sign-in/);
      expect(sent).toBe(1);
    });
  },
);
