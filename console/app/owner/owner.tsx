// What a form that makes or widens something asks of its owner.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Note } from '../../parts/note.tsx';
import { SecretField } from '../../parts/secret-field.tsx';
import { useAbout } from '../server/use-about.ts';
import { ChooseWallet } from './choose-wallet.tsx';
import { type Owner, useReadyForKey } from './use-owner.ts';

export type { OwnerStep } from './owner-client.ts';
export { type Owner, useOwner } from './use-owner.ts';

/** Nothing where the main key is in this tab. */
export function OwnerField({ owner }: { readonly owner: Owner }) {
  const [isFromWallet, setIsFromWallet] = useState(false);
  if (owner.needs === 'nothing') return null;
  if (owner.needs === 'wallet') {
    return <Note kind="info">Your wallet will ask you to sign in again. That proves it is you.</Note>;
  }
  if (owner.needs === 'which-wallet')
    return <ChooseWallet owner={owner} label="Which wallet signs for this account?" />;
  if (isFromWallet) {
    return (
      <>
        <ChooseWallet owner={owner} label="Which wallet is your key made from? It signs twice." />
        <Button kind="quiet" onPress={() => setIsFromWallet(false)}>
          Paste the key instead
        </Button>
      </>
    );
  }
  return (
    <>
      <KeyField owner={owner} />
      <FromWallet onPress={() => setIsFromWallet(true)} />
    </>
  );
}

function KeyField({ owner }: { readonly owner: Owner }) {
  useReadyForKey();
  return (
    <SecretField
      label="Main private key"
      hint="Used once for this and forgotten."
      error={owner.keyError}
      inputRef={owner.keyField}
      onInput={owner.forgetError}
    />
  );
}

function FromWallet({ onPress }: { readonly onPress: () => void }) {
  const about = useAbout();
  if (about?.wallet_derivation !== true) return null;
  return (
    <div>
      <Button kind="quiet" icon="wallet" edge onPress={onPress}>
        My key is made from a wallet
      </Button>
    </div>
  );
}
