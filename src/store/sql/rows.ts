// Reads stored values as domain values. A value that cannot be read is an error, never a default.
import type { AccountId } from '../../domain/credential.ts';
import { type Felt, parseFelt } from '../../domain/felt.ts';
import { type UnixNanos, unixNanos } from '../../domain/time.ts';
import { StoreFailure } from '../../errors.ts';

/** A stored row that no release of ours has written. Handled as a store that cannot be read. */
export class DamagedRow extends StoreFailure {
  constructor(column: string) {
    super(`a stored row is damaged: ${column}`);
  }
}

/** A time or a count. SQLite keeps any text or fraction in an integer column, and comparisons with those would be wrong. */
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

/** Throws DamagedRow if the text is no account id. */
export const accountIdOf = (text: string): AccountId => felt(text, 'account_id');

/** Whether a conditional UPDATE or INSERT wrote its row. */
export const isOne = (rows: bigint | undefined): boolean => rows === 1n;
