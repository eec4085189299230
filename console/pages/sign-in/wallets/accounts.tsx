// Which of the two accounts that a wallet can have: its own, found by its address, and that of a key made from its signature.
import { Button } from '../../../parts/button.tsx';
import { Row } from '../../../parts/row.tsx';
import { ShortId } from '../../../parts/short-id.tsx';
import css from '../sign-in.module.css';
import { Buttons } from '../step.tsx';
import type { Account, WalletState } from './state.ts';
import type { WalletSteps } from './steps.ts';
import type { Venue } from './with-wallet.tsx';

const OFF = 'Your venue has switched this off.';
const LOOK = 'Look for a Starknet account of this wallet';

interface AccountsProps {
  steps: WalletSteps;
  state: WalletState;
  venue: Venue;
  only?: string | undefined;
}

export function Accounts({ steps, state, venue, only }: AccountsProps) {
  const off = venue.derivation ? undefined : OFF;
  const isThis = (account: Account | undefined): account is Account =>
    account !== undefined && (only === undefined || BigInt(account.address) === BigInt(only));
  const own = isThis(state.own) ? state.own : undefined;
  const derived = isThis(state.derived) ? state.derived : undefined;
  const canMake = only === undefined && own?.exists !== true && derived?.exists !== true;
  return (
    <div className={css.stack}>
      <h3>Which account?</h3>
      {own?.exists === true && (
        <Row
          icon="wallet"
          title={
            <>
              Wallet account <ShortId value={own.address} />
            </>
          }
          line="Your wallet signs in."
          onPress={() => steps.chooseOwn()}
        />
      )}
      {derived?.exists === true && (
        <Row
          icon="key"
          title={
            <>
              Starknet account <ShortId value={derived.address} />
            </>
          }
          line="The key made from your wallet's signature signs in."
          onPress={() => steps.chooseDerived()}
        />
      )}
      {canMake && (
        <>
          <Row
            icon="wallet"
            title="Wallet account (recommended)"
            line="Your wallet signs in. It cannot place orders itself: make a subkey for that."
            onPress={() => steps.chooseOwn()}
          />
          <Row
            icon="key"
            title="Starknet account"
            line={
              <>
                A key is made from a signature of your wallet. It signs orders too.{' '}
                <b>Whoever gets that signature from you, on any website, has the account.</b>
              </>
            }
            disabledBecause={off}
            onPress={() => steps.chooseDerived()}
          />
        </>
      )}
      {state.derived === undefined && (
        <Buttons>
          <Button icon="search" disabledBecause={off} onPress={() => steps.lookForDerived()}>
            {LOOK}
          </Button>
        </Buttons>
      )}
    </div>
  );
}
