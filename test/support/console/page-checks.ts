// What every page and dialog of the console is looked over for: that nothing is cut or scrolls sideways, what can be pressed is large enough, and what
// has focus is seen. Each gives what is wrong, in words, so that a test says it.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const NAME = `const nameOf = (element) => {
  const words = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent ?? '';
  return element.tagName.toLowerCase() + ' "' + words.trim().slice(0, 50) + '"';
};`;

/** A dialog that is still coming is half transparent. */
export const atRest = (page: Page): Promise<unknown> =>
  page.evaluate(`Promise.all(document.getAnimations()
    .filter(({ effect }) => effect.getTiming().iterations !== Infinity)
    .map(({ finished }) => finished.catch(() => undefined)))`);

export async function axeFindings(page: Page): Promise<readonly string[]> {
  await atRest(page);
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).setLegacyMode(true).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary?.replaceAll(/\s+/g, ' ')}`),
  );
}

/** The spacing that every reader may ask for, until it is taken back. The sheet is constructed: the page's policy lets no other in. */
export const widenText = (page: Page, wide: boolean): Promise<unknown> =>
  page.evaluate(`{
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(\`
      * { letter-spacing: 0.12em !important; word-spacing: 0.16em !important; line-height: 1.5 !important; }
      p { margin-bottom: 2em !important; }
    \`);
    document.adoptedStyleSheets = ${wide} ? [sheet] : [];
  }`);

/** What stands out of the window at its sides, or is cut by what it stands in. What scrolls inside itself, as code does, may. */
export const cutAtTheSides = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    ${NAME}
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    const found = wide > 0 ? ['the document scrolls by ' + wide + ' px'] : [];
    const scrolls = (element) => element !== null && element !== document.body &&
      (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const isForVoices = (element) => element !== null &&
      (getComputedStyle(element).clipPath === 'inset(50%)' || isForVoices(element.parentElement));
    for (const element of document.body.querySelectorAll('*')) {
      if (isForVoices(element) || element.closest('svg') !== null || !element.checkVisibility({ visibilityProperty: true })) continue;
      const { left, right, width } = element.getBoundingClientRect();
      if (width <= 1 || scrolls(element.parentElement) || element.closest('[aria-hidden=true]') !== null) continue;
      if (left < -0.5 || right > innerWidth + 0.5) found.push(nameOf(element) + ' stands from ' + left + ' to ' + right);
      const { overflowX, textOverflow } = getComputedStyle(element);
      const isCut = /hidden|clip/.test(overflowX) && textOverflow !== 'ellipsis' && !/input|select/i.test(element.tagName);
      if (isCut && element.scrollWidth > element.clientWidth + 1) found.push(nameOf(element) + ' is cut');
    }
    return found;
  })()`);

/** What can be pressed, but not within \`size\` px around its middle. Links in a sentence are as high as its line. */
export const tooSmall = (page: Page, size: 24 | 44): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    ${NAME}
    const dialogs = document.querySelectorAll('[role=dialog], [role=alertdialog]');
    const root = dialogs.item(dialogs.length - 1) ?? document.body;
    const found = [];
    for (const element of root.querySelectorAll('a[href], button, input, select, textarea, summary, [role=slider]')) {
      if (!element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.closest('[inert], [aria-hidden=true]') !== null || element.disabled) continue;
      const siblings = [...element.parentElement.childNodes];
      if (siblings.some(({ nodeType, textContent }) => nodeType === 3 && textContent.trim() !== '')) continue;
      element.scrollIntoView({ block: 'center' });
      const { left, top, width, height, bottom } = element.getBoundingClientRect();
      if (width <= 1 || bottom < 0) continue;
      const [x, y, reach] = [left + width / 2, top + height / 2, ${size} / 2 - 1];
      const isHit = (x, y) => {
        const hit = document.elementFromPoint(x, y);
        return hit !== null && (element.contains(hit) || [...(element.labels ?? [])].some((label) => label.contains(hit)));
      };
      const missed = [[x - reach, y], [x + reach, y], [x, y - reach], [x, y + reach]].filter(([x, y]) => !isHit(x, y));
      if (missed.length > 0) found.push(nameOf(element) + ' of ' + width + ' x ' + height + ' px');
    }
    return found;
  })()`);

/** Running text with lines of more than 62 figures' width. */
export const tooWide = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    ${NAME}
    const found = [];
    for (const element of document.querySelectorAll('p, details li')) {
      if (!element.checkVisibility() || element.closest('[role=tooltip]') !== null) continue;
      // An id is no running text.
      if (element.textContent.trim().split(/\\s+/).length < 4) continue;
      const { width, height } = element.getBoundingClientRect();
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      context.font = getComputedStyle(element).font;
      const most = 62 * context.measureText('0').width + 1;
      if (height > 0 && width > most) found.push(nameOf(element) + ' is ' + width + ' px wide, not ' + most);
    }
    return found;
  })()`);

/** What moves or fades although the reader wants no motion. The line at a row that has changed does neither. */
export const moving = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`document.getAnimations()
    .filter(({ playState, effect }) => playState === 'running' && effect.getComputedTiming().duration > 1)
    .filter(({ effect }) => effect.getKeyframes().every(({ boxShadow }) => boxShadow === undefined))
    .map((animation) => animation.animationName ?? animation.transitionProperty)`);

/** Where what has focus is covered by something that stands over the page; undefined where nothing has it. */
export const coveredFocus = (page: Page): Promise<string | null | undefined> =>
  page.evaluate(`(() => {
    ${NAME}
    const element = document.activeElement;
    if (element === null || element === document.body) return undefined;
    const { left, top, width, height } = element.getBoundingClientRect();
    const x = left + width / 2;
    for (const y of [top + 1, top + height / 2, top + height - 1]) {
      const hit = document.elementFromPoint(x, y);
      if (hit === null) return nameOf(element) + ' is outside of the window at ' + y;
      if (!element.contains(hit) && !hit.contains(element)) return nameOf(element) + ' is under ' + nameOf(hit);
    }
    return null;
  })()`);

/** Before the page is opened: \`shiftOf\` then gives how far its parts have moved by themselves, as the layout shift of web vitals. */
export const watchShifts = (page: Page): Promise<unknown> =>
  page.addInitScript(`{
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries()) {
        if (!hadRecentInput) shifts.push({ value, of: sources.map(({ node }) => node?.outerHTML?.slice(0, 120)) });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  }`);

export interface Shift {
  readonly value: number;
  readonly of: readonly string[];
}

export const shiftsOf = (page: Page): Promise<readonly Shift[]> => page.evaluate('shifts');

/** Columns and rows without a heading, and headings that do not say of what. */
export const withoutHeads = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    ${NAME}
    const tables = [...document.querySelectorAll('table')].filter((table) => table.querySelector('th') === null);
    const heads = [...document.querySelectorAll('th')].filter((head) => !/^(?:col|row)(?:group)?$/.test(head.scope));
    return [...tables, ...heads].map(nameOf);
  })()`);

/** What is called by other words than those that are seen on it. Shortened ids are called by the whole. */
export const misnamed = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const words = (text) => text.toLowerCase().replaceAll(/[^\\p{L}\\p{N}]+/gu, ' ').trim();
    const found = [];
    for (const element of document.querySelectorAll('button[aria-label], a[aria-label]')) {
      if (!element.checkVisibility({ visibilityProperty: true })) continue;
      const [seen, name] = [element.innerText, element.getAttribute('aria-label')];
      if (!/\\w…\\w/.test(seen) && !words(name).includes(words(seen))) found.push('"' + seen + '" is called "' + name + '"');
    }
    return found;
  })()`);
