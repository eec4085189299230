// Which address of a wallet an account belongs to, or which key is made from it: after a reload the page knows the account alone.
import type { Client } from '../../../src/client/create-client.ts';
import { asked, type Eip1193Provider } from '../../../src/client/eip1193.ts';
import { Worded } from '../../words/worded.ts';
import { type MainKeyHandle, openMainKey } from '../../worker/main-key.ts';
import { addressesIn } from '../wallets/ask.ts';
import { patient } from './patient-wallet.ts';

/** A wallet that shows more has another reason. */
const MOST_ADDRESSES = 20;

/** Asks the person at the wallet to show its addresses. Rejects with WalletRefused, with Worded, and as a look-up does. */
export async function addressOfAccount(
  provider: Eip1193Provider,
  account: string,
  client: { readonly account: Pick<Client['account'], 'of'> },
): Promise<string> {
  const addresses = addressesIn(await asked(patient(provider), 'eth_requestAccounts', []));
  for (const address of addresses.slice(0, MOST_ADDRESSES)) {
    const { address: found } = await client.account.of({ eth_address: address });
    if (BigInt(found) === BigInt(account)) return address;
  }
  throw new Worded('This wallet does not show the address of this account. Choose it in the wallet, then look again.');
}

/** The main key that a wallet's signature makes, in a worker until it is closed: the wallet is asked twice for one signature. Rejects as addressOfAccount does. */
export async function keyOfAccount(
  provider: Eip1193Provider,
  account: string,
  client: { readonly account: Pick<Client['account'], 'of' | 'config'> },
): Promise<MainKeyHandle> {
  const { starkKeySignature } = await import('../../../src/client/wallet-key.ts');
  const signature = await starkKeySignature(patient(provider), client.account);
  const key = openMainKey();
  try {
    for (const publicKey of (await key.derive(signature)).publicKeys) {
      const { address } = await client.account.of({ public_key: publicKey });
      if (BigInt(address) !== BigInt(account)) continue;
      await key.use(publicKey);
      return key;
    }
    throw new Worded(
      'The key that this wallet makes belongs to another account. Choose another account in the wallet, or another wallet.',
    );
  } catch (error) {
    key.close();
    throw error;
  }
}
