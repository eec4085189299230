import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { WalletRefused } from '../../../src/client/errors.ts';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { starkKeyMessage, starkKeyOfWallet } from '../../../src/client/wallet-key.ts';
import vectors from '../../vectors/vectors.json' with { type: 'json' };
import walletKeys from '../../vectors/wallet-keys.json' with { type: 'json' };

const ADDRESS = `0x${'ab'.repeat(20)}`;
const signaturesOf = (...signatures: readonly unknown[]) => {
  const left = [...signatures];
  return {
    async request({ method }: { readonly method: string }) {
      if (method === 'eth_requestAccounts') return [ADDRESS];
      if (method === 'eth_chainId') return '0xaa36a7';
      if (method === 'eth_signTypedData_v4') return left.shift();
      throw new Error(method);
    },
  };
};
/** A server that knows the accounts of these private keys. */
const knowing = (...known: readonly string[]) => ({
  config: async () => ({ l1_chain_id: '11155111' }),
  of: async ({ public_key }: { readonly public_key: string }) => ({
    address: `account of ${public_key}`,
    exists: known.some((privateKey) => createStarkKey(privateKey).publicKey === public_key),
  }),
});

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const word = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

/** EIP-712, for this message alone. */
function digestOf({ domain, message }: ReturnType<typeof starkKeyMessage>): Uint8Array {
  const hash = (...parts: readonly Uint8Array[]) => keccak_256(Buffer.concat(parts));
  const domainHash = hash(
    hash(utf8('EIP712Domain(string name,string version,uint256 chainId)')),
    hash(utf8(domain.name)),
    hash(utf8(domain.version)),
    word(BigInt(domain.chainId)),
  );
  const struct = hash(hash(utf8('Constant(string action)')), hash(utf8(message.action)));
  return hash(Uint8Array.of(0x19, 1), domainHash, struct);
}

describe.each(vectors.groups.stark_key_from_l1.filter(({ optional }) => optional !== true))('$id', (vector) => {
  test('the message that a wallet signs for its main key is the published one, to the digest', () => {
    const digest = digestOf(starkKeyMessage(Number(vector.l1_chain_id)));
    expect(`0x${Buffer.from(digest).toString('hex')}`).toBe(vector.eip712_digest);
    const bytes = secp256k1.sign(digest, Buffer.from((vector.l1_private_key ?? '').slice(2), 'hex'), {
      prehash: false,
    });
    expect(`0x${Buffer.from(bytes).toString('hex')}`).toBe(vector.expected.signature?.slice(0, 130));
  });
});

const twice = walletKeys.wallet_keys.find(({ id }) => id === 'r with a leading zero byte');
if (twice === undefined) throw new Error('no vector');
const { signature, kept, stripped } = twice;

test.each([
  ['the key of the JavaScript clients', [kept.private_key], kept.private_key, true],
  ['the key of the Python client', [stripped.private_key], stripped.private_key, true],
  [
    'the key of the JavaScript clients, where both accounts are known',
    [stripped.private_key, kept.private_key],
    kept.private_key,
    true,
  ],
  ['the key of the JavaScript clients, where no account is known', [], kept.private_key, false],
])('a wallet whose r begins with a zero byte gives %s', async (_, known, private_key, exists) => {
  const found = await starkKeyOfWallet(signaturesOf(signature, signature), knowing(...known));
  expect(found).toEqual({ private_key, account: `account of ${createStarkKey(private_key).publicKey}`, exists });
});

test('a wallet that signs differently each time gives no key', async () => {
  const other = signature.replace(/..$/, '1c');
  await expect(starkKeyOfWallet(signaturesOf(signature, other), knowing())).rejects.toThrow(/differently each time/);
});

test.each([undefined, '0x', `0x${'00'.repeat(65)}`, `${signature}00`])(
  'a wallet that answers %s gives no key',
  async (answer) => {
    await expect(starkKeyOfWallet(signaturesOf(answer, answer), knowing())).rejects.toThrow(WalletRefused);
  },
);
