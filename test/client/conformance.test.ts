// One file of steps, and every JavaScript that is here: Node.js, Chromium, Bun and Deno.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded, openChromium } from '../support/chromium.ts';
import { conform, conformance, type Ground, type Outcome } from '../support/conformance.ts';
import { type Service, startService } from '../support/harness.ts';
import { type ServedSources, serveSources } from '../support/served-sources.ts';
import { SIWE_DOMAIN } from '../support/trader.ts';

let service: Service;
let sources: ServedSources;
beforeAll(async () => {
  sources = await serveSources();
  const { origin } = new URL(sources.pageOf('none.ts'));
  service = await startService({ settings: { 'cors.origins': origin } });
});
afterAll(async () => {
  await service.stop();
  await sources.stop();
});

const ground = (): Ground => ({ url: service.url, siweDomain: SIWE_DOMAIN, elsewhere: '203.0.113.0/24' });
const steps = Object.keys(conformance({ url: 'http://localhost', siweDomain: '', elsewhere: '' }));

async function inChromium(): Promise<readonly Outcome[]> {
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    const address = sources.pageOf('test/support/conformance-in-page.ts');
    await page.goto(`${address}#${encodeURIComponent(JSON.stringify(ground()))}`, { waitUntil: 'load' });
    expect(problems).toEqual([]);
    return await page.evaluate(() => globalThis.conformed);
  } finally {
    await browser.close();
  }
}

const program = join(import.meta.dirname, '../support/conformance-as-process.ts');
async function asProcess(file: string, ...args: readonly string[]): Promise<readonly Outcome[]> {
  const { stdout } = await promisify(execFile)(file, [...args, program, JSON.stringify(ground())], { timeout: 50_000 });
  return JSON.parse(stdout);
}
const missing = (name: string): string =>
  spawnSync(name, ['--version']).status === 0 ? '' : ` (skipped: no ${name} on the PATH)`;

const runtimes = [
  { name: 'Node.js', skipped: '', run: () => conform(ground()) },
  { name: 'a process of Node.js', skipped: '', run: () => asProcess(process.execPath) },
  { name: 'Chromium', skipped: chromiumFile === undefined ? chromiumNeeded : '', run: inChromium },
  { name: 'Bun', skipped: missing('bun'), run: () => asProcess('bun', 'run') },
  { name: 'Deno', skipped: missing('deno'), run: () => asProcess('deno', 'run', '--allow-net', '--allow-env') },
];

for (const { name, skipped, run } of runtimes) {
  describe.skipIf(skipped !== '')(`in ${name}${skipped}`, () => {
    let outcomes: readonly Outcome[] = [];
    beforeAll(async () => {
      outcomes = await run();
    });

    test.each(steps)(`the client library in ${name}: %s`, (step) => {
      expect(outcomes.find((outcome) => outcome.step === step)).toEqual({ step });
    });
  });
}
