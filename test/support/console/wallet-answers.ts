// Wallets that sign with a real key, and those that do what hostile, broken and hesitant ones do (EIP-1193).
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { createWallet } from '../../../src/client/wallet.ts';
import { personalSignDigest } from '../../../src/ethereum/eip191.ts';

export type WalletBehaviour =
  | 'signs'
  /** The person says no to each signature. */
  | 'refuses'
  /** The person says no to showing an account. */
  | 'refuses to connect'
  | 'request already open'
  /** Answers nothing at all, ever. */
  | 'silent'
  /** Shows its accounts, and never answers a signature. */
  | 'silent at signing'
  /** Signs once it is told to: see `signLate`. */
  | 'late'
  /** Another valid signature of the same text each time. */
  | 'random'
  /** A signature of 200 bytes, as contracts have. */
  | '200 bytes'
  /** On Base until it is asked to switch. */
  | 'wrong chain'
  /** On Base, and does not switch. */
  | 'wrong chain for good'
  /** Another account from the first signature on, which is by that one. */
  | 'changes account'
  /** Two accounts, of which the second is that of the key. */
  | 'two accounts';

export interface WalletSpec {
  /** 32 bytes as `0x` hex. */
  readonly key: string;
  readonly behaviour?: WalletBehaviour;
  /** Called with each method, and each text that was signed. */
  readonly onAsked?: (method: string, params: readonly unknown[]) => void;
  /** Of `late`: resolves when it signs. */
  readonly untilLate?: () => Promise<void>;
}

/** EIP-1193 says errors by code. */
export class WalletError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const SEPOLIA = 11_155_111;
const BASE = 8453;
const silence = () => new Promise<never>(() => undefined);

/** The second account of the wallet of a key. */
export const otherWallet = (key: string) => createWallet(`0x${bytesToHex(keccak_256(hexToBytes(key.slice(2))))}`);

export type AnswerOfWallet = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** What the wallet does is held until `behave` says otherwise. */
export function answerOfWallet(spec: WalletSpec & { readonly current?: () => WalletBehaviour }): AnswerOfWallet {
  const own = createWallet(spec.key);
  const other = otherWallet(spec.key);
  let chain: number | undefined;
  let hasChanged = false;
  const behaviour = (): WalletBehaviour => spec.current?.() ?? spec.behaviour ?? 'signs';
  const startsOn = () => (behaviour().startsWith('wrong chain') ? BASE : SEPOLIA);

  const accounts = (): readonly string[] => {
    if (behaviour() === 'two accounts') return [other.address, own.address];
    return [hasChanged ? other.address : own.address];
  };

  function sign(digest: Uint8Array, address: unknown): string {
    if (behaviour() === 'refuses') throw new WalletError(4001, 'User rejected the request.');
    if (behaviour() === '200 bytes') return `0x${'ab'.repeat(200)}`;
    if (behaviour() === 'changes account') hasChanged = true;
    const asked = String(address).toLowerCase();
    const isOther = hasChanged || asked === other.address.toLowerCase();
    const secret = isOther ? keccak_256(hexToBytes(spec.key.slice(2))) : hexToBytes(spec.key.slice(2));
    return signature(digest, secret, behaviour() === 'random');
  }

  return async (method, params) => {
    spec.onAsked?.(method, params);
    const is = behaviour();
    if (is === 'silent') return silence();
    switch (method) {
      case 'eth_requestAccounts':
        if (is === 'refuses to connect') throw new WalletError(4001, 'User rejected the request.');
        if (is === 'request already open') throw new WalletError(-32_002, 'Request already pending.');
        return accounts();
      case 'eth_accounts':
        return accounts();
      case 'eth_chainId':
        return `0x${(chain ?? startsOn()).toString(16)}`;
      case 'wallet_switchEthereumChain':
        if (is === 'wrong chain for good') throw new WalletError(4902, 'Unrecognized chain ID.');
        chain = SEPOLIA;
        return null;
      case 'personal_sign':
        if (is === 'silent at signing') return silence();
        if (is === 'late') await spec.untilLate?.();
        return sign(personalSignDigest(hexToBytes(String(params[0]).slice(2))), params[1]);
      case 'eth_signTypedData_v4':
        if (is === 'silent at signing') return silence();
        if (is === 'late') await spec.untilLate?.();
        return sign(digestOfConstant(JSON.parse(String(params[1]))), params[0]);
      default:
        throw new WalletError(4200, `no method ${method}`);
    }
  };
}

function signature(digest: Uint8Array, secret: Uint8Array, isRandom: boolean): string {
  const options = { prehash: false, format: 'recovered', extraEntropy: isRandom } as const;
  const [recovery = 0, ...rs] = secp256k1.sign(digest, secret, options);
  return `0x${bytesToHex(Uint8Array.from(rs))}${(27 + recovery).toString(16)}`;
}

/** EIP-712, for messages of one member of text whose domain has a name, a version and a chain: what keys are derived from. */
function digestOfConstant(typed: {
  readonly domain: { readonly name: string; readonly version: string; readonly chainId: number | string };
  readonly message: { readonly action: string };
}): Uint8Array {
  const hashed = (text: string) => keccak_256(utf8ToBytes(text));
  const struct = (...parts: readonly Uint8Array[]) => keccak_256(concatBytes(...parts));
  const { name, version, chainId } = typed.domain;
  const separator = struct(
    hashed('EIP712Domain(string name,string version,uint256 chainId)'),
    hashed(name),
    hashed(version),
    hexToBytes(BigInt(chainId).toString(16).padStart(64, '0')),
  );
  const message = struct(hashed('Constant(string action)'), hashed(typed.message.action));
  return struct(Uint8Array.of(0x19, 1), separator, message);
}
