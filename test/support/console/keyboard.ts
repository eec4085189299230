// A person without a mouse: goes by Tab to what has a name, and presses.
import type { Page } from 'playwright-core';

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
