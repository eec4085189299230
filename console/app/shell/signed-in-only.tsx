// The pages of somebody who is signed in. Anybody else goes to sign-in, and from there to where they were going.
import { lazy, type ReactNode, Suspense } from 'react';
import { Redirect, useLocation, useSearch } from 'wouter';
import { signInPath } from '../../pages/sign-in/next-path.ts';
import { useLimit, useSession } from '../session/session.tsx';
import { Bars } from './bars.tsx';
import { Shell } from './shell.tsx';

const SignInAgain = lazy(async () => ({
  default: (await import('../../pages/sign-in/sign-in-again.tsx')).SignInAgain,
}));

export function SignedInOnly({ children }: { children: ReactNode }) {
  const session = useSession();
  if (session.state === 'opening') return null;
  if (session.state === 'out') return <ToSignIn because={session.because} />;
  return (
    <Shell signedIn={session} bars={<LiveBars />}>
      <Suspense>{children}</Suspense>
      {session.lapsed !== undefined && (
        <Suspense>
          <SignInAgain signedIn={session} because={session.lapsed} />
        </Suspense>
      )}
    </Shell>
  );
}

function ToSignIn({ because }: { because: string | undefined }) {
  const [path] = useLocation();
  const search = useSearch();
  // Whoever signed out is not brought back to where they left.
  const place = because === 'signed-out' ? '/' : search === '' ? path : `${path}?${search}`;
  return <Redirect href={signInPath(place)} replace />;
}

function LiveBars() {
  const { limit, stay } = useLimit();
  return <Bars idle={limit.is === 'idle-soon' ? { seconds: limit.seconds, onStay: stay } : undefined} />;
}
