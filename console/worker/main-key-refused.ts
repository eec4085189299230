// What the page says of a refusal of the main key's worker, which itself has no words.
import { Worded } from '../words/worded.ts';
import type { Refused } from './main-key-messages.ts';

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
} as const satisfies Readonly<Record<Refused, string>>;

/** Its message is for the person, and says nothing of the key. */
export class MainKeyRefused extends Worded {
  override readonly name = 'MainKeyRefused';
  readonly because: Refused;

  constructor(because: Refused) {
    super(refusedWords[because]);
    this.because = because;
  }
}
