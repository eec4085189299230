// What a Stark key signs: typed data of the legacy revision 0, and the two bare Pedersen messages about subkeys (docs/wire.md sections 2, 6 and 7).
// Hashes are always built here from parsed values: one sent by a client is never used.
import { type Felt, feltValue } from '../domain/felt.ts';
import { createLru, type Lru } from '../domain/lru.ts';
import type { UnixSeconds } from '../domain/time.ts';
import { feltFromText } from './felt.ts';
import { hashElements, type Pedersen, type PedersenChain, type StarkCurve } from './pedersen.ts';

/** A typed-data struct whose members are all felts, in the order in which they are signed. */
export interface StructType<Member extends string> {
  readonly name: string;
  readonly members: readonly Member[];
  /** sn_keccak of e.g. `Constant(action:felt)`. Written down, so that whoever signs in a browser loads no Keccak. */
  readonly hash: bigint;
}

const structType = <Member extends string>(
  name: string,
  members: readonly Member[],
  hash: bigint,
): StructType<Member> => ({ name, members, hash });

export const domainType = structType(
  'StarkNetDomain',
  ['name', 'chainId', 'version'],
  0x98d1932052fc5137543de5ed85b7a88555a4cd1ff5d5bfedb62ed9b9a1f0dbn,
);
export const constantType = structType(
  'Constant',
  ['action'],
  0xe84bbcb68e0f7c73a9058ba82b6da9c1ffdc502efcf034e78b0c003c22ecc9n,
);
export const requestType = structType(
  'Request',
  ['method', 'path', 'body', 'timestamp', 'expiration'],
  0x186cdef6b179923c411c13c11b8a825f12bf34203bdda0a984da9d6f2313c2n,
);
export const orderType = structType(
  'Order',
  ['timestamp', 'market', 'side', 'orderType', 'size', 'price'],
  0xa56d5225b97b257c15ae2cb1cc0ea605381a886cd75463db45fd2ef9fbc255n,
);
export const modifyOrderType = structType(
  'ModifyOrder',
  ['timestamp', 'market', 'side', 'orderType', 'size', 'price', 'id'],
  0x201789bb587c17b251fd38daf43b14807010ea721c2929a8c2fc33bf15c2e2cn,
);

/** h(0, type_hash), where the hash of every struct of a type starts: the same number on every curve. */
const structStarts = new WeakMap<StructType<string>, bigint>();

/** The chain whose hash is `H([type_hash, values in declared order])`: its beginning is computed once for a type. */
export function structChain<Member extends string>(
  curve: Pedersen,
  type: StructType<Member>,
  values: Readonly<Record<Member, bigint>>,
): PedersenChain {
  const state = structStarts.get(type) ?? curve.pedersen(0n, type.hash);
  structStarts.set(type, state);
  const { members } = type;
  return { state, elements: [...members.map((member) => values[member]), BigInt(members.length + 1)] };
}

/** `H([type_hash, values in declared order])`. RangeError when a value is outside [0, p). */
export function hashStruct<Member extends string>(
  curve: Pedersen,
  type: StructType<Member>,
  values: Readonly<Record<Member, bigint>>,
): bigint {
  const { state, elements } = structChain(curve, type, values);
  return curve.hashChain(state, elements);
}

const MESSAGE_PREFIX = feltFromText('StarkNet Message');
const DOMAIN_VERSION = feltFromText('1');

export interface SigningDomain {
  /** Setting `domain_name`. */
  readonly domainName: string;
  /** Setting `starknet_chain_id`, as text or as the hex of the same bytes. */
  readonly chainId: string;
}

/** The domain separator that keeps messages of one service and chain from being valid on another. Throws FeltTextError. */
export function domainHash(curve: Pedersen, domain: SigningDomain): bigint {
  return hashStruct(curve, domainType, {
    name: feltFromText(domain.domainName),
    chainId: feltFromText(domain.chainId),
    version: DOMAIN_VERSION,
  });
}

/**
 * The purposes of a signed Request, by the path in it: a signature for one purpose is invalid for another. A signed text holds at most 31
 * characters, so the path of sign-out-everywhere is shortened.
 */
export const signedPaths = {
  login: '/v1/auth',
  revoke_all: '/countersign/v1/revoke-all',
  sign_out: '/countersign/v1/sign-out',
} as const;

export type RequestPurpose = keyof typeof signedPaths;

export interface LoginMessage {
  /** The main account, even when a subkey signs. */
  readonly account: Felt;
  readonly timestamp: UnixSeconds;
  readonly expiration: UnixSeconds;
  /** Default: a login. */
  readonly purpose?: RequestPurpose;
}

/** What whoever signs needs. */
export interface SignersHasher {
  /** Hash of `Request(POST, path, "", timestamp, expiration)`: the signed path never has the key or a query in it. */
  loginHash(message: LoginMessage): bigint;
  /** Hash of `Constant(Onboarding)`: no time in it, so it can be replayed for ever. */
  onboardingHash(account: Felt): bigint;
  /** Hash of any struct signed for `account` in this domain: `H(["StarkNet Message", domain, account, struct])`. */
  messageHash(account: Felt, structHash: bigint): bigint;
}

interface MessageChains {
  /** Where the struct of loginHash continues with its times. */
  requestStart(purpose: RequestPurpose): bigint;
  /** The struct of loginHash as a chain, for messageHashes. */
  loginStruct(message: Omit<LoginMessage, 'account'>): PedersenChain;
  /** messageHash as a chain. */
  messageChain(account: Felt, structHash: bigint): PedersenChain;
}

