// A start with a clock that is far ahead of all that the data has seen: it ends in one sentence, unless the operator says that the
// clock is right.
import { expect, onTestFinished, test } from 'vitest';
import { startService } from '../support/harness.ts';
import { auditRows } from '../support/operator.ts';
import { createTestClock } from '../support/world.ts';

const DAY = 86_400;

/** A folder whose data has seen the test's time, and the clock that showed it. */
async function seen() {
  const clock = createTestClock();
  const service = await startService({ time: clock.time });
  await service.stop();
  const { folder } = service;
  return {
    clock,
    async start(settings: Record<string, string> = {}) {
      const again = await startService({ folder, time: clock.time, settings });
      onTestFinished(() => again.stop());
      return again;
    },
  };
}

test('a start ten years ahead of the data is refused with both times, and nothing of it is kept', async () => {
  const { clock, start } = await seen();
  clock.advance(3_650 * DAY);
  await expect(start()).rejects.toThrow(
    'the clock of this machine says 2037-01-12T08:00:00.123Z, and this data has seen nothing after 2027-01-15T08:00:00.123Z: ' +
      'set the clock, or, if it is right, start once with --clock.accept',
  );
  clock.advance(-3_650 * DAY);
  const { url } = await start();
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test('a start thirty days ahead of the data is a server that was off, and a second more is not', async () => {
  const { clock, start } = await seen();
  clock.advance(30 * DAY + 1);
  await expect(start()).rejects.toThrow(/start once with --clock\.accept$/);
  clock.advance(-1);
  await start();
});

test('with clock.accept a start ten years ahead is made, and that time is what the data has seen from then on', async () => {
  const { clock, start } = await seen();
  clock.advance(3_650 * DAY);
  const first = await start({ 'clock.accept': 'true' });
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
  await first.stop();
  const rows = await auditRows(await start({ 'clock.accept': 'true' }));
  // Once: the second start had nothing to accept.
  expect(rows.filter(({ action }) => action === 'clock.accepted')).toMatchObject([
    { actor: 'operator', detail: { from: String(1_800_000_000_123_456_789n), setting: 'clock.accept' } },
  ]);
});

test('data that has seen nothing yet believes any clock', async () => {
  const clock = createTestClock();
  clock.advance(3_650 * DAY);
  const service = await startService({ time: clock.time });
  await service.stop();
});
