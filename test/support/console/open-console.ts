// The console as people meet it: a started service with the built console and its demo venue, one browser, and visits of it.
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { openChromium } from '../chromium.ts';
import { type Service, type ServiceOptions, startService } from '../harness.ts';
import { ensureConsoleBuilt } from './built.ts';
import { type ConsoleOwner, createOwner } from './owners.ts';
import { watchProblems } from './problems.ts';
import { signInReady } from './sign-in-ready.ts';

export interface VisitOptions {
  /** `main`, `wallet`: signed in, as an owner with such a key. `stranger`: signed out. Default: `main`. */
  readonly as?: 'main' | 'wallet' | 'stranger';
  /** One that was made before: another browser of the same person. */
  readonly owner?: ConsoleOwner;
  readonly width?: 1440 | 390 | 320;
  readonly theme?: 'light' | 'dark';
  /** Default: `/console`. undefined: the page is not opened yet, for what must be there before. */
  readonly path?: string | undefined;
  /** Of the device: default as the server has it. */
  readonly device?: { readonly lifetime_seconds?: number; readonly idle_seconds?: number };
  /** Called before anything is opened: wallets, recorders, clocks. */
  readonly prepare?: (page: Page) => Promise<unknown>;
  /** Of playwright: `timezoneId`, `reducedMotion`, `permissions`. */
  readonly context?: BrowserContextOptions;
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Of a stranger: nobody yet, with a key that no account has. */
  readonly owner: ConsoleOwner;
  /** Of `as` main and wallet. */
  readonly deviceId: string | undefined;
  /** Must be empty when the test ends, which is looked at without being asked. */
  problems(): readonly string[];
  /** Takes what is expected out: everything that matches. */
  expectProblems(pattern: RegExp): void;
  /** By address, as the person types it; waits for the page's heading. */
  goTo(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface Visits {
  readonly url: string;
  readonly browser: Browser;
  /** A fresh profile of the browser. Within a test it closes itself when the test ends. */
  visit(options?: VisitOptions): Promise<Visit>;
  /** A page more of the same profile: another tab. */
  anotherTab(visit: Visit, path?: string): Promise<Visit>;
  /** Rejects with what visits have caused that nobody looked at. */
  close(): Promise<void>;
}

export interface OpenConsole extends Visits {
  readonly service: Service;
  /** Ends the server; its port refuses connections until `startServer`. */
  stopServer(): Promise<void>;
  /** At the same address, with the same data. */
  startServer(): Promise<void>;
}

export interface ConsoleOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Another upstream than the demo venue. */
  readonly upstream?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Pages that are left are kept for Back. */
  readonly pageCache?: boolean;
  readonly time?: NonNullable<ServiceOptions['time']>;
}

export async function openConsole(options: ConsoleOptions = {}): Promise<OpenConsole> {
  ensureConsoleBuilt();
  let service = await startService(options);
  let isRunning = true;
  const stop = async () => {
    if (isRunning) await service.stop();
    isRunning = false;
  };
  const { url, port, folder } = service;
  const visits = await openVisits(url, options);
  return {
    ...visits,
    get service() {
      return service;
    },
    stopServer: stop,
    async startServer() {
      service = await startService({ ...options, folder, port });
      isRunning = true;
    },
    async close() {
      try {
        await visits.close();
      } finally {
        await stop();
      }
    },
  };
}

/** Of a server that is there already. */
export async function openVisits(
  url: string,
  { pageCache = false }: Pick<ConsoleOptions, 'pageCache'> = {},
): Promise<Visits> {
  const browser = await openChromium([], { pageCache });
  const left = new Set<Visit>();
  const forgotten: string[] = [];

  async function visitIn(context: BrowserContext, owner: ConsoleOwner, asked: VisitOptions): Promise<Visit> {
    const page = await context.newPage();
    const problems = await watchProblems(page, url);
    await asked.prepare?.(page);
    const device = asked.as === 'stranger' ? undefined : await signInReady(page, url, owner, asked.device);
    const visit: Visit = {
      page,
      context,
      owner,
      deviceId: device?.deviceId,
      problems: () => problems,
      expectProblems(pattern) {
        for (const problem of problems.filter((one) => pattern.test(one)))
          problems.splice(problems.indexOf(problem), 1);
      },
      async goTo(path) {
        // A dialog that was just closed takes its entry of the history back, which ends what was begun meanwhile.
        await page.goto(`${url}${path}`).catch(async (error: Error) => {
          if (!error.message.includes('net::ERR_ABORTED')) throw error;
          await page.goto(`${url}${path}`);
        });
        await page.locator('h1').first().waitFor();
      },
      async close() {
        left.delete(visit);
        forgotten.push(...problems.splice(0));
        await page.close();
        if (context.pages().length === 0) await context.close();
      },
    };
    left.add(visit);
    inTest(async () => {
      await visit.close();
      const found = forgotten.splice(0);
      if (found.length > 0) throw new Error(`the visit had problems:\n${found.join('\n')}`);
    });
    const { path = '/console' } = asked;
    if (!('path' in asked) || asked.path !== undefined) await visit.goTo(path);
    return visit;
  }

  return {
    url,
    browser,
    async visit(asked = {}) {
      const { as = 'main', width = 1440, theme = 'light' } = asked;
      const isStranger = as === 'stranger';
      const owner = asked.owner ?? (await createOwner(url, isStranger ? 'main' : as, { known: !isStranger }));
      const context = await browser.newContext({
        viewport: { width, height: width === 1440 ? 900 : 844 },
        colorScheme: theme,
        locale: 'en-GB',
        timezoneId: 'Europe/Zurich',
        ...(width === 1440 ? {} : { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
        ...asked.context,
      });
      return visitIn(context, owner, asked);
    },
    anotherTab: ({ context, owner }, path = '/console') => visitIn(context, owner, { as: 'stranger', path }),
    async close() {
      for (const visit of [...left]) await visit.close();
      await browser.close();
      if (forgotten.length > 0) throw new Error(`visits had problems:\n${forgotten.join('\n')}`);
    },
  };
}

/** Where a test runs: when it ends. Elsewhere, as in beforeAll, `close` of the console looks at it. */
function inTest(work: () => Promise<void>): void {
  try {
    onTestFinished(work);
  } catch {
    // Not within a test.
  }
}
