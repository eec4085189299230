// What is said about a key: when it ends, whether it is in use, and what ended it. Times are of the reader's zone.
import type { ActivityRow } from '../../src/client/main.ts';
import { day, exact, toMs, until } from './times.ts';

const DAY_MS = 86_400_000;
const count = new Intl.NumberFormat('en');

export interface Ending {
  readonly expiresAt: bigint | undefined;
  readonly ended: { readonly how: 'revoked' | 'expired'; readonly at: bigint } | undefined;
}

/** `in 24 days`, `today 18:30`, `never`, `revoked 3 Nov`: without the year where it is this one. */
export function expiresWords({ expiresAt, ended }: Ending, nowMs: number): string {
  const shortDay = (ns: bigint): string => {
    const [whole, year] = [day(ns), ` ${new Date(nowMs).getFullYear()}`];
    return whole.endsWith(year) ? whole.slice(0, -year.length) : whole;
  };
  if (ended !== undefined) return `${ended.how} ${shortDay(ended.at)}`;
  if (expiresAt === undefined) return 'never';
  return toMs(expiresAt) <= nowMs ? `expired ${shortDay(expiresAt)}` : until(expiresAt, nowMs);
}

/** `4 s ago`, `2 min ago`, `5 h ago`. */
export function agoWords(ns: bigint, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - toMs(ns)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}

export const isInUse = (lastUsedAt: bigint | undefined, nowMs: number): boolean =>
  lastUsedAt !== undefined && nowMs - toMs(lastUsedAt) < DAY_MS;

/** After `It is in use.` `from` is put behind it, in mono. @param requests of today; undefined when it could not be told. */
export function inUseWords(lastUsedAt: bigint, requests: number | undefined, nowMs: number): string {
  const ago = agoWords(lastUsedAt, nowMs);
  if (requests === undefined || requests === 0) return `The last request was ${ago}`;
  return `${count.format(requests)} ${requests === 1 ? 'request' : 'requests'} today, the last one ${ago}`;
}

/** `Revoked 3 Nov 2026, 09:12`, or `Expired …`. */
export const endedAtWords = ({ how, at }: NonNullable<Ending['ended']>): string =>
  `${how === 'revoked' ? 'Revoked' : 'Expired'} ${exact(at)}`;

const because: Readonly<Record<string, string>> = {
  'credential.reported_leaked': ' because somebody reported it found',
  'credential.revoked_itself': ' by a session of its own',
  'account.revoked_all': ' with everything else',
  'account.revoked_by_restore': ' because the venue restored a backup',
  'account.revoked_by_clock': ' because the venue set its clock',
};

/** What stands after `Revoked 3 Nov 2026, 09:12`, from the row of the activity that ended it; empty where none is known. */
export function revokedByWords({
  action,
  actor,
  client_ip,
}: Pick<ActivityRow, 'action' | 'actor' | 'client_ip'>): string {
  const why = because[action];
  if (why !== undefined) return why;
  if (action !== 'token.revoked' && action !== 'subkey.revoked') return '';
  if (actor.kind === 'operator') return ' by your venue';
  return client_ip === '' ? ' by you' : ` by you, from ${client_ip}`;
}
/** Of rows of the key itself. */
export const endingActions: readonly string[] = [
  'credential.reported_leaked',
  'credential.revoked_itself',
  'token.revoked',
  'subkey.revoked',
  'token.rotated',
];
/** Of rows of the account. */
export const endingOfAll: readonly string[] = [
  'account.revoked_all',
  'account.revoked_by_restore',
  'account.revoked_by_clock',
];
