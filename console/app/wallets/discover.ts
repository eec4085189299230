// The wallets of this browser: those that announce themselves (EIP-6963), or the one that stands in the window.
import { requestProviders } from 'mipd';
import { useEffect, useState } from 'react';
import { type FoundWallet, loneWallet, withAnnounced } from './announced.ts';

export interface FoundWallets {
  readonly wallets: readonly FoundWallet[];
  /** Asks all of them to announce themselves once more. */
  lookAgain(): void;
}

export function useWallets(): FoundWallets {
  const [announced, setAnnounced] = useState<readonly FoundWallet[]>([]);
  const [lone, setLone] = useState<FoundWallet>();
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn looks again.
  useEffect(() => {
    setLone(loneWallet(inWindow()));
    return requestProviders((detail) => setAnnounced((list) => withAnnounced(list, detail)));
  }, [turn]);
  const wallets = announced.length > 0 || lone === undefined ? announced : [lone];
  return { wallets, lookAgain: () => setTurn((last) => last + 1) };
}

function inWindow(): unknown {
  try {
    return Reflect.get(window, 'ethereum');
  } catch {
    return undefined;
  }
}
