// The account: its address, what it is, when it was made, and who signed in.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useSyncExternalStore } from 'react';
import { heldOwner, onOwner } from '../../app/owner/held-owner.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Card } from '../../parts/card.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Name } from '../../parts/name.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { Time } from '../../parts/time.tsx';
import css from './page.module.css';

const kinds = {
  starknet: ['Starknet account', 'Its main key signs orders, and makes and ends keys.'],
  wallet: ['Wallet account', 'Your wallet signs in. It cannot place orders itself: make a subkey for that.'],
} as const;

export function AccountCard() {
  const { client, account, kind } = useSignedIn();
  const owner = useSyncExternalStore(onOwner, heldOwner);
  const { data: made, isPending } = useQuery({
    queryKey: ['activity', 'made'],
    queryFn: async ({ signal }) => {
      const asked = { action: 'account.onboarded', limit: 1, signal };
      return (await client.activity.list(asked).page()).results[0] ?? null;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [kindName, meaning] = kinds[kind];
  const address = made?.detail.signer === 'eip191' ? made.detail.key : undefined;
  // Its room is there from the beginning, so that nothing below moves.
  const notYet = isPending ? '\u00a0' : undefined;
  const rows: (readonly [string, ReactNode])[] = [
    ['Address', <ShortId key="address" value={account} full copies />],
    [
      'Kind',
      <div key="kind">
        {kindName}
        <div className={css.meaning}>{meaning}</div>
      </div>,
    ],
    [
      'Ethereum address',
      typeof address === 'string' ? (
        <ShortId key="ethereum" value={address} full copies />
      ) : kind === 'wallet' ? (
        notYet
      ) : undefined,
    ],
    ['Made', made == null ? notYet : <Time key="made" ns={made.at} form="exact" />],
    ['Signed in as', <SignedInAs key="as" owner={owner} />],
  ];
  return (
    <Card title="Account">
      <Facts rows={rows} />
    </Card>
  );
}

function SignedInAs({ owner }: { readonly owner: ReturnType<typeof heldOwner> }) {
  if (owner === undefined) return 'device only';
  if (owner.by === 'key') return 'main key in this tab';
  return (
    <>
      wallet <Name>{owner.walletName}</Name>
    </>
  );
}
