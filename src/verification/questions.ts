// What can be asked about keys and signatures, as plain data that can go to another thread. One question is a whole proof, its
// hashes included. An answer depends on its question alone: never on what else is asked, where, or how it is computed.
import type { Felt } from '../domain/felt.ts';
import type { UnixSeconds } from '../domain/time.ts';
import type { EthereumAddress, EvmSignature } from '../ethereum/eip191.ts';
import type { RegistrationMessage, RequestPurpose } from '../starknet/message.ts';
import type { SignedOrder } from '../starknet/order.ts';
import type { StarkSignature } from '../starknet/signature.ts';

interface ByAnyOf {
  readonly account: Felt;
  /** The keys that may have signed, tried in this order. */
  readonly keys: readonly Felt[];
  /** If no key verifies, also return the candidate keys recovered from the signature. */
  readonly recover: boolean;
}

export interface LoginQuestion extends ByAnyOf {
  readonly kind: 'login';
  readonly purpose: RequestPurpose;
  readonly timestamp: UnixSeconds;
  /** As sent. When a login sends none, clients sign one of two forms (docs/wire.md section 4; vector msg:auth:no-expiration-header). */
  readonly expiration: UnixSeconds | undefined;
  readonly defaultExpiration: UnixSeconds;
  readonly signature: StarkSignature;
}

export interface OrderQuestion extends ByAnyOf {
  readonly kind: 'order';
  readonly order: SignedOrder;
}

/** A key, and the hash of the message that it signed. */
export interface SignerOfHash {
  readonly hash: bigint;
  readonly publicKey: Felt;
}

export type Question =
  | LoginQuestion
  | OrderQuestion
  /** Whether the key signed the hash. */
  | { readonly kind: 'signature'; readonly hash: bigint; readonly signature: StarkSignature; readonly publicKey: Felt }
  /** Whether the main key signed that the subkey be registered (docs/wire.md section 6). */
  | {
      readonly kind: 'registration';
      readonly message: RegistrationMessage;
      readonly signature: StarkSignature;
      readonly mainKey: Felt;
    }
  /** Whether the ephemeral key signed the activation (docs/wire.md section 7). */
  | {
      readonly kind: 'activation';
      readonly timestamp: UnixSeconds;
      readonly ephPublicKey: Felt;
      readonly signature: StarkSignature;
    }
  /** Whether the account's own key signed its onboarding (docs/wire.md section 3). Without a key, it is recovered from the signature. */
  | {
      readonly kind: 'onboarding';
      readonly account: Felt;
      readonly publicKey: Felt | undefined;
      readonly signature: StarkSignature;
    }
  /** The address of a main key's account. */
  | { readonly kind: 'key_address'; readonly publicKey: Felt }
  /** The address of the account of an Ethereum wallet, given as a number below 2^160. */
  | { readonly kind: 'wallet_address'; readonly wallet: bigint }
  /** Which Ethereum wallet signed exactly this text (EIP-191). */
  | { readonly kind: 'wallet_signer'; readonly text: string; readonly signature: EvmSignature }
  /** Whether the number is the x of a curve point. */
  | { readonly kind: 'public_key'; readonly publicKey: Felt };

export type Answer =
  | {
      readonly kind: 'login' | 'order';
      /** Undefined when none of the keys signed. */
      readonly signer: SignerOfHash | undefined;
      /** Empty unless `recover`. A candidate proves nothing until it is looked up and verified by a `signature` question. */
      readonly candidates: readonly SignerOfHash[];
    }
  | { readonly kind: 'signature'; readonly valid: boolean }
  /** Undefined when it is not signed. */
  | { readonly kind: 'registration'; readonly hash: bigint | undefined }
  | { readonly kind: 'activation'; readonly valid: boolean }
  | {
      readonly kind: 'onboarding';
      readonly verdict:
        | { readonly kind: 'signed'; readonly publicKey: Felt }
        | { readonly kind: 'not_a_key' | 'other_address' | 'not_signed' };
    }
  /** Undefined when the number is no public key. */
  | { readonly kind: 'key_address'; readonly address: Felt | undefined }
  | { readonly kind: 'wallet_address'; readonly address: Felt }
  /** Undefined when no key recovers from the signature. */
  | { readonly kind: 'wallet_signer'; readonly signer: EthereumAddress | undefined }
  | { readonly kind: 'public_key'; readonly valid: boolean };

export type Kind = Question['kind'];

export type AnswerTo<K extends Kind> = Answer & { readonly kind: K };

export const isAnswerTo = <K extends Kind>(answer: Answer, kind: K): answer is AnswerTo<K> => answer.kind === kind;
