// What a row of the activity says: one entry for every action of the audit log. An action of a later release is shown by its name.
import { type ActivityRow, refusalHeadline } from '../../src/client/main.ts';
import { kindWords, requestWords } from './requests.ts';

/** A piece of a line. Names are people's text, `mono` is what is compared, `small` only adds. Times are Unix nanoseconds: a day, a day
 * with its time, a time of day. */
export type Part =
  | string
  | { readonly name: string }
  | { readonly mono: string }
  | { readonly small: string }
  | { readonly time: bigint }
  | { readonly moment: bigint }
  | { readonly clock: bigint };
export type Line = readonly Part[];

export interface RowWords {
  readonly what: string;
  /** Stands behind a badge that says so. */
  readonly refused: boolean;
  readonly lines: readonly Line[];
}

type Detail = ActivityRow['detail'];
type Lines = (detail: Detail, row: ActivityRow) => readonly Line[];
type Words = readonly [what: string | ((detail: Detail, row: ActivityRow) => string), lines?: Lines];

const SHOWN_ADDRESSES = 4;

const words: Readonly<Record<string, Words>> = {
  'account.onboarded': ['Account made', ({ signer }) => [[signer === 'eip191' ? 'with a wallet' : 'with a main key']]],
  'account.signed_out_everywhere': ['Signed out everywhere', (detail, row) => [endedLine(detail), ...by(row)]],
  'account.revoked_all': ['Everything ended', (detail, row) => [endedLine(detail), ...by(row)]],
  'account.locked': ['Account locked by the venue'],
  'account.unlocked': ['Account unlocked by the venue'],
  'account.revoked_by_restore': [
    'Keys ended by the venue',
    (detail) => [['its server was restored from a backup'], endedLine(detail)],
  ],
  'account.revoked_by_clock': [
    'Keys ended by the venue',
    (detail) => [["its server's clock was set"], endedLine(detail)],
  ],
  login: ['Signed in', (_detail, { subject }) => [[`with the ${kindWords(subject.kind)}`]]],
  'login.refused': [headline, (detail) => [['Sign in', ...times(detail)]]],
  'request.refused': [headline, (detail) => [[...request(detail), ...times(detail)]]],
  'subkey.registered': [
    ({ state }) => (state === 'pending' ? 'Key handed to a phone' : 'Key added'),
    ({ expires_at, allowed_cidrs }) => [['subkey, ', ...until(expires_at), ...from(allowed_cidrs)]],
  ],
  'subkey.activated': ['Key taken by a device'],
  'subkey.activation_repeated': [
    'Code used a second time',
    ({ activated_from, activated_at }) => [
      ['the key was taken before', ...mono(activated_from, ' by '), ...clock(activated_at, ' at ')],
    ],
  ],
  'subkey.renamed': ['Name changed', renamed],
  'subkey.allowlist_replaced': ['Addresses changed', addresses],
  'subkey.revoked': ['Key deleted', (_detail, row) => by(row)],
  'subkey.expired': ['Key ended', () => [['no phone took it in time']]],
  'token.created': [
    'Key added',
    ({ expiry_at, allowed_cidrs, replaces }) => [
      ['read-only, ', ...until(expiry_at), ...from(allowed_cidrs)],
      ...(typeof replaces === 'string' ? [['in place of an older key']] : []),
    ],
  ],
  'token.allowlist_replaced': ['Addresses changed', addresses],
  'token.renamed': ['Name changed', renamed],
  'token.rotated': ['Key replaced', ({ ends_at }) => [['the old one ends ', ...moment(ends_at)]]],
  'token.revoked': ['Key deleted', (_detail, row) => by(row)],
  'terminal_token.issued': ['Terminal session opened'],
  'credential.reported_leaked': [
    'Reported found',
    (_detail, { subject }) => [
      [
        'somebody had it and reported it: ',
        ['token', 'device'].includes(subject.kind) ? 'it ended' : 'its sessions ended',
      ],
    ],
  ],
  'credential.revoked_itself': [
    (_detail, { subject }) => (subject.kind === 'device' ? 'Device signed out' : 'Key deleted'),
    (_detail, { subject }) => [[subject.kind === 'device' ? 'by itself' : 'by a program that has it']],
  ],
  'ending.receipt': ['Refused everywhere', (detail) => [receipt(detail)]],
  'device.added': ['Device signed in', ({ expires_at }) => [['until ', ...moment(expires_at)]]],
  'device.ended': [
    'Device signed out',
    ({ why }, row) => (why === 'signing key retired' ? [['the venue replaced its signing key']] : by(row)),
  ],
  // About the service, which no row of an account is.
  'signing_key.published': ['Signing key published by the venue'],
  'signing_key.activated': ['Signing key taken into use by the venue'],
  'signing_key.retired': ['Signing key ended by the venue'],
  'clock.accepted': ['Clock set by the venue'],
  'backup.taken': ['Backup taken by the venue'],
  'store.restored': ['Server restored by the venue'],
};

export const hasWords = (action: string): boolean => Object.hasOwn(words, action);

const refused: readonly string[] = ['login.refused', 'request.refused', 'subkey.activation_repeated'];

export function wordsOfRow(row: ActivityRow): RowWords {
  const { action, detail } = row;
  const [what, lines] = (hasWords(action) ? words[action] : undefined) ?? [action];
  return {
    what: typeof what === 'string' ? what : what(detail, row),
    refused: refused.includes(action),
    lines: (lines?.(detail, row) ?? []).filter((line) => line.length > 0),
  };
}

