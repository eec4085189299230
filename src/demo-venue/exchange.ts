// Accounts, orders and money: an order that reaches the house price fills whole at once, any other rests; position, cash and fee
// follow in exact amounts. An account sees its own orders only.
import { absolute, divide, multiply } from './decimal.ts';
import { amountOf, type Fields, fieldsOf, invalid, oneOf, Refusal, textOf } from './input.ts';
import { type Market, marketOf } from './markets.ts';

const STARTING_CASH = 100_000_00000000n; // USDC
const TAKER_FEE = 30000n; // 0.03 % of what is traded
export const LEVERAGE = 5n; // the most that an order may be worth, in times the collateral
const MAX_OPEN_ORDERS = 200;
const HISTORY_ROWS = 200; // closed orders, fills, transfers, public trades; older ones are forgotten

export type Account = ReturnType<typeof openAccount>;
export function openAccount(id: string) {
  /** Both numbers are signed, a short position is negative; `cost` is what the open part was entered for. */
  const positions = new Map<Market, { readonly size: bigint; readonly cost: bigint }>();
  const [open, closed]: [Map<string, Order>, Order[]] = [new Map(), []];
  const [fills, transfers]: [{ readonly market: string }[], object[]] = [[], []];
  return { id, cash: STARTING_CASH, updatedAt: Date.now(), positions, open, closed, fills, transfers };
}

/** Newest first, bounded. */
export function remember<T>(rows: T[], row: T): void {
  rows.unshift(row);
  rows.length = Math.min(rows.length, HISTORY_ROWS);
}

/** Cash and open positions at mark prices. */
export const collateralOf = ({ cash, positions }: Account): bigint =>
  [...positions].reduce((sum, [market, { size, cost }]) => sum + multiply(size, market.mark) - cost, cash);

/** Trades `change` (signed) at `price`: moves the position and the cash that it realises; returns the fee, which is paid too. */
function applyFill(account: Account, market: Market, change: bigint, price: bigint): bigint {
  const old = account.positions.get(market) ?? { size: 0n, cost: 0n };
  // The part of the old position that is closed, signed as it was, takes its share of the cost with it.
  const opposite = old.size * change < 0n;
  const closed = !opposite ? 0n : absolute(change) > absolute(old.size) ? old.size : -change;
  const closedCost = closed === 0n ? 0n : (old.cost * closed) / old.size;
  const size = old.size + change;
  account.positions.set(market, { size, cost: old.cost - closedCost + multiply(change + closed, price) });
  if (size === 0n) account.positions.delete(market);
  const fee = multiply(absolute(multiply(change, price)), TAKER_FEE);
  account.cash += multiply(closed, price) - closedCost - fee;
  account.updatedAt = Date.now();
  return fee;
}

/** No margin is held: prices never move, so nothing is at risk. */
export function accountRow(account: Account) {
  const [total, updated_at] = [collateralOf(account), account.updatedAt];
  const amounts = { account_value: total, total_collateral: total, free_collateral: total, margin_cushion: total };
  const margins = { initial_margin_requirement: 0n, maintenance_margin_requirement: 0n };
  const state = { settlement_asset: 'USDC', status: 'ACTIVE', seq_no: updated_at, updated_at };
  return { account: account.id, ...amounts, ...margins, ...state };
}

export const positionRows = (account: Account) =>
  [...account.positions].map(([market, { size, cost }]) => {
    const what = { market: market.symbol, side: size > 0n ? 'LONG' : 'SHORT', size: absolute(size), status: 'OPEN' };
    const entry = { average_entry_price: divide(cost, size), cost: absolute(cost) };
    const unrealized_pnl = multiply(size, market.mark) - cost;
    return { id: `${account.id}-${market.symbol}`, ...what, ...entry, unrealized_pnl };
  });

export type Order = ReturnType<typeof parseOrder>; // as it is shown
type OrderName = 'id' | 'client_id';
/** What all accounts share: the counter behind ids, and the public list of trades. */
export type Floor = { nextId(): string; readonly trades: { readonly market: string }[] };

export function requireOwn(account: string, fields: Fields): void {
  if (['', account].includes(textOf(fields, 'on_behalf_of_account'))) return;
  throw new Refusal(403, 'ISOLATED_MARKET_ACCOUNT_MISMATCH', 'this venue has no isolated accounts');
}

function parseOrder(account: string, fields: Fields, id: string) {
  requireOwn(account, fields);
  if ([fields.get('flags') ?? []].flat().length > 0) throw invalid('this venue knows no flags');
  const { symbol: market, tick, step, maxPrice, maxSize } = marketOf(fields.get('market'));
  const [side, type] = [oneOf(fields, 'side', ['BUY', 'SELL']), oneOf(fields, 'type', ['LIMIT', 'MARKET'])];
  const price = type === 'MARKET' ? 0n : amountOf(fields, 'price', tick, maxPrice);
  const size = amountOf(fields, 'size', step, maxSize);
  const rules = { instruction: oneOf(fields, 'instruction', ['GTC'], 'GTC'), flags: [] };
  const what = { account, market, side, type, size, price, client_id: textOf(fields, 'client_id'), ...rules };
  const state = { status: 'OPEN', cancel_reason: '', remaining_size: size, avg_fill_price: 0n };
  return { id, ...what, ...state, created_at: Date.now(), last_updated_at: Date.now() };
}

