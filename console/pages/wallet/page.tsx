// Who one is here: the account, its main key, and the end of everything.
import { useState } from 'react';
import { Page } from '../../parts/page.tsx';
import { AccountCard } from './account-card.tsx';
import { EndEverything } from './end-everything.tsx';
import type { Ended } from './ended.ts';
import { EverythingEnded } from './everything-ended.tsx';
import { MainKeyCard } from './main-key-card.tsx';
import css from './page.module.css';

export default function WalletPage() {
  const [ended, setEnded] = useState<Ended>();
  const [signInAt, setSignInAt] = useState<number>();
  if (ended !== undefined) return <EverythingEnded ended={ended} signInAt={signInAt} />;
  return (
    <Page title="Wallet" lead="Your account here, and the one key that stands above all others.">
      <div className={css.cards}>
        <AccountCard />
        <MainKeyCard />
        <details className={css.details}>
          <summary>If your main key is out</summary>
          <p>A main key cannot be revoked, only moved away from.</p>
          <ol>
            <li>Press ‘End everything’ now: it stops all keys and sessions.</li>
            <li>Withdraw to an address the thief does not have.</li>
            <li>Make a new account.</li>
          </ol>
          <p>While the old key is out, whoever has it can sign in again.</p>
        </details>
        <details className={css.details}>
          <summary>If you lost it</summary>
          <p>
            Nobody can restore it. Keys you made go on working until they expire. Withdraw with what still can; then
            make a new account.
          </p>
        </details>
        <EndEverything onEnded={setEnded} onSignInAt={setSignInAt} />
      </div>
    </Page>
  );
}
