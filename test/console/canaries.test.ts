// A whole visit, with every secret of it looked for in everything that the page sends, is answered, stores, shows and says. Where each may be
// stands in the lists below; anywhere else is a leak.
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHandOff } from '../../src/client/hand-off.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, saveAndClose, secretDialog, send } from '../support/console/adding.ts';
import { hearCopies } from '../support/console/copies.ts';
import { type OpenConsole, openConsole } from '../support/console/open-console.ts';
import { createOwner } from '../support/console/owners.ts';
import { type Recording, recordEverything } from '../support/console/record-everything.ts';
import { scannedCode } from '../support/console/scanned-code.ts';

const GIVEN = 240_000;

/** Steps in which somebody typed it, or pressed Show. The fields of a snapshot are those at the end of its step. */
const mayBe = {
  mainKey: [
    /^field, at typing the main key/,
    /^to a worker, at (?:typing the main key|signing in)/,
    /^to a worker, at adding (?:a read-only key|a subkey|a key for a phone)$/,
  ],
  token: [/^answer body of POST \/v1\/account\/tokens, at adding a read-only key$/, /^document, at showing the token$/],
  subkey: [/^document, at showing the subkey$/],
  nowhere: [],
  phoneKey: [/^document, at showing the key$/],
  // The code is the address that the phone's camera opens: the page takes it out before anything else.
  code: [/^(?:address|request line of GET \/console\/hand-off), at before anything$/],
} satisfies Record<string, readonly RegExp[]>;

/** As texts: with and without what stands in front, and as a number. */
const formsOf = (privateKey: string): readonly string[] => {
  const digits = BigInt(privateKey).toString(16);
  return [digits, BigInt(privateKey).toString()];
};

