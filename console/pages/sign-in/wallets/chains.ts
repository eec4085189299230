// Names of the chains that wallets are usually on, as their owners know them.
const names: Readonly<Record<string, string>> = {
  1: 'Ethereum',
  10: 'OP Mainnet',
  56: 'BNB Smart Chain',
  100: 'Gnosis',
  137: 'Polygon',
  324: 'zkSync Era',
  8453: 'Base',
  42161: 'Arbitrum One',
  43114: 'Avalanche',
  59144: 'Linea',
  534352: 'Scroll',
  17000: 'Holesky',
  560048: 'Hoodi',
  84532: 'Base Sepolia',
  421614: 'Arbitrum Sepolia',
  11155111: 'Sepolia',
  11155420: 'OP Sepolia',
};

/** `Base`, or `chain 31337`. */
export const chainName = (id: string): string => names[id] ?? `chain ${id}`;

/** `Sepolia (11155111)`. */
export const chainWithId = (id: string): string => (names[id] === undefined ? `chain ${id}` : `${names[id]} (${id})`);
