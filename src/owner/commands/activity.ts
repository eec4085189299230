// countersign activity: what was done and what was refused, one line each. With --follow, what happens from now on, too.
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '../../client/create-client.ts';
import type { ActivityRow } from '../../client/shapes.ts';
import { connect } from '../connection.ts';
import { keyMeant } from '../named.ts';
import { printable } from '../printable.ts';
import type { Run, Shell } from '../shell.ts';
import { Interrupted, READER_GONE } from '../stops.ts';
import { second, secondsOf } from '../times.ts';

const POLL_MS = 2_000;
const DEFAULT_SINCE = 7 * 86_400;
/** Rows of logins and refusals are written in batches: one may appear after a newer one. */
const LATE_NS = 60_000_000_000n;
const OUTCOMES: Readonly<Record<string, 'changes' | 'logins' | 'refusals'>> = {
  changes: 'changes',
  logins: 'logins',
  refused: 'refusals',
};

export const activity: Run = async (shell) => {
  const since = shell.value('since');
  const seconds = since === undefined ? DEFAULT_SINCE : secondsOf(since, 'since');
  const { client } = connect(shell);
  const from = BigInt(shell.now() - seconds * 1000) * 1_000_000n;
  const credential = await keyMeant(shell, client);
  if (shell.has('follow')) return follow(shell, client, from, credential);
  let isAny = false;
  for await (const row of rows(shell, client, from, credential)) {
    isAny = true;
    if (!(await printRow(shell, row))) return 0;
  }
  if (!isAny) shell.note('nothing in that time; a refusal is here within a minute');
  return 0;
};

function rows(shell: Shell, client: Client, from: bigint, credential: string | undefined): AsyncIterable<ActivityRow> {
  const outcome = OUTCOMES[shell.value('what') ?? ''];
  return client.activity.list({
    from,
    signal: shell.signal,
    ...(credential === undefined ? {} : { credential }),
    ...(outcome === undefined ? {} : { outcome }),
  });
}

/** Oldest first, as a log is read. Ends with ^C, or when nobody reads any more. */
async function follow(shell: Shell, client: Client, start: bigint, credential: string | undefined): Promise<0> {
  const seen = new Map<bigint, bigint>();
  for (let from = start; ; await wait(POLL_MS, undefined, { signal: shell.signal })) {
    if (!shell.isRead()) throw new Interrupted(READER_GONE);
    const fresh: ActivityRow[] = [];
    for await (const row of rows(shell, client, from, credential)) if (!seen.has(row.id)) fresh.push(row);
    for (const row of fresh.reverse()) {
      seen.set(row.id, row.at);
      if (!(await printRow(shell, row))) return 0;
    }
    const newest = [...seen.values()].reduce((a, b) => (a > b ? a : b), start);
    if (newest - LATE_NS > from) from = newest - LATE_NS;
    for (const [id, at] of seen) if (at < from) seen.delete(id);
  }
}

function printRow(shell: Shell, row: ActivityRow): Promise<boolean> {
  return shell.has('json') ? shell.json(row) : shell.out(activityLine(row));
}

/**
 * One row, as a line. Its time is when it happened: logins and refusals are written later, and would seem to have come after a revocation
 * that they came before.
 */
export function activityLine({ at, action, actor, subject, client_ip, request_id, detail }: ActivityRow): string {
  const by = actor.kind === subject.kind && actor.id === subject.id ? '' : ` by ${shownOne(actor)}`;
  const reason = detail.reason ?? detail.code;
  const times = Number(detail.count ?? 1);
  const notes = [typeof reason === 'string' ? reason : '', times > 1 ? `${times} times` : ''].filter(Boolean);
  const note = notes.length > 0 ? ` (${notes.join(', ')})` : '';
  const from = client_ip === null || client_ip === '' ? '' : ` from ${client_ip}`;
  const happened = detail.happened_at ?? detail.last_at;
  const when = second(typeof happened === 'bigint' ? happened : at);
  return `${printable(`${when}  ${action}${note}  ${shownOne(subject)}${by}${from}  ${request_id ?? ''}`).trimEnd()}\n`;
}

const shownOne = ({ kind, id, name }: ActivityRow['actor']): string =>
  [name === '' || name === null ? '' : `"${name}"`, id === '' || id === null ? kind : `${kind}:${id}`]
    .join(' ')
    .trimStart();
