// docs/rules.md: every rule stands where the page says, and the test that it names is there.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { denyReasons } from '../../../src/domain/decision.ts';
import { ruleGroups, rulesDocument } from '../../support/rules.ts';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const entries = ruleGroups.flatMap(({ rules }) => rules);

test('docs/rules.md is what test/support/rules.ts says (else: npx node test/support/rules.ts > docs/rules.md)', () => {
  expect(read('docs/rules.md')).toBe(rulesDocument());
});

test.each(entries.map((entry) => [entry.rule, entry] as const))(
  'the file and the test of a rule are there: %s',
  (_rule, { decidedBy, text, heldBy, title }) => {
    expect(read(decidedBy)).toContain(text);
    const titles = [title, title.replaceAll("'", "\\'")].flatMap((one) => [`'${one}'`, `"${one}"`, `\`${one}\``]);
    const tests = read(heldBy);
    expect(titles.filter((one) => tests.includes(one))).not.toEqual([]);
  },
);

test('every reason of a refused request has its rule', () => {
  const told = new Set(entries.flatMap(({ reasons = [] }) => reasons));
  expect(denyReasons.filter((reason) => !told.has(reason))).toEqual([]);
});