describe.skipIf(chromiumFile === undefined)(`the secrets of a visit${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'console.url': 'https://keys.venue.example' } });
  }, GIVEN);
  afterAll(() => opened?.close());

  async function recorded(path: string, options: { readonly owner?: Awaited<ReturnType<typeof createOwner>> } = {}) {
    let recording: Recording | undefined;
    const visit = await opened.visit({
      as: 'stranger',
      path,
      context: { permissions: ['clipboard-write'] },
      ...options,
      async prepare(page) {
        recording = await recordEverything(page);
        await hearCopies(page);
      },
    });
    if (recording === undefined) throw new Error('nothing was recorded');
    return { visit, recording };
  }

  /** Shows it, copies it, and gives its text. The step that ends here has it in the document. */
  async function shownAndCopied(place: Locator, recording: Recording, step: string): Promise<string> {
    await recording.step(step);
    await place.getByRole('button', { name: /^Show / }).click();
    const text = (await place.locator('code').first().textContent()) ?? '';
    await place.getByRole('button', { name: /^Copy (?:Read-only key|Private key)/ }).click();
    await place.getByText(/^Copied at /).waitFor();
    expect(await place.page().evaluate('copied')).toBe(text);
    await recording.step(`after ${step}`);
    return text;
  }

  async function takenByPhone(link: string) {
    const { visit, recording } = await recorded(link.replace('https://keys.venue.example', ''));
    const { page } = visit;
    await page.getByRole('button', { name: 'Take the key' }).waitFor();
    await recording.step('taking the key');
    await page.getByRole('button', { name: 'Take the key' }).click();
    await page.getByRole('heading', { name: 'Save your subkey now' }).waitFor();
    const privateKey = await shownAndCopied(page.getByRole('main'), recording, 'showing the key');
    await page.getByLabel('I have saved it where my bot can read it').check();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('heading', { name: 'It is on this device now' }).waitFor();
    await recording.step('the end');
    return { recording, privateKey };
  }

  test('are nowhere but where a person sees them, and each main session is on exactly one request', async () => {
    const owner = await createOwner(opened.url, 'main');
    const { visit, recording } = await recorded('/console/sign-in', { owner });
    const { page } = visit;

    await page.getByRole('link', { name: /^Starknet private key/ }).click();
    await recording.step('typing the main key');
    await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
    await page.getByText(/known here/).waitFor();
    await page.getByLabel(/^Keep it in this tab/).uncheck();
    await recording.step('signing in');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(/\/console\/keys\/read-only/);

    await recording.step('typing the main key for a read-only key');
    const tokenForm = await filledForm(visit, 'token', { name: 'dashboard' });
    await recording.step('adding a read-only key');
    await send(tokenForm);
    const tokenDialog = secretDialog(page, 'token');
    await tokenDialog.waitFor();
    const token = await shownAndCopied(tokenDialog, recording, 'showing the token');
    await saveAndClose(tokenDialog);

    await page.getByRole('link', { name: /^Subkeys/ }).click();
    await recording.step('typing the main key for a subkey');
    const subkeyForm = await filledForm(visit, 'subkey', { name: 'bot' });
    await recording.step('adding a subkey');
    await send(subkeyForm);
    const subkeyDialog = secretDialog(page, 'subkey');
    await subkeyDialog.waitFor();
    const subkey = await shownAndCopied(subkeyDialog, recording, 'showing the subkey');
    await saveAndClose(subkeyDialog);

    await recording.step('typing the main key for a phone');
    const phoneForm = await filledForm(visit, 'subkey', { name: 'phone bot', place: 'On my phone' });
    await recording.step('adding a key for a phone');
    await send(phoneForm);
    await page.locator('[role=dialog] svg path[d^="M"]').first().waitFor();
    await recording.step('showing the code');
    const link = await scannedCode(opened.browser, page);
    const phone = await takenByPhone(link);
    await page.getByRole('button', { name: 'That was me' }).click();

    await recording.step('deleting');
    for (const name of ['phone bot', 'bot']) {
      await page.getByRole('button', { name: `Delete ${name}`, exact: true }).click();
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete key' }).click();
      await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    }
    await recording.step('signing out');
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL(/\/console\/sign-in/);
    await page.waitForLoadState('networkidle');
    await recording.step('the end');

    const [, , signature = ''] = token.split('.');
    const { ephemeralKey } = readHandOff(link);
    const code = [link.slice(-40), ...formsOf(ephemeralKey)];
    const looked: readonly (readonly [string, Recording, readonly string[], readonly RegExp[], boolean])[] = [
      ['the main key', recording, formsOf(owner.privateKey), mayBe.mainKey, true],
      ['the read-only key', recording, [token, signature], mayBe.token, true],
      ['the subkey', recording, formsOf(subkey), mayBe.subkey, true],
      ['the key of the phone, on the computer', recording, formsOf(phone.privateKey), mayBe.nowhere, false],
      ['the code, on the computer', recording, code, mayBe.nowhere, false],
      ['the key of the phone', phone.recording, formsOf(phone.privateKey), mayBe.phoneKey, true],
      ['the code', phone.recording, code, mayBe.code, false],
      ['the main key, on the phone', phone.recording, formsOf(owner.privateKey), mayBe.nowhere, false],
    ];
    for (const [secret, of, texts, allowed, isSomewhere] of looked) {
      const places = await of.where(texts);
      const leaks = places.filter((place) => !allowed.some((one) => one.test(place)));
      expect([secret, leaks]).toEqual([secret, []]);
      // What nobody wrote down would be found nowhere.
      if (isSomewhere) expect([secret, places.length > 0]).toEqual([secret, true]);
    }
    const log = opened.service.log.join('\n').toLowerCase();
    for (const text of looked.flatMap(([, , texts]) => texts)) expect(log.includes(text.toLowerCase())).toBe(false);

    const bearers = bearersOf(recording);
    const ofMain = bearers.filter(({ kind }) => kind !== 'device');
    expect(ofMain.map(({ requests }) => requests)).toEqual([
      ['POST /countersign/v1/devices'],
      ['POST /v1/account/tokens'],
    ]);
    expect(bearers.length).toBeGreaterThan(ofMain.length);
    for (const { bearer } of bearers) {
      const places = await recording.where([bearer]);
      expect(places.filter((place) => !/^(?:request header|answer body) of /.test(place))).toEqual([]);
    }
    expect(bearersOf(phone.recording)).toEqual([]);
  });
});

/** Every bearer that was sent, with the requests that it was on. */
function bearersOf({ all }: Recording) {
  const seen = new Map<string, string[]>();
  for (const { kind, text, of } of all) {
    const [, bearer] = kind === 'request header' ? (/^authorization: Bearer (\S+)$/im.exec(text) ?? []) : [];
    if (bearer !== undefined) seen.set(bearer, [...(seen.get(bearer) ?? []), of]);
  }
  return [...seen].map(([bearer, requests]) => {
    const claims: unknown = JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString());
    const kind = typeof claims === 'object' && claims !== null && 'cs_kind' in claims ? String(claims.cs_kind) : '';
    return { bearer, requests, kind };
  });
}
