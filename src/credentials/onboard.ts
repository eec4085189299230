// Makes an account known: the caller proves the key from which the account's address derives. Idempotent, and it creates only the
// account row, because the Starknet message has no time and can be replayed for ever (docs/wire.md section 3).
import { type AccountId, accountSubject, MAIN_CREDENTIAL_ID } from '../domain/credential.ts';
import { type Felt, feltOf } from '../domain/felt.ts';
import { kindOfSigner } from '../domain/kinds.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { type Clock, NEVER } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { addressOfPublicKey, type EthereumAddress } from '../ethereum/eip191.ts';
import type { Changes } from '../revocation/commit.ts';
import { isPossibleSignature, type StarkSignature } from '../starknet/signature.ts';
import type { Account, Store } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { nobody, record } from './record.ts';
import type { WalletProofs } from './wallet-proof.ts';

export interface OnboardSettings {
  /** Anyone may onboard. */
  readonly open: boolean;
  /** Admitted when it is not open: public keys, wallets or accounts, as numbers. */
  readonly allowlist: ReadonlySet<Felt>;
  /** Refuse a wallet message without Issued At. */
  readonly issuedAtRequired: boolean;
}

export interface OnboardDeps {
  readonly store: Pick<Store, 'account'>;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly verifier: Pick<Verifier, 'ask'>;
  readonly wallets: WalletProofs;
  readonly settings: OnboardSettings;
}

interface Onboarding extends RequestOrigin {
  readonly account: AccountId;
  readonly asker: OnBehalfOf;
}

export interface StarkOnboarding extends Onboarding {
  /** Undefined when the body has none: it is then recovered from the signature. */
  readonly publicKey: Felt | undefined;
  readonly signature: StarkSignature;
  /** PARADEX-ETHEREUM-ACCOUNT: a label that nothing proves. */
  readonly ethereumLabel: string;
}

export interface WalletOnboarding extends Onboarding {
  readonly siweMessage: string;
  readonly signature: string;
  /** Uncompressed secp256k1 key, `0x04` + 128 hex digits. */
  readonly publicKey: string;
}

export interface Onboard {
  /** Throws PUBLIC_KEY_INVALID, INVALID_STARKNET_ADDRESS, STARKNET_SIGNATURE_VERIFICATION_FAILED, SERVICE_UNAVAILABLE, ALLOWLIST_ENTRY_NOT_FOUND. */
  stark(request: StarkOnboarding): Promise<void>;
  /** Throws as WalletProofs do, and PUBLIC_KEY_INVALID, ETHEREUM_SIGNER_MISMATCH, INVALID_STARKNET_ADDRESS, ALLOWLIST_ENTRY_NOT_FOUND. */
  wallet(request: WalletOnboarding): Promise<void>;
  /** The address of a key's account, existing or not. */
  lookUpStark(publicKey: Felt, asker: OnBehalfOf): Promise<{ address: AccountId; exists: boolean }>;
  lookUpWallet(address: EthereumAddress, asker: OnBehalfOf): Promise<{ address: AccountId; exists: boolean }>;
}

export function createOnboard(deps: OnboardDeps): Onboard {
  const { settings, verifier } = deps;

  return {
    async stark(request) {
      const { account, publicKey, signature, asker } = request;
      if (!isPossibleSignature(signature)) throw notByTheKey();
      const { verdict } = await verifier.ask({ kind: 'onboarding', account, publicKey, signature }, asker);
      switch (verdict.kind) {
        case 'not_a_key':
          throw notAPublicKey();
        case 'other_address':
          throw notItsAddress();
        case 'not_signed':
          throw notByTheKey();
        case 'signed': {
          const signer = { type: 'starknet', publicKey: verdict.publicKey } as const;
          return create(request, signer, verdict.publicKey, request.ethereumLabel);
        }
        default:
          return verdict satisfies never;
      }
    },

    async wallet(request) {
      const claim = deps.wallets.read(request.siweMessage, request.signature, {
        kind: 'onboarding',
        issuedAtRequired: settings.issuedAtRequired,
      });
      const owner = addressOfPublicKey(request.publicKey);
      if (owner === undefined) {
        throw new ApiError(
          'PUBLIC_KEY_INVALID',
          'public_key is not an uncompressed secp256k1 key: 0x04 and 128 hex digits',
        );
      }
      const { address } = claim.message;
      if (owner !== address) {
        throw new ApiError('ETHEREUM_SIGNER_MISMATCH', 'public_key is not the key of the address in the message');
      }
      await deps.wallets.prove(claim, request.asker);
      if ((await walletAddress(address, request.asker)) !== request.account) throw notItsAddress();
      await create(request, { type: 'eip191', ethAddress: address }, address, '');
    },

    async lookUpStark(publicKey, asker) {
      const { address } = await verifier.ask({ kind: 'key_address', publicKey }, asker);
      if (address === undefined) throw notAPublicKey();
      return found(address);
    },

    lookUpWallet: async (address, asker) => found(await walletAddress(address, asker)),
  };

  async function walletAddress(wallet: EthereumAddress, asker: OnBehalfOf): Promise<AccountId> {
    const { address } = await verifier.ask({ kind: 'wallet_address', wallet: BigInt(wallet) }, asker);
    return address;
  }

  async function found(address: AccountId): Promise<{ address: AccountId; exists: boolean }> {
    return { address, exists: (await deps.store.account(address)) !== undefined };
  }

  async function create(
    request: Onboarding,
    signer: Account['signer'],
    name: string,
    ethereumLabel: string,
  ): Promise<void> {
    const { account } = request;
    if (!settings.open && !settings.allowlist.has(feltOf(BigInt(name))) && !settings.allowlist.has(account)) {
      throw new ApiError('ALLOWLIST_ENTRY_NOT_FOUND', 'this venue admits only accounts that its operator has listed');
    }
    // Many clients onboard at every start: a repeat must not cost a write.
    if ((await deps.store.account(account)) === undefined) await insert(request, signer, name, ethereumLabel);
    request.proved?.({ account, kind: kindOfSigner(signer.type), id: MAIN_CREDENTIAL_ID });
  }

  async function insert(
    request: Onboarding,
    signer: Account['signer'],
    name: string,
    ethereumLabel: string,
  ): Promise<void> {
    const { account } = request;
    await deps.changes.commit(async (tx) => {
      const now = deps.clock.now();
      const row = { account, signer, validAfter: NEVER, lockedAt: NEVER, createdAt: now };
      if (!(await tx.insertAccount(row, ethereumLabel))) return { result: undefined, change: undefined };
      const change = await record(tx, {
        by: nobody(request),
        account,
        action: 'account.onboarded',
        subject: accountSubject(account),
        detail: { signer: signer.type, key: name },
        narrows: false,
      });
      return { result: undefined, change };
    });
  }
}

const notAPublicKey = (): ApiError =>
  new ApiError('PUBLIC_KEY_INVALID', 'public_key is not a point of the Stark curve');

const notItsAddress = (): ApiError =>
  new ApiError(
    'INVALID_STARKNET_ADDRESS',
    'PARADEX-STARKNET-ACCOUNT is not the address of this key: only the main key of an account onboards it',
  );

const notByTheKey = (): ApiError =>
  new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'the signature does not verify for the key of this address');
