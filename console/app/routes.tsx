// Which page stands at which path, under the base /console. Each page is a file of its own that is loaded when it is first shown.
import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch, useSearch } from 'wouter';
import { nextPath } from './next-path.ts';
import { useSession } from './session/session.tsx';

// Whoever signs in, or takes a key on a phone, waits for no more than that needs.
const SignedInOnly = lazy(async () => ({ default: (await import('./shell/signed-in-only.tsx')).SignedInOnly }));
const SignInAgain = lazy(async () => ({
  default: (await import('../pages/sign-in/sign-in-again.tsx')).SignInAgain,
}));
const SignIn = lazy(() => import('../pages/sign-in/page.tsx'));
const Keys = lazy(() => import('../pages/keys/page.tsx'));
const OneKey = lazy(() => import('../pages/one-key/page.tsx'));
const Activity = lazy(() => import('../pages/activity/page.tsx'));
const Devices = lazy(() => import('../pages/devices/page.tsx'));
const Wallet = lazy(() => import('../pages/wallet/page.tsx'));
const HandOff = lazy(() => import('../pages/hand-off/page.tsx'));
const NotFound = lazy(() => import('../pages/not-found/page.tsx'));

/** Pages read their own parameters with `useParams()`: `kind` is `read-only` or `subkeys`, `id` a look-up id or a public key. */
export function Routes() {
  return (
    <Suspense>
      <Switch>
        <Route path="/sign-in">
          <SignInOrIn />
        </Route>
        <Route path="/hand-off" component={HandOff} />
        <Route>
          <SignedInOnly again={SignInAgain}>
            <Switch>
              <Route path="/">
                <Redirect href="/keys/read-only" replace />
              </Route>
              <Route path={/^\/keys\/(?<kind>read-only|subkeys)\/?$/} component={Keys} />
              <Route path={/^\/keys\/(?<kind>read-only|subkeys)\/(?<id>[^/]+)\/?$/} component={OneKey} />
              <Route path="/activity/:request?" component={Activity} />
              <Route path="/devices" component={Devices} />
              <Route path="/wallet" component={Wallet} />
              <Route component={NotFound} />
            </Switch>
          </SignedInOnly>
        </Route>
      </Switch>
    </Suspense>
  );
}

function SignInOrIn() {
  const { state } = useSession();
  if (state === 'opening') return null;
  return state === 'in' ? <GoOn /> : <SignIn />;
}

function GoOn() {
  const place = nextPath(useSearch());
  return <Redirect href={place} replace />;
}
