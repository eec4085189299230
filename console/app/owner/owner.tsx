// What a form that makes or widens something asks of its owner.
import { Note } from '../../parts/note.tsx';
import { SecretField } from '../../parts/secret-field.tsx';
import { ChooseWallet } from './choose-wallet.tsx';
import type { Owner } from './use-owner.ts';

export type { OwnerStep } from './owner-client.ts';
export { type Owner, useOwner } from './use-owner.ts';

/** Nothing where the main key is in this tab. */
export function OwnerField({ owner }: { readonly owner: Owner }) {
  if (owner.needs === 'nothing') return null;
  if (owner.needs === 'wallet') {
    return <Note kind="info">Your wallet will ask you to sign in again. That proves it is you.</Note>;
  }
  if (owner.needs === 'which-wallet') return <ChooseWallet owner={owner} />;
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
