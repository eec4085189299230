// What a main key says, each statement built by whoever holds the key: it need not sign a hash that it is handed.
import type { Felt } from '../domain/felt.ts';
import { unixSeconds } from '../domain/time.ts';
import { messageHasherWith, type RequestPurpose, registrationHash, type SignersHasher } from '../starknet/message.ts';
import { scurePedersen } from '../starknet/scure-pedersen.ts';
import type { StarkSigner } from './auth.ts';
import { DOMAIN_NAME } from './server.ts';

/** r and s as decimal text. */
export type StarkSignature = readonly [r: string, s: string];

/** Times are Unix seconds; `chainId` is the server's `starknet_chain_id`. Plain data: it can be posted to a worker. */
export interface RequestStatement {
  readonly chainId: string;
  readonly account: Felt;
  readonly purpose: RequestPurpose;
  readonly timestamp: number;
  readonly expiration: number;
}

export interface OnboardingStatement {
  readonly chainId: string;
  readonly account: Felt;
}

export interface RegistrationStatement {
  readonly account: Felt;
  /** Of the subkey. */
  readonly publicKey: Felt;
  readonly timestamp: number;
  readonly expiry: number;
}

/** A main key that builds what it signs (docs/wire.md sections 3, 4 and 6). It may refuse any of it: what it throws is told. */
export interface MainKey {
  /** `0x` hex. */
  readonly publicKey: string;
  /** A login, or an emergency. */
  request(statement: RequestStatement): StarkSignature | Promise<StarkSignature>;
  onboarding(statement: OnboardingStatement): StarkSignature | Promise<StarkSignature>;
  registration(statement: RegistrationStatement): StarkSignature | Promise<StarkSignature>;
}

/** RangeError for values that must not be signed. */
export function mainKeyOf(signer: StarkSigner): MainKey {
  const hashers = new Map<string, SignersHasher>();
  const hasherOf = (chainId: string): SignersHasher => {
    const hasher =
      hashers.get(chainId) ?? messageHasherWith(scurePedersen, { domainName: DOMAIN_NAME, chainId }, new Map());
    hashers.set(chainId, hasher);
    return hasher;
  };
  return {
    publicKey: signer.publicKey,
    request: ({ chainId, timestamp, expiration, ...message }) => {
      const window = { timestamp: unixSeconds(timestamp), expiration: unixSeconds(expiration) };
      return signer.sign(hasherOf(chainId).loginHash({ ...message, ...window }));
    },
    onboarding: ({ chainId, account }) => signer.sign(hasherOf(chainId).onboardingHash(account)),
    registration({ account, publicKey, timestamp, expiry }) {
      const window = { timestamp: unixSeconds(timestamp), expiry: unixSeconds(expiry) };
      const hash = registrationHash(scurePedersen, { account, publicKey, ...window });
      if (hash === undefined) throw new RangeError('these values must not be signed');
      return signer.sign(hash);
    },
  };
}
