// What this page can do with the main key: show it only where a wallet can make it again.
import { useState, useSyncExternalStore } from 'react';
import { heldOwner, onOwner } from '../../app/owner/held-owner.ts';
import { useAbout } from '../../app/server/use-about.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { CopyPrivateKey } from './copy-private-key.tsx';
import css from './page.module.css';

export function MainKeyCard() {
  const { kind } = useSignedIn();
  if (kind === 'wallet') {
    return (
      <Card title="Main private key">
        <p className={css.words}>Your wallet is the main key. It never leaves the wallet.</p>
      </Card>
    );
  }
  return <StarknetKey />;
}

function StarknetKey() {
  const owner = useSyncExternalStore(onOwner, heldOwner);
  const derivation = useAbout()?.wallet_derivation === true;
  const [open, setOpen] = useState(false);
  const from = owner?.by === 'key' ? owner.key.from : undefined;
  // Of a key that is not in this tab nobody knows here how it was made.
  const mayBeDerived = from === 'derived' || (from === undefined && derivation);
  return (
    <Card
      title="Main private key"
      actions={
        <div className={css.action}>
          {mayBeDerived && (
            <Button icon="key" aria-haspopup="dialog" onPress={() => setOpen(true)}>
              Copy Private Key
            </Button>
          )}
        </div>
      }
    >
      <p className={css.words}>{words(from, mayBeDerived)}</p>
      {open && <CopyPrivateKey onClose={() => setOpen(false)} />}
    </Card>
  );
}

function words(from: 'pasted' | 'made' | 'derived' | undefined, mayBeDerived: boolean): string {
  if (from === 'derived') return 'It is made from a signature of your wallet, and can be made again.';
  if (from === 'pasted') return 'This page can sign with the key you pasted but cannot show it.';
  if (from === 'made') return 'This page can sign with the key you made but shows it no more.';
  const none = 'It is not in this tab.';
  return mayBeDerived ? `${none} Where it was made from a signature of your wallet, it can be made again.` : none;
}
