// A person who adds a key: what is typed and pressed, by the words on the screen.

import { grindKey } from '@scure/starknet';
import type { Locator, Page } from 'playwright-core';
import type { Visit } from './open-console.ts';

export type KeyKind = 'token' | 'subkey';

const paths = { token: '/console/keys/read-only', subkey: '/console/keys/subkeys' } as const;
const titles = { token: 'Add a read-only key', subkey: 'Add a subkey' } as const;
const saved = { token: 'Save your read-only key now', subkey: 'Save your subkey now' } as const;

export const keysPath = (kind: KeyKind): string => paths[kind];

export interface Filled {
  readonly name: string;
  /** Of a choice; left out: the usual one. */
  readonly end?: string;
  /** Left out: from anywhere. */
  readonly addresses?: string;
  readonly place?: 'On my phone' | 'I have a public key already';
}

/** The form, open and filled, but not sent. */
export async function filledForm({ page, owner }: Visit, kind: KeyKind, filled: Filled): Promise<Locator> {
  const { name, end, addresses, place } = filled;
  await page.getByRole('button', { name: '+ Add New Key' }).first().click();
  const form = page.getByRole('dialog', { name: titles[kind] });
  await form.getByLabel('Name').fill(name);
  if (end !== undefined) await form.getByRole('radio', { name: end }).check();
  await form.getByRole('radio', { name: addresses === undefined ? 'Anywhere' : 'Only these addresses' }).check();
  if (addresses !== undefined) await form.getByLabel('One address or range a line').fill(addresses);
  if (place !== undefined) await form.getByRole('radio', { name: place }).check();
  await typedAgain({ page, owner });
  return form;
}

export const send = (form: Locator): Promise<void> => form.getByRole('button', { name: 'Sign and add' }).click();

/** Where it is asked for: a key that is kept in the tab is not, nor one that was pasted before an answer that was lost. */
export async function typedAgain({ page, owner }: Pick<Visit, 'page' | 'owner'>): Promise<void> {
  const key = page.getByLabel('Main private key');
  if (await key.isVisible()) await key.fill(owner.privateKey);
}

/** The dialog with the new secret. */
export async function addedKey(visit: Visit, kind: KeyKind, filled: Filled): Promise<Locator> {
  await send(await filledForm(visit, kind, filled));
  const dialog = secretDialog(visit.page, kind);
  await dialog.waitFor();
  return dialog;
}

export const secretDialog = (page: Page, kind: KeyKind): Locator => page.getByRole('dialog', { name: saved[kind] });

/** As a person sees it after Show. */
export async function shownSecret(dialog: Locator): Promise<string> {
  await dialog.getByRole('button', { name: /^Show/ }).click();
  const text = await dialog.locator('code').first().textContent();
  await dialog.getByRole('button', { name: /^Hide/ }).click();
  return text ?? '';
}

export async function saveAndClose(dialog: Locator): Promise<void> {
  await dialog.getByLabel('I have saved it where my bot can read it').check();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** From now on the page makes a private key with two zeros or more behind the first, which every key has. Gives the key. */
export async function zerosInFront(page: Page): Promise<string> {
  for (let number = 1; ; number += 1) {
    const seed = number.toString(16).padStart(64, '0');
    const key = grindKey(seed).padStart(64, '0');
    if (!key.startsWith('000')) continue;
    const bytes = [...Buffer.from(seed, 'hex')];
    await page.addInitScript(`{
      const random = crypto.getRandomValues.bind(crypto);
      crypto.getRandomValues = (array) => {
        if (array.length !== 32) return random(array);
        array.set(${JSON.stringify(bytes)});
        return array;
      };
    }`);
    return `0x${key}`;
  }
}
