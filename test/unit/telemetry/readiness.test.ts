// What /readyz finds: which problems take the process out of service, and which are only told.

import { describe, expect, test } from 'vitest';
import { StoreLost } from '../../../src/errors.ts';
import {
  auditCheck,
  type Check,
  changesCheck,
  createReadiness,
  diskCheck,
  engineCheck,
  isReady,
  logCheck,
  problemLevel,
  signingKeysCheck,
  stoppingCheck,
  storeCheck,
  venueCheck,
} from '../../../src/telemetry/readiness.ts';

const written = { waiting: 0, written: 5, lost: 0, failing: false };
const MIB = 1_048_576;

const cases: readonly (readonly [what: string, well: Check, ill: Check, state: string, says: RegExp])[] = [
  ['a stop', stoppingCheck(false), stoppingCheck(true), 'failing', /stopping/],
  [
    'an unreadable store',
    await storeCheck(async () => undefined),
    await storeCheck(() => Promise.reject(new Error('SQLITE_CORRUPT secret detail'))),
    'failing',
    /^the database cannot be read$/,
  ],
  [
    'a lost store',
    await storeCheck(async () => undefined),
    await storeCheck(() => Promise.reject(new StoreLost('countersign.db was removed while it was in use'))),
    'failing',
    /^countersign\.db was removed while it was in use$/,
  ],
  [
    'a missing signing key',
    signingKeysCheck(undefined),
    signingKeysCheck('no key for tokens'),
    'failing',
    /no key for tokens/,
  ],
  ['the engine', engineCheck(true), engineCheck(false), 'degraded', /plain JavaScript/],
  ['the venue', venueCheck(2), venueCheck(3), 'degraded', /last 3 forwarded/],
  ['the audit log', auditCheck(written), auditCheck({ ...written, lost: 7, failing: true }), 'degraded', /7 are lost/],
  [
    'a change that was not written',
    changesCheck({ unwritten: 0, failures: 9 }),
    changesCheck({ unwritten: 2, failures: 9 }),
    'degraded',
    /^2 credentials or accounts .*repeat it before a restart/,
  ],
  [
    'the log',
    logCheck({ problem: undefined, lost: 7 }),
    logCheck({ problem: 'the disk is full (ENOSPC)', lost: 7 }),
    'degraded',
    /^log lines are not written: the disk is full \(ENOSPC\); 7 are lost since the start$/,
  ],
  ['the disk', diskCheck(256 * MIB), diskCheck(256 * MIB - 1), 'degraded', /^255 MiB/],
];

test.each(cases)(
  'readiness names %s when it is wrong, and nothing when it is well',
  (_what, well, ill, state, says) => {
    expect(well).toEqual({ state: 'ok' });
    expect(ill.state).toBe(state);
    expect(ill).toHaveProperty('problem', expect.stringMatching(says));
  },
);

test('audit rows that were lost once, and are written again, are no problem for readiness any more', () => {
  expect(auditCheck({ ...written, lost: 7 })).toEqual({ state: 'ok' });
});

describe('readiness', () => {
  const ok: Check = { state: 'ok' };
  const poor: Check = { state: 'degraded', problem: 'slow' };
  const out: Check = { state: 'failing', problem: 'gone' };

  test('readiness is lost by a check that fails, not by one that is degraded', () => {
    expect(isReady({ a: ok, b: poor })).toBe(true);
    expect(isReady({ a: ok, b: poor, c: out })).toBe(false);
    expect([ok, poor, out].map(problemLevel)).toEqual([0, 1, 2]);
  });

  test('readiness asks its checks anew each time, and counts one that throws as failing without saying why', async () => {
    let finding: Check = ok;
    const readiness = createReadiness({
      now: () => finding,
      thrown: () => {
        throw new Error('secret');
      },
      rejected: () => Promise.reject(new Error('secret')),
    });
    const unknown = { state: 'failing', problem: 'this cannot be told' };
    expect(await readiness()).toEqual({ now: ok, thrown: unknown, rejected: unknown });
    finding = poor;
    expect((await readiness()).now).toBe(poor);
  });
});
