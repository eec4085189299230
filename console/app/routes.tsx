// Which page stands at which path, under the base /console. Each page is a file of its own that is loaded when it is first shown.
import { Suspense } from 'react';
import { Redirect, Route, Switch, useSearch } from 'wouter';
import { ContainedPage } from '../parts/contained.tsx';
import { nextPath } from './next-path.ts';
import * as files from './page-files.ts';
import { useSession } from './session/session.tsx';
import { shownLater } from './shown-later.tsx';

// Whoever signs in, or takes a key on a phone, waits for no more than that needs.
const SignedInOnly = shownLater(files.shell);
const SignInAgain = shownLater(files.signInAgain);
const SignIn = shownLater(files.signIn);
const Keys = shownLater(files.keys);
const OneKey = shownLater(files.oneKey);
const Activity = shownLater(files.activity);
const Devices = shownLater(files.devices);
const Wallet = shownLater(files.wallet);
const HandOff = shownLater(files.handOff);
const NotFound = shownLater(files.notFound);

/** Pages read their own parameters with `useParams()`: `kind` is `read-only` or `subkeys`, `id` a look-up id or a public key. */
export function Routes() {
  return (
    <ContainedPage>
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
    </ContainedPage>
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
