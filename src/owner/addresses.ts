// The value of --from. The server reads the addresses; what is held here is that nobody gets "anywhere" by leaving something out.
import { WrongUse } from './stops.ts';

const ANYWHERE = 'anywhere';

/** The allowlist to send: empty is anywhere, which must be said. Throws WrongUse. */
export function allowlistOf(given: readonly string[] | undefined): string[] {
  const entries = (given ?? []).flatMap((one) => one.split(',')).map((one) => one.trim());
  if (entries.length === 0) throw new WrongUse('--from is missing: addresses like 203.0.113.0/24, or --from anywhere');
  if (entries.includes('')) throw new WrongUse('--from has an empty entry');
  if (!entries.includes(ANYWHERE)) return entries;
  if (entries.length > 1) throw new WrongUse('--from is anywhere or addresses, not both');
  return [];
}

/** As it is shown. */
export const shownAllowlist = (cidrs: readonly string[]): string => (cidrs.length === 0 ? ANYWHERE : cidrs.join(', '));
