// What the pages know of being signed in.
import type { Client } from '../../../src/client/create-client.ts';
import type { Eip1193Provider } from '../../../src/client/eip1193.ts';
import type { MainKeyHandle } from '../../worker/main-key.ts';
import type { AccountKind } from './device-record.ts';

/** `elsewhere`: in another tab. `ended`: the server knows the device no longer. */
export type Because = 'idle' | 'expired' | 'ended' | 'elsewhere' | 'signed-out';

export interface SignedIn {
  /** `0x` hex. */
  readonly account: string;
  readonly kind: AccountKind;
  readonly deviceId: string;
  /** By this machine's clock. */
  readonly endsAt: Date;
  readonly idleSeconds: number;
  /** Of the device: it sees and ends. It stays the same when the person signs in again. */
  readonly client: Client;
  /** The device is gone, but a dialog is open: the person signs in again over it, and calls that wait go on. */
  readonly lapsed?: Because;
  /** The session is over and nothing can be asked any more, but the page stays for what it says. */
  readonly over?: true;
}

export interface LeftBehind {
  /** The server could not be told; the device ends by itself. */
  readonly untold?: true;
  /** A key was being made: whether it was is not known here, and its secret is nowhere. */
  readonly making?: true;
}

export type SessionState =
  | { readonly state: 'opening' }
  | ({ readonly state: 'out'; readonly because?: Because } & LeftBehind)
  | ({ readonly state: 'in' } & SignedIn);

/** Who can sign for the account here. `keep`: until sign-out, or the page is left. */
export type HeldOwner =
  | { readonly by: 'key'; readonly key: MainKeyHandle; readonly keep: boolean }
  | {
      readonly by: 'wallet';
      readonly provider: Eip1193Provider;
      /** Ethereum. */
      readonly address: string;
      /** The wallet's own text: anybody's. */
      readonly walletName: string;
    };

export type SignInStep = 'signing' | 'waiting-for-wallet' | 'onboarding' | 'adding-device';
