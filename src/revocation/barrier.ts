// Which nodes must have applied a change before anybody is told that it is done. Today that is this node alone.
import type { Receipt } from '../domain/receipt.ts';
import type { Clock } from '../domain/time.ts';
import type { SigningKeyRecord } from '../jwt/signing-key.ts';
import type { Change } from '../store/store.ts';
import type { Apply } from './applied.ts';

/** Applies a committed change, in the turn in which it is called, and returns once every node has acknowledged it. */
export type Barrier = (change: Change, signingKeys: readonly SigningKeyRecord[]) => Receipt;

export const createBarrier =
  ({ apply, clock }: { readonly apply: Apply; readonly clock: Pick<Clock, 'monotonic'> }): Barrier =>
  (change, signingKeys) => {
    const started = clock.monotonic();
    const inFlight = apply(change, signingKeys);
    return { nodes: 1, ms: Math.ceil(clock.monotonic() - started), inFlight };
  };
