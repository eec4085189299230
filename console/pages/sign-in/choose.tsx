// How to sign in: three ways, each a whole button.
import type { About } from '../../../src/client/shapes.ts';
import { Row } from '../../parts/row.tsx';
import css from './sign-in.module.css';

export type Way = 'wallet' | 'key' | 'new';

interface ChooseProps {
  /** Undefined while it is not known. */
  about: About | undefined;
  hrefOf: (way: Way) => string;
}

export function Choose({ about, hrefOf }: ChooseProps) {
  const noWallets = about?.siwe_domain === null;
  const isClosed = about !== undefined && about.onboarding !== 'anyone';
  return (
    <nav aria-label="Ways to sign in" className={css.stack}>
      <Row
        icon="wallet"
        title="Ethereum wallet"
        line="MetaMask, Rabby, Frame and others in this browser"
        href={hrefOf('wallet')}
        disabledBecause={noWallets ? 'Your venue has not set up wallets for this address (siwe.domains).' : undefined}
      />
      <Row
        icon="key"
        title="Starknet private key"
        line="It stays in this tab and is never sent."
        href={hrefOf('key')}
      />
      <Row
        icon={undefined}
        sign="+"
        title="New account"
        line="We make a key in your browser. You keep it."
        href={hrefOf('new')}
        disabledBecause={isClosed ? 'This venue admits only accounts it has listed.' : undefined}
      />
    </nav>
  );
}
