// The ways of sign-in, each loaded when it is chosen, or while a person reads which there are.
import { loadedOnce } from '../../app/loaded-once.ts';

export const withWallet = loadedOnce(async () => ({ default: (await import('./wallets/with-wallet.tsx')).WithWallet }));
export const withKey = loadedOnce(async () => ({ default: (await import('./with-key.tsx')).WithKey }));
export const withNew = loadedOnce(async () => ({ default: (await import('./with-new.tsx')).WithNew }));

/** Begins to load them all; one that does not come is asked for again when it is chosen. */
export function loadWays(): void {
  for (const { load } of [withWallet, withKey, withNew]) load().catch(() => undefined);
}
