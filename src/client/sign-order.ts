// Orders, signed by the key of the client: the body to send to the venue.
import { parseFelt } from '../domain/felt.ts';
import { scurePedersen } from '../starknet/scure-pedersen.ts';
import type { Core } from './call.ts';
import type { CallOptions } from './list.ts';
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
export function createOrderSigning({ auth, account, server, within }: Core) {
  const signed = <Terms extends OrderTerms>(terms: Terms, options: CallOptions): Promise<Terms & OrderSignature> =>
    within(options, async (deadline) => {
      const signer = auth?.signer;
      if (signer === undefined)
        throw new TypeError('orders are signed by a subkey or a main key: this client has neither');
      const owner = parseFelt(await account(deadline));
      if (owner === undefined) throw new TypeError('the account is no felt');
      const hasher = await deadline.race(server.hasher);
      return server.signedAt(async (nowMs) => {
        const hash = orderTermsHash(scurePedersen, hasher, owner, terms, nowMs);
        const signature = await deadline.race(async () => signer.sign(hash), auth?.attended);
        return { ...terms, signature: JSON.stringify(signature), signature_timestamp: nowMs };
      }, deadline);
    });

  return {
    /** The body of POST /v1/orders. */
    signOrder: <Terms extends NewOrder>(terms: Terms, options: CallOptions = {}): Promise<Terms & OrderSignature> =>
      signed(terms, options),
    /** The body of PUT /v1/orders/{id}. */
    signModify: <Terms extends OrderChange>(terms: Terms, options: CallOptions = {}): Promise<Terms & OrderSignature> =>
      signed(terms, options),
  };
}
