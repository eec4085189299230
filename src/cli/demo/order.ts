// An order as a client sends it, signed with the key of its session (WIRE section 3). The demo venue does not read the
// signature; a venue or gateway that does must be able to.
import type { StarkKey } from '../../client/stark-key.ts';
import type { AccountId } from '../../domain/credential.ts';
import { scureCurve } from '../../starknet/curve.ts';
import { feltFromText } from '../../starknet/felt.ts';
import { hashStruct, type MessageHasher, orderType } from '../../starknet/message.ts';
import { Unexpected } from './exchange.ts';

/** An order to buy, as text for the body and as numbers for the signature. */
export interface LimitBuy {
  readonly text: { readonly market: string; readonly size: string; readonly price: string };
  readonly signed: { readonly market: bigint; readonly size: bigint; readonly price: bigint };
}

/** Throws Unexpected for a market or an amount that cannot be signed. */
export function limitBuy(market: string, size: string, price: string): LimitBuy {
  return {
    text: { market, size, price },
    signed: { market: nameFelt(market), size: scaled(size), price: scaled(price) },
  };
}

const BUY = 1n;

/** The body of POST /v1/orders. `nowMs` is Unix milliseconds. */
export function signedOrder(
  hasher: MessageHasher,
  key: StarkKey,
  account: AccountId,
  order: LimitBuy,
  nowMs: number,
): Readonly<Record<string, unknown>> {
  const values = { ...order.signed, timestamp: BigInt(nowMs), side: BUY, orderType: feltFromText('LIMIT') };
  const hash = hasher.messageHash(account, hashStruct(scureCurve, orderType, values));
  return {
    ...order.text,
    side: 'BUY',
    type: 'LIMIT',
    instruction: 'GTC',
    signature: JSON.stringify(key.sign(hash)),
    signature_timestamp: nowMs,
  };
}

function nameFelt(market: string): bigint {
  try {
    return feltFromText(market);
  } catch (error) {
    throw new Unexpected('the market has a name that cannot be signed', { cause: error });
  }
}

/** Signed amounts count hundred-millionths; what is smaller is cut off. */
function scaled(decimal: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,20})(?:\.(\d{1,30}))?$/.exec(decimal) ?? [];
  if (whole === undefined) throw new Unexpected('an amount is no decimal number');
  return BigInt(`${whole}${fraction.slice(0, 8).padEnd(8, '0')}`);
}
