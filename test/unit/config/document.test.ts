import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationDocument, describeSettings } from '../../../src/config/document.ts';
import { settingNames, settingOf, variableOf } from '../../../src/config/schema.ts';

test('docs/configuration.md is what schema.ts says (else: npx node src/config/document.ts > docs/configuration.md)', () => {
  const committed = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  expect(committed).toBe(configurationDocument());
});

test('every setting has exactly one row of five cells in docs/configuration.md', () => {
  const rows = configurationDocument().split('\n');
  for (const name of settingNames) {
    const own = rows.filter((line) => line.startsWith(`| \`${name}\``));
    expect(own).toHaveLength(1);
    expect(own[0]?.split(/(?<!\\)\|/)).toHaveLength(7);
  }
});

test('the help lists the flag of every setting with its short form and its variable, and no flag for the secret', () => {
  const help = describeSettings();
  for (const name of settingNames) {
    const setting = settingOf[name];
    expect([name, help.includes(`  --${name}`)]).toEqual([name, !setting.secret]);
    if (setting.secret) continue;
    expect(help).toContain(variableOf(name));
    if (setting.short !== undefined) expect(help).toMatch(new RegExp(`--${name}.*, --${setting.short}$`, 'm'));
  }
});

test('the help about settings has lines of at most 100 columns', () => {
  expect(
    describeSettings()
      .split('\n')
      .filter((line) => line.length > 100),
  ).toEqual([]);
  expect(describeSettings()).toContain(' default ./data; CSIGN_DATA_FOLDER)');
});

test('figures that a line about when to change a setting names are among the metrics', () => {
  const named = settingNames.flatMap((name) => settingOf[name].when.match(/countersign_\w+/g) ?? []);
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  expect(named).not.toEqual([]);
  expect(named.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