export interface MessageHasher extends SignersHasher, Pick<MessageChains, 'loginStruct'> {
  /**
   * The login hash of clients that send no expiration header and leave that value out of the struct (vector
   * `msg:auth:no-expiration-header`, form "omitted"). For its form "default", call loginHash with the default expiration.
   */
  loginHashWithoutExpiration(message: Omit<LoginMessage, 'expiration'>): bigint;
  /** messageHash of each, in less time than one by one; `undefined` where that throws. */
  messageHashes(messages: readonly StructOfAccount[]): readonly (bigint | undefined)[];
}

export interface StructOfAccount {
  readonly account: Felt;
  /** Its hash is the hash of the struct. */
  readonly struct: PedersenChain;
}

/** Not a felt: a chain with it has no hash. */
const NO_FELT = -1n;

/** Accounts whose message prefix is kept, in about 1 MB. */
const KEPT_ACCOUNTS = 4096;

/** Hashes the messages of one domain, keeping the states of all constant beginnings. Throws FeltTextError for an unusable domain. */
export function createMessageHasher(
  curve: Pedersen & Pick<StarkCurve, 'hashChains'>,
  domain: SigningDomain,
): MessageHasher {
  const { messageChain, requestStart, ...hasher } = messageHasherWith(curve, domain, createLru(KEPT_ACCOUNTS));
  return {
    ...hasher,
    messageHashes(messages) {
      const structs = curve.hashChains(messages.map(({ struct }) => struct));
      return curve.hashChains(messages.map(({ account }, i) => messageChain(account, structs[i] ?? NO_FELT)));
    },
    loginHashWithoutExpiration: ({ account, timestamp }) =>
      hasher.messageHash(account, curve.hashChain(requestStart('login'), [BigInt(timestamp), 5n])),
  };
}

/** As createMessageHasher, for whoever signs: `accountStarts` keeps the beginnings of the messages of an account or two. */
export function messageHasherWith(
  curve: Pedersen,
  domain: SigningDomain,
  accountStarts: Pick<Lru<Felt, bigint>, 'get'> & { set(account: Felt, start: bigint): unknown },
): SignersHasher & MessageChains {
  const messageStart = curve.hashChain(0n, [MESSAGE_PREFIX, domainHash(curve, domain)]);
  // Each at its first use: whoever signs needs one of them, in plain JavaScript, which takes its time.
  const requestStarts: Partial<Record<RequestPurpose, bigint>> = {};
  function requestStart(purpose: RequestPurpose): bigint {
    const start =
      requestStarts[purpose] ??
      curve.hashChain(0n, [
        requestType.hash,
        feltFromText('POST'),
        feltFromText(signedPaths[purpose]),
        feltFromText(''),
      ]);
    requestStarts[purpose] = start;
    return start;
  }
  let onboardingStruct: bigint | undefined;

  /** `h(h(h(0, "StarkNet Message"), domain), account)`. */
  function accountStart(account: Felt): bigint {
    const start = accountStarts.get(account) ?? curve.pedersen(messageStart, feltValue(account));
    accountStarts.set(account, start);
    return start;
  }

  const messageChain = (account: Felt, structHash: bigint): PedersenChain => ({
    state: accountStart(account),
    elements: [structHash, 4n],
  });
  function messageHash(account: Felt, structHash: bigint): bigint {
    const { state, elements } = messageChain(account, structHash);
    return curve.hashChain(state, elements);
  }

  const loginStruct = ({ timestamp, expiration, purpose = 'login' }: Omit<LoginMessage, 'account'>): PedersenChain => ({
    state: requestStart(purpose),
    elements: [BigInt(timestamp), BigInt(expiration), 6n],
  });

  return {
    requestStart,
    messageChain,
    messageHash,
    loginStruct,
    loginHash({ account, ...message }) {
      const { state, elements } = loginStruct(message);
      return messageHash(account, curve.hashChain(state, elements));
    },
    onboardingHash(account) {
      onboardingStruct ??= hashStruct(curve, constantType, { action: feltFromText('Onboarding') });
      return messageHash(account, onboardingStruct);
    },
  };
}

export interface RegistrationMessage {
  readonly account: Felt;
  readonly publicKey: Felt;
  readonly timestamp: UnixSeconds;
  readonly expiry: UnixSeconds;
}

/** Far beyond any time (year 36812) and far below any hash: keeps the bare messages apart from the typed ones. */
const TIME_BOUND = 2 ** 40;

const isSignableTime = (seconds: number): boolean => seconds >= 0 && seconds < TIME_BOUND;

/**
 * What a main key signs to register a subkey: plain `H([account, public_key, timestamp, expiry])` (docs/wire.md section 6).
 * `undefined` for what must never be verified: it has four elements without a domain, so with the prefix as account and hashes as
 * times it would be a typed-data message, and a login or order signature would register a key (docs/decisions.md "repeats").
 */
export function registrationHash(curve: Pedersen, message: RegistrationMessage): bigint | undefined {
  const account = feltValue(message.account);
  if (account === MESSAGE_PREFIX) return undefined;
  if (!isSignableTime(message.timestamp) || !isSignableTime(message.expiry)) return undefined;
  return hashElements(curve, [
    account,
    feltValue(message.publicKey),
    BigInt(message.timestamp),
    BigInt(message.expiry),
  ]);
}

/** What the ephemeral key signs to activate a pending subkey: one bare `h(timestamp, eph_public_key)` (docs/wire.md section 7). `undefined` for an impossible time. */
export function activationHash(curve: Pedersen, timestamp: UnixSeconds, ephPublicKey: Felt): bigint | undefined {
  return isSignableTime(timestamp) ? curve.pedersen(BigInt(timestamp), feltValue(ephPublicKey)) : undefined;
}
