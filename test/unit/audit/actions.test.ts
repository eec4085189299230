// The audit log's actions are a closed list that only grows, and docs/operator.md has every one of them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actionsOf, auditActions } from '../../../src/domain/audit-action.ts';

test('every action of the audit log stands in docs/operator.md with its sentence, and no other', () => {
  const page = readFileSync(new URL('../../../docs/operator.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n### Actions\n');
  const [table = ''] = section.split('\n## ');
  const listed = [...table.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name, says]) => [name, says]);
  expect(listed).toEqual(Object.entries(auditActions));
});

test('an action of the audit log keeps its name, and a new one is added to this list', () => {
  expect(Object.keys(auditActions).sort()).toEqual([
    'account.locked',
    'account.onboarded',
    'account.revoked_all',
    'account.revoked_by_clock',
    'account.revoked_by_restore',
    'account.signed_out_everywhere',
    'account.unlocked',
    'backup.taken',
    'clock.accepted',
    'credential.reported_leaked',
    'credential.revoked_itself',
    'device.added',
    'device.ended',
    'ending.receipt',
    'login',
    'login.refused',
    'request.refused',
    'signing_key.activated',
    'signing_key.published',
    'signing_key.retired',
    'store.restored',
    'subkey.activated',
    'subkey.activation_repeated',
    'subkey.allowlist_replaced',
    'subkey.expired',
    'subkey.registered',
    'subkey.renamed',
    'subkey.revoked',
    'terminal_token.issued',
    'token.allowlist_replaced',
    'token.created',
    'token.renamed',
    'token.revoked',
    'token.rotated',
  ]);
});

test('an owner who asks for changes, logins or refusals is shown each action once, and receipts beside all of them', () => {
  expect(actionsOf('logins')).toEqual(['login', 'terminal_token.issued']);
  expect(actionsOf('refusals')).toEqual(['login.refused', 'request.refused', 'subkey.activation_repeated']);
  const told = new Set([...actionsOf('changes'), ...actionsOf('logins'), ...actionsOf('refusals'), 'ending.receipt']);
  expect(actionsOf('changes')).toHaveLength(told.size - 6);
  expect(told).toEqual(new Set(Object.keys(auditActions)));
});
