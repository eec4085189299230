// What a page copies: it may not read the clipboard, so what it writes there is overheard.

import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** Of the browser's context. */
export const mayCopy = { permissions: ['clipboard-read', 'clipboard-write'] };

/** Before the page is opened. */
export const hearCopies = (page: Page): Promise<unknown> =>
  page.addInitScript(`{
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => write(text).then(() => void (globalThis.copied = text));
  }`);

/** What a press of this button copies. */
export async function copiedBy(button: Locator): Promise<string> {
  const page = button.page();
  await page.evaluate('globalThis.copied = undefined');
  await button.click();
  await expect.poll(() => page.evaluate('typeof copied')).toBe('string');
  return page.evaluate<string>('copied');
}
