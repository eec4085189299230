import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorsDocument } from '../../../src/access/document.ts';
import { refusalErrorOf } from '../../../src/access/refusal.ts';
import { denyReasons } from '../../../src/domain/decision.ts';
import { errorStatus } from '../../../src/errors.ts';

test('docs/errors.md is what the lists say (else: npx node src/access/document.ts > docs/errors.md)', () => {
  const committed = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  expect(committed).toBe(errorsDocument());
});

const rows = errorsDocument().split('\n');

test('every error code has exactly one row in docs/errors.md, with its status', () => {
  for (const [code, status] of Object.entries(errorStatus)) {
    const own = rows.filter((line) => line.startsWith(`| \`${code}\` |`));
    expect(own).toHaveLength(1);
    expect(own[0]).toContain(`| ${status} |`);
    expect(own[0]?.split(/(?<!\\)\|/)).toHaveLength(5);
  }
});

test('every reason of a denial has exactly one row in docs/errors.md, with the answer a caller gets', () => {
  for (const reason of denyReasons) {
    const own = rows.filter((line) => line.startsWith(`| \`${reason}\` |`));
    const { status, code } = refusalErrorOf(reason);
    expect(own).toHaveLength(1);
    expect(own[0]).toContain(`| ${status} \`${code}\` |`);
  }
});
