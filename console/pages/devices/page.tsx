// Where the account is signed in, and signing out: one device, or all of them.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Device } from '../../../src/client/main.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { endButStay, useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
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
  const { data, error, refetch } = useQuery({
    queryKey: ['devices', 'list'],
    queryFn: async ({ signal }): Promise<readonly Device[]> =>
      (await client.devices.list({ limit: MOST, signal }).page()).results,
    refetchInterval: 30_000,
  });
  return (
    <>
      {error !== null && (
        <div className={css.error}>
          <Refusal error={error} />
          <Button small onPress={() => void refetch()}>
            Try again
          </Button>
        </div>
      )}
      <Card flush>
        <div className={error === null ? undefined : css.old}>
          {data === undefined && error === null && <Skeleton rows={3} />}
          {data !== undefined && <DeviceRows devices={data} />}
        </div>
      </Card>
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
      <div className={css.everywhere}>
        <p className={css.words}>
          Ends every session and every device, this one too, and every sign-in that somebody may have recorded. Keys
          stay; bots sign in again by themselves.
        </p>
        <Button kind="destroy" busy={write.isBusy} onPress={() => void signOutEverywhere()}>
          Sign out everywhere
        </Button>
      </div>
      <p role="status">{write.words}</p>
      {write.error !== undefined && <Refusal error={write.error} />}
    </Card>
  );
}

const SignedOutEverywhere = ({ signInAt }: { readonly signInAt: number | undefined }) => (
  <Page title="Signed out everywhere" heading="You are signed out everywhere, here too." at="/signed-out">
    <div className={css.over}>{signInAt !== undefined && <SignInAgain at={signInAt} />}</div>
  </Page>
);
