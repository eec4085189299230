// Makes keys so that an answer that gets lost on the way makes none that nobody knows of: what was made is looked for until it is certain.
import type { Auth } from '../../../src/client/auth.ts';
import type { Client } from '../../../src/client/create-client.ts';
import { Aborted, CountersignError, isCode, type MaybeMade, NoAnswer } from '../../../src/client/errors.ts';
import type { ApiToken, CreatedToken, Subkey } from '../../../src/client/shapes.ts';
import type { NewSubkey } from '../../../src/client/subkeys.ts';
import type { NewToken } from '../../../src/client/tokens.ts';

/** The request may have been carried out: look for what it made. */
export interface Lost {
  readonly lost: MaybeMade;
  readonly error: unknown;
}

export type Outcome<T> = { readonly made: T } | Lost;

/** Rejects where it is certain that nothing was made. */
export async function makeToken(client: Client, token: NewToken): Promise<Outcome<CreatedToken>> {
  return orLost(async () => (await client.tokens.create(token)).value);
}

/** The same key may be given again: it is registered once. */
export async function registerSubkey(
  client: Client,
  subkey: NewSubkey & { readonly public_key: string },
  owner: Auth,
): Promise<Outcome<Subkey>> {
  return orLost(async () => {
    try {
      return (await client.subkeys.register(subkey, { owner })).value;
    } catch (error) {
      if (!isCode(error, 'NOT_UNIQUE')) throw error;
      // An answer to this very key that got lost before, or somebody else's key: the account tells.
      return await client.subkeys.get(subkey.public_key).catch(() => Promise.reject(error));
    }
  });
}

async function orLost<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { made: await work() };
  } catch (error) {
    const lost = maybeMadeOf(error);
    if (lost === undefined) throw error;
    return { lost, error };
  }
}

export const maybeMadeOf = (error: unknown): MaybeMade | undefined =>
  error instanceof NoAnswer || error instanceof Aborted || error instanceof CountersignError
    ? error.maybeMade
    : undefined;

/** Undefined: there is none. Rejects where that cannot be told now. The newest, as older ones of the name were there before. */
export async function findToken(client: Client, { name, since }: MaybeMade): Promise<ApiToken | undefined> {
  let newest: ApiToken | undefined;
  for await (const token of client.tokens.list()) {
    if (token.name !== name || token.created_at < since || token.replaces !== null) continue;
    if (newest === undefined || token.created_at > newest.created_at) newest = token;
  }
  return newest;
}

/** Undefined: there is none. Rejects where that cannot be told now. */
export async function findSubkey(client: Client, publicKey: string): Promise<Subkey | undefined> {
  try {
    return await client.subkeys.get(publicKey);
  } catch (error) {
    if (isCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

const BETWEEN_MS = 2000;

/** Looks until there is an answer; none is asked for twice, as the request may still be on its way. Rejects when it is aborted. */
export async function untilCertain<T>(look: () => Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
  for (let misses = 0; ; ) {
    signal.throwIfAborted();
    const found = await look().then(
      (value) => ({ value }),
      () => undefined,
    );
    if (found?.value !== undefined) return found.value;
    if (found !== undefined) misses += 1;
    if (misses === 2) return undefined;
    await pause(BETWEEN_MS, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
