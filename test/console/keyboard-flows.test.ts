// What people do with keys, devices, filters and wallets, from the beginning to the end without a mouse.
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createClient, newDeviceKey, randomPrivateKey, starkKey, subkey } from '../../src/client/main.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { announceWallet } from '../support/console/announce-wallet.ts';
import { cut } from '../support/console/cut.ts';
import { fetchFrom, trustsThisMachine } from '../support/console/from-address.ts';
import { focusedName, hasFocus, pressByKey, tabTo, topDialog } from '../support/console/keyboard.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const READ_ONLY = '/console/keys/read-only';
const SUBKEYS = '/console/keys/subkeys';
const settings = { ...trustsThisMachine, 'tokens.max_live': '150', 'console.url': 'https://keys.venue.example' };

describe.skipIf(chromiumFile === undefined)(`whole flows without a mouse${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings });
  });
  afterAll(() => opened?.close());

  const tagInFocus = (page: Page) => page.evaluate('document.activeElement.tagName');

  test('a key is renamed by keys alone: Enter saves, Esc leaves, and focus is at "Rename" after both', async () => {
    const { page, owner, goTo } = await opened.visit({ path: undefined });
    const { value } = await owner.client.tokens.create({ name: 'before' });
    const id = value.api_token.lookup_id;
    await goTo(`${READ_ONLY}/${id}`);
    await pressByKey(page, 'Rename before');
    await hasFocus(page, 'Name');
    await page.keyboard.type('thrown away');
    await page.keyboard.press('Escape');
    await hasFocus(page, 'Rename before');
    await page.keyboard.press('Enter');
    await hasFocus(page, 'Name');
    // What was there is selected.
    await page.keyboard.type('after');
    await page.keyboard.press('Enter');
    await hasFocus(page, 'Rename after');
    expect((await owner.client.tokens.get(id)).name).toBe('after');
  });

  test('a public key that was brought along is registered by keys alone, and focus is at "+ Add New Key" afterwards', async () => {
    const { page, owner } = await opened.visit({ path: SUBKEYS });
    const { publicKey } = createStarkKey(randomPrivateKey());
    await page.getByText('No subkeys yet.').waitFor();
    await page.keyboard.press('n');
    await hasFocus(page, 'Name');
    await page.keyboard.type('from elsewhere');
    await tabTo(page, 'Anywhere');
    await page.keyboard.press('Space');
    await tabTo(page, 'On this computer');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await hasFocus(page, 'I have a public key already');
    await tabTo(page, 'Public key');
    await page.keyboard.type(publicKey);
    await tabTo(page, 'Main private key');
    await page.keyboard.type(owner.privateKey);
    await page.keyboard.press('Enter');
    await topDialog(page).waitFor({ state: 'detached' });
    await hasFocus(page, '+ Add New Key');
    const [made] = (await owner.client.subkeys.list().page()).results;
    expect(made).toMatchObject({ name: 'from elsewhere', state: 'active' });
    expect(BigInt(made?.public_key ?? 0)).toBe(BigInt(publicKey));
  });

  test('Enter in the box of addresses is a line break, and sends nothing', async () => {
    const { page, owner, goTo } = await opened.visit({ path: undefined });
    const { value } = await owner.client.tokens.create({ name: 'bot', allowed_cidrs: ['203.0.113.0/24'] });
    const id = value.api_token.lookup_id;
    await goTo(`${READ_ONLY}/${id}`);
    await pressByKey(page, 'Change addresses');
    await hasFocus(page, 'One address or range a line');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('203.0.113.7');
    await page.keyboard.press('Enter');
    await page.keyboard.type('203.0.113.8');
    expect(await page.getByLabel('One address or range a line').inputValue()).toBe('203.0.113.7\n203.0.113.8');
    expect((await owner.client.tokens.get(id)).allowed_cidrs).toEqual(['203.0.113.0/24']);
    await pressByKey(page, 'Save');
    await topDialog(page).waitFor({ state: 'detached' });
    expect((await owner.client.tokens.get(id)).allowed_cidrs).toEqual(['203.0.113.7/32', '203.0.113.8/32']);
  });

  test('one device is signed out by keys alone, and focus goes to the name of the next one', async () => {
    const { page, owner, goTo } = await opened.visit({ path: undefined });
    const { public_key } = await newDeviceKey();
    const { value } = await owner.client.devices.add({ name: 'laptop', public_key });
    await goTo('/console/devices');
    await pressByKey(page, 'Sign out laptop');
    await page.getByText(/^Signed out\. Refused everywhere since/).waitFor();
    await hasFocus(page, 'Chrome on Linux');
    const { results } = await owner.client.devices.list({ ended: true }).page();
    expect(results.find(({ id }) => id === value.id)?.state).toBe('ended');
  });

  test('the activity is filtered by keys alone, and a request id that was pasted is explained on Enter, with focus in its field afterwards', async () => {
    const { page, owner, goTo } = await opened.visit({ path: undefined });
    const { value } = await owner.client.subkeys.create({ name: 'bot', allowed_cidrs: ['203.0.113.0/24'] });
    const auth = subkey(value.private_key, owner.account);
    const bot = createClient({ url: opened.url, auth, fetch: fetchFrom('198.51.100.4') });
    const id: string | undefined = await bot.account.self().catch(({ requestId }) => requestId);
    const refused = async () => (await owner.client.activity.list({ outcome: 'refusals' }).page()).results.length;
    await expect.poll(refused).toBeGreaterThan(0);
    await goTo('/console/activity');
    await page.getByText('Account made').waitFor();
    await tabTo(page, 'What');
    for (let down = 0; down < 3; down += 1) await page.keyboard.press('ArrowDown');
    await expect.poll(() => new URL(page.url()).search).toBe('?what=refused');
    await page.getByText('Account made').waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('What');
    await tabTo(page, 'When');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => new URL(page.url()).search).toBe('?what=refused&days=1');
    await page.getByText('Address not in the list').waitFor();
    await tabTo(page, 'Request id');
    await page.keyboard.insertText('no id');
    await page.keyboard.press('Enter');
    await page.getByText(/^That is no request id\./).waitFor();
    expect(await focusedName(page)).toBe('Request id');
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(id ?? '');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Why this was refused' }).getByText('403 IP_NOT_ALLOWED').waitFor();
    await page.keyboard.press('Escape');
    await topDialog(page).waitFor({ state: 'detached' });
    await hasFocus(page, 'Request id');
    expect(new URL(page.url()).search).toBe('?what=refused&days=1');
  });

  test('a long list is read on, searched and sorted by keys alone, and focus never falls out of it where a button goes', async () => {
    const owner = await createOwner(opened.url, 'main');
    const next = Array.from({ length: 102 }, (_, at) => () => owner.client.tokens.create({ name: `key ${at}` }));
    const make = async () => {
      for (let one = next.shift(); one !== undefined; one = next.shift()) await one();
    };
    await Promise.all([make(), make(), make(), make()]);
    await owner.client.tokens.create({ name: 'the last one' });
    const { page } = await opened.visit({ owner, path: READ_ONLY });
    const names = () => page.locator('tbody th a').allTextContents();
    await expect.poll(names).toHaveLength(100);
    const before = await names();
    await tabTo(page, 'Show 100 more', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await expect.poll(names).toHaveLength(103);
    const came = (await names()).find((name) => !before.includes(name));
    await hasFocus(page, came ?? '');

    await page.keyboard.press('/');
    await hasFocus(page, 'Search name, id or address');
    await page.keyboard.type('none of them');
    await page.getByText('No key matches ‘none of them’.').waitFor();
    await pressByKey(page, 'Clear the search');
    await hasFocus(page, 'Search name, id or address');
    await page.keyboard.type('last');
    await expect.poll(names).toEqual(['the last one']);
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await expect.poll(names).toHaveLength(103);

    await pressByKey(page, 'Name');
    await page.getByRole('columnheader', { name: 'Name' }).and(page.locator('[aria-sort=ascending]')).waitFor();
    expect((await names())[0]).toBe('key 0');
    await page.keyboard.press('Enter');
    await page.getByRole('columnheader', { name: 'Name' }).and(page.locator('[aria-sort=descending]')).waitFor();
    expect((await names())[0]).toBe('the last one');
    expect(await focusedName(page)).toBe('Name');
  });

  test('an account whose key a wallet makes is made, signed in to and its private key shown by keys alone', async () => {
    const { page } = await opened.visit({
      as: 'stranger',
      path: '/console/sign-in',
      prepare: (on) => announceWallet(on, { key: `0x0${randomBytes(32).toString('hex').slice(1)}` }),
    });
    await page.getByRole('link', { name: /^Ethereum wallet/ }).waitFor();
    await pressByKey(page, /^Ethereum wallet/);
    await page.getByRole('button', { name: /^MetaMask/ }).waitFor();
    await pressByKey(page, /^MetaMask/);
    await page.getByRole('button', { name: /^Starknet account/ }).waitFor();
    // What was pressed is gone, and focus is at the step.
    await hasFocus(page, 'Ethereum wallet');
    await pressByKey(page, /^Starknet account/);
    await page.getByText(/^Your wallet will ask twice/).waitFor();
    await hasFocus(page, 'Ethereum wallet');
    await pressByKey(page, 'Go on');
    await page.getByRole('button', { name: 'Make the account' }).waitFor();
    await hasFocus(page, 'Ethereum wallet');
    await pressByKey(page, 'Make the account');
    await page.waitForURL(/\/console\/keys\/read-only$/);
    await page.getByText('No read-only keys yet.').waitFor();

    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await hasFocus(page, 'Wallet');
    await pressByKey(page, 'Copy Private Key');
    await hasFocus(page, 'I know what this key can do');
    await page.keyboard.press('Space');
    await page.getByText('Your wallet will ask for the signature it is made from.').waitFor();
    await pressByKey(page, /^MetaMask/);
    await page.getByRole('button', { name: 'Show Main private key' }).waitFor();
    await pressByKey(page, 'Show Main private key');
    const key = await topDialog(page).locator('code').innerText();
    await pressByKey(page, 'Done');
    await topDialog(page).waitFor({ state: 'detached' });
    await hasFocus(page, 'Copy Private Key');
    const { account } = await createClient({ url: opened.url, auth: starkKey(key) }).account.self();
    await page
      .getByRole('main')
      .getByRole('button', { name: `Copy ${account}` })
      .waitFor();
  });

  test('where a bar goes with the button that was pressed, focus is at the heading of the page', async () => {
    const { page, owner, goTo } = await opened.visit({ path: undefined });
    await owner.client.tokens.create({ name: 'dashboard' });
    await goTo(READ_ONLY);
    await page.getByText('dashboard').waitFor();
    const lost = await cut(page, { path: /^\/(?:v1|countersign)\//, at: 'request', times: 1000 });
    await tabTo(page, 'Show ended keys');
    await page.keyboard.press('Space');
    await page.getByText(/^(?:The server is not answering|No connection to)/).waitFor();
    await tabTo(page, /^Try (?:now|again)$/, 'Shift+Tab');
    await lost.letGo();
    await page.keyboard.press('Enter');
    await page.getByText(/^(?:The server is not answering|No connection to)/).waitFor({ state: 'detached' });
    await expect.poll(() => tagInFocus(page)).toBe('H1');
    expect(await focusedName(page)).toBe('Key Management');
  });

  test('where what failed is read again on a press, and says no more that it failed, focus is at the heading of the page', async () => {
    const { page, owner, goTo } = await opened.visit({ path: undefined });
    await owner.client.tokens.create({ name: 'dashboard' });
    await page.route(/\/v1\/account\/tokens/, (route) =>
      route.fulfill({ status: 500, json: { error: 'INTERNAL_ERROR', message: 'internal error' } }),
    );
    await goTo(READ_ONLY);
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await tabTo(page, 'Try again');
    await page.unroute(/\/v1\/account\/tokens/);
    await page.keyboard.press('Enter');
    await page.getByText('dashboard').waitFor();
    await expect.poll(() => tagInFocus(page)).toBe('H1');
  });
});
