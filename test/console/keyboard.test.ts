// The console without a mouse: where focus is when a dialog opens, in which order Tab goes, where focus is afterwards, and every flow by keys alone.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createClient, subkey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { fetchFrom, trustsThisMachine } from '../support/console/from-address.ts';
import {
  focusedName,
  goThroughDialog,
  hasFocus,
  pressByKey,
  tabTo,
  topDialog as top,
} from '../support/console/keyboard.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
import { makeSomeKeys } from '../support/console/some-keys.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const READ_ONLY = '/console/keys/read-only';
const SUBKEYS = '/console/keys/subkeys';
const VENUE = 'https://keys.venue.example';
const settings = { ...trustsThisMachine, 'devices.max_live': '100', 'console.url': VENUE };
const OUTSIDE = '198.51.100.4';

describe.skipIf(chromiumFile === undefined)(`the console without a mouse${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  let owner: ConsoleOwner;
  const pageOf = { token: '', subkey: '' };

  beforeAll(async () => {
    opened = await openConsole({ settings });
    owner = await createOwner(opened.url, 'main');
    const { dashboard, bot } = await makeSomeKeys(opened.url, owner);
    pageOf.token = `${READ_ONLY}/${dashboard.api_token.lookup_id}`;
    pageOf.subkey = `${SUBKEYS}/${bot.publicKey}`;
    await refusedBot(owner);
  });
  afterAll(() => opened?.close());

  /** A subkey that was refused for its address. */
  async function refusedBot(of: ConsoleOwner): Promise<string> {
    const { value } = await of.client.subkeys.create({ name: 'bot', allowed_cidrs: ['203.0.113.0/24'] });
    const auth = subkey(value.private_key, of.account);
    await createClient({ url: opened.url, auth, fetch: fetchFrom(OUTSIDE) })
      .account.self()
      .catch(() => undefined);
    return value.subkey.public_key;
  }

  const dialogs = [
    ['Add a read-only key', () => READ_ONLY, '+ Add New Key', 'Name'],
    ['Add a subkey', () => SUBKEYS, '+ Add New Key', 'Name'],
    ['Delete a key of the list', () => READ_ONLY, 'Delete dashboard', 'Keep it'],
    ['Delete, on the page of a key', () => pageOf.token, 'Delete dashboard', 'Keep it'],
    ['Change addresses', () => pageOf.token, 'Change addresses', 'One address or range a line'],
    ['Change addresses of a key from anywhere', () => pageOf.subkey, 'Change addresses', 'Anywhere'],
    ['Replace', () => pageOf.token, 'Replace', '24 hours'],
    ['Copy settings to a new key', () => pageOf.subkey, 'Copy settings to a new key', 'Name'],
    ['Why this was refused', () => '/console/activity', /^Why\? ./, /./],
    ['Keyboard', () => '/console/devices', 'Keyboard', 'Single letters work'],
    ['Copy Private Key', () => '/console/wallet', 'Copy Private Key', 'I know what this key can do'],
    ['End everything', () => '/console/wallet', 'End everything', 'Keep it'],
    ['Account, on a phone', () => '/console/devices', /^Account 0x/, 'Theme:'],
  ] as const;

  test.each(dialogs)(
    'a dialog is opened by keys, begins at its first field or at what changes nothing, is gone through in reading order, and gives focus back: %s',
    async (name, path, opener, first) => {
      const width = name.endsWith('on a phone') ? 390 : 1440;
      const { page } = await opened.visit({ owner, width, path: path() });
      await page.waitForLoadState('networkidle');
      await pressByKey(page, opener);
      await top(page).waitFor();
      await hasFocus(page, first);
      if (name === 'Why this was refused')
        await top(page)
          .getByRole('button', { name: /^Add 198/ })
          .waitFor();
      await page.waitForLoadState('networkidle');
      await goThroughDialog(page);
      await page.keyboard.press('Escape');
      await top(page).waitFor({ state: 'detached' });
      await hasFocus(page, opener);
    },
  );

  test.each([
    ['token', READ_ONLY, /^Copy Read-only key of/],
    ['subkey', SUBKEYS, /^Copy Private key of/],
  ] as const)('a %s is added by keys alone, and focus is at "+ Add New Key" afterwards', async (kind, path, copy) => {
    const { page, owner: of } = await opened.visit({ path });
    await page.getByText(/^No (?:read-only keys|subkeys) yet\.$/).waitFor();
    await page.keyboard.press('n');
    await hasFocus(page, 'Name');
    await page.keyboard.type('typed');
    await tabTo(page, 'Anywhere');
    await page.keyboard.press('Space');
    await tabTo(page, 'Main private key');
    await page.keyboard.type(of.privateKey);
    await page.keyboard.press('Enter');
    await hasFocus(page, copy);
    await tabTo(page, 'I have saved it where my bot can read it');
    await page.keyboard.press('Space');
    await pressByKey(page, 'Done');
    await top(page).waitFor({ state: 'detached' });
    await hasFocus(page, '+ Add New Key');
    const list = kind === 'token' ? of.client.tokens.list() : of.client.subkeys.list();
    expect((await list.page()).results.map(({ name }) => name)).toEqual(['typed']);
  });

  test('a key is replaced by keys alone, and focus is at "Replace" afterwards', async () => {
    const { page, owner: of, goTo } = await opened.visit({ path: undefined });
    const { value } = await of.client.tokens.create({ name: 'grafana', expiry_duration: 86_400 });
    await goTo(`${READ_ONLY}/${value.api_token.lookup_id}`);
    await pressByKey(page, 'Replace');
    await hasFocus(page, '24 hours');
    await tabTo(page, 'Main private key');
    await page.keyboard.type(of.privateKey);
    await page.keyboard.press('Enter');
    await hasFocus(page, /^Copy Read-only key of/);
    await tabTo(page, 'I have saved it where my bot can read it');
    await page.keyboard.press('Space');
    await pressByKey(page, 'Done');
    await top(page).waitFor({ state: 'detached' });
    await hasFocus(page, 'Replace');
    expect((await of.client.tokens.list().page()).results).toHaveLength(2);
  });

  test('a key is deleted by keys alone: its row is marked while it changes, and focus goes to the name of the next row', async () => {
    const marks = (page: Page) =>
      page.addInitScript(`{
        globalThis.marks = [];
        addEventListener('animationstart', ({ target }) => {
          const { boxShadow, animationDuration } = getComputedStyle(target);
          marks.push([target.tagName, target.innerText.split('\\n')[0].trim(), boxShadow !== 'none', animationDuration]);
        });
      }`);
    const {
      page,
      owner: of,
      goTo,
    } = await opened.visit({
      path: undefined,
      prepare: marks,
      context: { reducedMotion: 'reduce' },
    });
    for (const name of ['first', 'second']) await of.client.tokens.create({ name });
    await goTo(READ_ONLY);
    await pressByKey(page, 'Delete first');
    await hasFocus(page, 'Keep it');
    await page.keyboard.press('Tab');
    await hasFocus(page, 'Delete key');
    await page.keyboard.press('Enter');
    await page.getByText('Revoked', { exact: true }).waitFor();
    await hasFocus(page, 'second');
    const marked = () => page.evaluate("marks.filter(([tag]) => tag === 'TR')");
    await expect.poll(marked).toEqual([['TR', 'first', true, '1.2s']]);
  });

  test('a key that is changed in another tab has its row marked in this one', async () => {
    const { page, owner: of, ...visit } = await opened.visit({ path: undefined });
    await of.client.tokens.create({ name: 'here' });
    const { value } = await of.client.tokens.create({ name: 'there' });
    await page.addInitScript(`{
      globalThis.marks = [];
      addEventListener('animationstart', ({ target }) => {
        if (target.tagName === 'TR') marks.push(target.innerText.split('\\n')[0].trim());
      });
    }`);
    await visit.goTo(READ_ONLY);
    await page.getByLabel('Show ended keys').check();
    await page.getByText('there', { exact: true }).waitFor();
    const other = await opened.anotherTab({ page, owner: of, ...visit }, `${READ_ONLY}/${value.api_token.lookup_id}`);
    await other.page.getByRole('button', { name: 'Delete there' }).click();
    await other.page.getByRole('button', { name: 'Delete key' }).click();
    await other.page
      .getByText(/^Revoked \d/)
      .first()
      .waitFor();
    await expect.poll(() => page.evaluate('marks')).toEqual(['there']);
  });

  test('where what opened a dialog is gone when it closes, focus goes to the heading of the page', async () => {
    const { page, owner: of, goTo } = await opened.visit({ path: undefined });
    const { value } = await of.client.tokens.create({ name: 'alone' });
    await goTo(`${READ_ONLY}/${value.api_token.lookup_id}`);
    await pressByKey(page, 'Delete alone');
    await hasFocus(page, 'Keep it');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await top(page).waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1');
    expect(await focusedName(page)).toMatch(/^alone/);
  });

  test('addresses are changed by keys alone, and a choice by the arrows leaves focus at the choice', async () => {
    const { page, owner: of, goTo } = await opened.visit({ path: undefined });
    const { value } = await of.client.tokens.create({ name: 'anywhere' });
    const id = value.api_token.lookup_id;
    await goTo(`${READ_ONLY}/${id}`);
    await pressByKey(page, 'Change addresses');
    await hasFocus(page, 'Anywhere');
    await page.keyboard.press('ArrowRight');
    await page.getByLabel('One address or range a line').waitFor();
    expect(await focusedName(page)).toBe('Only these addresses');
    await tabTo(page, 'One address or range a line');
    await page.keyboard.type('203.0.113.7');
    await pressByKey(page, 'Save');
    await top(page).waitFor({ state: 'detached' });
    await hasFocus(page, 'Change addresses');
    expect((await of.client.tokens.get(id)).allowed_cidrs).toEqual(['203.0.113.7/32']);
  });

  test('a refusal is explained and mended by keys alone, and focus is at its "Why?" afterwards', async () => {
    const { page, owner: of, goTo } = await opened.visit({ path: undefined });
    const publicKey = await refusedBot(of);
    // Refused sign-ins are written a second later; a row that comes after the page waits behind a button there.
    const refused = async () => (await of.client.activity.list({ outcome: 'refusals' }).page()).results.length;
    await expect.poll(refused).toBeGreaterThan(0);
    await goTo('/console/activity');
    await page.getByText('Account made').waitFor();
    await pressByKey(page, /^Why\? ./);
    await page.getByText('403 IP_NOT_ALLOWED').waitFor();
    await tabTo(page, 'Copy as text');
    await pressByKey(page, /^Add 198/);
    await hasFocus(page, 'One address or range a line');
    await tabTo(page, 'Main private key');
    await page.keyboard.type(of.privateKey);
    await pressByKey(page, 'Sign and save');
    await expect.poll(async () => (await of.client.subkeys.get(publicKey)).allowed_cidrs).toContain(`${OUTSIDE}/32`);
    await page.getByRole('dialog', { name: 'Why this was refused' }).waitFor();
    await page.keyboard.press('Escape');
    await top(page).waitFor({ state: 'detached' });
    await hasFocus(page, /^Why\? ./);
  });

  /** The computer, with a code on its screen, and the code's path: all by keys. */
  async function offerByKeys() {
    const computer = await opened.visit({
      path: SUBKEYS,
      prepare: (page) =>
        page.addInitScript('navigator.clipboard.writeText = async (text) => void (globalThis.copied = text);'),
    });
    const { page, owner: of } = computer;
    await page.getByText('No subkeys yet.').waitFor();
    await page.keyboard.press('n');
    await hasFocus(page, 'Name');
    await page.keyboard.type('phone bot');
    await tabTo(page, 'Anywhere');
    await page.keyboard.press('Space');
    await tabTo(page, 'On this computer');
    await page.keyboard.press('ArrowRight');
    await hasFocus(page, 'On my phone');
    await tabTo(page, 'Main private key');
    await page.keyboard.type(of.privateKey);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Scan this with your phone.' }).locator('svg path').first().waitFor();
    await hasFocus(page, 'Cancel');
    await pressByKey(page, 'Copy link instead');
    const copied = () => page.evaluate<string>("globalThis.copied ?? ''");
    await expect.poll(copied).toMatch(/^https:/);
    return { computer, path: (await copied()).replace(VENUE, '') };
  }

  test('a key goes to a phone by keys alone: where buttons go, focus is at the heading of what is said then, on both', async () => {
    const { computer, path } = await offerByKeys();
    const phone = await opened.visit({ as: 'stranger', width: 390, path });
    await pressByKey(phone.page, 'Take the key');
    await hasFocus(phone.page, 'Save your subkey now');
    await tabTo(phone.page, 'I have saved it where my bot can read it');
    await phone.page.keyboard.press('Space');
    await pressByKey(phone.page, 'Done');
    await hasFocus(phone.page, 'It is on this device now');

    await hasFocus(computer.page, 'Your phone has the key');
    await pressByKey(computer.page, 'That was me');
    await top(computer.page).waitFor({ state: 'detached' });
    await hasFocus(computer.page, '+ Add New Key');

    const late = await opened.visit({ as: 'stranger', width: 390, path });
    await pressByKey(late.page, 'Take the key');
    await late.page.getByRole('alert').waitFor();
    await hasFocus(late.page, /^Take a subkey of/);
    const other = await opened.visit({ as: 'stranger', width: 390, path });
    await pressByKey(other.page, 'No, do nothing');
    await hasFocus(other.page, 'Nothing was done');
  });

  test('where a code runs out, focus is at the heading that says so, and another is made by keys alone', async () => {
    const { computer } = await offerByKeys();
    const { page, owner: of } = computer;
    const [made] = (await of.client.subkeys.list().page()).results;
    await of.client.subkeys.revoke(made?.public_key ?? '');
    await hasFocus(page, 'The code ran out');
    await pressByKey(page, 'Make a new code');
    await page.getByRole('dialog', { name: 'Add a subkey' }).waitFor();
    await hasFocus(page, 'Name');
  });

  test('everything is ended by keys alone, and focus is at the heading of what is said then', async () => {
    const { page } = await opened.visit({ path: '/console/wallet' });
    await pressByKey(page, 'End everything');
    await hasFocus(page, 'Keep it');
    await tabTo(page, 'Type END');
    await page.keyboard.type('END');
    await pressByKey(page, 'End everything');
    await hasFocus(page, 'Everything is ended');
  });

  test('signing out everywhere by keys alone ends with focus at the heading of what is said then', async () => {
    const { page } = await opened.visit({ path: '/console/devices' });
    await pressByKey(page, 'Sign out everywhere');
    await hasFocus(page, 'You are signed out everywhere, here too.');
  });
});
