// Owners of accounts, as the console meets them: a main key, or an Ethereum wallet, with an account at the service of the test.
import { type Client, type ClientOptions, createClient, starkKey, wallet } from '../../../src/client/main.ts';
import { starkTrader, walletTrader } from '../trader.ts';
import { answerOfWallet } from './wallet-answers.ts';

export interface ConsoleOwner {
  readonly kind: 'main' | 'wallet';
  /** Of the Stark curve or of Ethereum, `0x` hex. */
  readonly privateKey: string;
  readonly account: string;
  /** With the main key, or the wallet, behind it: for what stands there before the page is opened. */
  readonly client: Client;
}

/** Onboarded, unless `known` is false. `clock`: of a service whose clock the test moves. */
export async function createOwner(
  url: string,
  kind: 'main' | 'wallet',
  {
    known = true,
    clock = { now: () => Date.now() },
  }: { readonly known?: boolean; readonly clock?: NonNullable<ClientOptions['clock']> } = {},
): Promise<ConsoleOwner> {
  if (kind === 'main') {
    const { privateKey, account } = starkTrader();
    const client = createClient({ url, auth: starkKey(privateKey, { account }), clock });
    if (known) await client.account.onboard();
    return { kind, privateKey, account, client };
  }
  const privateKey = starkTrader().privateKey.replace(/^0x/, '').padStart(64, '0').replace(/^/, '0x');
  const answer = answerOfWallet({ key: privateKey });
  const provider = {
    request: ({ method, params = [] }: { readonly method: string; readonly params?: readonly unknown[] }) =>
      answer(method, params),
  };
  const auth = wallet(provider, { domain: new URL(url).host });
  const client = createClient({ url, auth, clock });
  if (known) await client.account.onboard();
  return { kind, privateKey, account: walletTrader(privateKey).account, client };
}
