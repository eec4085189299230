// Keys of an owner, made before a page is opened: read-only ones and subkeys in the states that lists show.
import { type CreatedToken, createClient, subkey } from '../../../src/client/main.ts';
import { call } from '../trader.ts';
import type { ConsoleOwner } from './owners.ts';

const DAY = 86_400;

export interface SomeKeys {
  readonly dashboard: CreatedToken;
  readonly grafana: CreatedToken;
  /** Private key and public key of the subkey `market maker 1`. */
  readonly bot: { readonly publicKey: string; readonly privateKey: string };
}

/** `dashboard` and `market maker 1` were used, `grafana` was replaced, `tax export` ends soon, `old laptop` was never used. */
export async function makeSomeKeys(url: string, { client, account }: ConsoleOwner): Promise<SomeKeys> {
  const token = async (name: string, days: number, allowed_cidrs: string[] = []) =>
    (await client.tokens.create({ name, expiry_duration: days * DAY, allowed_cidrs })).value;
  await token('old laptop', 311);
  await token('tax export', 3);
  const dashboard = await token('dashboard', 24, ['127.0.0.0/8']);
  const grafana = await token('grafana', 30, ['203.0.113.0/24', '198.51.100.4']);
  await client.tokens.rotate(grafana.api_token.lookup_id, { overlap_seconds: DAY });
  await use(url, dashboard.token);
  const { value } = await client.subkeys.create({ name: 'market maker 1', expires_in: 90 * DAY });
  await client.subkeys.create({ name: 'hedger', allowed_cidrs: ['203.0.113.7'] });
  const bot = { publicKey: value.subkey.public_key, privateKey: value.private_key };
  await createClient({ url, auth: subkey(bot.privateKey, account) }).account.self();
  return { dashboard, grafana, bot };
}

/** One request with a bearer; its status. */
export const use = async (url: string, bearer: string): Promise<number> =>
  (await call(url, 'GET', '/v1/balance', { bearer })).status;
