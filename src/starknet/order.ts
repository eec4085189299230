// What an order's signature covers, and its hash (docs/wire.md section 8). How an order is read from a body is src/orders/read.ts.
import type { AccountId } from '../domain/credential.ts';
import type { Felt } from '../domain/felt.ts';
import type { UnixMillis } from '../domain/time.ts';
import { type MessageHasher, modifyOrderType, orderType, structChain } from './message.ts';
import type { Pedersen, PedersenChain } from './pedersen.ts';
import type { StarkSignature } from './signature.ts';

export interface SignedOrder {
  /** signature_timestamp, which is also what is signed. */
  readonly timestamp: UnixMillis;
  readonly market: bigint;
  /** 1 buy, 2 sell. */
  readonly side: bigint;
  readonly orderType: bigint;
  /** Scaled by 10^8. */
  readonly size: bigint;
  /** Scaled by 10^8; 0 for every type that contains MARKET. */
  readonly price: bigint;
  /** Of the order that is modified; undefined for a new one. */
  readonly id: bigint | undefined;
  readonly signature: StarkSignature;
  /** The isolated-market account it is for. Not signed. */
  readonly onBehalfOf: Felt | undefined;
}

/** The hash that the owner signed: always with the main account, whichever key signs. Below 2^251 or p, as Pedersen gives it. */
export function orderHash(
  curve: Pedersen,
  hasher: Pick<MessageHasher, 'messageHash'>,
  account: AccountId,
  order: SignedOrder,
): bigint {
  const { state, elements } = orderStruct(curve, order);
  return hasher.messageHash(account, curve.hashChain(state, elements));
}

/** The struct of orderHash as a chain, for messageHashes. */
export function orderStruct(curve: Pedersen, order: SignedOrder): PedersenChain {
  const { id } = order;
  const values = { ...order, timestamp: BigInt(order.timestamp) };
  return id === undefined
    ? structChain(curve, orderType, values)
    : structChain(curve, modifyOrderType, { ...values, id });
}
