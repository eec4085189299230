// What a button says while its owner signs.
import type { ReactNode } from 'react';
import { Name } from '../../parts/name.tsx';
import type { OwnerStep } from './owner-client.ts';

/** `sending`: once it is signed, and while nobody signs. */
export function stepWords(step: OwnerStep | undefined, walletName: string | undefined, sending: string): ReactNode {
  if (step === 'signing') return 'Signing…';
  return step === 'waiting-for-wallet' ? <AtWallet name={walletName} /> : sending;
}

/** `name`: the wallet's own text, anybody's. Undefined where it is not known. */
export function AtWallet({ name }: { readonly name: string | undefined }) {
  if (name === undefined) return 'Waiting for your wallet…';
  return (
    <span>
      Waiting for <Name>{name}</Name>…
    </span>
  );
}
