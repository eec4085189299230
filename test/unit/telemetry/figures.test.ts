// Ages of signing keys, and what data takes up.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unixNanos } from '../../../src/domain/time.ts';
import type { SigningKeyRecord } from '../../../src/jwt/signing-key.ts';
import { signingKeyFigures, storageFigures } from '../../../src/telemetry/figures.ts';

const seconds = (count: number) => unixNanos(BigInt(count) * 1_000_000_000n);
const key = (use: 'session' | 'token', state: SigningKeyRecord['state'], createdAt: number): SigningKeyRecord => ({
  kid: `${use}-${createdAt}`,
  use,
  state,
  publicJwk: '{}',
  sealedPrivateKey: '',
  createdAt: seconds(createdAt),
});

test('the figures say that a signing key is replaced at its age, unless its successor waits already or age replaces none', () => {
  const records = [
    key('session', 'verifying', 100),
    key('session', 'active', 500),
    key('token', 'active', 600),
    key('token', 'published', 900),
  ];
  expect(signingKeyFigures(records, seconds(1000), 300)).toEqual([
    { use: 'session', state: 'verifying', ageSeconds: 900, replacedInSeconds: undefined },
    { use: 'session', state: 'active', ageSeconds: 500, replacedInSeconds: -200 },
    { use: 'token', state: 'active', ageSeconds: 400, replacedInSeconds: undefined },
    { use: 'token', state: 'published', ageSeconds: 100, replacedInSeconds: undefined },
  ]);
  expect(signingKeyFigures(records, seconds(1000), 0).map(({ replacedInSeconds }) => replacedInSeconds)).toEqual(
    records.map(() => undefined),
  );
});

test('the figures of the store are the sizes of its files; without a write-ahead log its size is 0, without a database there are none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-figures-'));
  try {
    const database = join(folder, 'x.db');
    await expect(storageFigures(folder, database)).rejects.toThrow('ENOENT');
    writeFileSync(database, 'x'.repeat(10));
    expect(await storageFigures(folder, database)).toMatchObject({ databaseBytes: 10, walBytes: 0 });
    writeFileSync(`${database}-wal`, 'x'.repeat(7));
    const { walBytes, freeBytes } = await storageFigures(folder, database);
    expect(walBytes).toBe(7);
    expect(freeBytes).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
