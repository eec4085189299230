// What the page and the worker of the main key say to each other. A key goes in once, and comes out only as its room allows.

import type { OnboardingStatement, RegistrationStatement, RequestStatement } from '../../src/client/main-key.ts';
import { Worded } from '../words/worded.ts';

export type Ask =
  /** `not`: what is no private key for certain, as the account's own address. */
  | { readonly op: 'load'; readonly text: string; readonly not: readonly string[] }
  | { readonly op: 'make' }
  | { readonly op: 'derive'; readonly signature: string }
  | { readonly op: 'use'; readonly publicKey: string }
  | { readonly op: 'request'; readonly statement: RequestStatement }
  | { readonly op: 'onboarding'; readonly statement: OnboardingStatement }
  | { readonly op: 'registration'; readonly statement: RegistrationStatement }
  | { readonly op: 'reveal' }
  | { readonly op: 'saved' };

/** Words of the page, by why the worker refused: what it refuses is never repeated. */
export const refusedWords = {
  'no-private-key': 'That is not a Starknet private key.',
  public: 'That is a public key or an address, not a private key.',
  'ethereum-key': 'That is an Ethereum key: use the wallet sign-in.',
  'no-signature': 'This is a smart-contract wallet. Only wallets with a key of their own can sign in.',
  'no-key': 'There is no main key in this tab.',
  'other-key': 'Another main key is in use here already.',
  'other-account': 'That key does not belong to this account.',
  'not-signed': 'That is nothing a main key signs here.',
  'not-shown': 'This page can sign with the key you pasted but cannot show it.',
  broken: 'The room your key is kept in did not start. Check the connection and try again.',
} as const;

export type Refused = keyof typeof refusedWords;

export type Told = { readonly id: number } & (
  | { readonly is: 'done'; readonly value: readonly string[] }
  | { readonly is: 'refused'; readonly because: Refused }
);

/** Its message is for the person, and says nothing of the key. */
export class MainKeyRefused extends Worded {
  override readonly name = 'MainKeyRefused';
  readonly because: Refused;

  constructor(because: Refused) {
    super(refusedWords[because]);
    this.because = because;
  }
}
