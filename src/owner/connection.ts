// The client of a command: with the key of this machine, with COUNTERSIGN_TOKEN, or with the main key for what only that may do.
import type { Auth } from '../client/auth.ts';
import { bearer } from '../client/bearer-auth.ts';
import { type Client, createClient } from '../client/create-client.ts';
import { device } from '../client/device-auth.ts';
import { isCode } from '../client/errors.ts';
import { isKeyGiven, mainKey, requireKeySource } from './main-key.ts';
import { type Place, placeOf } from './place.ts';
import type { Shell } from './shell.ts';
import { NotSignedIn, WrongUse } from './stops.ts';

export interface Connection {
  readonly place: Place;
  readonly client: Client;
}

/** As this machine, or as the bearer of COUNTERSIGN_TOKEN. Throws NotSignedIn and WrongUse. */
export function connect(shell: Shell, place: Place = placeOf(shell)): Connection {
  const { url, profile, name } = place;
  if (place.bearer !== undefined) return { place, client: createClient({ url, auth: bearerOf(place.bearer) }) };
  const again = `${shell.program} login --url ${url}`;
  if (profile?.device === undefined) throw new NotSignedIn(`not signed in at ${url}: ${again}`);
  const { id, key, expires_at } = profile.device;
  if (Date.parse(expires_at) <= shell.now())
    throw new NotSignedIn(`the sign-in of the profile ${name} ran out: ${again}`);
  return { place, client: createClient({ url, auth: device({ id, account: profile.account, key }) }) };
}

function bearerOf(text: string): Auth {
  try {
    return bearer(text);
  } catch {
    throw new WrongUse('COUNTERSIGN_TOKEN is no token or session: it has characters that none has');
  }
}

/** Of nobody: for what needs no bearer. */
export const connectUnsigned = (shell: Shell): Client => createClient({ url: placeOf(shell).url });

/** As the owner. Asks for the main key, which must be that of the profile's account. Throws WrongUse. */
export async function connectAsOwner(shell: Shell, place: Place = placeOf(shell)): Promise<Connection> {
  const auth = await mainKey(shell, place.profile?.account);
  const client = createClient({ url: place.url, auth });
  if (place.profile !== undefined && shell.has('wallet-key-file')) {
    // By look-up: right after a sign-out, or of a locked account, nobody can sign in, and all can be ended all the same.
    const account = await client.account.address({ signal: shell.signal });
    if (account !== place.profile.account)
      throw new WrongUse(`that wallet is of another account than the profile ${place.name}`);
  }
  return { place, client };
}

/**
 * As this machine, and only where that is refused, as the owner: for what ends or narrows, which needs no main key unless nobody is signed
 * in or it turns out to widen.
 */
export async function connectAsNeeded<T>(shell: Shell, act: (client: Client) => Promise<T>): Promise<T> {
  const place = placeOf(shell);
  try {
    return await act(connect(shell, place).client);
  } catch (error) {
    const isRefused =
      error instanceof NotSignedIn || isCode(error, 'UNAUTHORIZED_ERROR') || isCode(error, 'INVALID_TOKEN_SCOPE');
    if (!isRefused || (!isKeyGiven(shell) && !shell.terminal.isThere)) throw error;
    requireKeySource(shell);
    if (!isKeyGiven(shell)) shell.note('That needs your main key.');
  }
  return act((await connectAsOwner(shell, place)).client);
}
