// The account address that belongs to a key (docs/wire.md section 3). Class hashes are configuration: an address once stored is never derived again.
import { type Felt, feltOf, feltValue } from '../domain/felt.ts';
import { feltFromText } from './felt.ts';
import { hashElements, type Pedersen } from './pedersen.ts';
import { snKeccak } from './sn-keccak.ts';

const ADDRESS_PREFIX = feltFromText('STARKNET_CONTRACT_ADDRESS');
const NO_DEPLOYER = 0n;
/** Starknet addresses are below 2^251 - 256. */
const ADDRESS_BOUND = (1n << 251n) - 256n;
const INITIALIZE = snKeccak('initialize');
/** The signer variant `Eip191` of the account contract's constructor. */
const EIP191_SIGNER = 3n;
const NO_GUARDIAN = 1n;

export interface ContractSeed {
  readonly classHash: bigint;
  readonly salt: bigint;
  readonly calldata: readonly bigint[];
}

/** The address of a contract deployed by nobody in particular: `H([prefix, 0, salt, class_hash, H(calldata)]) mod (2^251 - 256)`. */
export function contractAddress(curve: Pedersen, { classHash, salt, calldata }: ContractSeed): Felt {
  const hash = hashElements(curve, [ADDRESS_PREFIX, NO_DEPLOYER, salt, classHash, hashElements(curve, calldata)]);
  return feltOf(hash % ADDRESS_BOUND);
}

/** Settings `paraclear_account_hash` and `paraclear_account_proxy_hash`. */
export interface StarknetAccountClasses {
  readonly accountHash: Felt;
  readonly proxyHash: Felt;
}

/** The account of a main Stark key: the proxy class, initialised with the implementation and the key. */
export function starknetAccountAddress(curve: Pedersen, publicKey: Felt, classes: StarknetAccountClasses): Felt {
  const salt = feltValue(publicKey);
  return contractAddress(curve, {
    classHash: feltValue(classes.proxyHash),
    salt,
    calldata: [feltValue(classes.accountHash), INITIALIZE, 2n, salt, 0n],
  });
}

/**
 * The account of an Ethereum wallet (eip191): `wallet` is its 20-byte address as a number, `evmAccountHash` the setting
 * `paraclear_evm_account_hash`. RangeError for a number that is no Ethereum address.
 */
export function evmAccountAddress(curve: Pedersen, wallet: bigint, evmAccountHash: Felt): Felt {
  if (wallet >= 1n << 160n) throw new RangeError('not a 20-byte address');
  return contractAddress(curve, {
    classHash: feltValue(evmAccountHash),
    salt: wallet,
    calldata: [EIP191_SIGNER, wallet, NO_GUARDIAN],
  });
}
