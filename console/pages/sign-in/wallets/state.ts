// What the steps of a wallet sign-in are, and what they need of the page around them.
import type { Eip1193Provider } from '../../../../src/client/eip1193.ts';
import type { FoundWallet } from '../../../app/wallets/announced.ts';
import type { Problem } from '../../../words/wallet-problems.ts';

export interface Account {
  readonly address: string;
  /** Whether it is known here. */
  readonly exists: boolean;
}

/** What the wallet is about to be asked: to sign in, or for the signature a key is made of. `key`: nothing, there is a key already. */
export type Asking = 'sign-in' | 'derive' | 'key';

export type Step =
  | { readonly at: 'wallets' }
  | { readonly at: 'connecting'; readonly isSlow: boolean }
  | { readonly at: 'addresses'; readonly addresses: readonly string[] }
  | { readonly at: 'looking' }
  | { readonly at: 'accounts' }
  | { readonly at: 'before'; readonly asking: Asking; readonly isNew: boolean }
  | { readonly at: 'chain'; readonly on: string | undefined; readonly cannotSwitch: boolean; readonly isBusy: boolean }
  | { readonly at: 'signing'; readonly asking: Asking; readonly doing: Doing; readonly isSlow: boolean }
  | { readonly at: 'in' };

export type Doing = 'waiting-for-wallet' | 'signing' | 'onboarding' | 'adding-device';

export interface WalletState {
  readonly step: Step;
  readonly wallet: FoundWallet | undefined;
  readonly address: string | undefined;
  /** The wallet's own account, found by its address. */
  readonly own: Account | undefined;
  /** The account of the key that is made from its signature, once that was asked for. */
  readonly derived: Account | undefined;
  readonly problem: Problem | undefined;
}

export interface Key {
  derive(signature: string): Promise<{ readonly publicKeys: readonly string[] }>;
  use(publicKey: string): Promise<void>;
  close(): void;
}

export type WalletOwner<K> =
  | { readonly by: 'wallet'; readonly provider: Eip1193Provider; readonly address: string; readonly walletName: string }
  | { readonly by: 'key'; readonly key: K; readonly keep: boolean };

export interface Surroundings<K extends Key> {
  /** Decimal: the chain that the venue takes signatures for. */
  readonly chainId: string;
  readonly derivation: boolean;
  /** Of a form whose session ended: no other account will do. */
  readonly only?: string | undefined;
  ofAddress(address: string): Promise<Account>;
  ofKey(publicKey: string): Promise<Account>;
  /** The checked signature that a key is made of: a secret. */
  signature(wallet: Eip1193Provider, address: string): Promise<string>;
  openKey(): K;
  /** `signal`: nobody waits for it any more. */
  signIn(
    owner: WalletOwner<K>,
    options: { readonly onStep: (doing: Doing) => void; readonly signal: AbortSignal },
  ): Promise<void>;
}

/** The wallet has signed, or a key does, which takes no time: what follows is the server's, and comes to its end by itself. */
export const isSigned = (step: Step): boolean => step.at === 'signing' && step.doing !== 'waiting-for-wallet';

export const beginning: WalletState = {
  step: { at: 'wallets' },
  wallet: undefined,
  address: undefined,
  own: undefined,
  derived: undefined,
  problem: undefined,
};
