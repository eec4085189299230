// Owners of accounts, as the console meets them: a main key, or an Ethereum wallet, with an account at the service of the test.
import { type Client, createClient, starkKey, wallet } from '../../../src/client/main.ts';
import { onboard, onboardWallet, starkTrader, walletTrader } from '../trader.ts';
import { answerOfWallet } from './wallet-answers.ts';

export interface ConsoleOwner {
  readonly kind: 'main' | 'wallet';
  /** Of the Stark curve or of Ethereum, `0x` hex. */
  readonly privateKey: string;
  readonly account: string;
  /** With the main key, or the wallet, behind it: for what stands there before the page is opened. */
  readonly client: Client;
}

/** Onboarded, unless `known` is false. */
export async function createOwner(url: string, kind: 'main' | 'wallet', known = true): Promise<ConsoleOwner> {
  if (kind === 'main') {
    const trader = starkTrader();
    if (known) await onboard(url, trader);
    const { privateKey, account } = trader;
    return { kind, privateKey, account, client: createClient({ url, auth: starkKey(privateKey, { account }) }) };
  }
  const privateKey = starkTrader().privateKey.replace(/^0x/, '').padStart(64, '0').replace(/^/, '0x');
  const trader = walletTrader(privateKey);
  if (known) await onboardWallet(url, trader);
  const answer = answerOfWallet({ key: privateKey });
  const provider = {
    request: ({ method, params = [] }: { readonly method: string; readonly params?: readonly unknown[] }) =>
      answer(method, params),
  };
  const auth = wallet(provider, { domain: new URL(url).host });
  return { kind, privateKey, account: trader.account, client: createClient({ url, auth }) };
}
