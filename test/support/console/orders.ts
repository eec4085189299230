// What a bot does with what the console gave its owner.
import { bearer, createClient, subkey } from '../../../src/client/main.ts';

/** The status of one reading with a token; rejects where it is refused. */
export const readsWith = async (url: string, token: string): Promise<number> =>
  (await createClient({ url, auth: bearer(token) }).request({ method: 'GET', path: '/v1/balance' })).status;

/** Signs in with the subkey and places an order. Its id; rejects where it is refused. */
export async function ordersWith(url: string, privateKey: string, account: string): Promise<string> {
  const client = createClient({ url, auth: subkey(privateKey, account) });
  const terms = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.01', price: '100' } as const;
  const body = { ...(await client.signOrder(terms)), instruction: 'GTC' };
  return (await client.request<{ id: string }>({ method: 'POST', path: '/v1/orders', body })).body.id;
}
