// A machine clock that is far ahead of every time the data has seen is refused at the start. With --clock.accept it is believed, and
// an audit row says so.
import type { Kysely } from 'kysely';
import { NO_ACCOUNT, storeSubject } from '../domain/credential.ts';
import { type Clock, isFarAhead, type UnixNanos } from '../domain/time.ts';
import { ClockFarAhead } from '../errors.ts';
import { insertAudit } from './sql/audit.ts';
import type { Tables } from './sql/tables.ts';

/** `doubt`: start all the same, and let the kept time go on from the highest time seen. */
export type FarAhead = 'refuse' | 'accept' | 'doubt';

/** Throws ClockFarAhead. */
export function requireNotFarAhead(machine: bigint, seen: UnixNanos): void {
  if (!isFarAhead(machine, seen)) return;
  const [now, before] = [machine, seen].map((at) => new Date(Number(at / 1_000_000n)).toISOString());
  throw new ClockFarAhead(
    `the clock of this machine says ${now}, and this data has seen nothing after ${before}: set the clock, or, if it is right, start once with --clock.accept`,
  );
}

/** Writes an audit row if `clock` starts far ahead of the highest time seen. */
export async function recordAcceptedStart(db: Kysely<Tables>, seen: UnixNanos, clock: Clock): Promise<void> {
  const to = clock.now();
  if (!isFarAhead(to, seen)) return;
  const detail = { from: seen, to, setting: 'clock.accept' };
  const who = { actor: 'operator', requestId: '', clientIp: '' };
  await insertAudit(db, clock, [
    { account: NO_ACCOUNT, action: 'clock.accepted', subject: storeSubject, ...who, detail },
  ]);
}
