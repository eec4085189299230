// countersign devices list: the browsers and machines that are signed in.
import { connect } from '../connection.ts';
import { printList } from '../lists.ts';
import type { Run } from '../shell.ts';
import { ago, relative } from '../times.ts';

export const listDevices: Run = async (shell) => {
  const { client, place } = connect(shell);
  const now = shell.now();
  const ours = place.profile?.device?.id;
  const columns = [
    { title: 'ID' },
    { title: 'NAME', atLeast: 8 },
    { title: 'STATE' },
    { title: 'LAST USED', atLeast: 9 },
    { title: 'FROM', atLeast: 8 },
    { title: 'ENDS' },
  ];
  await printList(
    shell,
    client.devices.list({ ended: shell.has('ended'), signal: shell.signal }),
    columns,
    (one) => [
      one.id,
      `${one.name}${one.id === ours ? ' (this one)' : ''}`,
      one.state,
      ago(one.last_used_at, now),
      one.last_used_ip ?? '',
      relative(one.ended_at === 0n ? one.expires_at : one.ended_at, now),
    ],
    'there are no devices',
  );
  return 0;
};
