// What is said about a key.
import { describe, expect, test } from 'vitest';
import {
  agoWords,
  endedAtWords,
  expiresWords,
  inUseWords,
  isInUse,
  revokedByWords,
} from '../../../console/words/keys.ts';
import { deletedWords } from '../../../console/words/receipts.ts';

const ns = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;
/** Of the calendar here: zones are what words/times.ts is tested for. */
const local = (...parts: [number, number, number, number, number, number?]): bigint =>
  BigInt(new Date(...parts).getTime()) * 1_000_000n;
const ms = (iso: string): number => Date.parse(iso);

describe('when a key ends', () => {
  test('is never, or past: with the year where it is another', () => {
    const now = ms('2026-11-28T12:00:00Z');
    expect(expiresWords({ expiresAt: undefined, ended: undefined }, now)).toBe('never');
    expect(expiresWords({ expiresAt: 1n, ended: { how: 'revoked', at: ns('2026-11-03T12:00:00Z') } }, now)).toBe(
      'revoked 3 Nov',
    );
    expect(expiresWords({ expiresAt: ns('2025-11-03T12:00:00Z'), ended: undefined }, now)).toBe('expired 3 Nov 2025');
  });
});

describe('the use of a key', () => {
  const now = ms('2026-11-28T12:00:00Z');
  test('is told by the last request, and how many there were today', () => {
    expect(inUseWords(ns('2026-11-28T11:59:56Z'), 1204, now)).toBe('1,204 requests today, the last one 4 s ago');
    expect(inUseWords(ns('2026-11-28T11:58:00Z'), 1, now)).toBe('1 request today, the last one 2 min ago');
    expect(inUseWords(ns('2026-11-27T13:00:00Z'), 0, now)).toBe('The last request was 23 h ago');
    expect(inUseWords(ns('2026-11-28T12:00:09Z'), undefined, now)).toBe('The last request was 0 s ago');
    expect(agoWords(ns('2026-11-28T11:00:00Z'), now)).toBe('1 h ago');
  });

  test('is of the last 24 hours, or the key is not in use', () => {
    expect(isInUse(ns('2026-11-27T12:00:01Z'), now)).toBe(true);
    expect(isInUse(ns('2026-11-27T12:00:00Z'), now)).toBe(false);
    expect(isInUse(undefined, now)).toBe(false);
  });
});

describe('the end of a key', () => {
  test('is told with its receipt, and what had reached the venue only where something had', () => {
    const at = local(2026, 10, 28, 14, 3, 7);
    expect(deletedWords(at, { nodes: 1, ms: 12, in_flight: 1 })).toBe(
      'Deleted. Refused everywhere since 14:03:07; it took 12 ms. 1 request had already reached the venue.',
    );
    expect(deletedWords(at, { nodes: 1, ms: 0, in_flight: 0 })).toBe(
      'Deleted. Refused everywhere since 14:03:07; it took 0 ms.',
    );
    expect(deletedWords(at, { nodes: 1, ms: 1, in_flight: 2 })).toContain('2 requests had already reached the venue.');
    expect(deletedWords(at, undefined)).toBe('Deleted. Refused everywhere since 14:03:07.');
    expect(deletedWords(undefined, undefined)).toBe('Deleted. Refused everywhere.');
  });

  test('is told with what ended it', () => {
    const row = (action: string, kind = 'device', client_ip = '198.51.100.20') =>
      revokedByWords({ action, actor: { kind, id: '1', name: '' }, client_ip });
    expect(endedAtWords({ how: 'revoked', at: local(2026, 10, 3, 9, 12) })).toBe('Revoked 3 Nov 2026, 09:12');
    expect(row('token.revoked')).toBe(' by you, from 198.51.100.20');
    expect(row('subkey.revoked', 'main', '')).toBe(' by you');
    expect(row('subkey.revoked', 'operator')).toBe(' by your venue');
    expect(row('credential.reported_leaked', '')).toBe(' because somebody reported it found');
    expect(row('account.revoked_all')).toBe(' with everything else');
    expect(row('account.revoked_by_restore')).toBe(' because the venue restored a backup');
    expect(row('token.renamed')).toBe('');
  });
});
