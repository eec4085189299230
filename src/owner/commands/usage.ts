// countersign usage: how often each key was used on each day, or from which addresses.
import { connect } from '../connection.ts';
import { printList } from '../lists.ts';
import { keyMeant, namesOfKeys } from '../named.ts';
import type { Run } from '../shell.ts';
import { WrongUse } from '../stops.ts';
import { ago } from '../times.ts';

const DAY_MS = 86_400_000;

export const usage: Run = async (shell) => {
  const days = daysOf(shell.value('days') ?? '30');
  const { signal } = shell;
  const now = shell.now();
  if (shell.has('addresses')) {
    const { client } = connect(shell);
    const credential = await keyMeant(shell, client);
    if (credential === undefined) throw new WrongUse('--addresses is of one key: name it with --key subkey:42');
    const columns = [
      { title: 'ADDRESS' },
      { title: 'FIRST USED' },
      { title: 'LAST USED' },
      { title: 'ALLOWED' },
      { title: 'REFUSED' },
    ];
    await printList(
      shell,
      client.usage.addresses({ credential, signal }),
      columns,
      (one) => [one.address, ago(one.first_at, now), ago(one.last_at, now), `${one.allowed}`, `${one.refused}`],
      'it was used from nowhere in the time that is kept; an address is here within a minute',
    );
    return 0;
  }
  const { client } = connect(shell);
  const credential = await keyMeant(shell, client);
  const names = shell.has('json') ? undefined : await namesOfKeys(shell, client);
  const from = new Date(now - (days - 1) * DAY_MS).toISOString().slice(0, 10);
  const columns = [
    { title: 'DAY (UTC)' },
    { title: 'KEY', atLeast: 12 },
    { title: 'NAME', atLeast: 8 },
    { title: 'ALLOWED' },
    { title: 'REFUSED' },
    { title: 'LIMITED' },
    { title: 'FAILED' },
  ];
  await printList(
    shell,
    client.usage.list({ from, signal, ...(credential === undefined ? {} : { credential }) }),
    columns,
    ({ credential: { kind, id }, day, allowed, refused, limited, failed }) => [
      day,
      `${kind}:${id}`,
      names?.get(`${kind}:${id}`) ?? '',
      ...[allowed, refused, limited, failed].map(String),
    ],
    'nothing was used in that time',
  );
  return 0;
};

function daysOf(text: string): number {
  const days = /^[0-9]{1,4}d?$/.test(text) ? Number.parseInt(text, 10) : 0;
  if (days < 1) throw new WrongUse('--days is a number of days, 1 or more');
  return days;
}
