import type { Slice } from './slice.ts';

/** Class hashes that an account's address is derived with. */
export const derivationHashes = (config: Slice<'wire'>) => ({
  accountHash: config['wire.paraclear_account_hash'],
  proxyHash: config['wire.paraclear_account_proxy_hash'],
  evmAccountHash: config['wire.paraclear_evm_account_hash'],
});
