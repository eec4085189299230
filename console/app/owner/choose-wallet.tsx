// After a reload the page knows the account, and no wallet: the person chooses it again.
import { useState } from 'react';
import { Live } from '../../parts/live.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { ChooseWallet as Wallets } from '../wallets/choose-wallet.tsx';
import type { Owner } from './use-owner.ts';

export function ChooseWallet({ owner, label }: { readonly owner: Owner; readonly label: string }) {
  const [isAsking, setIsAsking] = useState(false);
  const [error, setError] = useState<unknown>();
  const choose = async (wallet: Parameters<Owner['choose']>[0]) => {
    if (isAsking) return;
    setIsAsking(true);
    setError(undefined);
    try {
      await owner.choose(wallet);
    } catch (thrown) {
      setError(thrown);
    }
    setIsAsking(false);
  };
  return (
    <fieldset>
      <legend>{label}</legend>
      <Wallets onChoose={(wallet) => void choose(wallet)} />
      <Live>{isAsking ? 'Waiting for your wallet… Open it if nothing appeared.' : ''}</Live>
      {error !== undefined && <Refusal error={error} />}
    </fieldset>
  );
}
