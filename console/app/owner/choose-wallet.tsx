// After a reload the page knows the account, and no wallet: the person chooses it again.
import { createStore, type EIP6963ProviderDetail } from 'mipd';
import { useEffect, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import type { Owner } from './use-owner.ts';

export function ChooseWallet({ owner }: { readonly owner: Owner }) {
  const [found, setFound] = useState<readonly EIP6963ProviderDetail[]>([]);
  useEffect(() => {
    const store = createStore();
    store.subscribe(setFound, { emitImmediately: true });
    return () => store.destroy();
  }, []);
  const [asking, setAsking] = useState<string>();
  const [error, setError] = useState<unknown>();
  const choose = async ({ info: { uuid, name }, provider }: EIP6963ProviderDetail) => {
    setAsking(uuid);
    setError(undefined);
    try {
      await owner.choose({ provider, name });
    } catch (thrown) {
      setError(thrown);
    } finally {
      setAsking(undefined);
    }
  };
  return (
    <Note kind="info" title="Which wallet signs for this account?">
      {found.length === 0 && <p>No wallet found in this browser.</p>}
      {found.map((wallet) => (
        <Button key={wallet.info.uuid} busy={asking === wallet.info.uuid} onPress={() => void choose(wallet)}>
          <Name>{wallet.info.name}</Name>
        </Button>
      ))}
      {error !== undefined && <Refusal error={error} />}
    </Note>
  );
}
