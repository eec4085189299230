// Finds what was made though its answer was lost, and makes sure that a key which is sent again is registered once.
import type { Client } from '../../../src/client/create-client.ts';
import { isCode, type MaybeMade } from '../../../src/client/errors.ts';
import type { ApiToken, Subkey } from '../../../src/client/shapes.ts';

/** An answer to this very key that got lost before is told from somebody else's key: the account knows its own. */
export async function registeredOnce(
  client: Client,
  publicKey: string,
  register: () => Promise<Subkey>,
): Promise<Subkey> {
  try {
    return await register();
  } catch (error) {
    if (!isCode(error, 'NOT_UNIQUE')) throw error;
    const mine = await client.subkeys.get(publicKey).catch(() => undefined);
    if (mine?.state !== 'active') throw error;
    return mine;
  }
}

/** Undefined: there is none. Rejects where that cannot be told now. */
export const findToken = (client: Client, made: MaybeMade | undefined): Promise<ApiToken | undefined> =>
  made === undefined ? Promise.resolve(undefined) : twice(() => newestToken(client, made));

/** Older ones of the name were there before. */
async function newestToken(client: Client, { name, since }: MaybeMade): Promise<ApiToken | undefined> {
  let newest: ApiToken | undefined;
  for await (const token of client.tokens.list()) {
    if (token.name !== name || token.created_at < since || token.replaces !== null) continue;
    if (newest === undefined || token.created_at > newest.created_at) newest = token;
  }
  return newest;
}

/** Undefined: there is none. Rejects where that cannot be told now. */
export const findSubkey = (client: Client, publicKey: string): Promise<Subkey | undefined> =>
  twice(async () => {
    try {
      return await client.subkeys.get(publicKey);
    } catch (error) {
      if (isCode(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  });

const BETWEEN_MS = 1500;

/** None is asked for again after a moment: the request may still be on its way. */
async function twice<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  const found = await look();
  if (found !== undefined) return found;
  await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  return look();
}
