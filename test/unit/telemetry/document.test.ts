// docs/metrics.md says what the program says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metricsDocument } from '../../../src/telemetry/document.ts';

test.skipIf(process.platform !== 'linux')(
  'docs/metrics.md is what metrics.ts says, on Linux (else: npx node src/telemetry/document.ts > docs/metrics.md)',
  async () => {
    const committed = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    expect(committed).toBe(await metricsDocument());
  },
);
