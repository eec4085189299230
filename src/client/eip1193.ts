// An Ethereum wallet as programs ask one (EIP-1193). Whatever it says when it refuses is not repeated: its texts are anybody's.
import { type EthereumAddress, parseEthereumAddress } from '../ethereum/eip191.ts';
import { WalletRefused } from './errors.ts';

export interface Eip1193Provider {
  request(request: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>;
}

/** One of the accounts that the wallet shows: the wanted one, or the first. Rejects with WalletRefused. */
export async function chosenAddress(provider: Eip1193Provider, wanted: string | undefined): Promise<EthereumAddress> {
  const shown = await asked(provider, 'eth_requestAccounts', []);
  const addresses = (Array.isArray(shown) ? shown : []).map((one) => parseEthereumAddress(String(one)));
  const looked = wanted === undefined ? addresses[0] : parseEthereumAddress(wanted);
  if (looked !== undefined && addresses.includes(looked)) return looked;
  throw new WalletRefused(
    wanted === undefined ? 'the wallet shows no account' : 'the wallet does not show the account that is asked for',
  );
}

/** Wallets refuse to sign for another chain than the one they are on. */
export async function onChain(provider: Eip1193Provider, chainId: number, signal?: AbortSignal): Promise<void> {
  const wanted = `0x${chainId.toString(16)}`;
  const isOn = async () => Number(await asked(provider, 'eth_chainId', [], signal)) === chainId;
  if (await isOn()) return;
  try {
    await asked(provider, 'wallet_switchEthereumChain', [{ chainId: wanted }], signal);
  } catch (error) {
    const code = error instanceof WalletRefused ? error.code : undefined;
    throw new WalletRefused(`the wallet is on another chain than ${chainId}: choose that one in the wallet`, code);
  }
  if (!(await isOn())) throw new WalletRefused(`the wallet is on another chain than ${chainId}`);
}

/** EIP-1193: 4001 = the person said no; -32002 = a request is open in the wallet already. */
const said: Readonly<Record<number, string>> = {
  4001: 'the person at the wallet said no',
  [-32002]: 'the wallet has a request open already: finish it there',
};

/** Rejects with WalletRefused. After `signal` nobody is asked. */
export async function asked(
  provider: Eip1193Provider,
  method: string,
  params: readonly unknown[],
  signal?: AbortSignal,
): Promise<unknown> {
  if (signal?.aborted === true) throw new WalletRefused(`the wallet was not asked ${method}: nobody waits for it`);
  try {
    return await provider.request({ method, params });
  } catch (error) {
    const code =
      typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'
        ? error.code
        : undefined;
    throw new WalletRefused(said[code ?? 0] ?? `the wallet did not answer ${method}`, code);
  }
}