function close(account: Account, order: Order, cancel_reason: string): void {
  Object.assign(order, { status: 'CLOSED', cancel_reason, last_updated_at: Date.now() });
  account.open.delete(order.id);
  remember(account.closed, order);
}

/** Fills the order if it crosses and the account can carry it, closes it if it cannot, else leaves it open. */
function match(account: Account, order: Order, { nextId, trades }: Floor): void {
  const { id: order_id, client_id, side, size } = order;
  const market = marketOf(order.market);
  const [price, change] = side === 'BUY' ? [market.ask, size] : [market.bid, -size];
  const reaches = order.type === 'MARKET' || (side === 'BUY' ? order.price >= price : order.price <= price);
  const affordable = multiply(size, price) <= LEVERAGE * collateralOf(account);
  if (reaches && !affordable) close(account, order, 'NOT_ENOUGH_MARGIN');
  if (!reaches || !affordable) return;
  const fee = applyFill(account, market, change, price);
  close(account, Object.assign(order, { remaining_size: 0n, avg_fill_price: price }), '');
  const trade = { id: nextId(), market: market.symbol, side, size, price, created_at: account.updatedAt };
  const own = { order_id, client_id, fee, fee_currency: 'USDC', liquidity: 'TAKER', remaining_size: 0n };
  remember(account.fills, Object.assign({ fill_type: 'FILL' }, trade, own));
  remember(trades, Object.assign({ trade_type: 'FILL' }, trade));
}

export function placeOrder(account: Account, fields: Fields, floor: Floor): Order {
  const order = parseOrder(account.id, fields, floor.nextId());
  if (account.open.size >= MAX_OPEN_ORDERS) throw invalid(`at most ${MAX_OPEN_ORDERS} open orders`);
  if (order.client_id !== '' && findOpen(account, 'client_id', order.client_id) !== undefined)
    throw new Refusal(400, 'DUPLICATED_CLIENT_ID', 'an open order already has this client_id');
  account.open.set(order.id, order);
  match(account, order, floor);
  return order.status === 'OPEN' ? { ...order, status: 'NEW' } : order;
}

/** One refused order does not stop the others. */
export function placeEach(account: Account, items: readonly unknown[], floor: Floor) {
  const [orders, errors]: [unknown[], unknown[]] = [[], []];
  for (const [at, item] of items.entries())
    try {
      [orders[at], errors[at]] = [placeOrder(account, fieldsOf(item), floor), null];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      [orders[at], errors[at]] = [null, error.body];
    }
  return { orders, errors };
}

export function modifyOrder(account: Account, id: string, fields: Fields, floor: Floor): Order {
  const order = requireOrder(findOpen(account, 'id', id));
  for (const name of ['id', 'market', 'side', 'type'] as const)
    if ((fields.get(name) ?? order[name]) !== order[name]) throw invalid(`the ${name} of an order cannot be changed`);
  const { tick, step, maxPrice, maxSize } = marketOf(order.market);
  const [price, size] = [amountOf(fields, 'price', tick, maxPrice), amountOf(fields, 'size', step, maxSize)];
  match(account, Object.assign(order, { price, size, remaining_size: size, last_updated_at: Date.now() }), floor);
  return order;
}

export const cancelOrder = (account: Account, by: OrderName, value: string): void =>
  close(account, requireOrder(findOpen(account, by, value)), 'USER_CANCELED');

/** Cancels the order if it is open, and says what became of it. */
export function cancelIfOpen(account: Account, by: OrderName, value: unknown) {
  const order = findOpen(account, by, value);
  if (order === undefined) return { [by]: value, status: 'NOT_FOUND' };
  close(account, order, 'USER_CANCELED');
  return { id: order.id, client_id: order.client_id, market: order.market, status: 'QUEUED_FOR_CANCELLATION' };
}

/** Open orders, then closed ones, the newest first. */
export const allOrders = ({ open, closed }: Account): Order[] => [...[...open.values()].reverse(), ...closed];
export const showOrder = (account: Account, by: OrderName, value: string): Order =>
  requireOrder(allOrders(account).find((order) => order[by] === value));
const findOpen = (account: Account, by: OrderName, value: unknown): Order | undefined =>
  [...account.open.values()].find((order) => order[by] === value);

function requireOrder(order: Order | undefined): Order {
  if (order !== undefined) return order;
  throw new Refusal(404, 'ORDER_ID_NOT_FOUND', 'this account has no such order');
}
