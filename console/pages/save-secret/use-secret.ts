// What must hold while a secret is on the screen: the idle limit waits, and the page sees when it is gone.
import { useEffect, useSyncExternalStore } from 'react';
import { onWiped, type Secret } from '../../app/secret.ts';
import { holdWhileSecretIsShown } from '../../app/session/session.tsx';

/** Whether the secret was wiped. */
export function useSecret(secret: Secret): boolean {
  useEffect(() => holdWhileSecretIsShown(), []);
  return useSyncExternalStore(
    (tell) => onWiped(secret, tell),
    () => secret.wiped,
  );
}
