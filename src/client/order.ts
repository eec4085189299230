// An order as its owner signs it: the members that the signature covers, and the body to send (docs/wire.md section 8).
import type { AccountId } from '../domain/credential.ts';
import { feltFromText } from '../starknet/felt.ts';
import { hashStruct, modifyOrderType, orderType, type SignersHasher } from '../starknet/message.ts';
import type { Pedersen } from '../starknet/pedersen.ts';
import type { StarkKey } from './stark-key.ts';

/** What is signed, in the texts of the body. Amounts are plain decimals of at most 8 places. */
export interface OrderTerms {
  readonly market: string;
  readonly side: 'BUY' | 'SELL';
  /** In capital letters. One that contains MARKET has the price `0`. */
  readonly type: string;
  readonly size: string;
  readonly price: string;
  /** Of the order that is changed, as in the path: a decimal number. Absent for a new one. */
  readonly id?: string;
}

/** Signed amounts count hundred-millionths. */
const DECIMALS = 8;

/** The hash that is signed at `nowMs` (Unix milliseconds). Throws RangeError or FeltTextError for what cannot be signed. */
export function orderTermsHash(
  curve: Pedersen,
  hasher: Pick<SignersHasher, 'messageHash'>,
  account: AccountId,
  terms: OrderTerms,
  nowMs: number,
): bigint {
  const values = {
    timestamp: BigInt(nowMs),
    market: feltFromText(terms.market),
    side: terms.side === 'BUY' ? 1n : 2n,
    orderType: feltFromText(terms.type),
    size: scaled(terms.size),
    price: terms.type.includes('MARKET') ? 0n : scaled(terms.price),
  };
  const struct =
    terms.id === undefined
      ? hashStruct(curve, orderType, values)
      : hashStruct(curve, modifyOrderType, { ...values, id: feltFromText(terms.id) });
  return hasher.messageHash(account, struct);
}

/**
 * The body of POST /v1/orders, or with an id of PUT /v1/orders/{order_id}: what is not signed (instruction, client_id) is added by the
 * caller. `account` is the main account, whichever key signs. Throws as orderTermsHash does.
 */
export function orderBody(
  curve: Pedersen,
  hasher: Pick<SignersHasher, 'messageHash'>,
  key: StarkKey,
  account: AccountId,
  terms: OrderTerms,
  nowMs: number,
): Readonly<Record<string, string | number>> {
  const hash = orderTermsHash(curve, hasher, account, terms, nowMs);
  return { ...terms, signature: JSON.stringify(key.sign(hash)), signature_timestamp: nowMs };
}

function scaled(decimal: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,20})(?:\.(\d{1,8}))?$/.exec(decimal) ?? [];
  if (whole === undefined) throw new RangeError('an amount is no decimal number of at most 8 places');
  return BigInt(`${whole}${fraction.padEnd(DECIMALS, '0')}`);
}
