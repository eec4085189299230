// The API as tables: which routes there are and what each answers. The gateway's headers say who the caller is; the venue never checks again.
import * as exchange from './exchange.ts';
import { amountOf, batchOf, fieldsOf, invalid, oneOf, Refusal, textOf } from './input.ts';
import { type Market, marketOf, markets } from './markets.ts';

export interface Call {
  readonly account: string;
  readonly permissions: readonly string[];
  readonly name: string; // the `{parameter}` of the route
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export type Route = (call: Call) => unknown; // a body, or nothing (204)
type OwnRoutes = Readonly<Record<string, (own: exchange.Account, call: Call) => unknown>>;

const MAX_ACCOUNTS = 2000;
const EMPTY = ['funding/payments', 'transactions', 'tradebusts', 'liquidations'];
/** Every history here is short enough to be one page. */
const page = (results: readonly unknown[]) => ({ next: null, prev: null, results });

/** The markets that `?market=` names: one, or all. */
function asked({ query }: Call): Market[] {
  const symbol = query.get('market') ?? 'ALL';
  return markets.filter((market) => symbol === 'ALL' || symbol === market.symbol);
}

const inMarket = <T extends { readonly market: string }>(rows: Iterable<T>, call: Call): T[] =>
  [...rows].filter((row) => asked(call).some((market) => market.symbol === row.market));

function marketRow({ symbol, base, tick, step, maxSize }: Market) {
  const currencies = { base_currency: base, quote_currency: 'USD', settlement_currency: 'USDC' };
  const sizes = { price_tick_size: tick, order_size_increment: step, max_order_size: maxSize };
  return { symbol, asset_kind: 'PERP', ...currencies, ...sizes };
}

function summaryRow({ symbol, mark, bid, ask }: Market) {
  return { symbol, bid, ask, mark_price: mark, last_traded_price: mark, created_at: Date.now() };
}

function bookOf({ symbol, bid, ask, maxSize: size }: Market) {
  const head = { market: symbol, seq_no: 1, last_updated_at: 0 };
  const best = { ...head, bid, bid_size: size, ask, ask_size: size };
  return { best, levels: { ...head, asks: [[ask, size]], bids: [[bid, size]] } };
}
const [leverage, margin_type] = [Number(exchange.LEVERAGE), 'CROSS'];
const marginRow = ({ symbol }: Market) => ({ market: symbol, leverage, margin_type });

function setMargin(own: exchange.Account, { name, body }: Call) {
  const [row, fields] = [marginRow(marketOf(name)), fieldsOf(body)];
  exchange.requireOwn(own.id, fields);
  if (Number(fields.get('leverage')) !== leverage) throw invalid(`leverage is ${leverage} in every market`);
  return { account: own.id, ...row, margin_type: oneOf(fields, 'margin_type', [margin_type], margin_type) };
}

function withdraw(own: exchange.Account, { body }: Call, id: string) {
  const fields = fieldsOf(body);
  const what = { kind: oneOf(fields, 'kind', ['WITHDRAWAL']), token: oneOf(fields, 'token', ['USDC']) };
  const [recipient, now] = [textOf(fields, 'recipient'), Date.now()];
  const amount = amountOf(fields, 'amount', 1n, exchange.collateralOf(own));
  Object.assign(own, { cash: own.cash - amount, updatedAt: now });
  const state = { status: 'COMPLETED', created_at: now, last_updated_at: now };
  exchange.remember(own.transfers, { id, account: own.id, ...what, amount, recipient, ...state });
  return { id };
}

/** All routes over one set of accounts, by `METHOD /template`; a template has one `{parameter}` at most, its last segment. */
export function createRoutes(): ReadonlyMap<string, Route> {
  const accounts = new Map<string, exchange.Account>();
  let lastId = 0;
  const floor: exchange.Floor = { nextId: () => String(++lastId), trades: [] };

  const anyone: Readonly<Record<string, Route>> = {
    'GET /v1/system/state': () => ({ status: 'ok' }),
    'GET /v1/markets': (call) => ({ results: asked(call).map(marketRow) }),
    'GET /v1/markets/summary': (call) => ({ results: asked(call).map(summaryRow) }),
    'GET /v1/orderbook/{market}': ({ name }) => bookOf(marketOf(name)).levels,
    'GET /v1/bbo/{market}': ({ name }) => bookOf(marketOf(name)).best,
    'GET /v1/trades': (call) => page(inMarket(floor.trades, call)),
  };
  const owned: OwnRoutes = {
    'GET /v1/account': exchange.accountRow,
    'GET /v1/balance': (own) => ({ results: [{ token: 'USDC', size: own.cash, last_updated_at: own.updatedAt }] }),
    'GET /v1/positions': (own) => ({ results: exchange.positionRows(own) }),
    'GET /v1/orders': (own, call) => ({ results: inMarket(own.open.values(), call) }),
    'GET /v1/orders/{order_id}': (own, { name }) => exchange.showOrder(own, 'id', name),
    'GET /v1/orders/by_client_id/{client_id}': (own, { name }) => exchange.showOrder(own, 'client_id', name),
    'GET /v1/orders-history': (own, call) => page(inMarket(exchange.allOrders(own), call)),
    'GET /v1/fills': (own, call) => page(inMarket(own.fills, call)),
    'GET /v1/transfers': (own) => page(own.transfers),
    'GET /v1/account/margin': (own, call) => ({ account: own.id, configs: asked(call).map(marginRow) }),
    'POST /v1/account/margin/{market}': setMargin,
    'POST /v1/transfers': (own, call) => withdraw(own, call, floor.nextId()),
    ...Object.fromEntries(EMPTY.map((name) => [`GET /v1/${name}`, () => page([])])),
  };
  const trading: OwnRoutes = {
    'POST /v1/orders': (own, { body }) => exchange.placeOrder(own, fieldsOf(body), floor),
    'POST /v1/orders/batch': (own, { body }) => exchange.placeEach(own, batchOf(body), floor),
    'PUT /v1/orders/{order_id}': (own, { name, body }) => exchange.modifyOrder(own, name, fieldsOf(body), floor),
    'DELETE /v1/orders/{order_id}': (own, { name }) => exchange.cancelOrder(own, 'id', name),
    'DELETE /v1/orders/by_client_id/{client_id}': (own, { name }) => exchange.cancelOrder(own, 'client_id', name),
    'DELETE /v1/orders': (own, call) => ({
      results: inMarket(own.open.values(), call).map(({ id }) => exchange.cancelIfOpen(own, 'id', id)),
    }),
    'DELETE /v1/orders/batch': (own, { body }) => {
      const { order_ids = [], client_order_ids = [] } = Object.fromEntries(fieldsOf(body));
      const [ids, clientIds] = [batchOf(order_ids), batchOf(client_order_ids)];
      const byId = ids.map((id) => exchange.cancelIfOpen(own, 'id', id));
      return { results: [...byId, ...clientIds.map((id) => exchange.cancelIfOpen(own, 'client_id', id))] };
    },
  };

  function accountOf(id: string): exchange.Account {
    // A repeated header arrives as one value with a comma, and is refused here too.
    if (!/^0x[0-9a-f]{1,64}$/.test(id)) throw new Refusal(401, 'UNAUTHORIZED_ERROR', 'the gateway named no account');
    const account = accounts.get(id) ?? exchange.openAccount(id);
    if (accounts.size >= MAX_ACCOUNTS && !accounts.has(id)) throw new Refusal(503, 'SERVICE_UNAVAILABLE', 'venue full');
    accounts.set(id, account);
    return account;
  }

  const routes = new Map(Object.entries(anyone));
  for (const [key, answer] of Object.entries({ ...owned, ...trading }))
    routes.set(key, (call) => {
      const account = accountOf(call.account);
      // The gateway has checked permissions already: a second line, where a mistake would cost money.
      const needed = key in trading ? 'trade' : key === 'POST /v1/transfers' ? 'funds:transfer' : '';
      if (needed === '' || call.permissions.includes(needed)) return answer(account, call);
      throw new Refusal(403, 'INVALID_TOKEN_SCOPE', `this needs the permission ${needed}`);
    });
  return routes;
}
