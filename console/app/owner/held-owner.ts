// Who can sign for the account in this tab: the main key in its worker, or the wallet that signed in. After a reload, nobody.
import { closeAllMainKeys } from '../../worker/main-key.ts';
import type { HeldOwner } from '../session/types.ts';

let held: HeldOwner | undefined;
const listeners = new Set<() => void>();

/** A key that was closed meanwhile is none. */
export const heldOwner = (): HeldOwner | undefined => (held?.by === 'key' && held.key.closed ? undefined : held);

export function holdOwner(owner: HeldOwner | undefined): void {
  held = owner;
  for (const tell of listeners) tell();
}

/** Ends every worker of a main key. */
export function dropOwner(): void {
  closeAllMainKeys();
  holdOwner(undefined);
}

export function onOwner(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}
