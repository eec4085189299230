// With an Ethereum wallet: what each step shows.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { starkKeySignature } from '../../../../src/client/wallet-key.ts';
import { publicClient, signIn } from '../../../app/session/session.tsx';
import { ChooseWallet } from '../../../app/wallets/choose-wallet.tsx';
import { Note } from '../../../parts/note.tsx';
import { Refusal } from '../../../parts/refusal.tsx';
import { problemWords } from '../../../words/wallet-problems.ts';
import { type MainKeyHandle, openMainKey } from '../../../worker/main-key.ts';
import { Step } from '../step.tsx';
import { untilLetIn } from '../until-let-in.ts';
import { Accounts } from './accounts.tsx';
import { Addresses } from './addresses.tsx';
import { Before } from './before.tsx';
import { Chain } from './chain.tsx';
import { createWalletSteps, type WalletSteps } from './steps.ts';
import { Waiting } from './waiting.tsx';

export interface Venue {
  /** Decimal: the chain that it takes signatures for. */
  readonly chainId: string;
  /** Whether it wants keys to be derived from wallets. */
  readonly derivation: boolean;
}

type Tell = (words: string | undefined) => void;

const stepsFor = ({ chainId, derivation }: Venue, only: string | undefined, tell: Tell): WalletSteps =>
  createWalletSteps<MainKeyHandle>({
    chainId,
    derivation,
    only,
    ofAddress: (address) => untilLetIn(() => publicClient.account.of({ eth_address: address }), tell),
    ofKey: (publicKey) => untilLetIn(() => publicClient.account.of({ public_key: publicKey }), tell),
    signature: (wallet, address) =>
      starkKeySignature(wallet, publicClient.account, { address, chainId: Number(chainId) }),
    openKey: openMainKey,
    signIn: (owner, options) => untilLetIn(() => signIn(owner, options), tell),
  });

export interface WithWalletProps {
  venue: Venue;
  /** Of a form whose session ended: no other account will do. */
  only?: string | undefined;
  onBack?: (() => void) | undefined;
}

export function WithWallet({ venue, only, onBack }: WithWalletProps) {
  const [waiting, setWaiting] = useState<string>();
  const [steps] = useState(() => stepsFor(venue, only, setWaiting));
  useEffect(() => () => steps.end(), [steps]);
  const state = useSyncExternalStore(steps.subscribe, steps.getState);
  const { step, problem } = state;
  const isFirst = step.at === 'wallets';
  const isWaiting = step.at === 'connecting' || step.at === 'signing' || step.at === 'looking' || step.at === 'in';
  const words = problem === undefined ? undefined : problemWords(problem);
  return (
    <Step
      title="Ethereum wallet"
      bare={only !== undefined}
      at={isWaiting ? undefined : step.at}
      onBack={isWaiting ? undefined : isFirst ? onBack : () => steps.back()}
    >
      {words !== undefined && (
        <Note kind={problem?.is === 'said no' || problem?.is === 'no account' ? 'neutral' : 'bad'} live>
          {words}
        </Note>
      )}
      {problem?.is === 'refused' && <Refusal error={problem.error} />}
      {step.at === 'wallets' && <ChooseWallet onChoose={(wallet) => void steps.connect(wallet)} />}
      {step.at === 'addresses' && (
        <Addresses addresses={step.addresses} onChoose={(one) => void steps.chooseAddress(one)} />
      )}
      {step.at === 'accounts' && <Accounts steps={steps} state={state} venue={venue} only={only} />}
      {step.at === 'before' && <Before steps={steps} step={step} />}
      {step.at === 'chain' && <Chain steps={steps} step={step} chainId={venue.chainId} />}
      {isWaiting && <Waiting said={waiting} step={step} wallet={state.wallet} onCancel={() => steps.cancel()} />}
    </Step>
  );
}
