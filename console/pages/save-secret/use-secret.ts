// What must hold while a secret is on the screen: the idle limit waits, and the page sees when it is gone.
import { useEffect } from 'react';
import type { Secret } from '../../app/secret.ts';
import { holdWhileSecretIsShown } from '../../app/session/session.tsx';
import { useWiped } from '../../parts/use-wiped.ts';

/** Whether the secret was wiped: then, as while there is none, nothing is left that the idle limit would lose. */
export function useSecret(secret: Secret | undefined): boolean {
  const wiped = useWiped(secret);
  const isThere = secret !== undefined && !wiped;
  useEffect(() => (isThere ? holdWhileSecretIsShown() : undefined), [isThere]);
  return wiped;
}
