// Use of credentials, as it is counted for their owner.
import type { CredentialRef } from './credential.ts';
import { NEVER, type UnixNanos, unixNanos } from './time.ts';

/**
 * How a request of a proven credential ended. allowed: decided yes, whatever came of it then; refused: denied; limited: 429; failed: a
 * failure of this service.
 */
export const useOutcomes = ['allowed', 'refused', 'limited', 'failed'] as const;
export type UseOutcome = (typeof useOutcomes)[number];

export type UseCounts = Readonly<Record<UseOutcome, number>>;

export interface LastUse {
  /** NEVER = no request was allowed yet. */
  readonly lastAt: UnixNanos;
  /** Canonical text; empty when unknown. */
  readonly lastIp: string;
}

export const NEVER_USED: LastUse = { lastAt: NEVER, lastIp: '' };

export interface AddressUse {
  readonly address: string;
  readonly firstAt: UnixNanos;
  readonly lastAt: UnixNanos;
  readonly allowed: number;
  readonly refused: number;
}

/** Addresses kept of one credential: those that were used last. */
export const MOST_ADDRESSES = 50;

declare const unit: unique symbol;
/** Whole days of UTC since 1970-01-01. */
export type UtcDay = number & { readonly [unit]: 'day' };

const DAY_NS = 86_400_000_000_000n;

export const utcDay = (days: number): UtcDay => Math.trunc(days) as UtcDay;
export const dayOf = (at: UnixNanos): UtcDay => Number(at / DAY_NS) as UtcDay;
export const startOf = (day: UtcDay): UnixNanos => unixNanos(BigInt(day) * DAY_NS);
export const addDays = (day: UtcDay, days: number): UtcDay => (day + days) as UtcDay;

/** `2026-11-28`. */
export const dayText = (day: UtcDay): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

/** Undefined unless the text is a day that there is, as `dayText` writes it. */
export function parseDay(text: string): UtcDay | undefined {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return undefined;
  const millis = Date.parse(`${text}T00:00:00Z`);
  const day = millis / 86_400_000;
  return Number.isInteger(day) && dayText(utcDay(day)) === text ? utcDay(day) : undefined;
}

/** Counts since they were last written, where the next request of the credential finds them. */
export interface UseSlot {
  /** Only src/usage reads it. */
  current: unknown;
}

/** A proven credential; `use`: where its counts are, if it came with a bearer. */
export interface Used {
  readonly credential: CredentialRef;
  readonly use?: UseSlot | undefined;
}
