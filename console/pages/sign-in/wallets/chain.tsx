// A wallet on another chain than the venue's: wallets refuse to sign for another one than their own.
import { Button } from '../../../parts/button.tsx';
import { Note } from '../../../parts/note.tsx';
import css from '../sign-in.module.css';
import { Buttons } from '../step.tsx';
import { chainName, chainWithId } from './chains.ts';
import type { Step } from './state.ts';
import type { WalletSteps } from './steps.ts';

interface ChainProps {
  steps: WalletSteps;
  step: Step & { readonly at: 'chain' };
  chainId: string;
}

export function Chain({ steps, step: { on, cannotSwitch, isBusy }, chainId }: ChainProps) {
  return (
    <div className={css.stack}>
      <Note kind="warn" live>
        Your wallet is on {on === undefined ? 'another chain' : chainName(on)}. This venue uses {chainWithId(chainId)}.
        {cannotSwitch && ` Choose ${chainName(chainId)} in your wallet, then go on.`}
      </Note>
      <Buttons>
        {cannotSwitch ? (
          <Button kind="primary" onPress={() => void steps.sign()}>
            Go on
          </Button>
        ) : (
          <Button kind="primary" busy={isBusy} onPress={() => void steps.switchChain()}>
            Switch network
          </Button>
        )}
        {isBusy && <Button onPress={() => steps.cancel()}>Cancel</Button>}
      </Buttons>
    </div>
  );
}
