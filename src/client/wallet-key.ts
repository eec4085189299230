// A main Stark key that is derived from an Ethereum wallet, as the venue's own clients do. Whoever gets that signature, on any website, has
// the key: an account of the wallet itself (wallet-auth.ts) has no such signature.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { createDeadline, type Deadline, within } from './deadline.ts';
import { asked, chosenAddress, type Eip1193Provider, onChain } from './eip1193.ts';
import { WalletRefused } from './errors.ts';
import type { CallOptions } from './list.ts';
import { privateKeysOfSignature } from './private-key.ts';
import type { AccountOfSigner } from './shapes.ts';
import { keyThatSigned } from './signed-by.ts';
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
  of(
    signer: { readonly public_key: string },
    options: CallOptions,
  ): Promise<Pick<AccountOfSigner, 'address' | 'exists'>>;
  config(options: CallOptions): Promise<{ readonly l1_chain_id: string }>;
}

export interface KeyOfWalletOptions extends CallOptions {
  /** Which of the wallet's accounts. Default: the first that it shows. */
  readonly address?: string;
  /** Default: the server's. */
  readonly chainId?: number;
}

/** Of the look-ups together; the person at the wallet is waited for besides. */
const USUAL_MS = 10_000;

/**
 * Asks the wallet twice for the same signature; the two must be equal, and by the address that was asked. Where clients read it in two ways,
 * the key whose account is known here is taken, else that of the JavaScript clients. Rejects with WalletRefused, and as a call of the client.
 */
export function starkKeyOfWallet(
  provider: Eip1193Provider,
  accounts: AccountLookup,
  options: KeyOfWalletOptions = {},
): Promise<DerivedKey> {
  return within(deadlineOf(options), async (deadline) => {
    const { signal } = deadline;
    const signature = await checkedSignature(provider, accounts, options, deadline);
    let first: DerivedKey | undefined;
    for (const private_key of privateKeysOfSignature(signature)) {
      const signer = { public_key: createStarkKey(private_key).publicKey };
      const { address: account, exists } = await deadline.race(() => accounts.of(signer, { signal }));
      const found = { private_key, account, exists };
      if (exists) return found;
      first ??= found;
    }
    if (first === undefined) throw new WalletRefused('the wallet made no signature of a key');
    return first;
  });
}

/**
 * The signature that starkKeyOfWallet makes the key of, asked for and checked in the same way: for who derives the key elsewhere (a worker),
 * with privateKeysOfSignature. A secret, 65 bytes as `0x` hex: whoever has it has the key. Rejects as starkKeyOfWallet does.
 */
export function starkKeySignature(
  provider: Eip1193Provider,
  accounts: Pick<AccountLookup, 'config'>,
  options: KeyOfWalletOptions = {},
): Promise<string> {
  return within(deadlineOf(options), (deadline) => checkedSignature(provider, accounts, options, deadline));
}

const deadlineOf = (options: CallOptions): Deadline => createDeadline(options, USUAL_MS, () => performance.now());

async function checkedSignature(
  provider: Eip1193Provider,
  accounts: Pick<AccountLookup, 'config'>,
  options: KeyOfWalletOptions,
  deadline: Deadline,
): Promise<string> {
  const { signal } = deadline;
  const chainId = options.chainId ?? Number((await deadline.race(() => accounts.config({ signal }))).l1_chain_id);
  return deadline.race(() => signatureOf(provider, chainId, options.address, signal), true);
}

async function signatureOf(
  provider: Eip1193Provider,
  chainId: number,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const address = await chosenAddress(provider, wanted);
  await onChain(provider, chainId, signal);
  const message = starkKeyMessage(chainId);
  const params = [address, JSON.stringify(message)];
  const signed = async () => String(await asked(provider, 'eth_signTypedData_v4', params, signal)).toLowerCase();
  const signature = await signed();
  if ((await signed()) !== signature) {
    throw new WalletRefused('the wallet signs differently each time, so no key can be made from it');
  }
  keyThatSigned(digestOf(message), signature, address);
  return signature;
}

/** EIP-712, for this message alone. */
function digestOf({ domain, message }: ReturnType<typeof starkKeyMessage>): Uint8Array {
  const hashed = (text: string) => keccak_256(utf8ToBytes(text));
  const struct = (...parts: readonly Uint8Array[]) => keccak_256(concatBytes(...parts));
  const chainId = hexToBytes(domain.chainId.toString(16).padStart(64, '0'));
  const separator = struct(
    hashed('EIP712Domain(string name,string version,uint256 chainId)'),
    hashed(domain.name),
    hashed(domain.version),
    chainId,
  );
  const action = struct(hashed('Constant(string action)'), hashed(message.action));
  return struct(Uint8Array.of(0x19, 1), separator, action);
}
