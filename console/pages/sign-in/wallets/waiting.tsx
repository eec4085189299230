// Somebody is waited for: the wallet, whose request may be hidden, or the server.
import { useEffect, useRef } from 'react';
import type { FoundWallet } from '../../../app/wallets/announced.ts';
import { Button } from '../../../parts/button.tsx';
import { Live } from '../../../parts/live.tsx';
import { Name } from '../../../parts/name.tsx';
import css from '../sign-in.module.css';
import { Buttons } from '../step.tsx';
import { isSigned, type Step } from './state.ts';

interface WaitingProps {
  /** In place of what is being done. */
  said: string | undefined;
  step: Step;
  wallet: FoundWallet | undefined;
  onCancel: () => void;
}

export function Waiting({ said, step, wallet, onCancel }: WaitingProps) {
  const cancel = useRef<HTMLButtonElement>(null);
  // What was pressed is gone: without this, focus would be nowhere.
  useEffect(() => cancel.current?.focus(), []);
  const isWallets =
    said === undefined && (step.at === 'connecting' || (step.at === 'signing' && step.doing === 'waiting-for-wallet'));
  // What waits for its turn is signed anew afterwards.
  const why = said === undefined && isSigned(step) ? 'It is signed already.' : undefined;
  const isSlow = 'isSlow' in step && step.isSlow;
  return (
    <div className={css.stack}>
      <Live>
        {isWallets ? (
          <>
            <b>
              Waiting for <Name>{wallet?.name ?? 'the wallet'}</Name>…
            </b>{' '}
            {isSlow
              ? "Still waiting. A request may be hidden behind the wallet's icon."
              : 'Open it if nothing appeared.'}
          </>
        ) : (
          <b>{said ?? doingWords(step)}</b>
        )}
      </Live>
      <Buttons>
        <Button buttonRef={cancel} disabledBecause={why} onPress={onCancel}>
          Cancel
        </Button>
      </Buttons>
    </div>
  );
}

function doingWords(step: Step): string {
  if (step.at !== 'signing') return step.at === 'in' ? 'You are signed in.' : 'Looking for your account…';
  return step.doing === 'onboarding' ? 'Making the account…' : 'Signing in…';
}
