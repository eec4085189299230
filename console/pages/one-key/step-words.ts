// What a button says while its owner signs.
import type { OwnerStep } from '../../app/owner/owner.tsx';

/** `sending`: once it is signed, and while nobody signs. */
export function stepWords(step: OwnerStep | undefined, walletName: string | undefined, sending: string): string {
  if (step === 'signing') return 'Signing…';
  return step === 'waiting-for-wallet' ? `Waiting for ${walletName ?? 'your wallet'}…` : sending;
}
