// Whole visits, with every secret of them looked for in everything that the page sends, is answered, stores, shows and says. Where each may be
// stands in the lists below; anywhere else is a leak.
import { randomBytes } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHandOff } from '../../src/client/hand-off.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { filledForm, saveAndClose, secretDialog, send } from '../support/console/adding.ts';
import { announceWallet } from '../support/console/announce-wallet.ts';
import { hearCopies } from '../support/console/copies.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../support/console/owners.ts';
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
  newToken: [
    /^answer body of POST \/countersign\/v1\/tokens\/[^/]+\/rotate, at replacing the key$/,
    /^document, at showing the new token$/,
  ],
  subkey: [/^document, at showing the subkey$/],
  madeKey: [/^from a worker, at making the main key$/, /^document, at showing the main key$/],
  derivedKey: [/^from a worker, at copying the main key$/, /^document, at showing the main key$/],
  // Of the wallet: the key is made from it.
  signature: [/^to a worker, at (?:signing in|copying the main key)$/],
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

const signatureOf = (token: string): string => token.split('.')[2] ?? '';

interface Looked {
  readonly secret: string;
  readonly in: Recording;
  readonly texts: readonly string[];
  readonly allowed: readonly RegExp[];
  /** Not seen by the page at all. */
  readonly isElsewhere?: boolean;
}

