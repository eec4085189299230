import { expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded, openChromium } from '../support/chromium.ts';
import { vectorGroups } from '../support/each-vector.ts';
import type { EngineAnswers } from '../support/engine-in-page.ts';
import { serveSources } from '../support/served-sources.ts';

declare global {
  var engineAnswers: Promise<EngineAnswers>;
}

test.skipIf(chromiumFile === undefined)(
  `the engine runs in a browser as it is, and gives the answers of every vector${chromiumNeeded}`,
  async () => {
    const sources = await serveSources();
    const browser = await openChromium();
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('response', (response) => {
        if (!response.ok()) problems.push(`${response.status()} ${response.url()}`);
      });
      await page.goto(sources.pageOf('test/support/engine-in-page.ts'), { waitUntil: 'load' });
      expect(problems).toEqual([]);
      const answers = await page.evaluate(() => globalThis.engineAnswers);

      const { pedersen, signature_verify } = vectorGroups;
      const valid = signature_verify.map(({ expected }) => expected.valid);
      expect(answers.hashes).toEqual(pedersen.map(({ expected }) => String(BigInt(expected))));
      expect(answers.verdicts).toEqual(valid);
      expect(answers.withTables).toEqual(valid);
      expect(answers.batch).toEqual(valid);
      expect(answers.recovered).toEqual(valid);
      expect(answers.fallbacks).toBe(0);
      expect(answers.tableHits).toBeGreaterThan(0);
    } finally {
      await browser.close();
      await sources.stop();
    }
  },
);
