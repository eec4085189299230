// Over a form whose session ended: the same person signs in again, and what they were doing goes on.
import { useState } from 'react';
import { useReadAbout } from '../../app/server/use-about.ts';
import { type Because, type SignedIn, signOut } from '../../app/session/session.tsx';
import { AlertDialog } from '../../parts/alert-dialog.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { outWords } from './out-words.ts';
import { Buttons } from './step.tsx';
import { WithWallet } from './wallets/with-wallet.tsx';
import { WithKey } from './with-key.tsx';

export interface SignInAgainProps {
  signedIn: SignedIn;
  /** Why the session is over. Absent: it is not yet, and the dialog can be closed. */
  because?: Because | undefined;
  /** Of a session that goes on: the dialog was closed. */
  onClose?: (() => void) | undefined;
}

/** It closes by itself: the session tells whoever shows it. */
export function SignInAgain({ signedIn: { account, kind }, because, onClose }: SignInAgainProps) {
  const [isLeaving, setIsLeaving] = useState(false);
  const close = () => (because === undefined ? onClose?.() : setIsLeaving(true));
  return (
    <Dialog
      open
      size="480"
      title="Sign in again"
      about={
        <>
          {outWords(because)} What you were doing goes on afterwards. Account <ShortId value={account} />.
        </>
      }
      onClose={close}
    >
      <Ways account={account} kind={kind} />
      <AlertDialog
        open={isLeaving}
        title="Leave without signing in?"
        keep="Stay"
        action="Leave"
        onKeep={() => setIsLeaving(false)}
        onAct={() => void signOut(because)}
      >
        What you typed is lost.
      </AlertDialog>
    </Dialog>
  );
}

function Ways({ account, kind }: Pick<SignedIn, 'account' | 'kind'>) {
  const { data: about, error } = useReadAbout();
  // Of an account with a main key, the key may come from a wallet.
  const [way, setWay] = useState<'key' | 'wallet'>(kind === 'wallet' ? 'wallet' : 'key');
  if (way === 'key') {
    return (
      <>
        <WithKey only={account} />
        {about?.wallet_derivation === true && about.siwe_domain !== null && (
          <Buttons>
            <Button kind="quiet" icon="wallet" edge onPress={() => setWay('wallet')}>
              My key is made from a wallet
            </Button>
          </Buttons>
        )}
      </>
    );
  }
  if (about === undefined) return error === null ? <Skeleton rows={2} /> : <Refusal error={error} />;
  const venue = { chainId: about.l1_chain_id, derivation: about.wallet_derivation };
  return <WithWallet venue={venue} only={account} onBack={kind === 'wallet' ? undefined : () => setWay('key')} />;
}
