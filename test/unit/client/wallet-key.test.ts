import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { WalletRefused } from '../../../src/client/errors.ts';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { starkKeyMessage, starkKeyOfWallet, starkKeySignature } from '../../../src/client/wallet-key.ts';
import vectors from '../../vectors/vectors.json' with { type: 'json' };
import walletKeys from '../../vectors/wallet-keys.json' with { type: 'json' };

const SEPOLIA = 11_155_111;
/** A wallet that shows this address, and signs so. */
const signaturesOf = (address: string, signatures: readonly unknown[], chainId = SEPOLIA) => {
  const left = [...signatures];
  return {
    async request({ method }: { readonly method: string }) {
      if (method === 'eth_requestAccounts') return [address];
      if (method === 'eth_chainId') return `0x${chainId.toString(16)}`;
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

  test('a wallet with the published key gives the published main key', async () => {
    const { signature = '', private_key = '' } = vector.expected;
    const chainId = Number(vector.l1_chain_id);
    const provider = signaturesOf(vector.l1_address ?? '', [signature, signature], chainId);
    const found = await starkKeyOfWallet(provider, knowing(), { chainId });
    expect(BigInt(found.private_key)).toBe(BigInt(private_key));
  });

  test('a signature that another of the wallet’s addresses made gives no key, and both addresses are named', async () => {
    const { signature = '' } = vector.expected;
    const chainId = Number(vector.l1_chain_id);
    const wanted = `0x${'ab'.repeat(20)}`;
    const provider = signaturesOf(wanted, [signature, signature], chainId);
    const error = await starkKeyOfWallet(provider, knowing(), { chainId }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(WalletRefused);
    expect(error.message).toContain(`${vector.l1_address?.toLowerCase()}, and not ${wanted}`);
  });
});

const twice = walletKeys.wallet_keys.find(({ id }) => id === 'r with a leading zero byte');
if (twice === undefined) throw new Error('no vector');
const { signature, kept, stripped } = twice;

/** The address whose signature it is: there is one for any r that is an x of the curve. */
function signerOf(text: string): string {
  const { Signature, Point } = secp256k1;
  const bytes = Buffer.from(text.slice(2), 'hex');
  const [r, s] = [0, 32].map((at) => BigInt(`0x${bytes.subarray(at, at + 32).toString('hex')}`));
  const key = new Signature(r ?? 0n, s ?? 0n, (bytes[64] ?? 0) - 27).recoverPublicKey(
    digestOf(starkKeyMessage(SEPOLIA)),
  );
  const point = Point.fromBytes(key.toBytes(true)).toBytes(false);
  return `0x${Buffer.from(keccak_256(point.subarray(1)).subarray(-20)).toString('hex')}`;
}

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
  const found = await starkKeyOfWallet(signaturesOf(signerOf(signature), [signature, signature]), knowing(...known));
  expect(found).toEqual({ private_key, account: `account of ${createStarkKey(private_key).publicKey}`, exists });
});

test('the signature that a key is made of is had alone, and tells the server nothing', async () => {
  const provider = signaturesOf(signerOf(signature), [signature, signature]);
  expect(await starkKeySignature(provider, { config: knowing().config })).toBe(signature.toLowerCase());
});

test('a wallet that signs differently each time gives no key', async () => {
  const other = signature.replace(/..$/, '1c');
  const provider = signaturesOf(signerOf(signature), [signature, other]);
  await expect(starkKeyOfWallet(provider, knowing())).rejects.toThrow(/differently each time/);
});

describe.each([
  ['key', starkKeyOfWallet],
  ['signature of a key', starkKeySignature],
])('a wallet gives no %s', (_, derived) => {
  test('when the second signature is another than the first', async () => {
    const other = signature.replace(/..$/, '1c');
    const provider = signaturesOf(signerOf(signature), [signature, other]);
    await expect(derived(provider, knowing())).rejects.toThrow(/differently each time/);
  });

  test('when the signature is by another of its addresses', async () => {
    const provider = signaturesOf(`0x${'ab'.repeat(20)}`, [signature, signature]);
    await expect(derived(provider, knowing())).rejects.toThrow(/another address than was chosen/);
  });

  test('when the signature is of no key: a smart-contract wallet', async () => {
    const bytes = `0x${'11'.repeat(200)}`;
    const provider = signaturesOf(signerOf(signature), [bytes, bytes]);
    await expect(derived(provider, knowing())).rejects.toThrow(/smart-contract wallet/);
  });
});

test.each([undefined, '0x', `0x${'00'.repeat(65)}`, `${signature}00`])(
  'a wallet that answers %s gives no key',
  async (answer) => {
    const provider = signaturesOf(signerOf(signature), [answer, answer]);
    await expect(starkKeyOfWallet(provider, knowing())).rejects.toThrow(WalletRefused);
  },
);
