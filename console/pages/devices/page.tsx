// Where the account is signed in, and signing out: one device, or all of them.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Device } from '../../../src/client/main.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { endButStay, useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Card, CardAct } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { ReadFailed } from '../../parts/read-failed.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { DeviceRows } from './device-rows.tsx';
import css from './page.module.css';
import { SignInAgain, signInAgainAt } from './sign-in-again.tsx';

const MOST = 100;

export default function DevicesPage() {
  const [out, setOut] = useState<{ readonly signInAt: number | undefined }>();
  if (out !== undefined) return <SignedOutEverywhere signInAt={out.signInAt} />;
  return (
    <Page
      title="Devices"
      lead="Where you are signed in. A device can see and end keys. Adding one always needs your main key or wallet."
    >
      <Devices>
        <SignOutEverywhere onDone={(signInAt) => setOut({ signInAt })} />
      </Devices>
    </Page>
  );
}

/** What stands under the list comes with it, and so never moves. */
function Devices({ children }: { readonly children: ReactNode }) {
  const { client } = useSignedIn();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['devices', 'list'],
    queryFn: async ({ signal }): Promise<readonly Device[]> =>
      (await client.devices.list({ limit: MOST, signal }).page()).results,
    refetchInterval: 30_000,
  });
  return (
    <>
      {error !== null && (
        <div className={css.failed}>
          <ReadFailed error={error} isReading={isFetching} onAgain={() => void refetch()} />
        </div>
      )}
      {(data !== undefined || error === null) && (
        <Card flush isOld={error !== null}>
          {data === undefined ? <Skeleton rows={3} head /> : <DeviceRows devices={data} />}
        </Card>
      )}
      {(data !== undefined || error !== null) && children}
    </>
  );
}

function SignOutEverywhere({ onDone }: { readonly onDone: (signInAt: number | undefined) => void }) {
  const { client } = useSignedIn();
  const write = useWrite('sign-out');
  async function signOutEverywhere() {
    const result = await write.run(() => client.account.signOutEverywhere());
    if (!result.ok || result.value === undefined) return;
    // Nothing may be asked any more: the device is gone.
    onDone(undefined);
    await endButStay();
    onDone(await signInAgainAt(result.value.value.valid_after));
  }
  return (
    <Card title="Sign out everywhere">
      <CardAct
        button={
          <Button kind="destroy" busy={write.isBusy} onPress={() => void signOutEverywhere()}>
            Sign out everywhere
          </Button>
        }
      >
        Ends every session and every device, this one too, and every sign-in that somebody may have recorded. Keys stay;
        bots sign in again by themselves.
      </CardAct>
      <p role="status">{write.words}</p>
      {write.error !== undefined && <Refusal error={write.error} />}
    </Card>
  );
}

const SignedOutEverywhere = ({ signInAt }: { readonly signInAt: number | undefined }) => (
  <Page title="Signed out everywhere" heading="You are signed out everywhere, here too." at="/signed-out">
    {signInAt !== undefined && <SignInAgain at={signInAt} />}
  </Page>
);
