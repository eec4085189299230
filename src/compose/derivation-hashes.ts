import type { Config } from '../config/schema.ts';

/** Class hashes that an account's address is derived with. */
export const derivationHashes = (config: Config) => ({
  accountHash: config['wire.paraclear_account_hash'],
  proxyHash: config['wire.paraclear_account_proxy_hash'],
  evmAccountHash: config['wire.paraclear_evm_account_hash'],
});
