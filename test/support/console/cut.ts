// Answers that never come: lost before the server had the request, lost after it did what was asked, or with no network at all.
import type { Page, Route } from 'playwright-core';

export interface CutOptions {
  /** Default: every method. */
  readonly method?: string;
  /** Of the address, from the first slash on. */
  readonly path: RegExp;
  /** `request`: the server never has it. `answer`: the server does it, and its answer is lost. `held`: sent on when it is let go. */
  readonly at: 'request' | 'answer' | 'held';
  /** How many of them. Default: 1. */
  readonly times?: number;
}

export interface Cut {
  /** How many were cut, or are held. */
  hits(): number;
  /** Resolves with the next one. */
  next(): Promise<void>;
  /** Sends what is held on, and takes the cut away. */
  letGo(): Promise<void>;
}

/** Of requests that the page sends from now on. */
export async function cut(page: Page, { method, path, at, times = 1 }: CutOptions): Promise<Cut> {
  let hits = 0;
  let waiting: (() => void)[] = [];
  const held: Route[] = [];
  const matches = (url: URL): boolean => path.test(url.pathname + url.search);
  const handle = async (route: Route) => {
    const isMeant = method === undefined || route.request().method() === method;
    if (!isMeant || hits >= times) return route.fallback();
    hits += 1;
    if (at === 'request') await route.abort('connectionreset');
    if (at === 'held') held.push(route);
    if (at === 'answer') {
      // The server has done it by now, whatever becomes of the answer.
      await route.fetch();
      // One that was let go meanwhile is handled already.
      await route.abort('connectionreset').catch(() => undefined);
    }
    for (const tell of waiting.splice(0)) tell();
  };
  await page.route(matches, handle);
  return {
    hits: () => hits,
    next: () => new Promise((resolve) => void waiting.push(resolve)),
    async letGo() {
      hits = times;
      waiting = [];
      await page.unroute(matches, handle);
      for (const route of held.splice(0)) await route.continue().catch(() => undefined);
    },
  };
}

/** The whole browser, as pulling the cable does it: `navigator.onLine` too. */
export const setOffline = (page: Page, offline: boolean): Promise<void> => page.context().setOffline(offline);
