// Finds what was made though its answer was lost, and makes sure that a key which is sent again is registered once.
import type { Client } from '../../../src/client/create-client.ts';
import { CountersignError, isCode, type MaybeMade, type NoAnswer } from '../../../src/client/errors.ts';
import type { Receipt } from '../../../src/client/receipt.ts';
import type { ApiToken, Subkey } from '../../../src/client/shapes.ts';
import { isMadeSince } from '../../../src/client/subkeys.ts';

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

/** After an answer that got lost. */
export interface Looking {
  readonly lost: NoAnswer | CountersignError;
  /** Nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** Undefined: there is none, and none will come. Rejects where that cannot be told now. */
export const findToken = (client: Client, looking: Looking): Promise<ApiToken | undefined> => {
  const { maybeMade } = looking.lost;
  return maybeMade === undefined
    ? Promise.resolve(undefined)
    : lookedFor(() => newestToken(client, maybeMade), looking);
};

/** Older ones of the name were there before. */
async function newestToken(client: Client, { name, since }: MaybeMade): Promise<ApiToken | undefined> {
  let newest: ApiToken | undefined;
  for await (const token of client.tokens.list()) {
    if (token.name !== name || token.created_at < since || token.replaces !== null) continue;
    if (newest === undefined || token.created_at > newest.created_at) newest = token;
  }
  return newest;
}

/** Undefined: there is none, and none will come. Rejects where that cannot be told now. */
export const findSubkey = (client: Client, publicKey: string, looking: Looking): Promise<Subkey | undefined> => {
  const { maybeMade } = looking.lost;
  return maybeMade === undefined
    ? Promise.resolve(undefined)
    : lookedFor(() => newSubkey(client, publicKey, maybeMade), looking);
};

/** A row of the key that is older, or has ended, is not what was asked for. */
async function newSubkey(client: Client, publicKey: string, { since }: MaybeMade): Promise<Subkey | undefined> {
  try {
    const subkey = await client.subkeys.get(publicKey);
    return isMadeSince(subkey, since) ? subkey : undefined;
  } catch (error) {
    if (isCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Of a key that nobody took in time: the server forgets it, and one that is forgotten is deleted. Undefined then. */
export async function deletedOrGone(client: Client, publicKey: string): Promise<Receipt | undefined> {
  try {
    return (await client.subkeys.revoke(publicKey)).receipt;
  } catch (error) {
    if (isCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

const BETWEEN_MS = 1500;
/** More than a request of the client lives: what has not arrived by then is not on its way any more. */
const ON_ITS_WAY_MS = 12_000;

export interface LookDeps {
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Milliseconds, for intervals alone. */
  readonly monotonic: () => number;
}

/** The last look begins when nothing can come any more: a server that answered, if only with a mistake, has done what it does. */
export async function lookedFor<T>(
  look: () => Promise<T | undefined>,
  { lost, signal }: Looking,
  { sleep, monotonic }: LookDeps = machine,
): Promise<T | undefined> {
  const until = monotonic() + (hasAnswered(lost) ? BETWEEN_MS : ON_ITS_WAY_MS);
  for (;;) {
    const isLast = monotonic() >= until;
    const found = await look();
    if (found !== undefined || isLast || signal?.aborted === true) return found;
    await sleep(BETWEEN_MS);
  }
}

/** `HTTP_504` is somebody between, who does not know either. */
const hasAnswered = (error: NoAnswer | CountersignError): boolean =>
  error instanceof CountersignError && !error.code.startsWith('HTTP_');

const machine: LookDeps = {
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  monotonic: () => performance.now(),
};
