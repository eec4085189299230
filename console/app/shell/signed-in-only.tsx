// The pages of somebody who is signed in. Anybody else goes to sign-in, and from there to where they were going.
import { type ComponentType, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Redirect, useLocation, useSearch } from 'wouter';
import { ContainedPage } from '../../parts/contained.tsx';
import { Toasts } from '../../parts/toast.tsx';
import { useConnection } from '../connection/connection.tsx';
import { signInPath } from '../next-path.ts';
import { type Because, type SignedIn, signOut, useLimit, useSession } from '../session/session.tsx';
import { Bars } from './bars.tsx';
import { Shell } from './shell.tsx';

interface SignedInOnlyProps {
  /** What signs the same person in again, over the page. `because`: why the session is over; undefined while it is not. */
  again: ComponentType<{ signedIn: SignedIn; because: Because | undefined; onClose: () => void }>;
  children: ReactNode;
}

export function SignedInOnly({ again: Again, children }: SignedInOnlyProps) {
  const session = useSession();
  /** The device that is to be replaced before it ends; another one has closed the dialog. */
  const [ending, setEnding] = useState<string>();
  useLeftOver(session.state === 'in' && session.over === true);
  if (session.state === 'opening') return null;
  if (session.state === 'out') return <ToSignIn because={session.because} />;
  const bars = session.over === true ? undefined : <LiveBars onSignIn={() => setEnding(session.deviceId)} />;
  return (
    <Toasts>
      <Shell signedIn={session} bars={bars}>
        <ContainedPage>
          <Suspense>{children}</Suspense>
        </ContainedPage>
        {(session.lapsed !== undefined || ending === session.deviceId) && (
          <Suspense>
            <Again signedIn={session} because={session.lapsed} onClose={() => setEnding(undefined)} />
          </Suspense>
        )}
      </Shell>
    </Toasts>
  );
}

/** A page that stays after everything was ended is for what it says: whoever goes on to another one is out. */
function useLeftOver(isOver: boolean): void {
  const [path] = useLocation();
  const [stays, setStays] = useState<string>();
  if (isOver && stays === undefined) setStays(path);
  const isLeft = isOver && stays !== undefined && stays !== path;
  useEffect(() => {
    if (isLeft) signOut().catch(() => undefined);
  }, [isLeft]);
  if (!isOver && stays !== undefined) setStays(undefined);
}

function ToSignIn({ because }: { because: string | undefined }) {
  const [path] = useLocation();
  const search = useSearch();
  // Whoever signed out is not brought back to where they left.
  const place = because === 'signed-out' ? '/' : search === '' ? path : `${path}?${search}`;
  return <Redirect href={signInPath(place)} replace />;
}

function LiveBars({ onSignIn }: { onSignIn: () => void }) {
  const { limit, stay } = useLimit();
  const { reach, isLocked, ahead = 0, turn, tryNow } = useConnection();
  return (
    <Bars
      offline={reach.is === 'lost' ? { host: location.host, since: reach.from, onTry: tryNow } : undefined}
      restarting={reach.is === 'restarting' ? { seconds: reach.seconds, onTry: tryNow } : undefined}
      turn={turn}
      idle={limit.is === 'idle-soon' ? { seconds: limit.seconds, onStay: stay } : undefined}
      ends={limit.is === 'ends-soon' ? { at: limit.at, onSignIn } : undefined}
      locked={isLocked}
      skewSeconds={ahead / 1000}
    />
  );
}
