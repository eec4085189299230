// What pages use of the session.
import { useCallback, useSyncExternalStore } from 'react';
import { startLifecycle } from './lifecycle.ts';
import type { Limit } from './limits.ts';
import { currentLimit, keepInUse, onSession, presence, sessionState } from './store.ts';
import type { SessionState, SignedIn } from './types.ts';

export type { AccountKind } from './device-record.ts';
export { publicClient } from './public-client.ts';
export { OtherAccount, signIn } from './sign-in.ts';
export { endButStay, signOut } from './store.ts';
export type { Because, HeldOwner, SessionState, SignedIn, SignInStep } from './types.ts';

function subscribe(tell: () => void): () => void {
  startLifecycle();
  return onSession(tell);
}

export const useSession = (): SessionState => useSyncExternalStore(subscribe, sessionState);

/** Begins to find out, and resolves when it is known. */
export function sessionKnown(): Promise<SessionState> {
  return new Promise((resolve) => {
    const look = () => {
      const now = sessionState();
      if (now.state === 'opening') return;
      stop();
      resolve(now);
    };
    const stop = subscribe(look);
    look();
  });
}

/** Inside pages of somebody who is signed in. */
export function useSignedIn(): SignedIn {
  const session = useSession();
  if (session.state !== 'in') throw new Error('nobody is signed in here');
  return session;
}

/** What is to be said of the two limits, and how to stay. */
export function useLimit(): { readonly limit: Limit; readonly stay: () => void } {
  const limit = useSyncExternalStore(subscribe, currentLimit);
  const stay = useCallback(() => {
    presence.moved();
    keepInUse();
  }, []);
  return { limit, stay };
}

/** The idle limit waits until the result is called: what is shown would be lost. */
export const holdWhileSecretIsShown = (): (() => void) => presence.hold();
