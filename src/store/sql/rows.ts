// From stored values to domain values. A value that cannot be read is an error or a damaged allowlist, never a default.
import type { AccountId } from '../../domain/credential.ts';
import { type Felt, parseFelt } from '../../domain/felt.ts';
import { type UnixNanos, unixNanos } from '../../domain/time.ts';
import { StoreFailure } from '../../errors.ts';

/** A stored row no release of ours has written: as bad as a store that cannot be read. */
export class DamagedRow extends StoreFailure {
  constructor(column: string) {
    super(`a stored row is damaged: ${column}`);
  }
}

/** A time or a count. SQLite keeps a text or a fraction in a column of integers as it is, and neither compares as one. */
export function integer(value: unknown, column: string): bigint {
  if (typeof value !== 'bigint' || value < 0n) throw new DamagedRow(column);
  return value;
}

export const nanos = (value: unknown, column: string): UnixNanos => unixNanos(integer(value, column));

export function felt(text: string, column: string): Felt {
  const parsed = parseFelt(text);
  if (parsed === undefined || parsed !== text) throw new DamagedRow(column);
  return parsed;
}

/** Throws DamagedRow for what is no account's id. */
export const accountIdOf = (text: string): AccountId => felt(text, 'account_id');

/** Whether a conditional UPDATE or INSERT found what it was for. */
export const isOne = (rows: bigint | undefined): boolean => rows === 1n;
