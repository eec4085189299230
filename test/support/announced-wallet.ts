// Makes a program of Node.js look like a page of the server with one wallet, which announces itself (EIP-6963) and signs whatever it is asked.

import { randomPrivateKey } from '../../src/client/private-key.ts';
import { createWallet } from '../../src/client/wallet.ts';

const page = new EventTarget();
const { address, personalSign } = createWallet(randomPrivateKey());
const provider = {
  async request({ method, params = [] }: { readonly method: string; readonly params?: readonly unknown[] }) {
    if (method === 'eth_requestAccounts') return [address];
    if (method === 'eth_chainId') return '0xaa36a7';
    return personalSign(Buffer.from(String(params[0]).slice(2), 'hex').toString('utf8'));
  },
};
page.addEventListener('eip6963:requestProvider', () => {
  page.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: { provider } }));
});
const { origin } = new URL(process.env.COUNTERSIGN_URL ?? '');
Object.assign(globalThis, {
  addEventListener: page.addEventListener.bind(page),
  dispatchEvent: page.dispatchEvent.bind(page),
  location: { origin, host: 'localhost', protocol: 'http:' },
});
