// Whether what a part shows is still there.
import { useCallback, useSyncExternalStore } from 'react';

export interface Wipeable {
  readonly wiped: boolean;
  onWiped(tell: () => void): () => void;
}

/** Drawn anew when it is wiped. What there never was is not. */
export function useWiped(secret: Wipeable | undefined): boolean {
  const subscribe = useCallback((tell: () => void) => secret?.onWiped(tell) ?? (() => undefined), [secret]);
  return useSyncExternalStore(subscribe, () => secret?.wiped === true);
}
