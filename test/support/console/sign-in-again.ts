// A person whose session ended in the middle of something: they sign in again over it, with their main key.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { ConsoleOwner } from './owners.ts';

export const againDialog = (page: Page) => page.getByRole('dialog', { name: 'Sign in again' });

/** As often as it takes: after a sign-out everywhere the server lets nobody in for a moment. */
export async function signInAgain(page: Page, { privateKey }: ConsoleOwner): Promise<void> {
  const dialog = againDialog(page);
  await dialog.getByLabel('Private key', { exact: true }).fill(privateKey);
  const button = dialog.getByRole('button', { name: 'Sign in', exact: true });
  await expect
    .poll(
      async () => {
        await button.click({ timeout: 1000 }).catch(() => undefined);
        return dialog.count();
      },
      { interval: 500 },
    )
    .toBe(0);
}
