// When a device ends: by itself, or because nobody was there. The server decides; the page says it in time.

/** Unix milliseconds of this machine. */
export interface Limits {
  readonly endsAt: number;
  /** When its last session began: the server counts idleness from there. */
  readonly usedAt: number;
  readonly idleSeconds: number;
}

export type Limit =
  | { readonly is: 'fine' }
  /** `seconds` in steps of ten. */
  | { readonly is: 'idle-soon'; readonly seconds: number }
  | { readonly is: 'ends-soon'; readonly at: number }
  | { readonly is: 'idle' }
  | { readonly is: 'expired' };

const IDLE_WARNING_MS = 60_000;
const END_WARNING_MS = 600_000;

/** `isHeld`: a secret is shown, and the idle limit waits. */
export function limitAt(now: number, { endsAt, usedAt, idleSeconds }: Limits, isHeld: boolean): Limit {
  if (now >= endsAt) return { is: 'expired' };
  const idleLeft = usedAt + idleSeconds * 1000 - now;
  if (!isHeld && idleLeft <= 0) return { is: 'idle' };
  if (!isHeld && idleLeft <= IDLE_WARNING_MS) return { is: 'idle-soon', seconds: Math.ceil(idleLeft / 10_000) * 10 };
  return endsAt - now <= END_WARNING_MS ? { is: 'ends-soon', at: endsAt } : { is: 'fine' };
}
