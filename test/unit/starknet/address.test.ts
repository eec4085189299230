import { describe, expect, test } from 'vitest';
import { type Felt, parseFelt } from '../../../src/domain/felt.ts';
import { parseEthereumAddress } from '../../../src/ethereum/eip191.ts';
import { contractAddress, evmAccountAddress, starknetAccountAddress } from '../../../src/starknet/address.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import type { Pedersen } from '../../../src/starknet/pedersen.ts';
import { eachVector, vectorConstants } from '../../support/each-vector.ts';

function felt(text = ''): Felt {
  const parsed = parseFelt(text);
  if (parsed === undefined) throw new Error(`not a felt: ${text}`);
  return parsed;
}

describe('published vectors', () => {
  eachVector('address', (vector) => {
    if (vector.signer_type === 'starknet') {
      const classes = { accountHash: felt(vector.account_class_hash), proxyHash: felt(vector.proxy_class_hash) };
      expect(starknetAccountAddress(scureCurve, felt(vector.public_key), classes)).toBe(vector.expected);
    } else {
      const wallet = parseEthereumAddress(vector.eth_address ?? '');
      expect(wallet).toBeDefined();
      expect(evmAccountAddress(scureCurve, BigInt(wallet ?? 0), felt(vector.evm_class_hash))).toBe(vector.expected);
    }
  });
});

test('the address of an account is reduced modulo 2^251 - 256', () => {
  const bound = BigInt(vectorConstants.address_bound);
  const constant: Pedersen = { pedersen: () => bound + 5n, hashChain: () => bound + 5n };
  expect(contractAddress(constant, { classHash: 1n, salt: 1n, calldata: [] })).toBe('0x5');
});

test('a number of more than 20 bytes is no wallet address', () => {
  const evmHash = felt(vectorConstants.class_hashes.eip191_account);
  expect(() => evmAccountAddress(scureCurve, 1n << 160n, evmHash)).toThrow(RangeError);
  expect(() => evmAccountAddress(scureCurve, -1n, evmHash)).toThrow(RangeError);
});
