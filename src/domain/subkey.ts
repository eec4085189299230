// What a subkey is at a moment: its stored state says what was done to it, never that its time is over.
import { isOver, NEVER, type UnixNanos } from './time.ts';

export type SubkeyState = 'active' | 'pending' | 'revoked';

interface StoredSubkey {
  readonly state: SubkeyState;
  readonly expiresAt: UnixNanos;
  readonly pending: { readonly until: UnixNanos } | undefined;
}

/** `expired`: past its own expiry, or pending past the time of its activation. */
export function subkeyStateAt({ state, expiresAt, pending }: StoredSubkey, now: UnixNanos): SubkeyState | 'expired' {
  if (state === 'revoked') return state;
  return isOver(expiresAt, now) || isOver(pending?.until ?? NEVER, now) ? 'expired' : state;
}
