// Orders, signed by the key of the client: the body to send to the venue.
import { parseFelt } from '../domain/felt.ts';
import { scureCurve } from '../starknet/curve.ts';
import type { Core } from './call.ts';
import { type OrderTerms, orderTermsHash } from './order.ts';

export interface OrderSignature {
  /** JSON array of r and s. */
  readonly signature: string;
  /** Unix milliseconds. */
  readonly signature_timestamp: number;
}

/** A new order; members that no signature covers (`instruction`, `client_id`, ...) pass as they are. */
export type NewOrder = Omit<OrderTerms, 'id'>;
/** A change of the order `id`, with all its terms as they shall be. */
export type OrderChange = OrderTerms & { readonly id: string };

/** RangeError or FeltTextError for terms that cannot be signed, TypeError for a client without a Stark key. */
export function createOrderSigning({ auth, account, server }: Core) {
  async function signed<Terms extends OrderTerms>(terms: Terms): Promise<Terms & OrderSignature> {
    const signer = auth?.signer;
    if (signer === undefined)
      throw new TypeError('orders are signed by a subkey or a main key: this client has neither');
    const owner = parseFelt(await account());
    if (owner === undefined) throw new TypeError('the account is no felt');
    const hasher = await server.hasher();
    return server.signedAt(async (nowMs) => {
      const signature = await signer.sign(orderTermsHash(scureCurve, hasher, owner, terms, nowMs));
      return { ...terms, signature: JSON.stringify(signature), signature_timestamp: nowMs };
    });
  }

  return {
    /** The body of POST /v1/orders. */
    signOrder: <Terms extends NewOrder>(terms: Terms): Promise<Terms & OrderSignature> => signed(terms),
    /** The body of PUT /v1/orders/{id}. */
    signModify: <Terms extends OrderChange>(terms: Terms): Promise<Terms & OrderSignature> => signed(terms),
  };
}
