// A main Stark key that is derived from an Ethereum wallet, as the venue's own clients do. Whoever gets that signature, on any website, has
// the key: an account of the wallet itself (wallet-auth.ts) has no such signature.

import { asked, chosenAddress, type Eip1193Provider, onChain } from './eip1193.ts';
import { WalletRefused } from './errors.ts';
import { privateKeysOfSignature } from './private-key.ts';
import type { AccountOfSigner } from './shapes.ts';
import { createStarkKey } from './stark-key.ts';

/** The message (EIP-712) whose signature is the seed of the key. */
export const starkKeyMessage = (chainId: number) => ({
  domain: { name: 'Paradex', version: '1', chainId },
  primaryType: 'Constant',
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
    ],
    Constant: [{ name: 'action', type: 'string' }],
  },
  message: { action: 'STARK Key' },
});

export interface DerivedKey {
  /** A secret, `0x` and 64 digits: the main key itself. */
  readonly private_key: string;
  readonly account: string;
  /** Whether the account is known here. */
  readonly exists: boolean;
}

/** What is asked of the server: `client.account` does. */
export interface AccountLookup {
  of(signer: { readonly public_key: string }): Promise<Pick<AccountOfSigner, 'address' | 'exists'>>;
  config(): Promise<{ readonly l1_chain_id: string }>;
}

/**
 * Asks the wallet twice for the same signature; the two must be equal. Where clients read it in two ways, the key whose account is known
 * here is taken, else that of the JavaScript clients. Rejects with WalletRefused, and as a call of the client.
 */
export async function starkKeyOfWallet(
  provider: Eip1193Provider,
  accounts: AccountLookup,
  options: { readonly address?: string; readonly chainId?: number } = {},
): Promise<DerivedKey> {
  const chainId = options.chainId ?? Number((await accounts.config()).l1_chain_id);
  const address = await chosenAddress(provider, options.address);
  await onChain(provider, chainId);
  const message = JSON.stringify(starkKeyMessage(chainId));
  const signed = async () => String(await asked(provider, 'eth_signTypedData_v4', [address, message])).toLowerCase();
  const signature = await signed();
  if ((await signed()) !== signature) {
    throw new WalletRefused('the wallet signs differently each time, so no key can be made from it');
  }
  let first: DerivedKey | undefined;
  for (const private_key of keysOf(signature)) {
    const { address: account, exists } = await accounts.of({ public_key: createStarkKey(private_key).publicKey });
    const found = { private_key, account, exists };
    if (exists) return found;
    first ??= found;
  }
  return first ?? refuse();
}

function keysOf(signature: string): readonly string[] {
  try {
    return privateKeysOfSignature(signature);
  } catch {
    return refuse();
  }
}

function refuse(): never {
  throw new WalletRefused('the wallet signs in another form: a smart-contract wallet has no key of its own');
}
