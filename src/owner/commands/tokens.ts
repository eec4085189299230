// countersign tokens: lists, renames and restricts read-only keys.
import { allowlistOf, shownAllowlist } from '../addresses.ts';
import { connect, connectAsNeeded } from '../connection.ts';
import { printList } from '../lists.ts';
import { meantOne, stateOfToken, tokenKind } from '../named.ts';
import { receiptText } from '../receipt-text.ts';
import type { Run } from '../shell.ts';
import { ago, relative } from '../times.ts';

export const listTokens: Run = async (shell) => {
  const { client } = connect(shell);
  const now = shell.now();
  const columns = [
    { title: 'ID', atLeast: 36 },
    { title: 'NAME', atLeast: 8 },
    { title: 'STATE' },
    { title: 'FROM', atLeast: 8 },
    { title: 'LAST USED', atLeast: 9 },
    { title: 'ENDS' },
  ];
  await printList(
    shell,
    client.tokens.list({ ended: shell.has('ended'), signal: shell.signal }),
    columns,
    (one) => [
      one.lookup_id,
      one.name,
      stateOfToken(one, now),
      shownAllowlist(one.allowed_cidrs),
      ago(one.last_used_at, now),
      relative(one.revoked_at === 0n ? one.expiry_at : one.revoked_at, now),
    ],
    'there are no read-only keys',
  );
  return 0;
};

export const renameToken: Run = async (shell) => {
  const { client } = connect(shell);
  const { id } = await meantOne(shell, client, tokenKind);
  const { value } = await client.tokens.rename(id, shell.argument(1), { signal: shell.signal });
  if (shell.has('json')) await shell.json(value);
  else shell.note(`${id} is called "${value.name}" now`);
  return 0;
};

export const restrictToken: Run = async (shell) => {
  const cidrs = allowlistOf(shell.values('from'));
  const { signal } = shell;
  const { value, receipt } = await connectAsNeeded(shell, async (client) => {
    const { id } = await meantOne(shell, client, tokenKind);
    return client.tokens.restrict(id, cidrs, { signal });
  });
  if (shell.has('json')) await shell.json(value);
  else shell.note(`"${value.name}" may be used from ${shownAllowlist(value.allowed_cidrs)}${receiptText(receipt)}`);
  return 0;
};
