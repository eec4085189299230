// Whose an Ethereum signature is. A wallet may sign with another of its accounts than the one it was asked for, and any signature is by some key.
import { bytesToHex } from '@noble/hashes/utils.js';
import {
  addressOfPublicKey,
  type EthereumAddress,
  parseEvmSignature,
  recoverInJavaScript,
} from '../ethereum/eip191.ts';
import { WalletRefused } from './errors.ts';

/** The uncompressed public key (`0x04`...) of `address`, by its signature over the digest. Throws WalletRefused when it is not by that address. */
export function keyThatSigned(digest: Uint8Array, signature: string, address: EthereumAddress): string {
  const parsed = parseEvmSignature(signature);
  if (parsed === undefined) {
    throw new WalletRefused('the wallet signs in another form: a smart-contract wallet has no key of its own');
  }
  const bytes = recoverInJavaScript(digest, parsed);
  if (bytes === undefined) throw new WalletRefused('the wallet made no signature of a key');
  const key = `0x${bytesToHex(bytes)}`;
  const signer = addressOfPublicKey(key);
  if (signer === address) return key;
  throw new WalletRefused(`the wallet signed with another address than was chosen: ${signer}, and not ${address}`);
}
