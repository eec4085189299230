// The markets. Prices are constants: the house buys at the bid and sells at the ask, always, any number of times.
import { Refusal } from './input.ts';

/** Amounts in hundred-millionths. Prices are multiples of `tick`, sizes of `step`; `maxSize` is the most one order may take. */
export type Market = Readonly<ReturnType<typeof market>>;
function market(base: string, mark: bigint, tick: bigint, step: bigint, maxSize: bigint) {
  const prices = { mark, bid: mark - tick, ask: mark + tick, maxPrice: 10n * mark };
  return { symbol: `${base}-USD-PERP`, base, tick, step, maxSize, ...prices };
}

export const markets: readonly Market[] = [
  market('BTC', 60_000_00000000n, 10000000n, 100000n, 100_00000000n),
  market('ETH', 3_000_00000000n, 1000000n, 1000000n, 1_000_00000000n),
  market('SOL', 150_00000000n, 1000000n, 10000000n, 10_000_00000000n),
];

export function marketOf(symbol: unknown): Market {
  const found = markets.find((one) => one.symbol === symbol);
  if (found === undefined) throw new Refusal(404, 'MARKET_NOT_FOUND', 'this venue has no such market');
  return found;
}