/** When it happened: rows of sign-ins and refusals are written up to a minute later. */
export function happenedAt({ at, detail }: ActivityRow): bigint {
  for (const time of [detail.last_at, detail.happened_at]) if (typeof time === 'bigint' && time > 0n) return time;
  return at;
}

/** What a receipt says after the sentence that it is refused everywhere. */
export function receipt({ ms, in_flight }: Detail): Line {
  const took = typeof ms === 'number' ? `it took ${ms} ms` : '';
  const reached = typeof in_flight === 'number' && in_flight > 0 ? reachedWords(in_flight) : '';
  return [took, reached].filter((text) => text !== '').map((text, index) => (index === 0 ? text : `; ${text}`));
}

/** Of requests that were with the venue already when a key was ended. */
export const reachedWords = (requests: number): string =>
  requests === 1
    ? '1 request had already reached the venue'
    : `${count(requests)} requests had already reached the venue`;

export interface AddressChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Set where one of the two lists is not a list of addresses. */
  readonly now?: 'anywhere';
  readonly before?: 'anywhere' | 'damaged';
}

/** Both lists as the audit log has them: empty is anywhere. */
export function addressChange(from: readonly string[], to: readonly string[]): AddressChange {
  const damaged = from.includes('damaged');
  const before = damaged ? [] : from;
  return {
    added: to.filter((range) => !before.includes(range)),
    removed: before.filter((range) => !to.includes(range)),
    ...(to.length === 0 ? { now: 'anywhere' } : {}),
    ...(damaged ? { before: 'damaged' } : before.length === 0 ? { before: 'anywhere' } : {}),
  };
}

function addresses({ from: old, to }: Detail): readonly Line[] {
  const change = addressChange(texts(old), texts(to));
  const lines: Line[] = [];
  if (change.now === 'anywhere') lines.push(['from anywhere now']);
  if (change.before === 'anywhere' && change.now === undefined) lines.push(['from anywhere before']);
  if (change.before === 'damaged') lines.push(['the list was damaged']);
  if (change.added.length > 0) lines.push(['added ', ...ranges(change.added)]);
  if (change.removed.length > 0) lines.push(['removed ', ...ranges(change.removed)]);
  return lines;
}

function ranges(list: readonly string[]): Line {
  const shown = list
    .slice(0, SHOWN_ADDRESSES)
    .flatMap((mono, at): Part[] => (at === 0 ? [{ mono }] : [', ', { mono }]));
  return list.length > SHOWN_ADDRESSES ? [...shown, ` and ${list.length - SHOWN_ADDRESSES} more`] : shown;
}

function renamed({ from: old, to }: Detail): readonly Line[] {
  if (typeof old !== 'string' || typeof to !== 'string') return [];
  return [['from ‘', { name: old }, '’ to ‘', { name: to }, '’']];
}

function headline({ reason }: Detail): string {
  if (typeof reason !== 'string') return 'It was refused';
  return refusalHeadline(reason) ?? reason;
}

function request({ route }: Detail): Part[] {
  if (typeof route !== 'string') return [];
  const named = requestWords(route);
  return named === undefined ? [{ mono: route }] : [named];
}

function times({ count: refusals, others }: Detail): Part[] {
  const many = typeof refusals === 'number' && refusals > 1 ? [` · ${timesInMinute(refusals)}`] : [];
  return others === true ? [...many, ', from several addresses'] : many;
}

export const timesInMinute = (times: number): string => `${count(times)} times in this minute`;

/** What ended with one change, by the lists of its detail. */
function endedLine(detail: Detail): Line {
  const text = endedWords({
    subkeys: texts(detail.subkeys).length,
    tokens: texts(detail.tokens).length,
    devices: texts(detail.devices).length,
  });
  return text === '' ? [] : [`${text} ended`];
}

/** `2 subkeys, 1 read-only key, 3 devices`; empty for nothing. */
function endedWords(ended: Readonly<Record<'subkeys' | 'tokens' | 'devices', number>>): string {
  const noun = (number: number, one: string): string[] =>
    number === 0 ? [] : [`${count(number)} ${number === 1 ? one : `${one}s`}`];
  return [
    ...noun(ended.subkeys, 'subkey'),
    ...noun(ended.tokens, 'read-only key'),
    ...noun(ended.devices, 'device'),
  ].join(', ');
}

/** Who did it, where that is not the thing itself. */
function by({ actor, subject }: ActivityRow): readonly Line[] {
  if (actor.kind === 'operator') return [['by the venue']];
  if (actor.kind === 'device' && actor.name !== '') return [['by ', { name: actor.name }]];
  if (actor.kind === subject.kind && actor.id === subject.id) return [['by itself']];
  return actor.kind === 'main' || actor.kind === 'evm' ? [[`with the ${kindWords(actor.kind)}`]] : [];
}

function until(end: unknown): Part[] {
  return typeof end === 'bigint' && end > 0n ? ['until ', { time: end }] : ['without an end'];
}

function from(list: unknown): Part[] {
  if (!Array.isArray(list)) return [];
  return list.length === 0 ? [', from anywhere'] : [', from', ' ', ...ranges(texts(list))];
}

const moment = (at: unknown): Part[] => (typeof at === 'bigint' && at > 0n ? [{ moment: at }] : []);
const clock = (at: unknown, before: string): Part[] =>
  typeof at === 'bigint' && at > 0n ? [before, { clock: at }] : [];
const mono = (text: unknown, before: string): Part[] =>
  typeof text === 'string' && text !== '' ? [before, { mono: text }] : [];

const texts = (list: unknown): string[] =>
  Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [];

const numbers = new Intl.NumberFormat('en');
/** `48,201`. */
export const count = (number: number): string => numbers.format(number);
