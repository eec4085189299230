// The pages of somebody who is signed in. Anybody else goes to sign-in, and from there to where they were going.
import { type ReactNode, Suspense, useEffect } from 'react';
import { Redirect, useLocation, useSearch } from 'wouter';
import { useLimit, useSession } from '../session/session.tsx';
import { Bars } from './bars.tsx';
import { Shell } from './shell.tsx';
import { wantAfterSignIn } from './wanted.ts';

export function SignedInOnly({ children }: { children: ReactNode }) {
  const session = useSession();
  if (session.state === 'opening') return null;
  if (session.state === 'out') return <ToSignIn because={session.because} />;
  return (
    <Shell signedIn={session} bars={<LiveBars />}>
      <Suspense>{children}</Suspense>
    </Shell>
  );
}

function ToSignIn({ because }: { because: string | undefined }) {
  const [path] = useLocation();
  const search = useSearch();
  // Whoever signed out is not brought back to where they left.
  const place = because === 'signed-out' ? undefined : search === '' ? path : `${path}?${search}`;
  useEffect(() => {
    if (place !== undefined) wantAfterSignIn(place);
  }, [place]);
  return <Redirect href="/sign-in" replace />;
}

function LiveBars() {
  const { limit, stay } = useLimit();
  return <Bars idle={limit.is === 'idle-soon' ? { seconds: limit.seconds, onStay: stay } : undefined} />;
}
