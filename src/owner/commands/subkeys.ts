// countersign subkeys: lists, renames and restricts the keys that trade.
import { allowlistOf, shownAllowlist } from '../addresses.ts';
import { connect, connectAsNeeded } from '../connection.ts';
import { printList } from '../lists.ts';
import { meantOne, short, subkeyKind } from '../named.ts';
import { receiptText } from '../receipt-text.ts';
import type { Run } from '../shell.ts';
import { ago, relative } from '../times.ts';

export const listSubkeys: Run = async (shell) => {
  const { client } = connect(shell);
  const now = shell.now();
  const columns = [
    { title: 'KEY' },
    { title: 'NAME', atLeast: 8 },
    { title: 'STATE' },
    { title: 'PUBLIC KEY' },
    { title: 'FROM', atLeast: 8 },
    { title: 'LAST USED', atLeast: 9 },
    { title: 'ENDS' },
  ];
  await printList(
    shell,
    client.subkeys.list({ ended: shell.has('ended'), signal: shell.signal }),
    columns,
    (one) => [
      `subkey:${one.id}`,
      one.name,
      one.state,
      shell.width === undefined ? one.public_key : short(one.public_key),
      shownAllowlist(one.allowed_cidrs),
      ago(one.last_used_at, now),
      relative(one.revoked_at === 0n ? one.expires_at : one.revoked_at, now),
    ],
    'there are no subkeys',
  );
  return 0;
};

export const renameSubkey: Run = async (shell) => {
  const { client } = connect(shell);
  const { id } = await meantOne(shell, client, subkeyKind);
  const { value } = await client.subkeys.rename(id, shell.argument(1), { signal: shell.signal });
  if (shell.has('json')) await shell.json(value);
  else shell.note(`${id} is called "${value.name}" now`);
  return 0;
};

export const restrictSubkey: Run = async (shell) => {
  const cidrs = allowlistOf(shell.values('from'));
  const { signal } = shell;
  const { value, receipt } = await connectAsNeeded(shell, async (client) => {
    const { id } = await meantOne(shell, client, subkeyKind);
    return client.subkeys.restrict(id, cidrs, { signal });
  });
  if (shell.has('json')) await shell.json(value);
  else shell.note(`"${value.name}" may be used from ${shownAllowlist(value.allowed_cidrs)}${receiptText(receipt)}`);
  return 0;
};
