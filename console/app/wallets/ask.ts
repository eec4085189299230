// One wallet while somebody waits for it: what it was asked can be given up at any time, though the wallet goes on.
import type { Eip1193Provider } from '../../../src/client/main.ts';

export interface WaitedFor extends Eip1193Provider {
  /** Whether a question is with the wallet. */
  readonly isAsked: boolean;
  /** What was asked is refused here, and so is whatever is asked from now on. */
  giveUp(): void;
}

export function waitedFor(wallet: Eip1193Provider): WaitedFor {
  let open = 0;
  let isOver = false;
  const giving = new Set<() => void>();
  return {
    get isAsked() {
      return open > 0;
    },
    giveUp() {
      isOver = true;
      for (const give of giving) give();
    },
    async request(question) {
      if (isOver) throw new Error('nobody waits for the wallet');
      open += 1;
      let give: () => void = () => undefined;
      const over = new Promise<never>((_, reject) => {
        give = () => reject(new Error('nobody waits for the wallet'));
      });
      giving.add(give);
      try {
        // A wallet may throw at once, or answer with no promise.
        return await Promise.race([over, Promise.resolve().then(() => wallet.request(question))]);
      } finally {
        open -= 1;
        giving.delete(give);
      }
    },
  };
}

/** Tells of `accountsChanged`, where the wallet tells of it. Returns what ends it. */
export function watchAccounts(wallet: Eip1193Provider, changed: (addresses: readonly string[]) => void): () => void {
  const heard = (addresses: unknown) => changed(addressesIn(addresses));
  const call = (name: string): void => {
    try {
      const listen: unknown = Reflect.get(wallet, name);
      if (typeof listen === 'function') Reflect.apply(listen, wallet, ['accountsChanged', heard]);
    } catch {
      // The wallet does not tell: what is signed is checked anyway.
    }
  };
  call('on');
  return () => call('removeListener');
}

/** Ethereum addresses in lower case, each once; anything else is left out. */
export function addressesIn(answer: unknown): readonly string[] {
  const texts = Array.isArray(answer) ? answer.slice(0, 100).filter((one) => typeof one === 'string') : [];
  return [...new Set(texts.filter((one) => /^0x[0-9a-f]{40}$/i.test(one)).map((one) => one.toLowerCase()))];
}

/** Decimal text. Wallets answer with hex, some with a number. */
export function chainIn(answer: unknown): string | undefined {
  if (typeof answer === 'number' && Number.isSafeInteger(answer) && answer > 0) return String(answer);
  return typeof answer === 'string' && /^(?:0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(answer)
    ? String(BigInt(answer))
    : undefined;
}
