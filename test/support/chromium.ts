// A real browser for tests: Debian's or Google's Chromium as it is installed, driven by playwright-core. It never downloads one.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

// The first is Debian's Chromium without windows of its own: the same pages, a quarter of the time for each that is opened.
export const chromiumNames = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
];

const firstOf = (names: readonly string[]): string | undefined =>
  process.env.CHROMIUM ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => existsSync(file));

/** Where a Chromium is: CHROMIUM names one, else the first on the PATH. */
export const chromiumFile: string | undefined = firstOf(chromiumNames);

/** One with a page cache: Chromium without windows has none. */
export const wholeChromiumFile: string | undefined = firstOf(chromiumNames.slice(1));

/** Says why tests are skipped, for the name of the test that is. */
export const chromiumNeeded = chromiumFile === undefined ? ' (skipped: no chromium on the PATH, nor in CHROMIUM)' : '';

/**
 * `args`: more switches of the browser. `pageCache`: pages that are left are kept for Back, as a person's browser keeps them; playwright switches
 * that off.
 */
export function openChromium(
  args: readonly string[] = [],
  { pageCache = false }: { readonly pageCache?: boolean } = {},
): Promise<Browser> {
  const file = pageCache ? wholeChromiumFile : chromiumFile;
  return chromium.launch({
    ...(pageCache ? { ignoreDefaultArgs: ['--disable-back-forward-cache'] } : {}),
    ...(file === undefined ? {} : { executablePath: file }),
    // The pages are our own: a sandbox needs rights that the root of a container lacks. The rest keeps it from calling home.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  });
}
