// The activity in a real browser: rows of what really happened, its filters, and why a request was refused.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, type Client, type CountersignError, createClient, subkey } from '../../src/client/main.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { fetchFrom, trustsThisMachine } from '../support/console/from-address.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';

const OUTSIDE = '198.51.100.4';
const INSIDE = '203.0.113.7';

describe.skipIf(chromiumFile === undefined)(`the activity${chromiumNeeded}`, () => {
  let console: OpenConsole;
  beforeAll(async () => {
    console = await openConsole({ settings: trustsThisMachine });
  }, 120_000);
  afterAll(() => console?.close());

  /** A subkey that works from INSIDE alone, tried from OUTSIDE. */
  async function refusedBot({ owner }: Visit, name: string) {
    const created = await owner.client.subkeys.create({ name, allowed_cidrs: ['203.0.113.0/24'] });
    const { private_key } = created.value;
    const from = (address: string): Client =>
      createClient({ url: console.url, auth: subkey(private_key, owner.account), fetch: fetchFrom(address) });
    const requestId = await refusedId(() => from(OUTSIDE).account.self());
    // Refused sign-ins are written a second later; a row that comes after the page waits behind a button there.
    const refused = async () => (await owner.client.activity.list({ outcome: 'refusals' }).page()).results.length;
    await expect.poll(refused).toBeGreaterThan(0);
    return { requestId, from, publicKey: created.value.subkey.public_key };
  }

  async function refusedId(work: () => Promise<unknown>): Promise<string> {
    const error = await work().then(
      () => undefined,
      (thrown: CountersignError) => thrown,
    );
    if (error?.requestId === undefined) throw new Error('it was not refused');
    return error.requestId;
  }

  const row = ({ page }: Visit, text: string) => page.locator('tbody tr, li').filter({ hasText: text });

  test.each([1440, 390] as const)(
    'what was done and what was refused stands there by the hour, names of people are text, and nothing scrolls sideways, %i px wide',
    async (width) => {
      const visit = await console.visit({ width, path: undefined });
      const { page, owner } = visit;
      const name = '<img src=x onerror="document.title=1">\u05d0';
      await owner.client.tokens.create({ name, expiry_duration: 86_400 });
      await refusedBot(visit, 'market maker 1');
      await visit.goTo('/console/activity');
      await row(visit, 'Address not in the list').getByText('Refused', { exact: true }).waitFor();
      await row(visit, 'Account made').waitFor();
      expect(await row(visit, 'read-only, until').getByText(name, { exact: true }).count()).toBe(1);
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.title()).toBe('Activity · Countersign');
      const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate(sideways)).toBe(0);
      expect(await page.getByText('Times are yours (UTC+1).').count()).toBe(1);
    },
    60_000,
  );

  test('filters stand in the address, survive a reload, and are those of the rows; what matches nothing says so and leads back', async () => {
    const visit = await console.visit({ path: undefined });
    const { page } = visit;
    await refusedBot(visit, 'bot');
    await visit.goTo('/console/activity');
    await page.getByLabel('What', { exact: true }).selectOption('Refused');
    await page.getByLabel('When').selectOption('Last 24 hours');
    await page.getByLabel('Key', { exact: true }).selectOption({ label: '\u2068bot\u2069' });
    await expect.poll(() => page.url()).toMatch(/\/activity\?key=subkey%3A\d+&what=refused&days=1$/);
    await expect.poll(() => row(visit, 'Key added').count()).toBe(0);
    await row(visit, 'Address not in the list').waitFor();
    await page.reload();
    await row(visit, 'Address not in the list').waitFor();
    expect(await page.getByLabel('What', { exact: true }).inputValue()).toBe('refused');
    expect(await page.getByLabel('When').inputValue()).toBe('1');
    expect(await row(visit, 'Key added').count()).toBe(0);
    await page.getByLabel('What', { exact: true }).selectOption('Sign-ins');
    await page.getByText('Nothing like that in these 24 hours.').waitFor();
    await page.getByRole('button', { name: 'Show everything' }).click();
    await row(visit, 'Key added').first().waitFor();
    expect(new URL(page.url()).search).toBe('');
  }, 60_000);

  test('an address with hostile filters shows everything, and sends nothing of them to the server', async () => {
    const visit = await console.visit({ path: undefined });
    const asked: string[] = [];
    visit.page.on('request', (request) => asked.push(request.url()));
    await visit.goTo('/console/activity?key=subkey:1/../../x&what=<script>&days=1e9&from=a&to=b');
    await row(visit, 'Account made').waitFor();
    const audits = asked.filter((url) => url.includes('/countersign/v1/audit'));
    expect(audits.length).toBeGreaterThan(0);
    for (const url of audits) expect([...new URL(url).searchParams.keys()].sort()).toEqual(['from', 'limit']);
  }, 60_000);

  test('new rows wait until they are asked for, and push nothing away from under the reader', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    await visit.goTo('/console/activity');
    await row(visit, 'Account made').waitFor();
    const before = await row(visit, 'Account made').boundingBox();
    await owner.client.tokens.create({ name: 'made meanwhile', expiry_duration: 86_400 });
    const show = page.getByRole('button', { name: /^\d+ new: show$/ });
    await show.waitFor({ timeout: 30_000 });
    expect(await page.getByText('made meanwhile').count()).toBe(0);
    expect((await row(visit, 'Account made').boundingBox())?.y).toBe(before?.y);
    await show.click();
    await row(visit, 'made meanwhile').waitFor();
    await expect.poll(() => show.count()).toBe(0);
  }, 60_000);

  test('what comes while nothing stands there comes by itself', async () => {
    const visit = await console.visit({ path: undefined });
    const { page } = visit;
    await visit.goTo('/console/activity?what=refused');
    await page.getByText('Nothing like that in these 7 days.').waitFor();
    await page.getByText('Refused requests appear here within a minute.').waitFor();
    await refusedBot(visit, 'bot');
    await row(visit, 'Address not in the list').waitFor({ timeout: 30_000 });
    expect(await page.getByRole('button', { name: / new: show$/ }).count()).toBe(0);
  }, 60_000);

  test('rows come 50 at a time, and older ones when they are asked for', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    const made = await owner.client.tokens.create({ name: 'n', expiry_duration: 86_400 });
    const { lookup_id } = made.value.api_token;
    for (let at = 0; at < 60; at += 1) await owner.client.tokens.rename(lookup_id, `name ${at}`);
    await visit.goTo('/console/activity?what=changes');
    await row(visit, 'Name changed').first().waitFor();
    expect(await row(visit, 'Name changed').count()).toBe(50);
    expect(await row(visit, 'Account made').count()).toBe(0);
    await page.getByRole('button', { name: 'Show older' }).click();
    await row(visit, 'Account made').waitFor();
    expect(await row(visit, 'Name changed').count()).toBe(60);
    expect(await page.getByRole('button', { name: 'Show older' }).count()).toBe(0);
  }, 60_000);

  test('sign-ins of one minute are one row that counts them, though they are more than a page of rows', async () => {
    const visit = await console.visit({ path: undefined });
    const { owner } = visit;
    const { private_key } = (await owner.client.subkeys.create({ name: 'busy' })).value;
    const SIGN_INS = 70;
    for (let at = 0; at < SIGN_INS; at += 1) {
      const bot = createClient({ url: console.url, auth: subkey(private_key, owner.account) });
      await bot.account.self();
    }
    const written = async () => (await owner.client.activity.list({ outcome: 'logins', limit: 500 }).page()).results;
    await expect.poll(async () => (await written()).length).toBeGreaterThanOrEqual(SIGN_INS);
    await visit.goTo('/console/activity?what=sign-ins');
    const busy = row(visit, 'with the subkey');
    await busy.first().waitFor();
    const texts = await busy.allInnerTexts();
    // Their minute may end between two of them.
    expect(texts.length).toBeLessThanOrEqual(3);
    const counted = texts.map((text) => Number(/([\d,]+) times in this minute/.exec(text)?.[1] ?? 1));
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(SIGN_INS);
  }, 60_000);

  test('the chart says the numbers of each day by hover, by arrow keys and in a table', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    const { value } = await owner.client.tokens.create({ name: 'reader', expiry_duration: 86_400 });
    const reader = createClient({ url: console.url, auth: bearer(value.token) });
    for (let at = 0; at < 3; at += 1) await reader.account.self();
    await refusedId(() => reader.subkeys.list().page());
    await visit.goTo(`/console/activity?key=token:${value.api_token.token_id}`);
    const chart = page.getByRole('region', { name: 'Requests per day, reader' });
    await chart.getByText('30 days · peak 4').waitFor();
    expect(await chart.getByRole('row').last().innerText()).toMatch(/3\s+1$/);
    const days = chart.getByRole('slider');
    await days.focus();
    expect(await days.getAttribute('aria-valuetext')).toMatch(/: 3 allowed, 1 refused$/);
    await page.keyboard.press('ArrowLeft');
    expect(await days.getAttribute('aria-valuetext')).toMatch(/: no requests$/);
    await chart.getByText(/: no requests$/).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => chart.getByText(/: no requests$/).count()).toBe(0);
  }, 60_000);

  test.each([1440, 390] as const)(
    'a request from another address is explained from its row, and the one button lets that address in, %i px wide',
    async (width) => {
      const visit = await console.visit({ width, path: undefined });
      const { page, owner } = visit;
      const { from, requestId } = await refusedBot(visit, 'bot');
      await visit.goTo('/console/activity?what=refused');
      await row(visit, 'Address not in the list').getByRole('link', { name: 'Why?' }).click();
      const why = page.getByRole('dialog', { name: 'Why this was refused' });
      await why.getByText(`It came from ${OUTSIDE}, which is not in this key's list.`).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/console/activity/${requestId}`);
      expect(await why.getByText("told by your venue's proxy 127.0.0.1").count()).toBe(1);
      expect(await why.getByText('403 IP_NOT_ALLOWED').count()).toBe(1);
      await why.getByRole('button', { name: `Add ${OUTSIDE}…` }).click();
      const change = page.getByRole('dialog', { name: /^Change addresses of/ });
      await change.getByText(`+ ${OUTSIDE}`).waitFor();
      await change.getByLabel('Main private key').fill(owner.privateKey);
      await change.getByRole('button', { name: 'Sign and save' }).click();
      await change.waitFor({ state: 'detached' });
      await from(OUTSIDE).account.self();
      await from(INSIDE).account.self();
    },
    60_000,
  );

  test('a key that is deleted in another tab while an address is added to it leaves the form as it is, and then the way back', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    const { publicKey, requestId } = await refusedBot(visit, 'bot');
    await visit.goTo(`/console/activity/${requestId}`);
    const why = page.getByRole('dialog', { name: 'Why this was refused' });
    await why.getByRole('button', { name: `Add ${OUTSIDE}…` }).click();
    const change = page.getByRole('dialog', { name: /^Change addresses of/ });
    await change.getByLabel('Main private key').fill(owner.privateKey);
    await owner.client.subkeys.revoke(publicKey);
    const read = page.waitForResponse((response) => /\/keys\/subkeys\?/.test(response.url()) && response.ok());
    await page.evaluate(`new BroadcastChannel('countersign').postMessage('keys changed')`);
    await read;
    // Long enough for the page to have drawn it.
    await page.evaluate(
      `(async () => { for (let at = 0; at < 20; at += 1) await (await fetch('/countersign/v1/about')).text(); })()`,
    );
    await change.getByRole('button', { name: 'Sign and save' }).click();
    await change.getByText('This key is gone: it was ended meanwhile.').waitFor();
    await change.getByRole('button', { name: 'Cancel' }).click();
    await why.waitFor();
    await expect.poll(() => why.getByRole('button', { name: /^Add/ }).count()).toBe(0);
  }, 60_000);

  test('an order with a read-only key is explained, and the one button adds a subkey like it', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    const { value } = await owner.client.tokens.create({ name: 'dashboard', expiry_duration: 86_400 });
    const headers = { Authorization: `Bearer ${value.token}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${console.url}/v1/orders`, { method: 'POST', headers, body: '{}' });
    expect(answer.status).toBe(403);
    await visit.goTo(`/console/activity/${answer.headers.get('Countersign-Request-Id')}`);
    const why = page.getByRole('dialog', { name: 'Why this was refused' });
    await why.getByText('Placing an order needs a subkey; this is a read-only key.').waitFor();
    await why.getByRole('button', { name: 'Add a subkey' }).click();
    const add = page.getByRole('dialog', { name: 'Add a subkey' });
    await add.waitFor();
    expect(await add.getByLabel('Name').inputValue()).toContain('dashboard');
  }, 60_000);

  test('a refusal has the one button that mends it, which opens the dialog of the key, or none', async () => {
    const visit = await console.visit({ path: undefined });
    const { page, owner } = visit;
    const { value } = await owner.client.tokens.create({
      name: 'dashboard',
      expiry_duration: 86_400,
      allowed_cidrs: ['127.0.0.1/32'],
    });
    const headers = { Authorization: `Bearer ${value.token}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${console.url}/v1/orders`, { method: 'POST', headers, body: '{}' });
    const path = `/console/activity/${answer.headers.get('Countersign-Request-Id')}`;
    let reason = '';
    await page.route('**/countersign/v1/explain?*', async (route) => {
      const real = await route.fetch();
      const body = (await real.text())
        .replace(/"reason":"[a-z_]+"/, `"reason":"${reason}"`)
        .replace(/"client_ip":"[^"]*"/, `"client_ip":"${OUTSIDE}"`);
      await route.fulfill({ response: real, body });
    });
    const mends: readonly (readonly [reason: string, button?: string, opens?: RegExp])[] = [
      ['ip_not_allowed', `Add ${OUTSIDE}…`, /^Change addresses of/],
      ['allowlist_damaged', 'Change addresses', /^Change addresses of/],
      ['permission_missing', 'Add a subkey', /^Add a subkey$/],
      ['read_only_method', 'Add a subkey', /^Add a subkey$/],
      ['credential_expired', 'Add a key like it', /^Add a read-only key$/],
      ['rate_limited'],
      ['signed_out'],
      ['upstream_timeout'],
      ['a_reason_of_a_later_release'],
    ];
    const why = page.getByRole('dialog', { name: 'Why this was refused' });
    for (const [each, button, opens] of mends) {
      reason = each;
      await visit.goTo(path);
      const footer = why.getByRole('button').filter({ hasText: /./ });
      await expect
        .poll(() => footer.allInnerTexts(), { message: each })
        .toEqual(['Copy as text', ...(button ? [button] : [])]);
      if (button === undefined || opens === undefined) continue;
      await why.getByRole('button', { name: button, exact: true }).click();
      await page.getByRole('dialog', { name: opens }).waitFor();
    }
  }, 60_000);

  test('an id that was pasted is explained at once; another text stays out of the address, and an unknown id has its sentence', async () => {
    const visit = await console.visit({ path: undefined });
    const { page } = visit;
    const { requestId } = await refusedBot(visit, 'bot');
    await visit.goTo('/console/activity');
    const field = page.getByLabel('Request id');
    await field.fill(visit.owner.privateKey);
    await page.keyboard.press('Enter');
    await page.getByText('That is no request id.').waitFor();
    expect(page.url()).not.toContain(visit.owner.privateKey.slice(2, 12));
    await field.fill(`  ${requestId.toUpperCase()} `);
    await page.keyboard.press('Enter');
    const why = page.getByRole('dialog', { name: 'Why this was refused' });
    await why.getByText('Address not in the list.').waitFor();
    await page.keyboard.press('Escape');
    await why.waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe('/console/activity');
    await field.fill('6c1d8b0e-5b3e-4f07-9c1b-0e7a4d2f9a10');
    await page.keyboard.press('Enter');
    await why.getByText('No refusal with this id.').waitFor();
    expect(await why.getByText(/The last 500 of your account are kept for 7 days/).count()).toBe(1);
    await visit.goTo('/console/activity/not-an-id');
    await why.getByText('No refusal with this id.').waitFor();
  }, 60_000);

  test('what is copied as text has every fact and no secret', async () => {
    const recordsCopies = `{
      const write = navigator.clipboard.writeText.bind(navigator.clipboard);
      navigator.clipboard.writeText = (text) => { globalThis.copied = text; return write(text); };
    }`;
    const visit = await console.visit({
      path: undefined,
      prepare: (page) => page.addInitScript(recordsCopies),
      context: { permissions: ['clipboard-write'] },
    });
    const { page } = visit;
    const { requestId } = await refusedBot(visit, 'bot');
    await visit.goTo(`/console/activity/${requestId}`);
    await page.getByRole('button', { name: 'Copy as text' }).click();
    const read = async () => String(await page.evaluate('globalThis.copied'));
    await expect.poll(read).toContain(`Request id: ${requestId}`);
    const text = await read();
    expect(text).toContain(`Came from: ${OUTSIDE}; told by your venue's proxy 127.0.0.1`);
    expect(text).toContain('Allowed from: 203.0.113.0/24');
    expect(text).not.toMatch(/eyJ|Bearer/);
  }, 60_000);

  test('a key that was deleted and is still used is told with its time and by whom', async () => {
    const visit = await console.visit({ path: undefined });
    const { owner, page } = visit;
    const { value } = await owner.client.tokens.create({ name: 'old', expiry_duration: 86_400 });
    await owner.client.tokens.revoke(value.api_token.lookup_id);
    const reader = createClient({ url: console.url, auth: bearer(value.token) });
    const requestId = await refusedId(() => reader.account.self());
    await visit.goTo(`/console/activity/${requestId}`);
    const why = page.getByRole('dialog', { name: 'Why this was refused' });
    await why.getByText(/Deleted \d+ \w+, \d\d:\d\d by you\. Something still uses it: 127\.0\.0\.1\./).waitFor();
  }, 60_000);
});
