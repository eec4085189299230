// The main key of an account that was made from a wallet's signature: made again, for its owner to keep.
import type { Eip1193Provider } from '../../../src/client/eip1193.ts';
import { starkKeySignature } from '../../../src/client/wallet-key.ts';
import { publicClient } from '../../app/session/session.tsx';
import { Worded } from '../../words/worded.ts';
import { type MainKeyHandle, openMainKey } from '../../worker/main-key.ts';

/**
 * The wallet is asked twice for one signature. The result holds the key in its worker until it is closed. Rejects with WalletRefused, with Worded,
 * and as a look-up does.
 */
export async function keyOfWallet(provider: Eip1193Provider, account: string): Promise<MainKeyHandle> {
  const signature = await starkKeySignature(provider, publicClient.account);
  const key = openMainKey();
  try {
    const { publicKeys } = await key.derive(signature);
    for (const publicKey of publicKeys) {
      const { address } = await publicClient.account.of({ public_key: publicKey });
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