describe.skipIf(chromiumFile === undefined)(`the secrets of a visit${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole({ settings: { 'console.url': 'https://keys.venue.example' } });
  }, GIVEN);
  afterAll(() => opened?.close());

  async function recorded(path: string, options: { readonly owner?: ConsoleOwner; readonly wallet?: string } = {}) {
    const { owner, wallet } = options;
    let recording: Recording | undefined;
    const visit = await opened.visit({
      as: 'stranger',
      path,
      context: { permissions: ['clipboard-write'] },
      ...(owner === undefined ? {} : { owner }),
      async prepare(page) {
        recording = await recordEverything(page);
        await hearCopies(page);
        if (wallet !== undefined) await announceWallet(page, { key: wallet });
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
    await place.getByRole('button', { name: /^Copy (?:Read-only key|Private key|Main private key)/ }).click();
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

  async function addedToken(visit: Visit, recording: Recording, addresses?: string): Promise<string> {
    const form = await filledForm(visit, 'token', {
      name: 'dashboard',
      ...(addresses === undefined ? {} : { addresses }),
    });
    await recording.step('adding a read-only key');
    await send(form);
    const dialog = secretDialog(visit.page, 'token');
    await dialog.waitFor();
    const token = await shownAndCopied(dialog, recording, 'showing the token');
    await saveAndClose(dialog);
    return token;
  }

  async function signedOut(page: Page, recording: Recording): Promise<void> {
    await recording.step('signing out');
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL(/\/console\/sign-in/);
    await page.waitForLoadState('networkidle');
    await recording.step('the end');
  }

  async function expectNoLeak(looked: readonly Looked[]): Promise<void> {
    for (const { secret, in: recording, texts, allowed, isElsewhere = false } of looked) {
      const places = await recording.where(texts);
      const leaks = places.filter((place) => !allowed.some((one) => one.test(place)));
      expect([secret, leaks]).toEqual([secret, []]);
      // What nobody wrote down would be found nowhere.
      if (!isElsewhere) expect([secret, places.length > 0]).toEqual([secret, true]);
    }
    const log = opened.service.log.join('\n').toLowerCase();
    for (const { secret, texts } of looked) {
      expect([secret, texts.filter((text) => log.includes(text.toLowerCase()))]).toEqual([secret, []]);
    }
  }

  /** `requests`: that the sessions of an owner were on, each session on one. */
  async function expectOneRequestEach(recording: Recording, requests: readonly string[]): Promise<void> {
    const bearers = bearersOf(recording);
    const ofOwner = bearers.filter(({ kind }) => kind !== 'device');
    expect(ofOwner.map((one) => one.requests)).toEqual(requests.map((request) => [request]));
    expect(bearers.length).toBeGreaterThan(ofOwner.length);
    for (const { bearer } of bearers) {
      const places = await recording.where([bearer]);
      expect(places.filter((place) => !/^(?:request header|answer body) of /.test(place))).toEqual([]);
    }
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
    const token = await addedToken(visit, recording);

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
    await page.getByRole('img', { name: /camera of your phone/ }).waitFor();
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
    await signedOut(page, recording);

    const { ephemeralKey } = readHandOff(link);
    const code = [link.slice(-40), ...formsOf(ephemeralKey)];
    const ofPhone = formsOf(phone.privateKey);
    const ofMain = formsOf(owner.privateKey);
    const { nowhere } = mayBe;
    await expectNoLeak([
      { secret: 'the main key', in: recording, texts: ofMain, allowed: mayBe.mainKey },
      { secret: 'the read-only key', in: recording, texts: [token, signatureOf(token)], allowed: mayBe.token },
      { secret: 'the subkey', in: recording, texts: formsOf(subkey), allowed: mayBe.subkey },
      {
        secret: 'the key of the phone, on the computer',
        in: recording,
        texts: ofPhone,
        allowed: nowhere,
        isElsewhere: true,
      },
      { secret: 'the code, on the computer', in: recording, texts: code, allowed: nowhere, isElsewhere: true },
      { secret: 'the key of the phone', in: phone.recording, texts: ofPhone, allowed: mayBe.phoneKey },
      { secret: 'the code', in: phone.recording, texts: code, allowed: mayBe.code, isElsewhere: true },
      { secret: 'the main key, on the phone', in: phone.recording, texts: ofMain, allowed: nowhere, isElsewhere: true },
    ]);
    await expectOneRequestEach(recording, ['POST /countersign/v1/devices', 'POST /v1/account/tokens']);
    expect(bearersOf(phone.recording)).toEqual([]);
  });

  test('of a new account are nowhere else either, when a key of it is opened wider and replaced and every page is seen', async () => {
    const { visit, recording } = await recorded('/console/sign-in');
    const { page } = visit;
    await recording.step('making the main key');
    await page.getByRole('link', { name: /^New account/ }).click();
    await page.getByRole('button', { name: 'Show Main private key' }).waitFor();
    const mainKey = await shownAndCopied(page.getByRole('main'), recording, 'showing the main key');
    // Nothing of it is in the page from here on but what is typed.
    await page.getByRole('button', { name: 'Hide Main private key' }).click();
    await page.getByLabel('I have saved it in two places').check();
    await page.getByLabel('Its last four characters').fill(mainKey.slice(-4));
    await recording.step('signing in');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.waitForURL(/\/console\/keys\/read-only/);

    const token = await addedToken(visit, recording, '203.0.113.7');
    const refused = await fetch(`${opened.url}/v1/balance`, { headers: { Authorization: `Bearer ${token}` } });
    expect(refused.status).toBe(403);
    await page.getByRole('link', { name: 'Open dashboard' }).click();
    await recording.step('opening the key wider');
    await page.getByRole('button', { name: 'Change addresses' }).click();
    const change = page.getByRole('dialog', { name: /^Change addresses of/ });
    await change.getByRole('button', { name: 'Add my current address' }).click();
    await change.getByRole('button', { name: 'Sign and save' }).click();
    await change.waitFor({ state: 'detached' });
    await recording.step('replacing the key');
    await page.getByRole('button', { name: 'Replace', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign and replace' }).click();
    const replaced = secretDialog(page, 'token');
    await replaced.waitFor();
    const newToken = await shownAndCopied(replaced, recording, 'showing the new token');
    expect(newToken).not.toBe(token);
    await saveAndClose(replaced);
    await page.getByRole('heading', { level: 1, name: /dashboard\s*Replaced/ }).waitFor();

    const walk = [
      ['Activity', 'Key replaced'],
      ['Devices', 'Chrome on Linux'],
      ['Wallet', 'main key in this tab'],
      ['Activity', 'Key replaced'],
    ] as const;
    for (const [place, text] of walk) {
      await recording.step(`looking at ${place}`);
      await page.getByRole('link', { name: place }).first().click();
      await page.getByRole('heading', { level: 1, name: place }).waitFor();
      await page.getByText(text).first().waitFor();
    }
    await recording.step('asking why');
    await page.getByLabel('Request id').fill(refused.headers.get('Countersign-Request-Id') ?? '');
    await page.keyboard.press('Enter');
    const why = page.getByRole('dialog', { name: 'Why this was refused' });
    await why.getByText('Address not in the list.').waitFor();
    await page.keyboard.press('Escape');
    await why.waitFor({ state: 'detached' });
    await signedOut(page, recording);

    await expectNoLeak([
      { secret: 'the main key', in: recording, texts: formsOf(mainKey), allowed: mayBe.madeKey },
      { secret: 'the key', in: recording, texts: [token, signatureOf(token)], allowed: mayBe.token },
      { secret: 'the new key', in: recording, texts: [newToken, signatureOf(newToken)], allowed: mayBe.newToken },
    ]);
    await expectOneRequestEach(recording, [
      'POST /countersign/v1/devices',
      'POST /v1/account/tokens',
      'PUT /v1/account/tokens/{id}/allowed-cidrs',
      'POST /countersign/v1/tokens/{id}/rotate',
    ]);
  });

  test('of a wallet, of the key that is made from its signature and of both their sessions are nowhere else either', async () => {
    const wallet = `0x0${randomBytes(32).toString('hex').slice(1)}`;
    const { visit, recording } = await recorded('/console/sign-in?with=wallet', { wallet });
    const { page } = visit;
    const chosen = async (account: RegExp) => {
      await recording.step('signing in');
      await page.getByRole('button', { name: /^MetaMask/ }).click();
      await page.getByRole('button', { name: account }).click();
    };
    const made = async () => {
      await page.getByRole('button', { name: 'Make the account' }).click();
      await page.waitForURL(/\/console\/keys\/read-only/);
    };
    await chosen(/^Starknet account/);
    await page.getByRole('button', { name: 'Go on' }).click();
    await made();
    await page.getByRole('link', { name: 'Wallet' }).click();
    await recording.step('copying the main key');
    await page.getByRole('button', { name: 'Copy Private Key' }).click();
    const copying = page.getByRole('dialog', { name: 'Copy Private Key' });
    await copying.getByLabel('I know what this key can do').check();
    await copying.getByRole('button', { name: /^MetaMask/ }).click();
    await copying.getByRole('button', { name: 'Show Main private key' }).waitFor();
    const mainKey = await shownAndCopied(copying, recording, 'showing the main key');
    await copying.getByRole('button', { name: 'Done' }).click();
    await copying.waitFor({ state: 'detached' });
    await signedOut(page, recording);

    await visit.goTo('/console/sign-in?with=wallet');
    await chosen(/^Wallet account/);
    await made();
    const token = await addedToken(visit, recording);
    await signedOut(page, recording);

    const derivation = recording.all.find(({ kind, text }) => kind === 'to a worker' && text.includes('"derive"'));
    const [, signature = ''] = /"signature":"(0x[0-9a-f]+)"/i.exec(derivation?.text ?? '') ?? [];
    await expectNoLeak([
      { secret: 'the signature', in: recording, texts: formsOf(signature), allowed: mayBe.signature },
      { secret: 'the main key', in: recording, texts: formsOf(mainKey), allowed: mayBe.derivedKey },
      {
        secret: 'the key of the wallet',
        in: recording,
        texts: formsOf(wallet),
        allowed: mayBe.nowhere,
        isElsewhere: true,
      },
      { secret: 'the read-only key', in: recording, texts: [token, signatureOf(token)], allowed: mayBe.token },
    ]);
    await expectOneRequestEach(recording, [
      'POST /countersign/v1/devices',
      'POST /countersign/v1/devices',
      'POST /v1/account/tokens',
    ]);
  });
});

/** Every bearer that was sent, with the requests that it was on. */
function bearersOf({ all }: Recording) {
  const seen = new Map<string, string[]>();
  for (const { kind, text, of } of all) {
    const [, bearer] = kind === 'request header' ? (/^authorization: Bearer (\S+)$/im.exec(text) ?? []) : [];
    if (bearer === undefined) continue;
    seen.set(bearer, [...(seen.get(bearer) ?? []), of.replace(/[0-9a-f-]{36}/, '{id}')]);
  }
  return [...seen].map(([bearer, requests]) => {
    const claims: unknown = JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString());
    const kind = typeof claims === 'object' && claims !== null && 'cs_kind' in claims ? String(claims.cs_kind) : '';
    return { bearer, requests, kind };
  });
}
