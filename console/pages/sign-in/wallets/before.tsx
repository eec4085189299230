// What the wallet will show, before it shows it.
import { Button } from '../../../parts/button.tsx';
import { Note } from '../../../parts/note.tsx';
import css from '../sign-in.module.css';
import { Buttons } from '../step.tsx';
import type { Asking, Step } from './state.ts';
import type { WalletSteps } from './steps.ts';

export function Before({ steps, step }: { steps: WalletSteps; step: Step & { readonly at: 'before' } }) {
  const { asking, isNew } = step;
  return (
    <div className={css.stack}>
      {isNew && asking === 'sign-in' && (
        <p>This wallet has no account here yet. Making one needs one more signature and costs nothing.</p>
      )}
      {isNew && asking === 'key' && <p>The key has no account here yet. Making one costs nothing.</p>}
      <WhatItShows asking={asking} />
      <Buttons>
        <Button kind="primary" onPress={() => void steps.sign()}>
          {isNew ? 'Make the account' : asking === 'derive' ? 'Go on' : 'Sign in'}
        </Button>
      </Buttons>
    </div>
  );
}

function WhatItShows({ asking }: { asking: Asking }) {
  if (asking === 'key') return null;
  if (asking === 'derive') {
    return (
      <Note kind="info">
        Your wallet will ask twice for the same signature, ‘STARK Key’. That is a check: your key is made from it.
      </Note>
    );
  }
  return (
    <Note kind="info">
      Your wallet will ask you to sign in to <b>{location.host}</b> with the words ‘Paradex Auth’. If it shows another
      address, say no.
    </Note>
  );
}
