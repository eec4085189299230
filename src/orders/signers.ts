// Who signed each order of a request: the session's own key, or in a session of the account's owner any active subkey of the account.
// Whether such a subkey may sign for this request is not decided here (access/signer.ts).
import type { OrderSigners } from '../access/signer.ts';
import type { AccountId, CredentialRef } from '../domain/credential.ts';
import { type Felt, parseFelt } from '../domain/felt.ts';
import { kindTable } from '../domain/kinds.ts';
import type { Principal } from '../domain/principal.ts';
import type { SignedOrder } from '../starknet/order.ts';
import type { Store } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';

/** A subkey that signed an order under another credential's session. */
export interface SigningSubkey extends CredentialRef {
  readonly publicKey: Felt;
}

/** A key that may sign orders in a session. */
interface SigningKey {
  readonly publicKey: Felt;
  /** Undefined for the session's own credential: the grant watches that one. */
  readonly subkey: SigningSubkey | undefined;
}

export interface OrderSigner extends SigningKey {
  /** What it signed: the hash of the order. */
  readonly hash: bigint;
}

/** The signers in the order of the orders, up to the first order without one. */
export type FindSigners = (
  orders: readonly SignedOrder[],
  principal: Principal,
  asker: OnBehalfOf,
) => Promise<readonly OrderSigner[]>;

export function createFindSigners(deps: {
  readonly verifier: Pick<Verifier, 'askAll'>;
  readonly store: Pick<Store, 'subkey'>;
  readonly signers: Pick<OrderSigners, 'mainKey'>;
}): FindSigners {
  /**
   * Verifies in parts, each twice as long as the one before: of a list with n good signatures followed by made-up ones, at most n + 1 made-up
   * ones are verified. The last signer is tried first for the next part, as most lists have one signer.
   */
  return async function findSigners(orders, principal, asker) {
    const own = await ownKeys(principal);
    const signers: OrderSigner[] = [];
    let keys: readonly SigningKey[] = own;
    for (let size = 1; signers.length < orders.length; size *= 2) {
      const part = orders.slice(signers.length, signers.length + size);
      for (const signer of await signersWith(part, keys, principal, asker)) {
        if (signer === undefined) return signers;
        signers.push(signer);
        keys = [signer, ...own.filter(({ publicKey }) => publicKey !== signer.publicKey)];
      }
    }
    return signers;
  };

  /** Of each order: the first key that verifies; else, in an owner's session, the subkey that its signature recovers to. */
  async function signersWith(
    orders: readonly SignedOrder[],
    keys: readonly SigningKey[],
    { credential }: Principal,
    asker: OnBehalfOf,
  ): Promise<readonly (OrderSigner | undefined)[]> {
    const { account, kind } = credential;
    const publicKeys = keys.map(({ publicKey }) => publicKey);
    const recover = kindTable[kind].ordersOfSubkeys;
    const asked = orders.map((order) => ({ kind: 'order', account, order, keys: publicKeys, recover }) as const);
    const answers = await deps.verifier.askAll(asked, asker);

    const candidates = answers.flatMap(({ candidates }, i) => candidates.map((candidate) => ({ ...candidate, of: i })));
    const known = await Promise.all(candidates.map(({ publicKey }) => activeSubkey(account, publicKey)));
    const claims = candidates.flatMap(({ of, ...candidate }, i) => {
      const [subkey, signature] = [known[i], orders[of]?.signature];
      return subkey === undefined || signature === undefined ? [] : [{ of, subkey, ...candidate, signature }];
    });
    const verdicts = await deps.verifier.askAll(
      claims.map(({ hash, publicKey, signature }) => ({ kind: 'signature', hash, publicKey, signature }) as const),
      asker,
    );
    return answers.map(({ signer }, of): OrderSigner | undefined => {
      if (signer !== undefined) {
        const key = keys.find(({ publicKey }) => publicKey === signer.publicKey);
        return key && { ...key, hash: signer.hash };
      }
      return claims.find((claim, i) => claim.of === of && verdicts[i]?.valid === true);
    });
  }

  /** A wallet's own key signs no orders (docs/wire.md section 8). */
  async function ownKeys(principal: Principal): Promise<readonly SigningKey[]> {
    const { orderKey } = kindTable[principal.credential.kind];
    if (orderKey === 'none') return [];
    const publicKey = orderKey === 'label' ? parseFelt(principal.label) : await deps.signers.mainKey(principal);
    return publicKey === undefined ? [] : [{ publicKey, subkey: undefined }];
  }

  async function activeSubkey(account: AccountId, publicKey: Felt): Promise<SigningSubkey | undefined> {
    const found = await deps.store.subkey(account, publicKey);
    if (found === undefined || found.state !== 'active') return undefined;
    return { account, kind: 'subkey', id: found.id.toString(), publicKey };
  }
}
