// What a picture is, and the steps that several of them share.
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { announceWallet } from '../announce-wallet.ts';
import type { LivedIn } from '../lived-in.ts';
import type { OpenConsole, Visit, VisitOptions } from '../open-console.ts';
import type { ConsoleOwner } from '../owners.ts';
import type { WalletBehaviour } from '../wallet-answers.ts';

export interface Stage {
  readonly opened: OpenConsole;
  readonly lived: LivedIn;
  /** Of the page; of nobody's pages the one of the account of weeks. */
  readonly owner: ConsoleOwner;
}

export interface Scene extends Stage {
  readonly visit: Visit;
  readonly page: Page;
  readonly context: BrowserContext;
  readonly isPhone: boolean;
}

export interface Picture {
  /** The first word is the page. */
  readonly name: string;
  /**
   * `lived-in`: an account of weeks. `empty`: nothing in it yet. `spare`: one of this picture alone, with three keys. `wallet`: of an Ethereum
   * wallet. `hard`: one whose keys are hard to draw. `nobody`: signed out.
   */
  readonly as: 'lived-in' | 'empty' | 'spare' | 'wallet' | 'hard' | 'nobody';
  readonly path: string | ((stage: Stage) => string | Promise<string>);
  /** Default: 1440 and 390. */
  readonly widths?: readonly (1440 | 390 | 320)[];
  readonly device?: VisitOptions['device'];
  /** Before the page is opened. */
  readonly prepare?: (page: Page, stage: Stage) => Promise<unknown>;
  /** Until what is to be seen is there. */
  readonly steps?: (scene: Scene) => Promise<unknown>;
}

export const READ_ONLY = '/console/keys/read-only';
export const SUBKEYS = '/console/keys/subkeys';

export const click =
  (...names: readonly (string | RegExp)[]) =>
  async ({ page }: Pick<Scene, 'page'>): Promise<void> => {
    for (const name of names) {
      await page.getByRole('button', { name }).or(page.getByRole('link', { name })).first().click();
    }
  };

export const wallets =
  (behaviour: WalletBehaviour = 'signs', ...others: readonly string[]) =>
  async (page: Page, { owner }: Stage): Promise<void> => {
    // Of a person whose account is a wallet's it is their own.
    const key = owner.kind === 'wallet' ? owner.privateKey : `0x${'5a17'.repeat(16)}`;
    await announceWallet(page, { key, behaviour });
    for (const name of others) await announceWallet(page, { key, name, rdns: `com.${name.toLowerCase()}` });
  };

/** The answers of this path are what the server says when it refuses. */
export const refusing =
  (path: RegExp, status: number, error: string, message: string, of: { data?: object; method?: string } = {}) =>
  (page: Page): Promise<unknown> =>
    page.route(
      ({ pathname }) => path.test(pathname),
      (route) =>
        of.method !== undefined && route.request().method() !== of.method
          ? route.fallback()
          : route.fulfill({ status, json: { error, message, ...(of.data === undefined ? {} : { data: of.data }) } }),
    );

/** The rows of the lists at this path are what `rows` makes of them; times keep their nanoseconds. */
export const listing =
  (path: string, rows: (rows: readonly Row[]) => readonly Row[], more: object = {}) =>
  (page: Page): Promise<unknown> =>
    page.route(
      ({ pathname }) => pathname === path,
      async (route) => {
        const response = await route.fetch();
        const exact = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
          typeof value === 'number' && source !== undefined ? rawJSON(source) : value;
        const list = parse(await response.text(), exact);
        await route.fulfill({ response, body: JSON.stringify({ ...list, results: rows(list.results), ...more }) });
      },
    );

/** Every picture signs a device in, and is no part of what is to be seen. */
export const withoutDevices = listing('/countersign/v1/audit', (rows) =>
  rows.filter((row) => !/"Chrome on Linux"/.test(JSON.stringify(row))),
);

type Row = Readonly<Record<string, unknown>>;
type Exact = (key: string, value: unknown, context: { source?: string }) => unknown;
const { parse, rawJSON } = JSON as unknown as {
  parse(text: string, exact: Exact): { readonly results: readonly Row[] };
  rawJSON(source: string): unknown;
};

export const failing = (path: RegExp) => refusing(path, 500, 'INTERNAL_ERROR', 'internal error');

/** The answers of this path never come. */
export const waiting =
  (path: RegExp, method?: string) =>
  (page: Page): Promise<unknown> =>
    page.route(
      ({ pathname }) => path.test(pathname),
      (route) => (method === undefined || route.request().method() === method ? undefined : route.fallback()),
    );

/** Requests to this path get nowhere. */
export const broken =
  (path: RegExp, method: string) =>
  (page: Page): Promise<unknown> =>
    page.route(
      ({ pathname }) => path.test(pathname),
      (route) => (route.request().method() === method ? route.abort('connectionreset') : route.fallback()),
    );

export const seen =
  (text: string | RegExp) =>
  ({ page }: Pick<Scene, 'page'>): Promise<void> =>
    page.getByText(text).filter({ visible: true }).first().waitFor();

export const inDialog = (page: Page): Locator => page.getByRole('dialog').or(page.getByRole('alertdialog'));
