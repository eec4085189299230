// docs/commands.md says what the table of forms says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandsDocument } from '../../../src/owner/document.ts';

test('docs/commands.md is what forms.ts says (else: npx node src/owner/document.ts > docs/commands.md)', () => {
  const committed = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8');
  expect(committed).toBe(commandsDocument());
});
