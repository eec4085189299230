// Programs that use a key, ready to be copied: those of docs/first-five-minutes.md, with the server, the account and the end filled in.
// The secret is read from the environment, always: what is copied here is pasted into files that others read.

export type SnippetKind = 'token' | 'subkey';

export interface Snippet {
  /** Unique within its kind. */
  readonly id: string;
  readonly label: string;
  /** What to type first: where the library comes from. */
  readonly install: string | undefined;
  readonly code: string;
}

export interface SnippetFacts {
  /** `https://keys.venue.example`: an origin. */
  readonly server: string;
  /** `0x` hex. */
  readonly account: string;
  /** Unix nanoseconds; 0n or left out: no end. */
  readonly expiresAt?: bigint | undefined;
}

const CCXT_JS = 'npm install ccxt@4.5.84';
const CCXT_PYTHON = 'pip install ccxt==4.5.84';
const PARADEX_PY = 'pip install paradex-py==0.6.2';
const OWN_CLIENT = 'npm install countersign-client';
/** For ccxt a token without an end is one of its own sessions. No token has none. */
const NEVER_SECONDS = 4_102_444_800n;

/** RangeError for a server or an account that could be more than text inside quotes. */
export function snippetsOf(kind: SnippetKind, facts: SnippetFacts): readonly Snippet[] {
  const { server, account, expiresAt = 0n } = facts;
  requirePlain(facts);
  const expires = expiresAt === 0n ? NEVER_SECONDS : expiresAt / 1_000_000_000n;
  return kind === 'token' ? tokenSnippets(server, String(expires)) : subkeySnippets(server, account);
}

/** Holds for quotes of a shell, JavaScript and Python, and for a line of a .env file. */
export function requirePlain({ server, account }: Pick<SnippetFacts, 'server' | 'account'>): void {
  if (!/^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(server)) throw new RangeError('the server is no origin');
  if (!/^0x[0-9a-f]{1,64}$/.test(account)) throw new RangeError('the account is no hex number');
}

function tokenSnippets(server: string, expires: string): readonly Snippet[] {
  const curl = `auth="Authorization: Bearer $COUNTERSIGN_TOKEN"
curl -sS -H "$auth" "${server}/v1/balance"
curl -sS -H "$auth" "${server}/countersign/v1/self"
`;
  const js = `import ccxt from 'ccxt';

const url = '${server}';
const { COUNTERSIGN_TOKEN: authToken } = process.env;
const exchange = new ccxt.paradex({
  // Without \`expires\` ccxt takes the token for one of its own sessions, and signs in anew.
  options: { authToken, expires: ${expires} },
});
exchange.urls.api = { v1: \`\${url}/v1\`, v2: \`\${url}/v2\` };
console.log((await exchange.fetchBalance()).USDC);
`;
  const python = `import os

import ccxt

url = "${server}"
exchange = ccxt.paradex({"options": {"authToken": os.environ["COUNTERSIGN_TOKEN"], "expires": ${expires}}})
exchange.urls["api"] = {"v1": f"{url}/v1", "v2": f"{url}/v2"}
print(exchange.fetch_balance()["USDC"])
`;
  const typescript = `import { bearer, createClient } from 'countersign-client';

const { COUNTERSIGN_TOKEN = '' } = process.env;
const client = createClient({ url: '${server}', auth: bearer(COUNTERSIGN_TOKEN) });
const balance = await client.request({ method: 'GET', path: '/v1/balance' });
console.log(balance.text);
`;
  return [
    { id: 'curl', label: 'curl', install: undefined, code: curl },
    { id: 'ccxt-js', label: 'ccxt (JS)', install: CCXT_JS, code: js },
    { id: 'ccxt-python', label: 'ccxt (Python)', install: CCXT_PYTHON, code: python },
    { id: 'typescript', label: 'TypeScript', install: OWN_CLIENT, code: typescript },
  ];
}

function subkeySnippets(server: string, account: string): readonly Snippet[] {
  const js = `import ccxt from 'ccxt';

const url = '${server}';
const address = '${account}';
const { COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey } = process.env;
const exchange = new ccxt.paradex({ options: { paradexAccount: { privateKey, address } } });
exchange.urls.api = { v1: \`\${url}/v1\`, v2: \`\${url}/v2\` };
const order = await exchange.createOrder('BTC/USD:USDC', 'limit', 'buy', 0.01, 100);
await exchange.cancelOrder(order.id);
console.log('placed and cancelled', order.id);
`;
  const python = `import os

import ccxt

url = "${server}"
account = {"privateKey": os.environ["COUNTERSIGN_SUBKEY_PRIVATE_KEY"], "address": "${account}"}
exchange = ccxt.paradex({"options": {"paradexAccount": account}})
exchange.urls["api"] = {"v1": f"{url}/v1", "v2": f"{url}/v2"}
order = exchange.create_order("BTC/USD:USDC", "limit", "buy", 0.01, 100)
exchange.cancel_order(order["id"])
print("placed and cancelled", order["id"])
`;
  const paradexPy = `import os
from decimal import Decimal

from paradex_py.account.subkey_account import SubkeyAccount
from paradex_py.api.api_client import ParadexApiClient
from paradex_py.common.order import Order, OrderSide, OrderType

client = ParadexApiClient(env="testnet", api_base_url="${server}/v1")
account = SubkeyAccount(
    config=client.fetch_system_config(),
    l2_private_key=os.environ["COUNTERSIGN_SUBKEY_PRIVATE_KEY"],
    l2_address="${account}",
)
client.init_account(account)
order = client.submit_order(
    Order(
        market="BTC-USD-PERP",
        order_type=OrderType.Limit,
        order_side=OrderSide.Buy,
        size=Decimal("0.01"),
        limit_price=Decimal("100"),
    )
)
client.cancel_order(order["id"])
print("placed and cancelled", order["id"])
`;
  const typescript = `import { createClient, isCode, subkey } from 'countersign-client';

const { COUNTERSIGN_SUBKEY_PRIVATE_KEY = '' } = process.env;
const client = createClient({
  url: '${server}',
  auth: subkey(COUNTERSIGN_SUBKEY_PRIVATE_KEY, '${account}'),
});

try {
  const balance = await client.request({ method: 'GET', path: '/v1/balance' });
  console.log(balance.text);
  const terms = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.01', price: '100' } as const;
  const body = { ...(await client.signOrder(terms)), instruction: 'GTC' };
  const order = await client.request<{ id: string }>({ method: 'POST', path: '/v1/orders', body });
  await client.request({ method: 'DELETE', path: \`/v1/orders/\${order.body.id}\` });
  console.log('placed and cancelled', order.body.id);
} catch (error) {
  if (!isCode(error, 'IP_NOT_ALLOWED')) throw error;
  console.log('the list of this key does not have this address:', error.message);
}
`;
  return [
    { id: 'ccxt-js', label: 'ccxt (JS)', install: CCXT_JS, code: js },
    { id: 'ccxt-python', label: 'ccxt (Python)', install: CCXT_PYTHON, code: python },
    { id: 'paradex-py', label: 'paradex-py', install: PARADEX_PY, code: paradexPy },
    { id: 'typescript', label: 'TypeScript', install: OWN_CLIENT, code: typescript },
  ];
}
