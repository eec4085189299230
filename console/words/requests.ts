// What requests and credentials are called on a page. Routes are those of the Paradex API that a key is most often refused on.

const requests: Readonly<Record<string, string>> = {
  'POST /v1/orders': 'Place an order',
  'POST /v1/orders/batch': 'Place orders',
  'PUT /v1/orders/{order_id}': 'Change an order',
  'DELETE /v1/orders': 'Cancel all orders',
  'DELETE /v1/orders/batch': 'Cancel orders',
  'DELETE /v1/orders/{order_id}': 'Cancel an order',
  'DELETE /v1/orders/by_client_id/{client_id}': 'Cancel an order',
  'GET /v1/orders': 'List open orders',
  'GET /v1/orders/{order_id}': 'Look up an order',
  'GET /v1/orders-history': 'List past orders',
  'POST /v1/algo/orders': 'Place an algo order',
  'DELETE /v1/algo/orders/{algo_id}': 'Cancel an algo order',
  'GET /v1/positions': 'List positions',
  'GET /v1/balance': 'Read the balance',
  'GET /v1/account': 'Read the account',
  'GET /v1/account/summary': 'Read the account',
  'GET /v1/fills': 'List fills',
  'GET /v1/transfers': 'List transfers',
  'POST /v1/transfers': 'Move funds',
  'POST /v1/auth': 'Sign in',
  'POST /v1/auth/{public_key}': 'Sign in',
  'POST /v2/auth': 'Sign in',
  'POST /countersign/v1/devices/{id}/session': 'Sign in',
  'POST /v1/account/tokens': 'Add a read-only key',
  'POST /v1/account/keys/subkeys': 'Add a subkey',
};

/** `POST /v1/orders`: Place an order. Undefined for a route without a name of its own. */
export const requestWords = (route: string): string | undefined =>
  Object.hasOwn(requests, route) ? requests[route] : undefined;

const kinds: Readonly<Record<string, string>> = {
  main: 'main key',
  evm: 'wallet',
  subkey: 'subkey',
  token: 'read-only key',
  device: 'device',
};

/** An unknown one is shown by its name. */
export const kindWords = (kind: string): string => (Object.hasOwn(kinds, kind) ? (kinds[kind] ?? kind) : kind);
