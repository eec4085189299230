// A person without a mouse: goes by Tab to what has a name, and presses.
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** Its name, or its words. */
export const focusedName = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return '';
    const label = element.labels?.[0]?.textContent;
    return (element.getAttribute('aria-label') ?? label ?? element.textContent ?? '').trim();
  })()`);

const MOST_STOPS = 120;

/** Presses Tab until what has focus has this name. */
export async function tabTo(page: Page, name: RegExp | string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed: string[] = [];
  const isIt = (now: string) => (typeof name === 'string' ? now === name : name.test(now));
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await page.keyboard.press(key);
    const now = await focusedName(page);
    if (isIt(now)) return;
    passed.push(now);
  }
  throw new Error(`Tab never came to ${name}, but to ${[...new Set(passed)].join(' | ')}`);
}

/** Goes there and presses it. */
export async function pressByKey(page: Page, name: RegExp | string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

export const hasFocus = (page: Page, name: RegExp | string): Promise<void> =>
  expect.poll(() => focusedName(page)).toEqual(typeof name === 'string' ? name : expect.stringMatching(name));

/** The dialog that is open, of several the last. */
export const topDialog = (page: Page): Locator => page.locator('[role=dialog], [role=alertdialog]').last();

/** The stops of Tab in the dialog on top, in reading order: a group of radios is one. Gives how many, and which of them has focus. */
const stops = (page: Page): Promise<{ readonly count: number; readonly at: number }> =>
  page.evaluate(`(() => {
    const dialogs = document.querySelectorAll('[role=dialog], [role=alertdialog]');
    const all = [...dialogs.item(dialogs.length - 1).querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
      .filter((element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility());
    const found = all.filter((element) => {
      if (element.type !== 'radio') return true;
      const group = all.filter(({ name }) => name === element.name);
      return element === (group.find(({ checked }) => checked) ?? group[0]);
    });
    return { count: found.length, at: found.indexOf(document.activeElement) };
  })()`);

/** By Tab through the dialog on top: every stop comes in reading order, and after the last one the first; Shift+Tab goes back. */
export async function goThroughDialog(page: Page): Promise<void> {
  const { count, at } = await stops(page);
  expect(at).toBeGreaterThanOrEqual(0);
  expect(count).toBeGreaterThan(1);
  // At either end focus comes back to the other one, a moment after the key.
  const isAt = (stop: number) => expect.poll(async () => (await stops(page)).at, { timeout: 5000 }).toBe(stop % count);
  for (let press = 1; press <= count; press += 1) {
    await page.keyboard.press('Tab');
    await isAt(at + press);
  }
  await page.keyboard.press('Shift+Tab');
  await isAt(at + count - 1);
}
