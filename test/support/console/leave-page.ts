// A page that is left without being thrown away, as browsers keep one for Back.
import type { Page } from 'playwright-core';

/** What the page is told then; it stays to be looked at. */
export const leaveForCache = (page: Page): Promise<unknown> =>
  page.evaluate(`dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`);

/** Resolves with the question that a reload asks, which is answered with no. */
export async function askedOnReload(page: Page): Promise<string> {
  const asked = page.waitForEvent('dialog').then(async (question) => {
    await question.dismiss();
    return question.type();
  });
  await page.evaluate('setTimeout(() => location.reload())');
  return asked;
}
