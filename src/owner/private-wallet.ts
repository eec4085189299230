// A wallet whose private key is in a file: what the client asks of a wallet (EIP-1193), answered in this process.
import type { Auth } from '../client/auth.ts';
import { createWallet } from '../client/wallet.ts';
import { wallet } from '../client/wallet-auth.ts';
import { WrongUse } from './stops.ts';

/** `privateKey` is 32 bytes as `0x` hex. Throws WrongUse for one that is none. */
export function walletOfPrivateKey(privateKey: string): Auth {
  const own = walletOf(privateKey);
  // It is on whichever chain it is asked to be.
  let chainId = '0x0';
  return wallet({
    async request({ method, params }) {
      if (method === 'eth_accounts' || method === 'eth_requestAccounts') return [own.address];
      if (method === 'eth_chainId') return chainId;
      const [first] = params ?? [];
      if (method === 'wallet_switchEthereumChain') {
        chainId = chainOf(first);
        return null;
      }
      if (method === 'personal_sign' && typeof first === 'string') return own.personalSign(textOf(first));
      throw Object.assign(new Error(`this wallet has no ${method}`), { code: 4200 });
    },
  });
}

function walletOf(privateKey: string): ReturnType<typeof createWallet> {
  try {
    return createWallet(privateKey);
  } catch {
    // The curve library's error may say what it was given.
    throw new WrongUse('that is no private key of a wallet');
  }
}

const chainOf = (asked: unknown): string =>
  typeof asked === 'object' && asked !== null && 'chainId' in asked ? String(asked.chainId) : '0x0';

/** personal_sign takes the bytes of the message as `0x` hex. */
const textOf = (message: string): string =>
  /^0x(?:[0-9a-fA-F]{2})*$/.test(message) ? Buffer.from(message.slice(2), 'hex').toString('utf8') : message;
